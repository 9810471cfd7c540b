// Stacked bars, one for each tick, with the same numbers as a table.

import { draw, el, keep, put } from '/dom.js';
import { pointed } from '/chart.js';
import { ms, steps, whole } from '/format.js';
import { table } from '/table.js';

const HEIGHT = 190;
const LEFT = 58;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 22;
const PARTS = 10;
const BAR_MOST = 22;

export function bars(title, { go, unit = ms } = {}) {
  const svg = draw('svg', { class: 'chart', role: 'img', height: HEIGHT });
  const legend = el('ul', { class: 'legend' });
  const numbers = el('details', { ontoggle: () => tell() }, el('summary', {}, 'Numbers'));
  const heading = el('span', { class: 'readings' });
  const node = keep(
    el(
      'figure',
      { class: 'card' },
      el('figcaption', {}, el('span', { class: 'title' }, title), heading),
      svg,
      legend,
      numbers,
    ),
  );
  let ticks = [];
  let parts = [];
  let scale = null;
  let marked = null;
  let cursor = null;

  // Each part keeps its colour as long as it is shown.
  const slots = new Map();

  // `parts` are `{ name, values }` with a value for each of the ticks.
  function set(given) {
    ({ ticks, parts } = folded(given));
    for (const name of slots.keys()) if (!parts.some((part) => part.name === name)) slots.delete(name);
    for (const { name } of parts) if (!slots.has(name)) slots.set(name, free(slots));
    parts.sort((one, other) => slots.get(one.name) - slots.get(other.name));
    render();
    tell();
  }

  function render() {
    const width = Math.max(220, Math.round(svg.clientWidth || 480));
    if (ticks.length === 0) return;
    const sums = ticks.map((_, at) => parts.reduce((sum, { values }) => sum + values[at], 0));
    const high = Math.max(...sums, 1e-9) * 1.04;
    const first = ticks[0];
    const last = Math.max(ticks.at(-1), first + 1);
    const step = Math.min(BAR_MOST, (width - LEFT - RIGHT) / ticks.length);
    const bar = Math.max(1, step - (step > 4 ? 1 : 0));
    const places = new Map(ticks.map((tick, at) => [tick, LEFT + at * step]));
    const x = (tick) => places.get(tick);
    const y = (value) => TOP + ((high - value) / high) * (HEIGHT - TOP - BOTTOM);
    scale = { x, first, last, width, bar, right: LEFT + step * ticks.length };
    svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    const worst = sums.indexOf(Math.max(...sums));
    svg.setAttribute(
      'aria-label',
      `${title}: ticks ${whole(first)} to ${whole(ticks.at(-1))}, at most ${unit(sums[worst])} at tick ${whole(ticks[worst])}`,
    );
    const below = ticks.map(() => 0);
    const areas = parts.map(({ name, values }) => {
      const d = values
        .map((value, at) => {
          if (value <= 0) return '';
          const from = y(below[at]);
          const to = y((below[at] += value));
          return `M${x(ticks[at]).toFixed(1)} ${from.toFixed(2)}h${bar.toFixed(1)}V${to.toFixed(2)}h-${bar.toFixed(1)}z`;
        })
        .join('');
      return draw('path', { d, class: `area p${slots.get(name)}` });
    });
    const grid = steps(0, high, 3).flatMap((value) => [
      draw('path', { d: `M${LEFT} ${y(value).toFixed(1)}H${width - RIGHT}`, class: 'grid' }),
      draw('text', { x: LEFT - 7, y: (y(value) + 4).toFixed(1), 'text-anchor': 'end' }, unit(value)),
    ]);
    const foot = [
      draw('text', { x: LEFT, y: HEIGHT - 6 }, whole(first)),
      ticks.length > 4
        ? draw('text', { x: scale.right, y: HEIGHT - 6, 'text-anchor': 'end' }, whole(ticks.at(-1)))
        : null,
    ].filter(Boolean);
    put(svg, grid, areas, foot, draw('path', { class: 'cursor' }));
    cursor = svg.lastChild;
    move(marked);
  }

  function move(tick) {
    marked = tick;
    if (!scale || ticks.length === 0) return;
    const found = ticks.findLastIndex((it) => it <= (tick ?? Infinity));
    const at = found < 0 ? 0 : found;
    cursor.setAttribute(
      'd',
      found < 0 ? '' : `M${(scale.x(ticks[at]) + scale.bar / 2).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}`,
    );
    heading.textContent = `tick ${whole(ticks[at])}: ${unit(parts.reduce((sum, { values }) => sum + values[at], 0))}`;
    put(
      legend,
      parts.map(({ name, values }) =>
        el('li', {}, el('span', { class: `swatch p${slots.get(name)}` }), name, ' ', el('b', {}, unit(values[at]))),
      ),
    );
  }

  function tell() {
    if (!numbers.open) return;
    const rows = ticks.map((tick, at) => ({
      tick,
      ...Object.fromEntries(parts.map(({ name, values }) => [name, values[at]])),
    }));
    put(numbers, el('summary', {}, 'Numbers'), table(rows.reverse(), undefined, { label: `${title}, as numbers` }));
  }

  if (go) pointed(svg, () => scale, go);
  new ResizeObserver(() => {
    if (scale && Math.abs(svg.clientWidth - scale.width) > 1) render();
  }).observe(svg);
  return { node, set, move };
}

const free = (slots) => {
  const taken = new Set(slots.values());
  return Array.from({ length: PARTS }, (_, at) => at).find((at) => !taken.has(at)) ?? PARTS - 1;
};

// The largest parts by themselves, the others as one.
function folded({ ticks, parts }) {
  const sum = ({ values }) => values.reduce((one, other) => one + other, 0);
  const shown = parts
    .map((part) => ({ ...part, sum: sum(part) }))
    .filter((part) => part.sum > 0)
    .sort((one, other) => other.sum - one.sum);
  if (shown.length <= PARTS) return { ticks, parts: shown };
  const rest = shown.splice(PARTS - 1);
  const values = ticks.map((_, at) => rest.reduce((all, part) => all + part.values[at], 0));
  return { ticks, parts: [...shown, { name: 'others', values }] };
}
