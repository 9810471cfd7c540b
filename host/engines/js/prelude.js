// The SDK of mods in JavaScript: the module "sandtable". It is evaluated once, when
// the engine is built; what a call takes of it is in memory when the call begins.
//
// What goes over the boundary is written in wit/since_v0.2.0. Values are checked by
// the host: here mistakes are only told earlier, in the words of the language.
const host = globalThis.host;
delete globalThis.host;

const SOURCES = '.js/';
const { floor } = Math;
const fail = (why) => { throw new TypeError(why); };
// What a value has under the name of a field, which may be one that all objects have.
const fieldOf = (value, name) => { const it = value[name]; return it === Object.prototype[name] ? undefined : it; };

// -- MessagePack --

class Writer {
  constructor(size = 256) { this.grow(size); this.at = 0; }
  grow(size) {
    const old = this.bytes;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    if (old) this.bytes.set(old);
  }
  room(more) {
    if (this.at + more > this.bytes.length) this.grow(Math.max(2 * this.bytes.length, this.at + more));
    const at = this.at;
    this.at += more;
    return at;
  }
  done() { return this.bytes.subarray(0, this.at); }
  byte(value) { const at = this.room(1); this.bytes[at] = value; }
  nil() { this.byte(0xc0); }
  bool(value) { this.byte(value ? 0xc3 : 0xc2); }
  uint(value) {
    if (value < 0x80) return this.byte(value);
    if (value > 0xffffffff) return this.long(BigInt(value));
    const at = this.room(5);
    this.bytes[at] = 0xce; this.view.setUint32(at + 1, value);
  }
  long(value) {
    if (BigInt.asUintN(64, value) !== value && BigInt.asIntN(64, value) !== value) fail(`${value} does not fit into 64 bits`);
    const at = this.room(9);
    if (value >= 0n) { this.bytes[at] = 0xcf; this.view.setBigUint64(at + 1, value); }
    else { this.bytes[at] = 0xd3; this.view.setBigInt64(at + 1, value); }
  }
  int(value) {
    if (value >= 0) return this.uint(value);
    if (value >= -32) return this.byte(value & 0xff);
    return this.long(BigInt(value));
  }
  f32(value) { const at = this.room(5); this.bytes[at] = 0xca; this.view.setFloat32(at + 1, value); }
  f64(value) { const at = this.room(9); this.bytes[at] = 0xcb; this.view.setFloat64(at + 1, value); }
  sized(tag, length) { const at = this.room(5); this.bytes[at] = tag; this.view.setUint32(at + 1, length); }
  array(length) { if (length < 16) this.byte(0x90 | length); else this.sized(0xdd, length); }
  raw(bytes) { const at = this.room(bytes.length); this.bytes.set(bytes, at); }
  string(text) { const bytes = new Uint8Array(host.encode(text)); this.sized(0xdb, bytes.length); this.raw(bytes); }
  bin(bytes) { this.sized(0xc6, bytes.length); this.raw(bytes); }
}

class Reader {
  constructor(buffer) { this.bytes = new Uint8Array(buffer); this.view = new DataView(buffer); this.at = 0; }
  wrong(what) { fail(`expected ${what} at byte ${this.at - 1} of what the host sent`); }
  isNil() { if (this.bytes[this.at] !== 0xc0) return false; this.at++; return true; }
  bool() { return this.bytes[this.at++] === 0xc3; }
  // A number, or a bigint where it may be too large for one.
  integer() {
    const tag = this.bytes[this.at++], { view, at } = this;
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 256;
    switch (tag) {
      case 0xcc: this.at += 1; return view.getUint8(at);
      case 0xcd: this.at += 2; return view.getUint16(at);
      case 0xce: this.at += 4; return view.getUint32(at);
      case 0xcf: this.at += 8; return view.getBigUint64(at);
      case 0xd0: this.at += 1; return view.getInt8(at);
      case 0xd1: this.at += 2; return view.getInt16(at);
      case 0xd2: this.at += 4; return view.getInt32(at);
      case 0xd3: this.at += 8; return view.getBigInt64(at);
      default: return this.wrong('a number');
    }
  }
  number() { return Number(this.integer()); }
  long() { return BigInt(this.integer()); }
  f32() { this.at += 5; return this.view.getFloat32(this.at - 4); }
  f64() { this.at += 9; return this.view.getFloat64(this.at - 8); }
  array() {
    const tag = this.bytes[this.at++];
    if ((tag & 0xf0) === 0x90) return tag & 15;
    if (tag === 0xdc) { this.at += 2; return this.view.getUint16(this.at - 2); }
    if (tag === 0xdd) { this.at += 4; return this.view.getUint32(this.at - 4); }
    return this.wrong('an array');
  }
  length(tag, short) {
    if (tag === short) return this.bytes[this.at++];
    if (tag === short + 1) { this.at += 2; return this.view.getUint16(this.at - 2); }
    if (tag === short + 2) { this.at += 4; return this.view.getUint32(this.at - 4); }
    return this.wrong('a text or bytes');
  }
  string() {
    const tag = this.bytes[this.at++];
    const length = (tag & 0xe0) === 0xa0 ? tag & 31 : this.length(tag, 0xd9);
    this.at += length;
    return host.decode(this.bytes, this.at - length, this.at);
  }
  bin() {
    const length = this.length(this.bytes[this.at++], 0xc4);
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }
  // Any value: of tables, and to pass over what is read later.
  any() {
    const tag = this.bytes[this.at];
    if (tag === 0xc0) { this.at++; return null; }
    if (tag === 0xc2 || tag === 0xc3) return this.bool();
    if (tag === 0xca) return this.f32();
    if (tag === 0xcb) return this.f64();
    if ((tag & 0xe0) === 0xa0 || (tag >= 0xd9 && tag <= 0xdb)) return this.string();
    if (tag >= 0xc4 && tag <= 0xc6) return this.bin();
    if ((tag & 0xf0) === 0x90 || tag === 0xdc || tag === 0xdd) return Array.from({ length: this.array() }, () => this.any());
    const value = this.integer();
    return typeof value === 'bigint' && BigInt.asIntN(54, value) === value ? Number(value) : value;
  }
}

