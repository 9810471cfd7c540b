// Runs `prepare` of a core module and writes the module again with the memory that it
// left: `node snapshot.mjs <module> <to> <licence>…`. The module has one memory, and
// nothing else that `prepare` leaves changed: what is left of the stack is nothing,
// tables stay. The licences become a custom section.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , from, to, ...licences] = process.argv;
const PAGE = 65536;
const bytes = new Uint8Array(readFileSync(from));
const module = new WebAssembly.Module(bytes);
let memory;
const text = (at, len) => Buffer.from(memory.buffer, at, len).toString();
const imports = {};
for (const { module: where, name } of WebAssembly.Module.imports(module)) {
  (imports[where] ??= {})[name] = (...given) => {
    if (name !== 'write') throw new Error(`${where} ${name} was called while nothing is there`);
    console.error(text(given[1], given[2]));
  };
}
const { exports } = new WebAssembly.Instance(module, imports);
memory = exports.memory;
exports._initialize();
if (!exports.prepare()) process.exit(1);

const leb = (value) => {
  const out = [];
  do { out.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0)); value >>>= 7; } while (value);
  return out;
};
const read = (at) => {
  let value = 0, shift = 0, byte;
  do { byte = bytes[at++]; value |= (byte & 0x7f) << shift; shift += 7; } while (byte & 0x80);
  return [value >>> 0, at];
};

// What is not zero, in pieces between which it is worth naming a new place.
const contents = new Uint8Array(memory.buffer);
const pieces = [];
for (let at = 0; at < contents.length;) {
  while (at < contents.length && contents[at] === 0) at++;
  if (at === contents.length) break;
  let end = at, zeros = 0;
  for (let i = at; i < contents.length && zeros < 16; i++) {
    if (contents[i]) { end = i + 1; zeros = 0; } else zeros++;
  }
  pieces.push([at, contents.subarray(at, end)]);
  at = end;
}
const MEMORY = 5, EXPORT = 7, DATA_COUNT = 12, DATA = 11;
const data = [leb(pieces.length)];
for (const [at, piece] of pieces) {
  // An i32.const is signed.
  const signed = [];
  for (let value = at | 0; ;) {
    const byte = value & 0x7f;
    value >>= 7;
    const last = (value === 0 && !(byte & 0x40)) || (value === -1 && byte & 0x40);
    signed.push(last ? byte : byte | 0x80);
    if (last) break;
  }
  data.push([0, 0x41, ...signed, 0x0b, ...leb(piece.length)], piece);
}
const join = (parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const out = [bytes.subarray(0, 8)];
const section = (id, body) => out.push([id, ...leb(body.length)], body);
for (let at = 8; at < bytes.length;) {
  const id = bytes[at];
  let [size, start] = read(at + 1);
  const body = bytes.subarray(start, start + size);
  at = start + size;
  if (id === MEMORY) section(MEMORY, join([[1, 0], leb(contents.length / PAGE)]));
  else if (id === DATA_COUNT) section(DATA_COUNT, Buffer.from(leb(pieces.length)));
  else if (id === DATA) section(DATA, join(data));
  else if (id === EXPORT) {
    // Without what was called here.
    let [count, place] = read(start);
    const kept = [];
    for (; count; count--) {
      const begin = place;
      let length;
      [length, place] = read(place);
      const name = Buffer.from(bytes.subarray(place, place + length)).toString();
      place += length + 1;
      [, place] = read(place);
      if (!['_initialize', 'prepare'].includes(name)) kept.push(bytes.subarray(begin, place));
    }
    section(EXPORT, join([leb(kept.length), ...kept]));
  } else if (id !== 0) section(id, body);
}
const name = Buffer.from('licenses');
section(0, join([[name.length], name, ...licences.map((path) => readFileSync(path))]));
writeFileSync(to, join(out));
