// What the stages of ticks took. It is told of the last tick alone, so that the chart has
// the ticks that this page has seen.

import { bars } from '/bars.js';

const KEPT = 120;
const ORDER = ['inputs', 'systems', 'deferred', 'hash', 'history', 'commit'];
const ticks = [];
const rows = [];

export function stages(go) {
  const { node, set, move } = bars('Stages of the ticks that this page saw', { go });
  return {
    node,
    move,
    // Takes what `world` or `health` tell of the last tick.
    add({ tick, stages_ms: told }) {
      // Where the world was rewound, ticks come again.
      if (ticks.at(-1) > tick) ticks.length = rows.length = 0;
      if (told && ticks.at(-1) !== tick) {
        ticks.push(tick);
        rows.push(told);
      }
      if (ticks.length > KEPT) {
        ticks.shift();
        rows.shift();
      }
      const names = [...new Set([...ORDER, ...Object.keys(told ?? {})])];
      set({ ticks: [...ticks], parts: names.map((name) => ({ name, values: rows.map((row) => row[name] ?? 0) })) });
    },
  };
}
