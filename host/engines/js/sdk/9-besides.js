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
