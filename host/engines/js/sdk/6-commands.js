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

