// What is other between two ticks: counted first, then row by row.

import { world } from '/ask.js';
import { address, again, goTo } from '/address.js';
import { el, put } from '/dom.js';
import { difference, whole } from '/format.js';
import { listOf } from '/list.js';
import { learn } from '/names.js';
import { entityLink, field, form, problem, section, tickLink, value } from '/parts.js';
import { looked, state } from '/state.js';
import { table } from '/table.js';

const APART = 30;
// So many rows are asked for without being told to.
const ROWS_MOST = 5000;

// What was asked last, since a choice among its rows opens the view anew.
let last = { of: '', rows: null };

export function open({ place, query, life }) {
  const head = el('div');
  const summary = el('div');
  const rows = el('div');
  put(place, el('h2', {}, 'Diff of two ticks'), head, summary, rows);
  const name = query.get('name') ?? '';
  let isShown = false;
  const to = Number(query.get('to') ?? looked());
  const from = Number(query.get('from') ?? Math.max(state.first, to - APART));
  const both = { from, to };
  const of = `${from} ${to}`;

  return {
    // Two ticks stay what they are.
    isLive: false,
    async update(ask) {
      if (isShown) return;
      put(head, asked(from, to));
      const { rows: counts } = await ask('/diff', { ...both, summary: 'true' });
      const all = counts.reduce((sum, { count }) => sum + count, 0);
      const columns = ['action', { name: 'name', show: (row) => (row.name ? named(row.name) : '') }, 'field', COUNT];
      const label = 'In short';
      put(
        summary,
        section(
          `From tick ${whole(from)} to tick ${whole(to)}`,
          table(counts, columns, { label, empty: 'Nothing differs.' }),
        ),
      );
      if (all > 0 && (name || all <= ROWS_MOST)) await fetched(ask);
      if (last.of === of) listed();
      else if (all > 0)
        put(
          rows,
          el(
            'p',
            { class: 'row' },
            el('b', {}, `${whole(all)} differences`),
            el('button', { type: 'button', onclick: show }, 'Show all of them'),
          ),
        );
      isShown = true;
    },
  };

  async function fetched(ask) {
    if (last.of === of) return;
    const answer = await ask('/diff', both);
    for (const { entity, label, target, target_label: other } of answer.rows) {
      learn(entity, label);
      learn(target, other);
    }
    last = { of, rows: answer.rows };
  }

  function show({ target }) {
    target.disabled = true;
    target.textContent = 'asking…';
    fetched((path, parameters) => world(path, parameters, life)).then(listed, (error) => put(rows, problem(error)));
  }

  function named(of) {
    const isChosen = of === name;
    return el(
      'a',
      { href: again({ name: isChosen ? '' : of, ...both }), 'aria-current': isChosen ? 'true' : undefined },
      of,
    );
  }

  function listed() {
    const shown = name ? last.rows.filter((row) => row.name === name) : last.rows;
    put(
      rows,
      el(
        'p',
        { class: 'row' },
        el('b', {}, `${whole(shown.length)} differences${name ? ` of ${name}` : ''}`),
        name
          ? el('a', { href: again({ name: '', ...both }) }, 'All names')
          : el('span', { class: 'soft' }, 'A name above shows only what is of it.'),
      ),
      shown.length ? listOf(shown, columns({ tick: to }), 'Differences') : null,
    );
  }
}

function asked(from, to) {
  const number = (label, value) =>
    field(
      label,
      el('input', { type: 'number', name: label, value, min: state.first, max: state.now, required: true }),
    );
  const tick = (at) => tickLink(at, { view: 'diff', parameters: { from, to } });
  return form(
    ({ elements }) => goTo(address('diff', null, { from: elements.from.value, to: elements.to.value })),
    number('from', from),
    number('to', to),
    el('button', { class: 'primary' }, 'Compare'),
    el('p', { class: 'soft' }, 'Go to ', tick(from), ' or ', tick(to)),
  );
}

const COUNT = { name: 'count', number: true, show: ({ count }) => whole(count) };

function columns(at) {
  const why = (row) =>
    row.field && row.entity
      ? el('a', { href: address('why', row.entity, { component: `${row.name}.${row.field}` }, at) }, row.field)
      : (row.field ?? '');
  const change = ({ old, new: is }) => (typeof old === 'number' && typeof is === 'number' ? difference(old, is) : '');
  return [
    { title: 'entity', show: ({ entity, label }) => (entity ? entityLink(entity, label ?? undefined) : '') },
    { title: 'action', show: ({ action }) => action },
    { title: 'name', show: (row) => row.name ?? '' },
    {
      title: 'field',
      show: (row) => (row.target ? entityLink(row.target, row.target_label ?? undefined) : why(row)),
    },
    { title: 'old', number: true, show: ({ old }) => value(old) },
    { title: 'new', number: true, show: (row) => value(row.new) },
    { title: 'change', number: true, show: change },
  ];
}
