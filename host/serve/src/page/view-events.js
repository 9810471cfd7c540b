// Events, the last first: when, what, by which system, with which values.

import { again, address } from '/address.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { section, soft, tickLink, value } from '/parts.js';
import { looked, state } from '/state.js';
import { table } from '/table.js';

const LIMIT = 200;

export function open({ place, query }) {
  const name = query.get('name') ?? '';
  const to = query.get('to');
  const rows = el('div');
  put(place, el('h2', {}, 'Events'), rows);
  const kind = (of, title, times) =>
    el(
      'li',
      {},
      el(
        'a',
        {
          href: again({ name: of, to: '' }),
          title: of,
          class: 'button',
          'aria-current': of === name ? 'true' : undefined,
        },
        title,
        ' ',
        el('b', {}, whole(times)),
      ),
    );
  return {
    async update(ask) {
      const last = to ? Math.min(Number(to), looked()) : looked();
      const [counts, events] = await Promise.all([
        ask('/query', {
          sql: `SELECT name, count(*) AS times FROM events WHERE tick <= ${looked()} GROUP BY name ORDER BY name`,
        }),
        ask('/events', { to: last, limit: LIMIT, name }),
      ]);
      const older = events.rows.length === LIMIT ? events.rows.at(-1).tick - 1 : null;
      put(
        rows,
        counts.rows.length
          ? el(
              'ul',
              { class: 'counts', 'aria-label': 'Kinds' },
              kind(
                '',
                'All',
                counts.rows.reduce((sum, { times }) => sum + times, 0),
              ),
              counts.rows.map((row) => kind(row.name, shown(row.name), row.times)),
            )
          : soft('None are kept up to this tick.'),
        section(
          `Up to tick ${whole(last)}`,
          table(events.rows.map(parsed), columns(), {
            label: 'Events',
            empty: 'There are none.',
            key: ({ tick, number }) => `${tick} ${number}`,
          }),
          el(
            'p',
            { class: 'row' },
            older ? el('a', { href: again({ to: older }) }, `Before tick ${whole(older + 1)}`) : el('span', {}, ''),
            to ? el('a', { href: again({ to: '' }) }, state.at === null ? 'The last' : 'Up to the tick below') : null,
          ),
        ),
      );
    },
  };
}

const shown = (name) => name.slice(name.indexOf('/') + 1);

function parsed(row) {
  try {
    return { ...row, payload: JSON.parse(row.payload) };
  } catch {
    return row;
  }
}

const columns = () => [
  {
    name: 'tick',
    number: true,
    show: ({ tick }) =>
      tickLink(tick, {
        view: 'events',
        parameters: Object.fromEntries(new URLSearchParams(location.hash.split('?')[1] ?? '')),
      }),
  },
  { name: 'name', title: 'event', show: ({ name }) => el('span', { title: name }, shown(name)) },
  { name: 'payload', title: 'values', show: ({ payload }) => value(payload) },
  {
    name: 'system',
    show: ({ system }) => (system ? el('a', { href: address('systems', null, { system }) }, system) : ''),
  },
];
