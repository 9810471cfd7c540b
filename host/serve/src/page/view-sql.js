// One SELECT, as of the tick that is looked at.

import { download, select } from '/ask.js';
import { address, goTo } from '/address.js';
import { chart, linesOf } from '/chart.js';
import { complete } from '/complete.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { field, form, section, soft } from '/parts.js';
import { asOf, looked, state } from '/state.js';
import { table } from '/table.js';

const LIMIT = 500;

export function open({ place, query, go }) {
  const asked = query.get('sql') ?? '';
  const text = el('textarea', {
    name: 'sql',
    spellcheck: 'false',
    rows: 5,
    autocomplete: 'off',
    autocapitalize: 'off',
  });
  text.value = asked || 'SELECT * FROM tables';
  const submit = () => goTo(address('sql', null, { sql: text.value }));
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (text.value === asked) again();
    else submit();
  });
  const box = el('div', { class: 'typed' });
  const answer = el('div');
  const shapes = el('div');
  put(
    place,
    el('h2', {}, 'SQL'),
    form(
      () => (text.value === asked ? again() : submit()),
      field('One SELECT, as of the tick below', box, true),
      el('button', { class: 'primary', title: 'Ctrl + Enter' }, 'Ask'),
      el(
        'button',
        { type: 'button', onclick: () => goTo(address('world', null, { chart: text.value })) },
        'Draw over time',
      ),
    ),
    answer,
    shapes,
  );
  put(box, text);
  const drawn = chart('Over ticks', { go });
  let known = false;
  let again = () => {};

  const opened = {
    isLive: false,
    async update(ask, signal) {
      const [tables, found] = await Promise.all([
        known ? null : ask('/tables', asOf()),
        asked ? select(asked, { limit: LIMIT, ...asOf(), signal }) : null,
      ]);
      if (tables) {
        known = true;
        box.append(complete(text, tables.rows));
        put(
          shapes,
          el(
            'details',
            { class: 'card', open: !asked },
            el('summary', {}, `${whole(tables.rows.length)} tables`),
            listed(tables.rows, text),
          ),
        );
      }
      if (found) put(answer, answered(found, asked, drawn));
    },
    move: (tick) => drawn.move(tick),
  };
  again = () => opened.update((path, parameters) => import('/ask.js').then(({ world }) => world(path, parameters)));
  return opened;
}

function answered({ rows, tick, truncated }, sql, drawn) {
  const pair =
    rows.length > 1 && typeof rows[0].tick === 'number'
      ? linesOf([...rows].sort((one, other) => one.tick - other.tick))
      : [];
  if (pair.length) drawn.set(pair);
  const csv = el(
    'button',
    {
      type: 'button',
      onclick: () =>
        download('/query', { sql, ...asOf(), limit: 10_000, format: 'csv' }, `${state.world.name}-${looked()}.csv`),
    },
    'Download as CSV',
  );
  return [
    pair.length ? drawn.node : null,
    section(
      `${whole(rows.length)}${truncated ? ' of more' : ''} ${rows.length === 1 ? 'row' : 'rows'} at tick ${whole(tick)}`,
      el('p', {}, csv),
      truncated ? soft(`The first ${LIMIT} are shown; the file has up to 10,000.`) : null,
      table(rows, undefined, { label: 'The answer', empty: 'There are no rows.' }),
    ),
  ];
}

function listed(tables, text) {
  const insert = (name) => () => {
    text.setRangeText(name, text.selectionStart, text.selectionEnd, 'end');
    text.focus();
  };
  return el(
    'dl',
    { class: 'shapes' },
    tables.map(({ name, columns }) =>
      el(
        'div',
        {},
        el(
          'dt',
          {},
          el('button', { type: 'button', class: 'quiet', title: 'Put into the SELECT', onclick: insert(name) }, name),
        ),
        el('dd', {}, columns.map((column) => column.name).join(', ')),
      ),
    ),
  );
}
