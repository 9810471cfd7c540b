// Which lanes marks over a time lie in, and which of them are drawn as one: what there is to
// draw is bounded by the size of the picture, however many marks there are.

// Marks nearer than that are one.
const NEAR_PX = 7;

// Sorted marks between two times: from which, and up to which not.
export function within(marks, low, high) {
  return [bound(marks, (at) => at >= low), bound(marks, (at) => at > high)];
}

function bound(marks, is) {
  let from = 0;
  let to = marks.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (is(marks[middle].at)) to = middle;
    else from = middle + 1;
  }
  return from;
}

// The lanes of marks, and of those that reach into them from beside: those with the most
// kept, in the order in which they begin; what is left lies in one more, without a key.
export function lanesOf(inside, beside, most) {
  const counts = new Map();
  for (const { lanes } of beside) for (const key of lanes) counts.set(key, 0);
  for (const { lanes } of inside) for (const key of lanes) counts.set(key, (counts.get(key) ?? 0) + 1);
  const order = [...counts.keys()];
  const kept = new Set(
    order.length <= most
      ? order
      : [...order].sort((one, other) => counts.get(other) - counts.get(one)).slice(0, most - 1),
  );
  const lanes = order.filter((key) => kept.has(key)).map((key) => ({ key, count: counts.get(key) }));
  const rest = order.filter((key) => !kept.has(key));
  if (rest.length)
    lanes.push({ key: undefined, others: rest.length, count: rest.reduce((sum, key) => sum + counts.get(key), 0) });
  return lanes;
}

// Marks that are drawn as one: `{ lane, x, marks: [first, …] }`, by lane and then by time.
export function groupsOf(marks, [from, to], lanes, x) {
  const places = new Map(lanes.map(({ key }, lane) => [key, lane]));
  const last = new Array(lanes.length).fill(null);
  const groups = [];
  for (let at = from; at < to; at += 1) {
    const across = x(marks[at].at);
    for (const lane of new Set(marks[at].lanes.map((key) => places.get(key) ?? places.get(undefined)))) {
      const group = last[lane];
      if (group && across - group.from < NEAR_PX) {
        group.marks.push(at);
        group.x = (group.from + across) / 2;
      } else {
        last[lane] = { lane, from: across, x: across, marks: [at] };
        groups.push(last[lane]);
      }
    }
  }
  return groups;
}
