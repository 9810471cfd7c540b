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

