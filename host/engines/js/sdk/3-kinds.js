// -- Kinds --

const COMPONENT = 0, EVENT = 1, INPUT = 2, RELATION = 3, SETTINGS = 4;
const PACKED = 0, DYNAMIC = 1;
const kinds = [];

// A value with its kind, for commands.
class Valued { constructor(kind, value) { this.kind = kind; this.value = value; } }

class Kind {
  constructor(name, role, fields, { dynamic = role !== COMPONENT && role !== RELATION, onDespawn = 'detach' } = {}) {
    if (typeof name !== 'string') fail(`the name of a kind is ${shown(name)}: give a text`);
    const { list, size, isPacked } = laidOut(fields, name);
    if (!isPacked && !dynamic) {
      const { name: field } = list.find((it) => !it.type.size);
      fail(`${field} of ${name} has no fixed size: give { dynamic: true } behind the fields`);
    }
    this.role = role;
    this.short = name;
    this.storage = dynamic ? DYNAMIC : PACKED;
    this.parts = list;
    this.size = dynamic ? 0 : size;
    this.onDespawn = { detach: 0, cascade: 1 }[onDespawn] ?? fail(`onDespawn of ${name} is ${shown(onDespawn)}: give 'detach' or 'cascade'`);
  }
  get name() { return this.short.includes('/') ? this.short : `${about().id}/${this.short}`; }
  get isPacked() { return this.storage === PACKED; }
  // A value of it: fields that are left out are zero, or their default.
  of(value = {}) {
    value = plain(value);
    for (const key in value) if (!this.parts.some((it) => it.name === key)) fail(`${this.short} has no field ${key}`);
    return new Valued(this, value);
  }
  // Values for many entities at once: one of its rows after another.
  rows(numbers) { return new Many(this, numbers); }
  zero() { return zeroOf(this.parts); }
  read(from) { from.array(); return readFields(this.parts, from); }
  write(to, value) { to.array(this.parts.length); writeFields(this.parts, to, this.whole(value)); }
  // A value with all fields.
  whole(value) {
    for (const { name } of this.parts) if (fieldOf(value, name) === undefined) return this.filled(value);
    return value;
  }
  filled(value) {
    const whole = {};
    for (const { name, type } of this.parts) {
      const it = fieldOf(value, name);
      whole[name] = it === undefined ? zero(type) : it;
    }
    return whole;
  }
  get(view, at) { return getFields(this.parts, view, at); }
  pack(to, value) {
    const at = to.room(this.size);
    setFields(this.parts, to.view, at, this.whole(value));
  }
  describe() {
    const fields = this.parts.map(({ name, type, offset }) => {
      const to = type.preset && new Writer(16);
      if (to) type.write(to, type.preset.value);
      return { name, ty: type.ty, offset: this.isPacked ? offset : 0, was: type.earlier, preset: to?.done() };
    });
    return { name: this.name, role: this.role, storage: this.storage, size: this.size, fields, onDespawn: this.onDespawn };
  }
  // What the rows of a shard are seen by: one row after another, and column by column.
  get Cursor() { return this.cursor ??= this.isPacked ? packedCursor(this) : dynamicCursor(this); }
  get Column() { return this.column ??= columnOf(this); }
}
class Many { constructor(kind, numbers) { this.kind = kind; this.numbers = numbers; } }

function declared(kind) { kinds.push(kind); return kind; }
const make = (role) => (name, fields = {}, options) => declared(new Kind(name, role, fields, options));
export const component = make(COMPONENT);
export const event = make(EVENT);
export const input = make(INPUT);
export const relation = (name, fields = {}, options) => {
  if ('entity' in fields) fail(`a field of ${name} is named entity, as what a relation leads to is: give it another name`);
  return declared(new Kind(name, RELATION, fields, options));
};
export const settings = (fields, { of } = {}) => declared(new Kind(of ? `${of}/Settings` : 'Settings', SETTINGS, fields));

const isAligned = (kind, type, offset) => type.array && kind.size % type.size === 0 && offset % type.size === 0;

// What a kind's rows are seen by has the names of its fields, whatever they are: what
// it has besides has symbols for names.
const ROW = Symbol('row'), VIEW = Symbol('view'), VALUES = Symbol('values'), PLAIN = Symbol('plain');
const BYTES = Symbol('bytes'), LENGTH = Symbol('length'), MASK = Symbol('mask'), FLAT = Symbol('flat');

// What a row is seen by, which moves along, and the value that it shows now.
class Seen {
  toJSON() { return this[PLAIN](); }
}
const plain = (value) => value instanceof Seen ? value[PLAIN]() : value;

// What is a copy, so that a write to it would be lost, refuses one.
function frozen(value) {
  if (typeof value !== 'object') return value;
  for (const key in value) frozen(value[key]);
  return Object.freeze(value);
}

function packedCursor(kind) {
  const arrays = new Map();
  for (const { type, offset } of kind.parts)
    if (isAligned(kind, type, offset) && !arrays.has(type.array)) arrays.set(type.array, Symbol(type.array.name));
  class Cursor extends Seen {
    constructor(buffer) {
      super();
      this[ROW] = 0;
      this[VIEW] = new DataView(buffer);
      for (const [array, key] of arrays) this[key] = new array(buffer, 0, floor(buffer.byteLength / array.BYTES_PER_ELEMENT));
    }
    [PLAIN]() { return kind.get(this[VIEW], this[ROW] * kind.size); }
  }
  for (const { name, type, offset } of kind.parts) {
    const { size } = kind;
    if (isAligned(kind, type, offset) && type.ty !== bool.ty) {
      const key = arrays.get(type.array), stride = size / type.size, first = offset / type.size;
      Object.defineProperty(Cursor.prototype, name, {
        enumerable: true,
        get() { return this[key][this[ROW] * stride + first]; },
        set(value) { this[key][this[ROW] * stride + first] = value; },
      });
    } else {
      const copied = type.code === undefined;
      Object.defineProperty(Cursor.prototype, name, {
        enumerable: true,
        get() {
          const value = type.get(this[VIEW], this[ROW] * size + offset);
          return copied ? frozen(value) : value;
        },
        set(value) { type.set(this[VIEW], this[ROW] * size + offset, value); },
      });
    }
  }
  return Cursor;
}

// The values of a dynamic column are read when the first is asked for, once for all
// that look at it.
class Values {
  constructor(kind, buffer) { this.kind = kind; this.buffer = buffer; this.read = null; }
  get all() {
    if (!this.read) {
      const from = new Reader(this.buffer);
      this.read = Array.from({ length: from.array() }, () => this.kind.read(from));
    }
    return this.read;
  }
  written() {
    if (!this.read) return null;
    const to = new Writer(this.buffer.byteLength + 64);
    to.array(this.read.length);
    for (const value of this.read) this.kind.write(to, value);
    return to.done();
  }
}
function dynamicCursor(kind) {
  class Cursor extends Seen {
    constructor(values) { super(); this[ROW] = 0; this[VALUES] = values; }
    [PLAIN]() { return { ...this[VALUES].all[this[ROW]] }; }
  }
  for (const { name } of kind.parts) {
    Object.defineProperty(Cursor.prototype, name, {
      enumerable: true,
      get() { return this[VALUES].all[this[ROW]][name]; },
      set(value) { this[VALUES].all[this[ROW]][name] = value; },
    });
  }
  return Cursor;
}

