// The map: entities that have a place, coloured and sized by numbers of theirs.

import { again, address, alter, goTo } from '/address.js';
import { columns, written } from '/columns.js';
import { draw, el, put } from '/dom.js';
import { lastPart, modOf, short, whole } from '/format.js';
import { nameOf } from '/names.js';
import { choice, entityLink, field } from '/parts.js';
import { valuesOf } from '/places.js';
import { asOf } from '/state.js';
import { shadesOf } from '/shades.js';
import { table } from '/table.js';

const NEAR_PX = 12;
const ROWS_MAX = 50;
// Where nearly all land is; degrees of latitude are drawn a little longer.
const GLOBE = [-180, 180, -58, 84];
const STRETCH = 1.15;
const PLANE_RATIO = 0.62;
const HEIGHT_MOST = 640;
const MARGIN = 8;
const RADIUS_LEAST = 1.2;
const RADIUS_MOST = 9;

export function map({ places, fields }, query) {
  const of = places.find(({ kind }) => kind === query.get('map')) ?? places[0];
  const others = fields.filter((it) => it.kind !== of.kind || (it.field !== of.x && it.field !== of.y));
  const byName = (name) => others.find((it) => it.name === name) ?? null;
  // Whose they are, if the mod of their place says that, looks best.
  const mod = modOf(of.kind);
  const owner = others.find((it) => it.type === 'entity' && modOf(it.kind) === mod);
  const likely = owner ?? others.find((it) => it.kind === of.kind) ?? null;
  let colour = query.has('colour') ? byName(query.get('colour')) : likely;
  let extent = byName(query.get('size'));
  let shown = null;
  const canvas = el('canvas', {
    role: 'img',
    'aria-label': 'Map',
    onclick: pick,
    onpointermove: point,
    onpointerleave: () => put(told, said()),
  });
  const legend = el('div', { class: 'scale' });
  const told = el('p', { class: 'soft told' });
  const list = el('div');
  const options = [['', 'nothing'], ...others.map(({ name }) => name)];
  const choose =
    (name, set) =>
    ({ target }) => {
      set(byName(target.value));
      alter(again({ [name]: target.value || (name === 'colour' ? '-' : '') }));
      update().catch(fail);
    };
  const numbers = el('details', { ontoggle: () => rows() }, el('summary', {}, 'As a table'), list);
  const node = el(
    'section',
    { class: 'card map' },
    el(
      'div',
      { class: 'head' },
      el('h2', {}, `Map of ${of.kind}`),
      el(
        'div',
        { class: 'choices' },
        places.length > 1
          ? field(
              'place',
              choice(
                'map',
                of.kind,
                places.map(({ kind }) => kind),
                { onchange: ({ target }) => goTo(again({ map: target.value })) },
              ),
            )
          : null,
        field(
          'colour',
          choice('colour', colour?.name ?? '', options, {
            onchange: choose('colour', (it) => {
              colour = it;
            }),
          }),
        ),
        field(
          'size',
          choice('size', extent?.name ?? '', options, {
            onchange: choose('size', (it) => {
              extent = it;
            }),
          }),
        ),
      ),
    ),
    canvas,
    el('div', { class: 'foot' }, told, legend),
    numbers,
  );
  new ResizeObserver(() => paint()).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => paint());

  async function update(signal) {
    const points = await columns(of.kind, asOf(), signal);
    const [colours, sizes] = await Promise.all([
      valuesOf(colour, points, of.kind, signal),
      valuesOf(extent, points, of.kind, signal),
    ]);
    shown = {
      count: points.count,
      ids: points.ids,
      x: points.field(of.x),
      y: points.field(of.y),
      colours,
      sizes,
      at: points.at,
    };
    paint();
    put(told, said());
    rows();
  }

  const said = () => (shown ? `${whole(shown.count)} entities at tick ${whole(Number(shown.at.split('~')[0]))}` : '');
  const fail = (error) => put(told, el('span', { class: 'problem' }, error.message));

  // Where a point is on the canvas.
  function frame() {
    const { x, y } = shown;
    const [west, east, south, north] = of.isGlobe ? GLOBE : [...range(x), ...range(y)];
    const width = canvas.clientWidth || 600;
    const height = Math.round(
      Math.min(width * (of.isGlobe ? ((north - south) / (east - west)) * STRETCH : PLANE_RATIO), HEIGHT_MOST),
    );
    const [wide, high] = [(width - 2 * MARGIN) / (east - west || 1), (height - 2 * MARGIN) / (north - south || 1)];
    // A plane has the same scale both ways.
    const [across, down] = of.isGlobe ? [wide, high] : [Math.min(wide, high), Math.min(wide, high)];
    return {
      width,
      height,
      left: (value) => width / 2 + (value - (west + east) / 2) * across,
      top: (value) => height / 2 - (value - (south + north) / 2) * down,
    };
  }

  function paint() {
    if (!shown) return;
    const { width, height, left, top } = frame();
    const sharp = devicePixelRatio || 1;
    canvas.width = Math.round(width * sharp);
    canvas.height = Math.round(height * sharp);
    canvas.style.aspectRatio = `${width} / ${height}`;
    const brush = canvas.getContext('2d');
    brush.scale(sharp, sharp);
    const { shade, scale } = shadesOf(shown.colours, colour?.type, getComputedStyle(canvas));
    const radius = radiusOf(shown.sizes, width, shown.count);
    const circles = !shown.sizes && radius(0) < 1.6;
    for (let at = 0; at < shown.count; at += 1) {
      brush.fillStyle = shade(shown.colours ? shown.colours[at] : 0);
      const across = left(shown.x[at]);
      const down = top(shown.y[at]);
      const half = radius(at);
      if (circles) brush.fillRect(across - half, down - half, 2 * half, 2 * half);
      else {
        brush.beginPath();
        brush.arc(across, down, half, 0, 7);
        brush.fill();
      }
    }
    canvas.setAttribute(
      'aria-label',
      `Map of ${whole(shown.count)} entities${colour ? `, coloured by ${colour.name}` : ''}: below as a table`,
    );
    put(legend, colour ? legendOf(colour, scale) : null);
  }

  function nearest(event) {
    if (!shown) return null;
    const box = canvas.getBoundingClientRect();
    const { left, top } = frame();
    const across = event.clientX - box.left;
    const down = event.clientY - box.top;
    let best = null;
    let least = NEAR_PX ** 2;
    for (let at = 0; at < shown.count; at += 1) {
      const away = (left(shown.x[at]) - across) ** 2 + (top(shown.y[at]) - down) ** 2;
      if (away < least) [best, least] = [at, away];
    }
    return best;
  }

  function point(event) {
    const at = nearest(event);
    canvas.classList.toggle('on', at !== null);
    if (at === null) return put(told, said());
    const id = written(shown.ids[at]);
    return put(
      told,
      el('b', {}, nameOf(id) ?? id),
      colour ? ` ${lastPart(colour.name)} ${shownValue(colour, shown.colours[at])}` : '',
      extent ? ` ${lastPart(extent.name)} ${shownValue(extent, shown.sizes[at])}` : '',
    );
  }

  function pick(event) {
    const at = nearest(event);
    if (at !== null) goTo(address('entity', written(shown.ids[at])));
  }

  function rows() {
    if (!shown || !numbers.open) return;
    const by = shown.sizes ?? shown.colours;
    const isOrdered = by && (shown.sizes || colour.type !== 'entity');
    const order = [...shown.ids.keys()].filter((at) => !by || !Number.isNaN(by[at]));
    if (isOrdered) order.sort((one, other) => by[other] - by[one]);
    const cell = (field, values) => ({ name: field.name, show: (at) => shownValue(field, values[at], true) });
    const columns = [
      { name: 'entity', show: (at) => entityLink(written(shown.ids[at])) },
      { name: of.isGlobe ? 'latitude' : 'y', number: true, show: (at) => short(shown.y[at]) },
      { name: of.isGlobe ? 'longitude' : 'x', number: true, show: (at) => short(shown.x[at]) },
      colour && cell(colour, shown.colours),
      extent && extent !== colour && cell(extent, shown.sizes),
    ].filter(Boolean);
    put(
      list,
      table(order.slice(0, ROWS_MAX), columns, { label: 'The map as a table' }),
      el(
        'p',
        { class: 'soft' },
        shown.count > ROWS_MAX
          ? `${ROWS_MAX} of ${whole(shown.count)}${isOrdered ? ', the largest first' : ''}. `
          : '',
        el('a', { href: address('entities', null, { with: of.kind }) }, 'All of them'),
      ),
    );
  }

  return { node, update };
}

