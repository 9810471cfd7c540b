// A picture of a graph around one entity: nodes are links, kinds of edges have colours.

import { draw, el, keep, put } from '/dom.js';
import { whole } from '/format.js';
import { layout } from '/layout.js';
import { nameOf } from '/names.js';

const NAMES_MAX = 80;
const ASIDE_PX = 6;
const WIDTH_LEAST = 280;
const HEIGHT_LEAST = 320;
const HEIGHT_MOST = 640;
// On a narrow screen it is rather high than wide.
const NARROW_PX = 560;
const COLOURS = 6;
// Kinds of edges that have colours of their own: signs.
export const [MORE, LESS] = ['above zero', 'below zero'];
const COLOURED = { [MORE]: 'plus', [LESS]: 'minus' };
// A letter of a name, about.
const LETTER_PX = 5.8;
// From so many edges on they are drawn fainter.
const DENSE = 150;

// An edge with a weight from -1 to 1 has its sign as its colour and its size as its width,
// and goes one way.
const WIDTH_LEAST_PX = 0.8;
const WIDTH_MOST_PX = 5;
const BEND = 0.14;
const NODE_PX = 9;
const TIP_PX = 6;

// `address` gives where the link of an entity leads; nodes may be something else. How even
// they lie is for `layout`.
export function graph(address, { what = 'entities', even = 0 } = {}) {
  const svg = draw('svg', { class: 'graph', role: 'group' });
  const legend = el('ul', { class: 'legend' });
  const node = keep(el('figure', { class: 'card' }, svg, legend));
  let shown = null;
  let width = 0;
  let lies = null;
  new ResizeObserver(() => {
    if (shown && svg.clientWidth && Math.abs(svg.clientWidth - width) > 8) paint();
  }).observe(svg);

  function paint() {
    const { nodes, edges, title, within } = shown;
    width = Math.max(WIDTH_LEAST, svg.clientWidth || 900);
    const most = Math.min(HEIGHT_MOST, 240 + within.nodes.length * 9);
    const height = Math.round(Math.min(most, Math.max(HEIGHT_LEAST, width * (width < NARROW_PX ? 1.3 : 0.6))));
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('height', height);
    svg.setAttribute('aria-label', `${title}: ${whole(nodes.length)} ${what}, ${whole(edges.length)} edges`);
    svg.classList.toggle('dense', edges.length > DENSE);
    if (lies?.within !== within || lies.width !== width || lies.height !== height)
      lies = { within, width, height, places: layout(within.nodes, within.edges, { width, height, even }) };
    const { places } = lies;
    const kinds = [...new Set(edges.map(({ kind }) => kind))].sort();
    const colour = (kind) => COLOURED[kind] ?? `c${kinds.indexOf(kind) % COLOURS}`;
    const names = named(nodes, places);
    put(
      svg,
      edges.map((edge) => line(edge, places, colour(edge.kind))),
      nodes.map((of) => link(of, places.get(of.entity), names.has(of.entity))),
    );
    const entry = (kind) => el('li', {}, el('span', { class: `swatch ${colour(kind)}` }), kind);
    put(legend, kinds.map(entry));
  }

  function line({ source, target, weight, told }, places, colour) {
    const from = places.get(source);
    const to = places.get(target);
    if (weight !== undefined) return bow(from, to, weight, told, colour);
    const d = `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
    return draw('path', { d, class: `edge ${colour}` });
  }

  // Whose names are written: those with most edges first, where there is room for them.
  function named(nodes, places) {
    const boxes = [];
    const order = [...nodes].sort((one, other) => (one.depth > 0) - (other.depth > 0) || other.edges - one.edges);
    const hasRoom = (of) => {
      const { left: from, right: to, y } = nameBox(of, places.get(of.entity));
      const box = [from, to, y - 11, y + 3];
      const isFree = boxes.every(
        ([left, right, top, low]) => box[1] < left || box[0] > right || box[3] < top || box[2] > low,
      );
      if (isFree) boxes.push(box);
      return isFree;
    };
    return new Set(
      order
        .filter((of) => hasRoom(of))
        .slice(0, NAMES_MAX)
        .map(({ entity }) => entity),
    );
  }

  // Bent to one side, so that what goes the other way is seen beside it.
  function bow(from, to, weight, told, colour) {
    const [x, y] = [to.x - from.x, to.y - from.y];
    const far = Math.hypot(x, y) || 1;
    const middle = { x: (from.x + to.x) / 2 - y * BEND, y: (from.y + to.y) / 2 + x * BEND };
    const away = Math.hypot(to.x - middle.x, to.y - middle.y) || 1;
    const [ux, uy] = [(to.x - middle.x) / away, (to.y - middle.y) / away];
    const wide = WIDTH_LEAST_PX + Math.abs(weight) * (WIDTH_MOST_PX - WIDTH_LEAST_PX);
    const tip = { x: to.x - ux * NODE_PX, y: to.y - uy * NODE_PX };
    const size = Math.min(TIP_PX + wide, far / 3);
    const base = { x: tip.x - ux * size, y: tip.y - uy * size };
    const half = size / 2;
    const at = ({ x: across, y: down }) => `${across.toFixed(1)} ${down.toFixed(1)}`;
    const [left, right] = [1, -1].map((by) => at({ x: base.x - uy * half * by, y: base.y + ux * half * by }));
    return draw(
      'g',
      { class: `edge-to ${colour}` },
      draw('title', {}, told),
      draw('path', {
        d: `M${at(from)}Q${at(middle)} ${at(base)}`,
        class: `edge ${colour}`,
        'stroke-width': wide.toFixed(1),
      }),
      draw('path', { d: `M${at(tip)}L${left}L${right}Z`, class: 'tip' }),
    );
  }

  function link(of, { x, y }, isNamed) {
    const { entity, depth, edges } = of;
    const name = nameFor(of);
    const radius = depth === 0 ? 9 : 4 + Math.min(4, Math.log1p(edges) / 2);
    const { anchor, at, y: down } = nameBox(of, { x, y });
    const place = { x: at.toFixed(1), y: down.toFixed(1), 'text-anchor': anchor };
    return draw(
      'a',
      { href: address(entity), class: `node d${depth}`, 'aria-label': isNamed ? undefined : name },
      draw('title', {}, `${name}: ${whole(edges)} edges`),
      draw('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1) }),
      draw('text', isNamed ? place : { ...place, class: 'crowded', 'aria-hidden': 'true' }, name),
    );
  }

  // Where a name stands: above its node, and to one side of it near the edge of the picture.
  function nameBox(of, { x, y }) {
    const wide = nameFor(of).length * LETTER_PX;
    const anchor = x < wide / 2 ? 'start' : x > width - wide / 2 ? 'end' : 'middle';
    const at = x + { start: -ASIDE_PX, middle: 0, end: ASIDE_PX }[anchor];
    const left = at - { start: 0, middle: wide / 2, end: wide }[anchor];
    return { anchor, at, y: y - 11, left, right: left + wide };
  }

  const nameFor = ({ entity, label }) => label ?? nameOf(entity) ?? entity;

  return {
    node,
    // `nodes` are `{ entity, label, depth, edges }`, `edges` are `{ kind, source, target }`, and
    // if they like `weight` and `told`. They lie as those of `within` do, if more are given.
    set(title, nodes, edges, within = { nodes, edges }) {
      shown = { title, nodes, edges, within };
      paint();
    },
  };
}

// Without most of what is connected to one entity alone, where that is much of one kind;
// `left` says how much of which.
export function pruned(nodes, edges, most) {
  const degree = new Map();
  for (const { source, target } of edges)
    for (const end of new Set([source, target])) degree.set(end, (degree.get(end) ?? 0) + 1);
  const depths = new Map(nodes.map(({ entity, depth }) => [entity, depth]));
  const counts = new Map();
  const gone = new Set();
  const left = new Map();
  for (const { kind, source, target } of edges) {
    const [leaf, stem] = depths.get(source) > depths.get(target) ? [source, target] : [target, source];
    if (degree.get(leaf) > 1) continue;
    const count = (counts.get(`${stem} ${kind}`) ?? 0) + 1;
    counts.set(`${stem} ${kind}`, count);
    if (count <= most) continue;
    gone.add(leaf);
    left.set(kind, (left.get(kind) ?? 0) + 1);
  }
  const isShown = (entity) => depths.has(entity) && !gone.has(entity);
  return {
    nodes: nodes.filter(({ entity }) => isShown(entity)),
    edges: edges.filter(({ source, target }) => isShown(source) && isShown(target)),
    left: [...left],
  };
}
