// Lines over ticks, drawn once and then only marked, with the same numbers as a table.

import { draw, el, keep, put } from '/dom.js';
import { short, steps, whole } from '/format.js';

const HEIGHT = 168;
const LEFT = 58;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 22;
export const COLOURS = 6;
const ROWS_MAX = 500;

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

// The last of the sorted ticks that is not after one.
export function lastAt(ticks, tick) {
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ticks[middle] <= tick) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// A chart without lines as yet: `set` gives it `[{ name, ticks, values, isDashed }]`, `move`
// marks a tick, and `go` is called with the tick that is pointed at.
export function chart(title, { go, isStepped = false } = {}) {
  const readings = el('span', { class: 'readings' });
  const svg = draw('svg', { class: 'chart', role: 'img', height: HEIGHT });
  const numbers = el('details', { ontoggle: () => tell() }, el('summary', {}, 'Numbers'));
  const message = el('p', { class: 'soft drawing' }, 'Drawing…');
  const node = keep(
    el(
      'figure',
      { class: 'card' },
      el('figcaption', {}, el('span', { class: 'title' }, title), readings),
      message,
      svg,
      numbers,
    ),
  );
  let lines = [];
  let marked = null;
  let scale = null;
  let cursor = null;
  let written = [];
  svg.classList.add('away');
  numbers.hidden = true;

  function set(given) {
    lines = given.map((line) => sorted(line)).filter(({ ticks }) => ticks.length > 0);
    const isEmpty = lines.length === 0;
    message.hidden = !isEmpty;
    svg.classList.toggle('away', isEmpty);
    numbers.hidden = isEmpty;
    if (isEmpty) {
      message.textContent = 'There are no numbers to draw.';
      message.className = 'soft';
    } else render();
    tell();
  }

  function say(error) {
    message.hidden = false;
    message.textContent = error.message;
    message.className = 'problem';
    message.setAttribute('role', 'alert');
  }

  function render() {
    const width = Math.max(220, Math.round(svg.clientWidth || 480));
    const ends = lines.flatMap(({ ticks }) => [ticks[0], ticks.at(-1)]);
    const [first, last] = [Math.min(...ends), Math.max(...ends)];
    let low = Infinity;
    let high = -Infinity;
    for (const { values } of lines)
      for (const value of values) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.05, high + Math.abs(high || 1) * 0.05];
    const pad = (high - low) * 0.04;
    if (low >= 0 && low - pad < 0) low = 0;
    else low -= pad;
    high += pad;
    const x = (tick) => LEFT + (last === first ? 0.5 : (tick - first) / (last - first)) * (width - LEFT - RIGHT);
    const y = (value) => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
    scale = { x, first, last, width };
    svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    svg.setAttribute(
      'aria-label',
      `${title}: ${lines
        .map(
          ({ name, ticks, values }) =>
            `${lines.length > 1 ? `${name} ` : ''}${short(values[0])} at tick ${whole(ticks[0])} to ${short(values.at(-1))} at tick ${whole(ticks.at(-1))}`,
        )
        .join('; ')}`,
    );
    const grid = steps(low, high, 3).flatMap((value) => [
      draw('path', { d: `M${LEFT} ${y(value).toFixed(1)}H${width - RIGHT}`, class: 'grid' }),
      draw('text', { x: LEFT - 7, y: (y(value) + 4).toFixed(1), 'text-anchor': 'end' }, short(value)),
    ]);
    const days = steps(first, last, width / 90)
      .filter(Number.isInteger)
      .map((tick) =>
        draw(
          'text',
          {
            x: x(tick).toFixed(1),
            y: HEIGHT - 6,
            'text-anchor': x(tick) > width - 40 ? 'end' : x(tick) < LEFT + 20 ? 'start' : 'middle',
          },
          whole(tick),
        ),
      );
    const paths = lines.map((line, at) =>
      draw('path', { d: path(line, x, y, isStepped), class: `line ${look(line, at)}` }),
    );
    cursor = draw('path', { class: 'cursor' });
    put(svg, grid, days, paths, cursor);
    cursor = svg.lastChild;
    written = lines.map((line, at) => el('span', { class: `reading ${look(line, at)}` }));
    readings.replaceChildren(...written);
    move(marked);
  }

  function move(tick) {
    marked = tick;
    if (!scale || tick === null) return;
    const isInside = tick >= scale.first && tick <= scale.last;
    cursor.setAttribute('d', isInside ? `M${scale.x(tick).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` : '');
    lines.forEach(({ name, ticks, values }, at) => {
      const found = lastAt(ticks, tick);
      const told = found < 0 ? '–' : short(values[found]);
      written[at].textContent = lines.length > 1 ? `${name} ${told}` : told;
    });
  }

  function tell() {
    if (!numbers.open) return;
    const ticks = [...new Set(lines.flatMap((line) => line.ticks))].sort((one, other) => other - one);
    const shown = ticks.slice(0, ROWS_MAX);
    const cell = ({ ticks: of, values }, tick) => {
      const at = lastAt(of, tick);
      return at >= 0 && of[at] === tick ? String(values[at]) : '';
    };
    put(
      numbers,
      el('summary', {}, 'Numbers'),
      el(
        'div',
        { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': `${title}, as numbers` },
        el(
          'table',
          {},
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              el('th', { scope: 'col', class: 'number' }, 'tick'),
              lines.map(({ name }) => el('th', { scope: 'col', class: 'number' }, name)),
            ),
          ),
          el(
            'tbody',
            {},
            shown.map((tick) =>
              el(
                'tr',
                {},
                el('td', { class: 'number' }, whole(tick)),
                lines.map((line) => el('td', { class: 'number' }, cell(line, tick))),
              ),
            ),
          ),
        ),
      ),
      shown.length < ticks.length
        ? el('p', { class: 'soft' }, `the last ${ROWS_MAX} of ${whole(ticks.length)}`)
        : null,
    );
  }

  if (go) pointed(svg, () => scale, go);
  new ResizeObserver(() => {
    if (scale && Math.abs(svg.clientWidth - scale.width) > 1) render();
  }).observe(svg);
  return { node, set, say, move };
}

