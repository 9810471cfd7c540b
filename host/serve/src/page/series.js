// Charts of SELECTs over all ticks that are kept. Each is asked once, then goes on with
// the world; what was asked is kept for when the chart is shown again.

import { chart, linesOf } from '/chart.js';
import { later, world } from '/ask.js';
import { state } from '/state.js';

const POINTS = 90;
// At first every so many of the points, and then so many at once.
const ROUGH = 6;
const AT_ONCE = 30;
const series = new Map();

// A chart of one SELECT: `grow` asks for what is new.
export function overTime(title, sql, { go, life }) {
  const drawn = chart(title, { go });
  const of = series.get(sql) ?? { every: 0, rows: [] };
  let isAsking = false;
  if (of.rows.length) drawn.set(linesOf(of.rows));
  return {
    node: drawn.node,
    move: drawn.move,
    grow() {
      if (isAsking || !isDue(of)) return;
      isAsking = true;
      grown(of, sql, life, (rows) => drawn.set(linesOf(rows)))
        .then(() => series.set(sql, of))
        .catch((error) => {
          if (!life.aborted) drawn.say(error);
        })
        .finally(() => {
          isAsking = false;
        });
    },
  };
}

// Forgets what was of another course of the world.
export const forget = () => series.clear();

const spread = () => Math.max(1, Math.ceil((state.now - state.first + 1) / POINTS));
const isDue = ({ every, rows }) => rows.length === 0 || rows.at(-1).tick + every <= state.now;

// Asks for what is missing, roughly at first, then part by part, and draws what there is.
async function grown(of, sql, life, draw) {
  const isNew = of.rows.length === 0 || spread() > 2 * of.every;
  const every = isNew ? spread() : of.every;
  const rows = isNew ? [] : of.rows;
  const to = state.now;
  const ask = (apart, from, until) =>
    later(life, async () => (await world('/series', { sql, every: apart, from, to: until }, life)).rows);
  const rough = isNew && every > 1 ? await ask(every * ROUGH, state.first, to) : [];
  if (rough.length) draw(rough);
  for (;;) {
    const from = rows.length ? rows.at(-1).tick + every : state.first;
    if (from > to) break;
    const found = await ask(every, from, Math.min(to, from + every * (AT_ONCE - 1)));
    if (found.length === 0) break;
    rows.push(...found);
    draw([...rows, ...rough.filter(({ tick }) => tick > rows.at(-1).tick)]);
  }
  Object.assign(of, { every, rows });
}