// What a parameter of a statement, or a value of one, is in MessagePack.
function writeAny(writer, value) {
  switch (typeof value) {
    case 'number': return Number.isSafeInteger(value) && !Object.is(value, -0) ? writer.int(value) : writer.f64(value);
    case 'bigint': return writer.long(value);
    case 'string': return writer.string(value);
    case 'boolean': return writer.bool(value);
    default:
      if (value === null || value === undefined) return writer.nil();
      if (value instanceof Uint8Array) return writer.bin(value);
      return fail(`a parameter of a statement is ${shown(value)}: give a number, a bigint, a text, true, false, null or a Uint8Array`);
  }
}

// -- Types of fields --

// `view` methods read and write a packed row, the others MessagePack.
class Type {
  constructor(ty, parts) { this.ty = ty; this.size = 0; Object.assign(this, parts); }
  with(more) { return Object.assign(Object.create(Object.getPrototypeOf(this)), this, more); }
  default(value) { return this.with({ preset: { value } }); }
  was(...names) { return this.with({ earlier: names }); }
}

const U8 = 0, I8 = 1, U16 = 2, I16 = 3, U32 = 4, I32 = 5, U64 = 6, I64 = 7, F32 = 8, F64 = 9;

const scalar = (ty, size, code, array, method, read, write, zero) => new Type(ty, {
  size, code, array, read, write,
  zero: () => zero,
  get: (view, at) => view['get' + method](at, true),
  set: (view, at, value) => view['set' + method](at, value, true),
});
const small = (ty, size, code, array, method) =>
  scalar(ty, size, code, array, method, (from) => from.number(), (to, value) => to.int(whole(value, ty)), 0);
const large = (ty, code, array, method) =>
  scalar(ty, 8, code, array, method, (from) => from.long(), (to, value) => to.long(BigInt(value)), 0n);
const whole = (value, ty) => Number.isInteger(value) ? value : fail(`${shown(value)} is no ${ty}`);

export const u8 = small('u8', 1, U8, Uint8Array, 'Uint8');
export const i8 = small('i8', 1, I8, Int8Array, 'Int8');
export const u16 = small('u16', 2, U16, Uint16Array, 'Uint16');
export const i16 = small('i16', 2, I16, Int16Array, 'Int16');
export const u32 = small('u32', 4, U32, Uint32Array, 'Uint32');
export const i32 = small('i32', 4, I32, Int32Array, 'Int32');
export const u64 = large('u64', U64, BigUint64Array, 'BigUint64');
export const i64 = large('i64', I64, BigInt64Array, 'BigInt64');
export const f32 = scalar('f32', 4, F32, Float32Array, 'Float32', (from) => from.f32(), (to, value) => to.f32(value), 0);
export const f64 = scalar('f64', 8, F64, Float64Array, 'Float64', (from) => from.f64(), (to, value) => to.f64(value), 0);
export const bool = new Type('bool', {
  size: 1, code: U8, array: Uint8Array, zero: () => false,
  read: (from) => from.bool(), write: (to, value) => to.bool(value),
  get: (view, at) => view.getUint8(at) !== 0, set: (view, at, value) => view.setUint8(at, value ? 1 : 0),
});
export const string = new Type('string', {
  zero: () => '',
  read: (from) => from.string(),
  write: (to, value) => to.string(typeof value === 'string' ? value : fail(`${shown(value)} is no text`)),
});
// A field that names an entity; as a term of a query, the entity of the row.
export const entity = large('entity', U64, BigUint64Array, 'BigUint64');
export const noEntity = 0n;

const isType = (type) => type instanceof Type;
const checked = (type, where) => isType(type) ? type : fail(`${where} is no type: give f32, u64, string, list(…) and the like`);

export function array(type, length) {
  checked(type, 'what an array has');
  const { size } = type;
  return new Type(`[${type.ty}; ${length}]`, {
    size: size * length, align: type.align ?? size,
    zero: () => Array.from({ length }, type.zero),
    read: (from) => Array.from({ length: from.array() }, () => type.read(from)),
    write: (to, value) => { right(value, length); to.array(length); for (const one of value) type.write(to, one); },
    get: (view, at) => Array.from({ length }, (_, i) => type.get(view, at + i * size)),
    set: (view, at, value) => { right(value, length); for (let i = 0; i < length; i++) type.set(view, at + i * size, value[i]); },
  });
}
const right = (value, length) => value?.length === length || fail(`${shown(value)} has not ${length} elements`);

export function list(type) {
  checked(type, 'what a list has');
  return new Type(`list<${type.ty}>`, {
    zero: () => [],
    read: (from) => Array.from({ length: from.array() }, () => type.read(from)),
    write: (to, value) => { const all = Array.from(value); to.array(all.length); for (const one of all) type.write(to, one); },
  });
}

// Null where there is none.
export function option(type) {
  checked(type, 'what may be there');
  return new Type(`option<${type.ty}>`, {
    zero: () => null,
    read: (from) => from.isNil() ? null : type.read(from),
    write: (to, value) => value === null || value === undefined ? to.nil() : type.write(to, value),
  });
}

export function struct(fields) {
  const { list: parts, size } = laidOut(fields, 'struct');
  return new Type(`{${parts.map((it) => `${it.name}: ${it.type.ty}`).join(', ')}}`, {
    size,
    zero: () => zeroOf(parts),
    read: (from) => { from.array(); return readFields(parts, from); },
    write: (to, value) => { to.array(parts.length); writeFields(parts, to, value); },
    get: (view, at) => getFields(parts, view, at),
    set: (view, at, value) => setFields(parts, view, at, value),
  });
}

