// Places for the nodes of a graph around one of them: on rings by their distance at first,
// then pushed apart, and pulled together where they are connected. The same graph always
// lies the same way.

const ROUNDS = 150;
const WARM = 0.12;
const NEAR = 1e-4;
const BESIDE = 0.1;
const SIDE_PX = 56;
const ENDS_PX = 26;

// `nodes` are `{ entity, depth }` with the middle first, `edges` are `{ source, target }`.
// What is `even` goes by order as much as by distance, so that few far off do not crowd many.
export function layout(nodes, edges, { width, height, even = 0 }) {
  const places = new Map();
  for (const depth of new Set(nodes.map((node) => node.depth))) {
    const ring = nodes.filter((node) => node.depth === depth);
    ring.forEach(({ entity }, at) => {
      const angle = (2 * Math.PI * (at + depth / 2)) / ring.length - Math.PI / 2;
      // Not quite on a circle, where they could not leave it.
      const away = depth * (1 + (at % 3) * 0.1);
      places.set(entity, { x: Math.cos(angle) * away, y: Math.sin(angle) * away, depth, isFixed: depth === 0 });
    });
  }
  const all = [...places.values()];
  const ends = pulls(edges, places);
  for (let round = 0; round < ROUNDS; round += 1) settle(all, ends, WARM * (1 - round / ROUNDS));
  const across = fitted(
    all.map(({ x }) => x),
    SIDE_PX,
    width - SIDE_PX,
    even,
  );
  const down = fitted(
    all.map(({ y }) => y),
    ENDS_PX,
    height - ENDS_PX,
    even,
  );
  return new Map([...places].map(([entity, { x, y }]) => [entity, { x: across(x), y: down(y) }]));
}

// Leads what lies between the least and the most of some numbers to between two others.
function fitted(values, from, to, even) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  if (span < NEAR) return () => (from + to) / 2;
  const order = new Map(
    [...values].sort((one, other) => one - other).map((value, at) => [value, at / (values.length - 1)]),
  );
  return (value) => from + ((1 - even) * ((value - low) / span) + even * order.get(value)) * (to - from);
}

// Pairs that are connected, once each, which pull the less the more both are, and least
// where they are as far from the middle.
function pulls(edges, places) {
  const pairs = new Map();
  const degree = new Map();
  for (const { source, target } of edges) {
    const key = [source, target].sort().join(' ');
    if (source === target || pairs.has(key) || !places.has(source) || !places.has(target)) continue;
    pairs.set(key, [source, target]);
    for (const end of [source, target]) degree.set(end, (degree.get(end) ?? 0) + 1);
  }
  return [...pairs.values()].map(([source, target]) => {
    const from = places.get(source);
    const to = places.get(target);
    const share = from.depth === to.depth ? BESIDE : 1;
    return [from, to, share / Math.sqrt(degree.get(source) * degree.get(target))];
  });
}

// A step of each, so far at most.
function settle(all, ends, most) {
  for (const one of all) one.dx = one.dy = 0;
  const push = 1 / all.length;
  for (let a = 0; a < all.length; a += 1) {
    for (let b = a + 1; b < all.length; b += 1) {
      const x = all[a].x - all[b].x;
      const y = all[a].y - all[b].y;
      const by = push / Math.max(NEAR, x * x + y * y);
      move(all[a], x * by, y * by);
      move(all[b], -x * by, -y * by);
    }
  }
  for (const [from, to, pull] of ends) {
    const x = (to.x - from.x) * pull;
    const y = (to.y - from.y) * pull;
    move(from, x, y);
    move(to, -x, -y);
  }
  for (const one of all) {
    if (one.isFixed) continue;
    const far = Math.hypot(one.dx, one.dy) || 1;
    const step = Math.min(far * 0.2, most) / far;
    one.x += one.dx * step;
    one.y += one.dy * step;
  }
}

function move(one, x, y) {
  one.dx += x;
  one.dy += y;
}
