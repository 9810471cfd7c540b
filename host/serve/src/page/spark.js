// The history of one field as a picture in a line of text.

import { draw, keep } from '/dom.js';
import { lastAt, path } from '/chart.js';
import { short } from '/format.js';

const WIDTH = 132;
const HEIGHT = 24;
const MARGIN = 2;
// As many points as there are places for them.
const POINTS_MAX = 264;

export function spark() {
  const line = draw('path', { class: 'line c0' });
  const cursor = draw('path', { class: 'cursor' });
  const node = keep(
    draw(
      'svg',
      {
        class: 'spark',
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        width: WIDTH,
        height: HEIGHT,
        role: 'img',
        'aria-label': 'history',
      },
      line,
      cursor,
    ),
  );
  let x = () => 0;
  let told = { ticks: [], values: [] };
  return {
    node,
    // What the field was at the ticks at which it changed.
    set({ name, ticks, values }, first, last) {
      told = { ticks, values };
      const every = Math.max(1, Math.ceil(ticks.length / POINTS_MAX));
      const kept = ticks.map((tick, at) => at).filter((at) => at % every === 0 || at === ticks.length - 1);
      const shown = { ticks: kept.map((at) => ticks[at]), values: kept.map((at) => values[at]) };
      shown.ticks.push(last);
      shown.values.push(values.at(-1));
      const low = Math.min(...shown.values);
      const high = Math.max(...shown.values);
      x = (tick) => MARGIN + ((tick - first) / Math.max(1, last - first)) * (WIDTH - 2 * MARGIN);
      const y = (value) =>
        high === low ? HEIGHT / 2 : MARGIN + ((high - value) / (high - low)) * (HEIGHT - 2 * MARGIN);
      line.setAttribute('d', path(shown, x, y, true));
      node.setAttribute(
        'aria-label',
        `${name}: ${short(low)} to ${short(high)}, ${ticks.length.toLocaleString('en')} changes`,
      );
    },
    move(tick) {
      cursor.setAttribute('d', told.ticks.length ? `M${x(tick).toFixed(1)} 0V${HEIGHT}` : '');
    },
    // The value at a tick, as far as history tells.
    at(tick) {
      const found = lastAt(told.ticks, tick);
      return found < 0 ? null : told.values[found];
    },
  };
}