// One of several: its name as a text, or `{ name: fields }` where it has some.
export function variant(cases) {
  const all = Object.entries(cases).map(([name, fields]) => {
    if (fields === null) return { name, ty: name };
    if (isType(fields)) return { name, ty: `${name}(${fields.ty})`, parts: [{ name: '', type: fields }], isOne: true };
    const parts = laidOut(fields, name).list;
    return { name, ty: `${name}{${parts.map((it) => `${it.name}: ${it.type.ty}`).join(', ')}}`, parts };
  });
  const of = (name) => all.find((it) => it.name === name) ?? fail(`there is no ${shown(name)} among ${all.map((it) => it.name).join(', ')}`);
  return new Type(all.map((it) => it.ty).join(' | '), {
    zero: () => all[0].parts ? fail(`a default is needed for ${all.map((it) => it.name).join(' | ')}`) : all[0].name,
    read(from) {
      const tag = from.bytes[from.at];
      if ((tag & 0xe0) === 0xa0 || (tag >= 0xd9 && tag <= 0xdb)) return from.string();
      from.array();
      const one = of(from.string());
      return { [one.name]: one.isOne ? one.parts[0].type.read(from) : readFields(one.parts, from) };
    },
    write(to, value) {
      if (typeof value === 'string') { if (of(value).parts) fail(`${value} has fields: give { ${value}: … }`); return to.string(value); }
      const [name] = Object.keys(value), one = of(name);
      if (!one.parts) fail(`${name} has no fields: give ${shown(name)}`);
      to.array(one.parts.length + 1);
      to.string(name);
      if (one.isOne) one.parts[0].type.write(to, value[name]); else writeFields(one.parts, to, value[name]);
    },
  });
}

function laidOut(fields, where) {
  let size = 0, isPacked = true;
  const list = Object.entries(fields).map(([name, type]) => {
    checked(type, `${where}.${name}`);
    const offset = size;
    isPacked &&= type.size > 0;
    size += type.size;
    return { name, type, offset };
  });
  return { list, size: isPacked ? size : 0, isPacked };
}
const zero = (type) => type.preset ? type.preset.value : type.zero();
const zeroOf = (parts) => { const value = {}; for (const { name, type } of parts) value[name] = zero(type); return value; };
const readFields = (parts, from) => { const value = {}; for (const { name, type } of parts) value[name] = type.read(from); return value; };
function writeFields(parts, to, value) {
  for (const { name, type } of parts) {
    try { type.write(to, value[name] === undefined && type.preset ? type.preset.value : value[name]); }
    catch (error) { error.message = `${name}: ${error.message}`; throw error; }
  }
}
const getFields = (parts, view, at) => { const value = {}; for (const { name, type, offset } of parts) value[name] = type.get(view, at + offset); return value; };
const setFields = (parts, view, at, value) => { for (const { name, type, offset } of parts) { const it = fieldOf(value, name); if (it !== undefined) type.set(view, at + offset, it); } };

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

// -- Queries --

const READ = 0, WRITE = 1, OPTIONAL_READ = 2, OPTIONAL_WRITE = 3, HAS = 4, LACKS = 5, CHANGED = 6, ADDED = 7;
class Term {
  constructor(kind, access) {
    if (!(kind instanceof Kind)) fail(`${shown(kind)} is no kind: give what component(…) gave`);
    this.kind = kind;
    this.access = access;
  }
  get isWritten() { return this.access === WRITE || this.access === OPTIONAL_WRITE; }
  get isColumn() { return this.access <= OPTIONAL_WRITE; }
}
const term = (access) => (kind) => new Term(kind, access);
export const read = term(READ), write = term(WRITE), has = term(HAS), lacks = term(LACKS), changed = term(CHANGED), added = term(ADDED);
export const optional = (it) => it instanceof Term ? new Term(it.kind, it.access === WRITE ? OPTIONAL_WRITE : OPTIONAL_READ) : new Term(it, OPTIONAL_READ);

class AnyOf { constructor(alternatives) { this.alternatives = alternatives; } }
// Rows for which all of one of these lists of filters hold.
export const anyOf = (...alternatives) => new AnyOf(alternatives.map((it) => [it].flat()));

class Query {
  constructor(terms, filters) {
    this.keys = [];
    this.terms = [];
    this.entityKeys = [];
    this.alternatives = [];
    for (const [key, it] of Object.entries(terms)) {
      if (key === 'length') fail('a term of a query is named length, as the number of rows is: give it another name');
      if (it === entity) { this.entityKeys.push(key); continue; }
      const one = it instanceof Kind ? read(it) : it;
      if (!(one instanceof Term) || !one.isColumn) fail(`the term ${key} of a query is ${shown(it)}: give read(…), write(…), optional(…) or entity`);
      this.keys.push(key);
      this.terms.push(one);
    }
    for (const filter of filters) {
      if (filter instanceof AnyOf) this.alternatives.push(...filter.alternatives);
      else if (filter instanceof Term && !filter.isColumn) { this.keys.push(null); this.terms.push(filter); }
      else fail(`a filter of a query is ${shown(filter)}: give has(…), lacks(…), changed(…), added(…) or anyOf(…)`);
    }
  }
  describe(index) {
    const lowered = (all) => all.map((it) => ({ kind: index(it.kind), access: it.access }));
    return { terms: lowered(this.terms), alternatives: this.alternatives.map(lowered), entities: this.entityKeys.length > 0 };
  }
}
export const query = (terms, ...filters) => new Query(terms, filters);
const asQuery = (it) => it instanceof Query ? it : new Query(it, []);

