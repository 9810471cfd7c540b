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

