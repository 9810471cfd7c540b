// A picture of a graph around one entity: nodes are links, kinds of edges have colours.

import { draw, el, keep, put } from '/dom.js';
import { whole } from '/format.js';
import { layout } from '/layout.js';
import { nameOf } from '/names.js';

const NAMES_MAX = 80;
// So near to a side, names go the other way.
const EDGE_PX = 64;
const WIDTH_LEAST = 280;
const HEIGHT_LEAST = 320;
const HEIGHT_MOST = 640;
const COLOURS = 6;
// From so many edges on they are drawn fainter.
const DENSE = 150;

// `address` gives where the link of an entity leads.
export function graph(address) {
  const svg = draw('svg', { class: 'graph', role: 'group' });
  const legend = el('ul', { class: 'legend' });
  const node = keep(el('figure', { class: 'card' }, svg, legend));
  let shown = null;
  let width = 0;
  new ResizeObserver(() => {
    if (shown && svg.clientWidth && Math.abs(svg.clientWidth - width) > 8) paint();
  }).observe(svg);

  function paint() {
    const { nodes, edges, title } = shown;
    width = Math.max(WIDTH_LEAST, svg.clientWidth || 900);
    const most = Math.min(HEIGHT_MOST, 240 + nodes.length * 9);
    const height = Math.round(Math.min(most, Math.max(HEIGHT_LEAST, width * 0.6)));
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('height', height);
    svg.setAttribute('aria-label', `${title}: ${whole(nodes.length)} entities, ${whole(edges.length)} edges`);
    svg.classList.toggle('dense', edges.length > DENSE);
    const places = layout(nodes, edges, { width, height });
    const kinds = [...new Set(edges.map(({ kind }) => kind))].sort();
    const colour = (kind) => `c${kinds.indexOf(kind) % COLOURS}`;
    put(
      svg,
      edges.map((edge) => line(edge, places, colour(edge.kind))),
      nodes.map((of) => link(of, places.get(of.entity), nodes.length <= NAMES_MAX || of.depth === 0)),
    );
    const entry = (kind) => el('li', {}, el('span', { class: `swatch ${colour(kind)}` }), kind);
    put(legend, kinds.map(entry));
  }

  function line({ source, target }, places, colour) {
    const from = places.get(source);
    const to = places.get(target);
    const d = `M${from.x.toFixed(1)} ${from.y.toFixed(1)}L${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
    return draw('path', { d, class: `edge ${colour}` });
  }

  function link({ entity, label, depth, edges }, { x, y }, isNamed) {
    const name = label ?? nameOf(entity) ?? entity;
    const radius = depth === 0 ? 9 : 4 + Math.min(4, Math.log1p(edges) / 2);
    const anchor = x < EDGE_PX ? 'start' : x > width - EDGE_PX ? 'end' : 'middle';
    const shift = { start: -6, middle: 0, end: 6 }[anchor];
    const place = { x: (x + shift).toFixed(1), y: (y - 11).toFixed(1), 'text-anchor': anchor };
    return draw(
      'a',
      { href: address(entity), class: `node d${depth}`, 'aria-label': isNamed ? undefined : name },
      draw('title', {}, `${name}: ${whole(edges)} edges`),
      draw('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1) }),
      isNamed ? draw('text', place, name) : null,
    );
  }

  return {
    node,
    // `nodes` are `{ entity, label, depth, edges }`, `edges` are `{ kind, source, target }`.
    set(title, nodes, edges) {
      shown = { title, nodes, edges };
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