const matches = (mask, row) => (mask[row >> 3] >> (row & 7) & 1) === 1;

// A range of rows of one archetype.
class Shard {
  constructor(query, place, shipped) { // of these queries, the place in the batch
    const from = new Reader(shipped[0]);
    from.array();
    from.integer(); from.f64(); from.integer();
    this.place = place;
    this.number = from.number();
    this.archetype = from.number();
    this.first = from.number();
    this.length = from.number();
    this.columns = [];
    const entries = from.array();
    for (let column = 0; column < entries; column++) {
      from.array();
      const term = from.isNil() ? null : from.number();
      if (!from.isNil()) from.number();
      const buffer = shipped[column + 1];
      if (term === null) { this.entities = new BigUint64Array(buffer); continue; }
      const { kind, isWritten } = query[this.number].terms[term];
      const values = kind.isPacked ? null : new Values(kind, buffer);
      this.columns.push({ key: query[this.number].keys[term], kind, isWritten, column, buffer, values });
    }
    this.query = query[this.number];
    this.mask = from.isNil() ? undefined : from.bin();
  }
  // What its rows are seen by, which moves along.
  open() {
    const row = {}, cursors = [];
    for (const key of this.query.keys) if (key !== null) row[key] = null;
    for (const { key, kind, buffer, values } of this.columns) {
      const cursor = row[key] = new kind.Cursor(values ?? buffer);
      cursors.push(cursor);
    }
    return { row, cursors };
  }
  store() {
    for (const { isWritten, column, buffer, values } of this.columns) {
      if (!isWritten) continue;
      const written = values ? values.written() : buffer;
      if (written) host.write(this.place, column, written);
    }
  }
  // Its columns, each by its key.
  get whole() {
    if (this.seen) return this.seen;
    const seen = { length: this.length };
    for (const key of this.query.keys) if (key !== null) seen[key] = null;
    for (const key of this.query.entityKeys) seen[key] = new Vector(entity, this.entities.buffer, 0, 8, this.length, this.mask, 1);
    for (const { key, kind, buffer } of this.columns) seen[key] = new kind.Column(buffer, this.length, this.mask);
    return this.seen = seen;
  }
}

// The rows of a query, one after another, or shard by shard.
class Rows {
  constructor(shards, place) { this.all = shards; this.at = place; }
  get length() {
    let rows = 0;
    for (const { length, mask } of this.all) {
      if (!mask) { rows += length; continue; }
      for (let row = 0; row < length; row++) rows += matches(mask, row);
    }
    return rows;
  }
  get shards() { return this.all.map((shard) => shard.whole); }
  [Symbol.iterator]() { return new Walk(this.all, this.at); }
}

class Walk {
  constructor(shards, place) {
    this.shards = shards;
    this.at = place;
    this.number = -1;
    this.row = 0;
    this.end = 0;
    this.step = { value: undefined, done: false };
  }
  next() {
    let row = this.row;
    for (;;) {
      if (row >= this.end) {
        const shard = this.shards[++this.number];
        if (!shard) { this.step.value = undefined; this.step.done = true; return this.step; }
        const { row: seen, cursors } = shard.open();
        this.cursors = cursors;
        this.mask = shard.mask;
        this.entities = shard.entities;
        this.keys = shard.query.entityKeys;
        this.step.value = seen;
        this.first = shard.first;
        this.end = shard.length;
        row = 0;
        continue;
      }
      if (this.mask && !matches(this.mask, row)) { row++; continue; }
      break;
    }
    const { cursors, at } = this;
    for (let i = 0; i < cursors.length; i++) cursors[i][ROW] = row;
    if (this.entities) for (const key of this.keys) this.step.value[key] = this.entities[row];
    if (at.isTracked) at.row = this.first + row;
    this.row = row + 1;
    return this.step;
  }
}

// -- Commands and events --

// By which row a command or an event was sent.
class Place {
  constructor() { this.isTracked = false; this.archetype = 0; this.row = 0; }
}

class Column {
  constructor(kind) { this.kind = kind; this.to = new Writer(64); this.count = 0; }
  add(value) {
    this.count++;
    if (this.kind.isPacked) this.kind.pack(this.to, value); else this.kind.write(this.to, value);
  }
  encode(to) {
    const bytes = this.to.done();
    if (this.kind.isPacked) return to.bin(bytes);
    to.array(this.count);
    to.raw(bytes);
  }
}
const bytesOf = (it) => it instanceof ArrayBuffer ? new Uint8Array(it) : new Uint8Array(it.buffer, it.byteOffset, it.byteLength);
const SPAWN = 0, DESPAWN = 1, INSERT = 2, REMOVE = 3, RELATE = 4, UNRELATE = 5;
const SPAWNED_IN_CALL = 0xffffffffn << 32n;
const valued = (it) => it instanceof Valued ? it : it instanceof Kind ? it.of() : fail(`${shown(it)} is no value of a kind: give Kind.of({ … })`);
const kindOf = (it) => it instanceof Kind ? it : fail(`${shown(it)} is no kind: give what component(…) or relation(…) gave`);

