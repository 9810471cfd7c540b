// The mods that run, their settings, and when they came.

import { address } from '/address.js';
import { el, put } from '/dom.js';
import { ms, size, whole } from '/format.js';
import { section, soft, tickColumn, value } from '/parts.js';
import { asOf, looked } from '/state.js';
import { pairs, table } from '/table.js';

export function open({ place }) {
  const mods = el('div', { class: 'two' });
  const logs = el('div');
  const past = el('div');
  put(place, el('h2', {}, 'Mods'), mods, past, logs);
  return {
    async update(ask) {
      const [all, resources, systems, history, lines] = await Promise.all([
        ask('/mods', asOf()),
        ask('/resources', asOf()),
        ask('/systems'),
        ask('/query', {
          sql: 'SELECT after_tick AS tick, id, version, cause, hash FROM mod_history ORDER BY 1 DESC',
          ...asOf(),
          limit: 100,
        }),
        ask('/logs', { to: looked(), limit: 50 }),
      ]);
      const systemsOf = ({ id }) => systems.rows.filter(({ name }) => name.startsWith(`${id}/`));
      const settingsOf = ({ id }) => resources.rows.find(({ name }) => name === `${id}/Settings`);
      put(
        mods,
        all.rows.map((mod) => one(mod, systemsOf(mod), settingsOf(mod))),
      );
      put(past, section('When they came', table(history.rows, CAME, { label: 'When they came' })));
      const empty = 'Nothing up to this tick.';
      put(logs, section('What they logged', table(lines.rows, LOGGED, { label: 'What mods logged', empty })));
    },
  };
}

const CAME = [
  { ...tickColumn('mods'), title: 'after tick' },
  'id',
  'version',
  'cause',
  { name: 'hash', show: ({ hash }) => el('code', { title: hash }, hash.slice(0, 12)) },
];
const LOGGED = [tickColumn('mods'), 'system', 'level', 'text'];

function one(mod, systems, settings) {
  const spent = systems.reduce((sum, { guest_ms: time }) => sum + time, 0);
  return el(
    'section',
    { class: 'card', 'data-key': mod.id },
    el('h3', {}, mod.id, ' ', el('small', { class: 'soft' }, mod.version)),
    mod.suspended ? el('p', { class: 'problem' }, 'Suspended: it does not take part.') : null,
    pairs([
      ['component', [size(mod.bytes), ' ', el('code', { title: mod.hash }, (mod.hash ?? '').slice(0, 12))]],
      ['faults in a row', whole(mod.faults_in_a_row)],
      [
        'systems',
        systems.length
          ? systems.flatMap(({ name }, at) => [
              at ? ', ' : '',
              el('a', { href: address('systems', null, { system: name }) }, name.slice(mod.id.length + 1)),
            ])
          : 'none',
      ],
      ['time in them', ms(spent)],
      settings ? ['settings', value(settings.value)] : null,
    ]),
    systems.length ? null : soft('It has no systems.'),
  );
}
