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