class Commands {
  constructor(place) { this.at = place; this.runs = []; this.spawned = 0; }
  // The open run, if it is of this operation and these kinds, else a new one.
  run(operation, kinds) {
    const last = this.runs.at(-1);
    if (last && last.operation === operation && last.kinds.length === kinds.length && last.kinds.every((it, i) => it === kinds[i])) return last;
    const run = { operation, kinds, places: [], from: [], to: [], columns: kinds.map((kind) => new Column(kind)) };
    this.runs.push(run);
    return run;
  }
  place(run) { run.places.push(this.at.row, this.at.archetype); }
  // An entity with these components. Later commands of this call may name it.
  spawn(...values) {
    const all = values.map(valued), run = this.run(SPAWN, all.map((it) => it.kind));
    this.place(run);
    all.forEach(({ value }, i) => run.columns[i].add(value));
    return SPAWNED_IN_CALL | BigInt(this.spawned++);
  }
  // So many entities, with one row for each in what Kind.rows(…) was given. Gives the first.
  spawnMany(count, ...columns) {
    const run = { operation: SPAWN, kinds: columns.map((it) => it.kind ?? it), places: new Array(2 * count), from: [], to: [] };
    for (let i = 0; i < count; i++) { run.places[2 * i] = this.at.row; run.places[2 * i + 1] = this.at.archetype; }
    run.columns = columns.map((it) => {
      const kind = it.kind ?? kindOf(it), bytes = it.kind ? bytesOf(it.numbers) : new Uint8Array(0);
      if (!kind.isPacked) fail(`${kind.short} is dynamic: spawn its entities one by one`);
      if (bytes.length !== kind.size * count) fail(`${bytes.length} bytes for ${count} rows of ${kind.short}, which takes ${kind.size}`);
      return { encode: (to) => to.bin(bytes) };
    });
    this.runs.push(run, { operation: -1, kinds: [] });
    const first = SPAWNED_IN_CALL | BigInt(this.spawned);
    this.spawned += count;
    return first;
  }
  despawn(entity) { const run = this.run(DESPAWN, []); this.place(run); run.from.push(entity); }
  insert(entity, ...values) {
    for (const { kind, value } of values.map(valued)) {
      const run = this.run(INSERT, [kind]);
      this.place(run);
      run.from.push(entity);
      run.columns[0].add(value);
    }
  }
  remove(entity, ...of) {
    for (const kind of of) { const run = this.run(REMOVE, [kindOf(kind)]); this.place(run); run.from.push(entity); }
  }
  relate(from, to, of) {
    const { kind, value } = valued(of), run = this.run(RELATE, [kind]);
    this.place(run);
    run.from.push(from);
    run.to.push(to);
    run.columns[0].add(value);
  }
  unrelate(from, to, of) {
    const run = this.run(UNRELATE, [kindOf(of)]);
    this.place(run);
    run.from.push(from);
    run.to.push(to);
  }
  flush() {
    const runs = this.runs.filter((it) => it.operation >= 0);
    if (!runs.length) return;
    const to = new Writer(1024), bin = (all) => to.bin(bytesOf(all));
    to.array(runs.length);
    for (const { operation, kinds, places, from, to: others, columns } of runs) {
      to.array([5, 3, 5, 4, 6, 5][operation]);
      to.uint(operation);
      bin(new Uint32Array(places));
      if (operation === SPAWN) to.uint(places.length / 2);
      else bin(new BigUint64Array(from));
      if (operation >= RELATE) bin(new BigUint64Array(others));
      if (operation === SPAWN) {
        to.array(kinds.length);
        for (const kind of kinds) to.uint(index(kind));
        to.array(columns.length);
        for (const column of columns) column.encode(to);
      } else if (operation !== DESPAWN) {
        to.uint(index(kinds[0]));
        if (operation === INSERT || operation === RELATE) columns[0].encode(to);
      }
    }
    host.commands(to.done());
  }
}

class Emitter {
  constructor(emits, place) { this.emits = emits; this.at = place; this.to = new Writer(64); this.count = 0; }
  emit(kind, value = {}) {
    const which = this.emits.indexOf(kind);
    if (which < 0) fail(`${kind instanceof Kind ? kind.short : shown(kind)} is not among what the system emits: add it to emits`);
    this.count++;
    this.to.array(3);
    const at = this.to.room(9);
    this.to.bytes[at] = 0xcf;
    this.to.view.setUint32(at + 1, this.at.archetype);
    this.to.view.setUint32(at + 5, this.at.row);
    this.to.uint(which);
    kind.write(this.to, value);
  }
  flush() {
    if (!this.count) return;
    const all = new Writer(this.to.at + 8);
    all.array(this.count);
    all.raw(this.to.done());
    host.emit(all.done());
  }
}

// -- The world around the rows --

class Lookup {
  constructor(kind, which) { this.kind = kind; this.which = which; }
  // The components of these entities, in their order; undefined where there is none.
  all(entities) {
    const asked = entities instanceof BigUint64Array ? entities : BigUint64Array.from(entities);
    const [present, values] = host.lookup(this.which, asked), { kind } = this;
    const is = new Uint8Array(present), view = new DataView(values), from = kind.isPacked ? null : new Reader(values);
    let at = 0;
    return Array.from(is, (there) => {
      if (!there) return undefined;
      if (from) return kind.read(from);
      const value = kind.get(view, at);
      at += kind.size;
      return value;
    });
  }
  get(entity) { return this.all([entity])[0]; }
}

class Related {
  constructor(kind, which) { this.kind = kind; this.which = which; }
  edges(way, entities) {
    const [starts, others, data] = host.related(this.which, way, BigUint64Array.from(entities)), { kind } = this;
    const start = new Uint32Array(starts), other = new BigUint64Array(others), view = new DataView(data);
    const from = kind.isPacked ? null : new Reader(data);
    const all = Array.from(other, (entity, i) => ({ entity, ...(from ? kind.read(from) : kind.get(view, i * kind.size)) }));
    return Array.from(entities, (_, i) => all.slice(start[i], start[i + 1]));
  }
  // The edges from an entity, and to one, each with the entity at its other end.
  from(entity) { return this.edges(0, [entity])[0]; }
  to(entity) { return this.edges(1, [entity])[0]; }
  fromAll(entities) { return this.edges(0, entities); }
  toAll(entities) { return this.edges(1, entities); }
}

