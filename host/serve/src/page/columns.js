// All values of a packed component at once, as runs of numbers.

import { bytes } from '/ask.js';
import { unpack } from '/msgpack.js';

const READ = {
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
  u8: (view, at) => view.getUint8(at),
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  u64: (view, at) => Number(view.getBigUint64(at, true)),
  i8: (view, at) => view.getInt8(at),
  i16: (view, at) => view.getInt16(at, true),
  i32: (view, at) => view.getInt32(at, true),
  i64: (view, at) => Number(view.getBigInt64(at, true)),
  bool: (view, at) => view.getUint8(at),
  // As a number that is the same for the same entity.
  entity: (view, at) => view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true),
};

export const isRead = (type) => Object.hasOwn(READ, type);

export async function columns(kind, at, signal) {
  const packed = unpack(await bytes('/columns', { kind, ...at }, signal));
  const viewOf = (run) => new DataView(run.buffer, run.byteOffset, run.byteLength);
  const entities = viewOf(packed.entities);
  const data = viewOf(packed.data);
  const ids = new Float64Array(packed.rows);
  for (let row = 0; row < packed.rows; row += 1) ids[row] = READ.entity(entities, row * 8);
  return {
    at: packed.at,
    count: packed.rows,
    // The entity of each row, as a number.
    ids,
    field(name) {
      const { type, offset } = packed.fields.find((field) => field.name === name);
      const values = new Float64Array(packed.rows);
      for (let row = 0; row < packed.rows; row += 1) values[row] = READ[type](data, row * packed.size + offset);
      return values;
    },
  };
}

// An entity as it is written, from its number, and the other way.
export const written = (id) => `${id % 2 ** 32}v${Math.floor(id / 2 ** 32)}`;

export function numberOf(entity) {
  const [index, generation] = entity.split('v').map(Number);
  return generation * 2 ** 32 + index;
}
