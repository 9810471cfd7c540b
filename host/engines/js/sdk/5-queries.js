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

