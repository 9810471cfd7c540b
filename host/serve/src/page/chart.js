// Lines over ticks, as SVG, with the same numbers as a table.

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 190, LEFT = 72, RIGHT = 10, TOP = 18, BOTTOM = 22;

const node = (name, attributes = {}, text) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};

export const short = (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) return String(value ?? '');
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M']])
    if (size >= unit) return `${+(value / unit).toPrecision(4)} ${letter}`;
  return Number.isInteger(value) ? value.toLocaleString('en') : (+value.toPrecision(5)).toLocaleString('en', { maximumSignificantDigits: 5 });
};

// A chart of [tick, value] pairs. `mark` says which tick is looked at, `go` goes to one.
export function chart(title, points, { mark, go, step = false } = {}) {
  // Drawn in pixels, so that letters have their size on every screen.
  const WIDTH = Math.max(240, Math.min(620, innerWidth - 60));
  const figure = document.createElement('figure');
  figure.className = 'card';
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  const told = points.filter(([, value]) => typeof value === 'number');
  figure.append(caption);
  if (told.length === 0) {
    const nothing = document.createElement('p');
    nothing.className = 'soft';
    nothing.textContent = 'no numbers';
    figure.append(nothing);
    return figure;
  }
  const ticks = told.map(([tick]) => tick), values = told.map(([, value]) => value);
  const [first, last] = [Math.min(...ticks), Math.max(...ticks)];
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) [low, high] = [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  const x = (tick) => LEFT + (last === first ? 0.5 : (tick - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM);
  const svg = node('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img' });
  svg.setAttribute('aria-label', `${title}: ${short(values[0])} at tick ${ticks[0]} to ${short(values.at(-1))} at tick ${ticks.at(-1)}`);
  for (const value of [low, (low + high) / 2, high]) {
    svg.append(node('path', { d: `M${LEFT} ${y(value)}H${WIDTH - RIGHT}`, stroke: 'var(--line)' }));
    svg.append(node('text', { x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value)));
  }
  svg.append(node('text', { x: LEFT, y: HEIGHT - 6 }, `tick ${first.toLocaleString('en')}`));
  svg.append(node('text', { x: WIDTH - RIGHT, y: HEIGHT - 6, 'text-anchor': 'end' }, last.toLocaleString('en')));
  const at = ([tick, value]) => `${x(tick).toFixed(1)} ${y(value).toFixed(1)}`;
  const line = told.map((point, index) => {
    if (index === 0) return `M${at(point)}`;
    return step ? `H${x(point[0]).toFixed(1)}V${y(point[1]).toFixed(1)}` : `L${at(point)}`;
  }).join('');
  svg.append(node('path', { d: line, fill: 'none', stroke: 'var(--c1)', 'stroke-width': 2, 'stroke-linejoin': 'round' }));
  const cursor = node('path', { stroke: 'var(--c2)', 'stroke-width': 1.5, 'stroke-dasharray': '3 3' });
  const reading = node('text', { y: 11, 'text-anchor': 'end', x: WIDTH - RIGHT, class: 'reading' });
  svg.append(cursor, reading);
  figure.move = (tick) => {
    const inside = tick >= first && tick <= last;
    cursor.setAttribute('d', inside ? `M${x(tick)} ${TOP}V${HEIGHT - BOTTOM}` : '');
    const before = told.findLast(([of]) => of <= tick);
    reading.textContent = inside && before ? short(before[1]) : '';
  };
  if (mark !== undefined) figure.move(mark);
  if (go) svg.addEventListener('click', (event) => {
    const box = svg.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    go(Math.round(first + Math.min(1, Math.max(0, share)) * (last - first)));
  });
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = `${told.length} numbers`;
  const scroll = document.createElement('div');
  scroll.className = 'scroll';
  scroll.tabIndex = 0;
  details.append(summary, scroll);
  details.addEventListener('toggle', () => {
    if (!details.open || scroll.firstChild) return;
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const name of ['tick', 'value']) {
      const cell = document.createElement('th');
      cell.textContent = name;
      head.append(cell);
    }
    const body = table.createTBody();
    for (const [tick, value] of told) {
      const row = body.insertRow();
      row.insertCell().textContent = tick;
      row.insertCell().textContent = value;
    }
    scroll.append(table);
  });
  figure.append(svg, details);
  return figure;
}
