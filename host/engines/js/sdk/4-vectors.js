// -- Vectors --

// One field of many rows, or numbers of its own. Rows that a query leaves out are
// passed over by every operation.
export class Vector {
  constructor(type, buffer, offset, stride, length, mask, per) {
    this.type = type;
    this.buffer = buffer;
    this.spec = new Uint32Array([offset, stride, length, type.code, per]);
    this.mask = mask;
  }
  get length() { return this.spec[2]; }
  place(i) {
    if (!(i >= 0 && i < this.spec[2])) throw new RangeError(`number ${i} of ${this.spec[2]}`);
    return this.spec[0] + i * this.spec[1];
  }
  get(i) { return this.type.get(this.view ??= new DataView(this.buffer), this.place(i)); }
  set(i, value) { this.type.set(this.view ??= new DataView(this.buffer), this.place(i), value); }
  *[Symbol.iterator]() { for (let i = 0; i < this.length; i++) yield this.get(i); }
}
// Numbers of its own, zero at first, or those given.
export function vector(type, of) {
  if (!isType(type) || type.code === undefined) fail('a vector is of numbers: give f32, u32 and the like');
  const values = new type.array(of);
  return new Vector(type, values.buffer, 0, type.size, values.length, undefined, 1);
}
// All numbers of a column whose fields are of one type, row by row.
export function flat(column) {
  return column instanceof Vector ? column : column[FLAT] ?? fail('the fields of this column are not of one type of numbers');
}
const operands = (all) => all.map((it) => typeof it === 'object' && it !== null ? flat(it) : it);
const operation = (code) => (...all) => host.vector(code, ...operands(all));
export const assign = operation(0), add = operation(1), sub = operation(2), mul = operation(3),
  min = operation(4), max = operation(5), axpy = operation(6), clamp = operation(7),
  where = operation(8), less = operation(9), sum = operation(10), gather = operation(11);

function columnOf(kind) {
  class Column {
    constructor(buffer, length, mask) { this[BYTES] = buffer; this[LENGTH] = length; this[MASK] = mask; }
    get length() { return this[LENGTH]; }
  }
  const numbers = kind.parts.filter((it) => it.type.code !== undefined);
  for (const { name, type, offset } of kind.isPacked ? numbers : []) {
    Object.defineProperty(Column.prototype, name, {
      get() {
        const value = new Vector(type, this[BYTES], offset, kind.size, this[LENGTH], this[MASK], 1);
        Object.defineProperty(this, name, { value });
        return value;
      },
    });
  }
  const [first] = kind.parts;
  const isOne = kind.isPacked && first && kind.parts.every((it) => it.type.ty === first.type.ty) && first.type.code !== undefined;
  Object.defineProperty(Column.prototype, FLAT, {
    get() {
      const per = kind.parts.length;
      return isOne ? new Vector(first.type, this[BYTES], 0, first.type.size, per * this[LENGTH], this[MASK], per) : undefined;
    },
  });
  return Column;
}

