// Systems: what each tick spent where, the slowest ticks, faults, and all systems.

import { again, address } from '/address.js';
import { bars } from '/bars.js';
import { chart } from '/chart.js';
import { el, put } from '/dom.js';
import { ms, whole } from '/format.js';
import { section, soft, tickColumn } from '/parts.js';
import { stages } from '/stages.js';
import { looked, state } from '/state.js';
import { table } from '/table.js';

const TICKS = 60;
const SLOWEST = 10;
const FAULTS = 50;
const ROWS_MAX = 10_000;

export function open({ place, query, go }) {
  const chosen = query.get('system');
  const spent = bars('Time in systems, by tick', { go });
  const staged = stages(go);
  const one = chosen ? chart(`${chosen}: ms a tick`, { go }) : null;
  const [slowest, faults, runs] = [el('div'), el('div'), el('div')];
  const back = el('p', {}, el('a', { href: again({ system: '' }) }, 'All systems'));
  put(
    place,
    el('h2', {}, 'Systems'),
    one ? [one.node, back] : null,
    el('div', { class: 'two' }, spent.node, staged.node),
    el('div', { class: 'two' }, slowest, faults),
    runs,
  );
  return {
    async update(ask) {
      const to = looked();
      const from = Math.max(state.first, to - TICKS + 1);
      const select = async (sql) => (await ask('/query', { sql, limit: ROWS_MAX })).rows;
      const [each, slow, wrong, all, about, ofOne] = await Promise.all([
        select(eachTick(from, to)),
        select(`SELECT tick, sum(guest_ms) AS ms FROM system_runs GROUP BY tick ORDER BY ms DESC LIMIT ${SLOWEST}`),
        select(`SELECT tick, system, cause FROM faults WHERE tick <= ${to} ORDER BY tick DESC LIMIT ${FAULTS}`),
        ask('/systems'),
        ask(),
        one ? select(ofSystem(chosen)) : null,
      ]);
      spent.set(stacked(each));
      staged.add(about);
      one?.set([{ name: 'ms', ticks: ofOne.map(({ tick }) => tick), values: ofOne.map((row) => row.ms) }]);
      put(slowest, section('Slowest ticks', table(slow, SLOW, { label: 'Slowest ticks' })));
      const empty = 'No system has faulted.';
      put(faults, section('Faults', table(wrong, FAULTY, { label: 'Faults', empty })));
      const rows = all.rows.sort((before, after) => after.guest_ms - before.guest_ms);
      const note = soft('Stale are commands for what was no longer there.');
      put(
        runs,
        section(`All systems, up to tick ${whole(state.now)}`, table(rows, COLUMNS, { label: 'Systems' }), note),
      );
    },
    move(tick) {
      for (const it of [spent, staged, one]) it?.move(tick);
    },
  };
}

const eachTick = (from, to) => `SELECT tick, system, sum(guest_ms) AS guest_ms FROM system_runs
  WHERE tick BETWEEN ${from} AND ${to} GROUP BY tick, system`;

const ofSystem = (name) => `SELECT * FROM (SELECT tick, sum(guest_ms) AS ms FROM system_runs
  WHERE system = '${name.replaceAll("'", "''")}' GROUP BY tick ORDER BY tick DESC LIMIT ${ROWS_MAX}) ORDER BY tick`;

const SLOW = [tickColumn('systems'), { name: 'ms', title: 'in systems', number: true, show: (row) => ms(row.ms) }];
const FAULTY = [tickColumn('systems'), 'system', 'cause'];

const COLUMNS = [
  {
    name: 'name',
    title: 'system',
    show: ({ name }) => el('a', { href: address('systems', null, { system: name }) }, name),
  },
  { name: 'last_tick', title: 'last tick', number: true, show: ({ last_tick: tick }) => whole(tick) },
  'runs',
  'calls',
  'rows',
  'commands',
  'stale',
  'events',
  { name: 'guest_ms', title: 'time', number: true, show: ({ guest_ms: spent }) => ms(spent) },
  { name: 'mean', title: 'a run', number: true, show: ({ guest_ms: spent, runs }) => (runs ? ms(spent / runs) : '') },
  'faults',
];

// Rows of a tick and a system as bars.
function stacked(rows) {
  const ticks = [...new Set(rows.map(({ tick }) => tick))].sort((one, other) => one - other);
  const places = new Map(ticks.map((tick, at) => [tick, at]));
  const parts = new Map();
  for (const { tick, system, guest_ms: spent } of rows) {
    const values = parts.get(system) ?? ticks.map(() => 0);
    values[places.get(tick)] += spent;
    parts.set(system, values);
  }
  return { ticks, parts: [...parts].map(([name, values]) => ({ name, values })) };
}
