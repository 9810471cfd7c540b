// Which entities have a place, and the numbers that they can be drawn by.

import { world } from '/ask.js';
import { columns, isRead, numberOf } from '/columns.js';
import { asOf } from '/state.js';

// Names of fields for up and across: on a globe, and on a plane.
const PLACES = [
  [/^(lat|latitude)(_deg|_degrees)?$/i, /^(lon|lng|long|longitude)(_deg|_degrees)?$/i],
  [/^x$/, /^y$/],
];
// Velocities have x and y too: what is called a place comes first.
const CALLED_PLACES = /(position|place|location|point|coord|spot|site)/i;
const ENTITIES_MAX = 10_000;

// Which components place entities, and which fields can colour them.
export function placed(kinds) {
  const components = kinds.filter(({ role }) => role === 'component');
  const places = components
    .filter(({ storage }) => storage === 'packed')
    .flatMap((kind) => {
      const found = (pattern) => kind.fields.find(({ name, type }) => pattern.test(name) && isRead(type))?.name;
      const at = PLACES.findIndex(([up, across]) => found(up) && found(across));
      if (at < 0) return [];
      const [first, second] = PLACES[at].map(found);
      return [
        at === 0
          ? { kind: kind.name, y: first, x: second, isGlobe: true }
          : { kind: kind.name, x: first, y: second, isGlobe: false },
      ];
    });
  const fields = components.flatMap((kind) =>
    kind.fields
      .filter(({ type }) => (kind.storage === 'packed' ? isRead(type) : /^(f|u|i)\d+$/.test(type)))
      .map(({ name, type }) => ({
        name: `${kind.name}.${name}`,
        kind: kind.name,
        field: name,
        type,
        isPacked: kind.storage === 'packed',
      })),
  );
  const rank = ({ kind, isGlobe }) => 2 * isGlobe + CALLED_PLACES.test(kind.replace(/^.*\//, ''));
  return { places: places.sort((one, other) => rank(other) - rank(one)), fields };
}

// The values of a field for each of the points, NaN where there is none.
export async function valuesOf(field, points, kind, signal) {
  if (!field) return null;
  if (field.kind === kind && field.isPacked) return points.field(field.field);
  const values = new Map();
  if (field.isPacked) {
    const all = await columns(field.kind, asOf(), signal);
    const column = all.field(field.field);
    all.ids.forEach((id, row) => values.set(id, column[row]));
  } else {
    const asked = { with: field.kind, select: field.name, limit: ENTITIES_MAX, ...asOf() };
    const { rows } = await world('/entities', asked, signal);
    for (const row of rows) values.set(numberOf(row.entity), Number(row[field.name] ?? NaN));
  }
  return Float64Array.from(points.ids, (id) => values.get(id) ?? NaN);
}