const look = ({ isDashed }, at) => `c${at % COLOURS}${isDashed ? ' dashed' : ''}`;

// Without what is no number, so that it can be searched.
function sorted({ name, ticks, values, isDashed }) {
  const told = ticks.map((tick, at) => at).filter((at) => isNumber(values[at]));
  return { name, ticks: told.map((at) => ticks[at]), values: told.map((at) => values[at]), isDashed };
}

export function path({ ticks, values }, x, y, isStepped) {
  let made = '';
  for (let at = 0; at < ticks.length; at += 1) {
    const across = x(ticks[at]).toFixed(1);
    const down = y(values[at]).toFixed(1);
    if (at === 0) made = `M${across} ${down}`;
    else made += isStepped ? `H${across}V${down}` : `L${across} ${down}`;
  }
  return made;
}

// Calls with the tick under the pointer while it is held down.
export function pointed(svg, scaleOf, go) {
  const tell = (event) => {
    const scale = scaleOf();
    if (!scale) return;
    const box = svg.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * scale.width;
    const share = (across - LEFT) / ((scale.right ?? scale.width - RIGHT) - LEFT);
    go(Math.round(scale.first + Math.min(1, Math.max(0, share)) * (scale.last - scale.first)));
  };
  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    tell(event);
  });
  svg.addEventListener('pointermove', (event) => {
    if (event.buttons & 1) tell(event);
  });
}

// Rows of `series` as lines, one for each column of numbers.
export function linesOf(rows) {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== 'tick');
  const numeric = names.filter((name) => rows.some((row) => isNumber(row[name])));
  const ticks = rows.map((row) => row.tick);
  return numeric.map((name) => ({ name, ticks, values: rows.map((row) => row[name]) }));
}