class Tables {
  // Rows as objects, by the names of their columns.
  query(statement, parameters = []) {
    const to = new Writer(64);
    to.array(parameters.length);
    for (const one of parameters) writeAny(to, one);
    const [names, rows] = host.query(statement, to.done()), from = new Reader(rows);
    return Array.from({ length: from.array() }, () => {
      const row = {};
      from.array();
      for (const name of names) row[name] = from.any();
      return row;
    });
  }
  // One change for each array of parameters. Gives how many rows were changed.
  execute(statement, rows = [[]]) {
    const all = rows.length && !Array.isArray(rows[0]) ? [rows] : rows, to = new Writer(64);
    to.array(all.length);
    for (const parameters of all) {
      to.array(parameters.length);
      for (const one of parameters) writeAny(to, one);
    }
    return host.execute(statement, to.done());
  }
}

// Random numbers that repeat: those of an entity depend on the world's seed, the
// tick, the system and the entity, and on nothing else.
const wider = (width) => { throw new RangeError(`dice of ${shown(width)}: give bigints above 2^53, and at most 2^64`); };
class Dice {
  constructor(parts) { this.key = new Uint8Array(BigUint64Array.from(parts).buffer); this.number = 0; this.words = new Uint32Array(16); this.used = 16; }
  u32() {
    if (this.used === 16) { host.block(this.key, this.number++, this.words); this.used = 0; }
    return this.words[this.used++];
  }
  u64() { const low = BigInt(this.u32()); return BigInt(this.u32()) << 32n | low; }
  // At least 0, less than 1; with 24 bits, as an f32 has.
  f32() { return (this.u32() >>> 8) / 0x1000000; }
  f64() { const low = this.u32(), high = this.u32(); return (high * 0x200000 + (low >>> 11)) / 0x20000000000000; }
  // Less than `end`, which is 4294967295 at most.
  below(end) {
    if (!(end >= 0 && end <= 0xffffffff)) throw new RangeError(`dice of ${shown(end)}: give a number from 0 to 4294967295`);
    const wide = BigInt(end);
    for (;;) {
      const product = BigInt(this.u32()) * wide, low = product & 0xffffffffn;
      if (low >= wide || low >= (0x100000000n - wide) % (wide || 1n)) return Number(product >> 32n);
    }
  }
  // An integer from `start` to before `end`, which are numbers or bigints.
  range(start, end) {
    const wide = end - start;
    if (!(wide > 0)) return start;
    if (typeof wide === 'bigint') return start + this.long(wide);
    if (wide <= 0xffffffff) return start + this.below(wide);
    return start + Number(this.long(Number.isSafeInteger(wide) ? BigInt(wide) : wider(wide)));
  }
  long(end) {
    if (end <= 0xffffffffn) return BigInt(this.below(Number(end)));
    const bits = (end - 1n).toString(2).length;
    if (bits > 64) wider(end);
    // More bits than needed are drawn and the rest is tried again.
    for (;;) {
      const value = BigInt.asUintN(bits, this.u64());
      if (value < end) return value;
    }
  }
  chance(probability) { return this.f64() < probability; }
  pick(all) { return all.length ? all[this.below(all.length)] : undefined; }
  normal() {
    for (;;) {
      const x = this.f64() * 2 - 1, y = this.f64() * 2 - 1, square = x * x + y * y;
      if (square > 0 && square < 1) return x * Math.sqrt(-2 * Math.log(square) / square);
    }
  }
}
class Rng {
  constructor(seed, tick, stream) { this.parts = [seed, BigInt(tick), stream]; }
  of(entity) { return new Dice([...this.parts, entity]); }
  world() { return this.of(noEntity); }
}

// -- Systems --

const systems = [], conversions = [];
const SHARD = 0, ARCHETYPE = 1, EVERYTHING = 2;
const KEYS = ['query', 'queries', 'span', 'every', 'phase', 'startup', 'runIf', 'resources', 'lookups', 'relations',
  'reads', 'emits', 'tables', 'commands', 'before', 'after'];

class Removed { constructor(kind) { this.kind = kindOf(kind); } }
// As something that is read: every removal of a component; every despawn.
export const removed = (kind) => new Removed(kind);
export const despawned = Symbol('despawned');

const COMPARISONS = { '==': 0, '!=': 1, '<': 2, '<=': 3, '>': 4, '>=': 5 };
// A condition on a resource: `when(Weather, 'rain', '>', 0)`.
export function when(kind, field, compares, value) {
  const part = kindOf(kind).parts.find((it) => it.name === field) ?? fail(`${kind.short} has no field ${field}`);
  const to = new Writer(16);
  part.type.write(to, value);
  return { kind, field, compares: COMPARISONS[compares] ?? fail(`${shown(compares)} compares nothing: give one of ${Object.keys(COMPARISONS).join(' ')}`), value: to.done() };
}

export function system(name, spec, run) {
  if (typeof run !== 'function') fail(`system ${name} is no function: give system('${name}', { … }, (it) => { … })`);
  for (const key in spec) if (!KEYS.includes(key)) fail(`system ${name} has no setting ${key}: there are ${KEYS.join(', ')}`);
  const resources = Object.entries(spec.resources ?? {}).map(([key, it]) => ({ key, term: it instanceof Kind ? read(it) : it }));
  const queries = spec.query ? { rows: asQuery(spec.query) } : {};
  for (const [key, it] of Object.entries(spec.queries ?? {})) queries[key] = asQuery(it);
  if (spec.queries?.rows) fail(`a query of ${name} is named rows, as that under query is: give it another name`);
  const all = Object.values(queries), reads = Object.entries(spec.reads ?? {});
  const needsAll = all.length !== 1 || spec.tables || resources.some((it) => it.term.access === WRITE);
  const asked = { shard: SHARD, archetype: ARCHETYPE, everything: EVERYTHING }[spec.span ?? (needsAll || reads.length ? 'everything' : 'shard')];
  if (asked === undefined) fail(`span of ${name} is ${shown(spec.span)}: give 'shard', 'archetype' or 'everything'`);
  if (needsAll && asked !== EVERYTHING) fail(`system ${name} needs span 'everything': it has several queries or none, tables, or writes a resource`);
  const sends = !!spec.commands || (spec.emits ?? []).length > 0;
  systems.push({ name, spec, run, queries: all, queryKeys: Object.keys(queries), resources, reads, sends, span: asked,
    lookups: Object.entries(spec.lookups ?? {}), relations: Object.entries(spec.relations ?? {}) });
}

