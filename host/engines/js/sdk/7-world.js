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