function range(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

function radiusOf(sizes, width, count) {
  if (!sizes) {
    const even = Math.max(0.6, Math.min(5, (width / 230) * Math.sqrt(10_000 / Math.max(count, 1))));
    return () => even;
  }
  const most = Math.sqrt(Math.max(...range(sizes.filter((it) => it > 0))) || 1);
  return (at) => RADIUS_LEAST + (sizes[at] > 0 ? Math.sqrt(sizes[at]) / most : 0) * (RADIUS_MOST - RADIUS_LEAST);
}

function shownValue({ type }, value, isLinked = false) {
  if (Number.isNaN(value)) return '–';
  if (type !== 'entity') return short(value);
  const id = written(value);
  return isLinked ? entityLink(id) : (nameOf(id) ?? id);
}

function legendOf({ name, type }, scale) {
  if (type === 'entity')
    return [
      el('span', {}, name),
      scale.map(([id, colour]) => el('span', { class: 'pair' }, swatch(colour), entityLink(written(id)))),
    ];
  const boxes = scale.colours.map((colour, at) =>
    draw('rect', { x: at * 12, y: 0, width: 12, height: 10, fill: colour }),
  );
  const ramp = draw(
    'svg',
    { viewBox: `0 0 ${12 * boxes.length} 10`, width: 12 * boxes.length, height: 10, 'aria-hidden': 'true' },
    boxes,
  );
  return [
    el('span', {}, name, scale.isLog ? ', logarithmic' : ''),
    el('span', { class: 'pair' }, short(scale.low), ramp, short(scale.high)),
  ];
}

const swatch = (colour) =>
  draw(
    'svg',
    { viewBox: '0 0 10 10', width: 10, height: 10, 'aria-hidden': 'true' },
    draw('rect', { width: 10, height: 10, rx: 2, fill: colour }),
  );