// `convert` makes of an object with the old components one with the new ones.
export function conversion(name, { from, to }, convert) {
  conversions.push({ name, from: Object.entries(from), to: Object.entries(to), convert });
  // What was is no kind of the mod.
  for (const kind of Object.values(from)) { const at = kinds.indexOf(kind); if (at >= 0) kinds.splice(at, 1); }
}

// The kinds in the order in which systems mention them first, as in Rust.
let order;
function mentioned() {
  order = [];
  const mention = (it) => { if (!order.includes(it)) order.push(it); };
  const ofQuery = ({ terms, alternatives }) => [...terms, ...alternatives.flat()].forEach((it) => mention(it.kind));
  const of = {
    query: (it) => ofQuery(asQuery(it)),
    queries: (all) => Object.values(all).forEach((it) => ofQuery(asQuery(it))),
    resources: (all) => Object.values(all).forEach((it) => mention(it.kind ?? it)),
    runIf: (all) => all.forEach((it) => mention(it.kind)),
    lookups: (all) => Object.values(all).forEach(mention),
    relations: (all) => Object.values(all).forEach(mention),
    reads: (all) => Object.values(all).forEach((it) => it === despawned || mention(it.kind ?? it)),
    emits: (all) => all.forEach(mention),
  };
  for (const { spec } of systems) for (const [key, it] of Object.entries(spec)) of[key]?.(it);
  kinds.forEach(mention);
}
function index(kind) {
  if (!order) mentioned();
  const at = order.indexOf(kind);
  return at >= 0 ? at : fail(`${kind?.short ?? shown(kind)} was declared in a call: declare it where the file is read`);
}

let known;
const about = () => known ??= JSON.parse(textOf(host.asset(SOURCES + '.mod') ?? fail('the engine has no mod')));
const textOf = (buffer) => host.decode(buffer, 0, buffer.byteLength);

host.describe = () => {
  if (!systems.length && !kinds.length) fail(`${about().main} declares nothing: call system(…) in it`);
  mentioned();
  const migrations = host.assets().filter((it) => it.startsWith(SOURCES + 'migrations/'));
  return {
    id: about().id, version: about().version,
    kinds: order.map((it) => it.describe()),
    systems: systems.map(({ name, spec, queries, resources, reads, span, lookups, relations }) => ({
      name, span,
      queries: queries.map((it) => it.describe(index)),
      every: spec.every ?? 1, phase: spec.phase ?? 0, startup: spec.startup,
      runIf: (spec.runIf ?? []).map((it) => ({ ...it, kind: index(it.kind) })),
      resources: resources.map(({ term }) => ({ kind: index(term.kind), write: term.access === WRITE })),
      lookups: lookups.map(([, kind]) => index(kind)),
      relations: relations.map(([, kind]) => index(kind)),
      reads: reads.map(([, it]) => it === despawned ? { what: 2 } : it instanceof Removed ? { what: 1, kind: index(it.kind) } : { what: 0, kind: index(it) }),
      emits: (spec.emits ?? []).map(index),
      tables: spec.tables, commands: spec.commands,
      before: (spec.before ?? []).map(full), after: (spec.after ?? []).map(full),
    })),
    migrations: migrations.map((path) => ({ name: path.slice(SOURCES.length + 11, -4), sql: textOf(host.asset(path)) })),
    conversions: conversions.map(({ name, from, to }) => ({
      name, old: from.map(([, kind]) => kind.describe()), new: to.map(([, kind]) => index(kind)),
    })),
  };
};
const full = (name) => name.includes('/') ? name : `${about().id}/${name}`;

// A resource as the system sees it, and what is set when the system is done.
function resource({ term: { kind, access } }, from, which) {
  const isSet = !from.isNil();
  let value = null, before = null;
  if (isSet) {
    if (kind.isPacked) { before = from.bin(); value = kind.get(new DataView(before.buffer, before.byteOffset), 0); }
    else { const start = from.at; value = kind.read(from); before = from.bytes.slice(start, from.at); }
  } else if (access === WRITE || kind.role === SETTINGS) value = kind.zero();
  const encoded = () => { const to = new Writer(64); if (kind.isPacked) kind.pack(to, value); else kind.write(to, value); return to.done(); };
  // What was not set before is compared with what it would be.
  const start = access === WRITE ? (kind.isPacked && before ? before : encoded()) : null;
  return {
    get: () => value,
    set: (it) => { if (access !== WRITE) fail(`${kind.short} is only read: say write(${kind.short}) in resources`); value = plain(it); },
    store() {
      if (access !== WRITE) return;
      const now = encoded();
      if (now.length !== start.length || now.some((byte, i) => byte !== start[i])) host.setResource(which, now);
    },
  };
}

host.run = (call) => {
  const from = new Reader(call);
  from.array();
  const tick = from.number(), dt = from.f64(), seed = from.long(), system = systems[from.number()], stream = from.long();
  from.array();
  const resources = system.resources.map((it, which) => resource(it, from, which));
  from.array();
  const readings = system.reads.map(([, it]) => {
    const start = from.at;
    from.any();
    const end = from.at;
    const isValue = it !== despawned && !(it instanceof Removed);
    let all;
    return () => {
      if (all) return all;
      const again = new Reader(call);
      again.at = start;
      all = Array.from({ length: again.array() }, () => isValue ? it.read(again) : again.long());
      return all;
    };
  });
  const place = new Place(), emitter = new Emitter(system.spec.emits ?? [], place), commands = new Commands(place);
  const lazy = (target, key, get, set) => Object.defineProperty(target, key, { get, set, enumerable: true });
  const given = {
    tick, dt, rng: new Rng(seed, tick, stream),
    emit: (kind, value) => emitter.emit(kind, value),
    resources: {}, reads: {}, lookups: {}, relations: {},
  };
  given.commands = system.spec.commands ? commands : lacking('commands', 'commands: true');
  given.tables = system.spec.tables ? new Tables() : lacking('tables', 'tables: true');
  system.resources.forEach(({ key }, i) => lazy(given.resources, key, resources[i].get, resources[i].set));
  system.reads.forEach(([key], i) => lazy(given.reads, key, readings[i]));
  system.lookups.forEach(([key, kind], i) => { given.lookups[key] = new Lookup(kind, i); });
  system.relations.forEach(([key, kind], i) => { given.relations[key] = new Related(kind, i); });
  const go = (shards) => {
    given.rows = undefined;
    given.queries = {};
    system.queryKeys.forEach((key, i) => {
      const rows = new Rows(shards.filter((it) => it.number === i), place);
      if (key === 'rows') given.rows = rows; else given.queries[key] = rows;
    });
    const [first] = shards;
    host.begin(tick * dt * 1000, seed, tick, stream, first?.number ?? 0, first?.archetype ?? 0, first?.first ?? 0);
    const result = system.run(given);
    if (result instanceof Promise) fail(`system ${system.name} is async: a system is done when it returns`);
  };
  const span = system.span;
  for (;;) {
    const shipped = system.queries.length ? host.next() : [];
    if (!shipped.length && span !== EVERYTHING) break;
    const shards = shipped.map((it, i) => new Shard(system.queries, i, it));
    place.isTracked = system.sends && span === SHARD;
    if (span === SHARD) {
      for (const shard of shards) { place.archetype = shard.archetype; place.row = shard.first; go([shard]); }
    } else {
      place.archetype = span === ARCHETYPE ? shards[0].archetype : 0;
      place.row = 0;
      go(shards);
    }
    for (const shard of shards) shard.store();
    if (span === EVERYTHING) break;
  }
  resources.forEach((it) => it.store());
  commands.flush();
  emitter.flush();
};
const lacking = (what, setting) => new Proxy({}, { get() { fail(`the system declares no ${what}: say ${setting}`); } });

host.convert = (which, rows, columns) => {
  const { from, to, convert } = conversions[which];
  const old = from.map(([, kind], i) => {
    if (kind.isPacked) { const view = new DataView(columns[i]); return (row) => kind.get(view, row * kind.size); }
    const reader = new Reader(columns[i]);
    reader.array();
    return () => kind.read(reader);
  });
  const made = to.map(([, kind]) => new Column(kind));
  for (let row = 0; row < rows; row++) {
    const values = {};
    from.forEach(([key], i) => { values[key] = old[i](row); });
    const converted = convert(values);
    to.forEach(([key], i) => made[i].add(converted?.[key] ?? fail(`the conversion gives no ${key}`)));
  }
  return made.map((column) => {
    const bytes = column.to.done();
    if (column.kind.isPacked) return bytes;
    const all = new Writer(bytes.length + 8);
    all.array(rows);
    all.raw(bytes);
    return all.done();
  });
};

// -- What is there besides --

function shown(value) {
  switch (typeof value) {
    case 'string': return JSON.stringify(value);
    case 'bigint': return `${value}n`;
    case 'function': return value.name ? `the function ${value.name}` : 'a function';
    case 'object': {
      if (value === null) return 'null';
      if (value instanceof Error) return String(value);
      try { return JSON.stringify(value, (_, it) => typeof it === 'bigint' ? `${it}` : it); } catch { return 'an object'; }
    }
    default: return String(value);
  }
}
const said = (level) => (...all) => host.log(level, all.map((it) => typeof it === 'string' ? it : shown(it)).join(' '));
export const log = { error: said(0), warn: said(1), info: said(2), debug: said(3) };
globalThis.console = { ...log, log: log.info, trace: log.debug, assert: (is, ...all) => { if (!is) log.error('assertion failed:', ...all); } };
Math.random = host.random;

// The files of the mod's folder "assets".
export const assets = {
  names: () => host.assets().filter((it) => !it.startsWith(SOURCES)),
  bytes: (name) => { const found = host.asset(name); return found && new Uint8Array(found); },
  text: (name) => { const found = host.asset(name); return found && textOf(found); },
  json: (name) => { const found = host.asset(name); return found && JSON.parse(textOf(found)); },
};

// "7v2", as entities are shown everywhere.
export const nameOf = (it) => `${it & 0xffffffffn}v${it >> 32n}`;

// An exception in one sentence: where it was thrown, and where what threw was called.
host.explain = (error) => {
  if (!(error instanceof Error)) return `the mod threw ${shown(error)}`;
  const places = String(error.stack ?? '').split('\n').map((line) => /^\s*at (?:(.*) \()?([^()]+?):(\d+)(?::(\d+))?\)?$/.exec(line))
    .filter((it) => it && it[2] !== 'sandtable' && it[2] !== 'mod');
  const where = ([, , file, line, column]) => `${file}:${line}${column ? `:${column}` : ''}`;
  const [first, second] = places;
  const told = `${error.name}: ${error.message}`;
  return first ? `${where(first)}: ${told}${second && error.name !== 'RangeError' ? `, called from ${where(second)}` : ''}` : told;
};
host.explain.main = () => about().main;
