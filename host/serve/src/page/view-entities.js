// Entities by what they have, all of one tick, in as many rows as there are.

import { again, address, goTo } from '/address.js';
import { el, put } from '/dom.js';
import { lastPart, whole } from '/format.js';
import { list, pagesOf } from '/list.js';
import { learn, nameOf } from '/names.js';
import { choice, entityLink, field, form, problem, soft, value } from '/parts.js';
import { asOf, looked, parseAt, state } from '/state.js';

const PAGE = 1000;
const OPS = [
  ['eq', '='],
  ['ne', '≠'],
  ['lt', '<'],
  ['le', '≤'],
  ['gt', '>'],
  ['ge', '≥'],
  ['has', 'contains'],
  ['begins', 'begins with'],
];

export function open({ place, query, life, update }) {
  const given = (name) => query.get(name) ?? '';
  const [head, rows] = [el('div'), el('div')];
  const said = el('div', { class: 'row' });
  const since = el('span', { class: 'soft' });
  put(place, el('h2', {}, 'Entities'), head, said, rows);
  let at = null;

  return {
    // A list that is read is not taken away by the next tick.
    isLive: false,
    async update(ask) {
      const kinds = (await ask('/kinds', asOf())).rows.filter(({ role }) => role === 'component');
      if (!head.firstChild) put(head, filters(kinds, query));
      const chosen = kinds.find(({ name }) => name === given('with'));
      const where = given('where');
      const fields = chosen ? chosen.fields.map(({ name }) => `${chosen.name}.${name}`) : [];
      const select = new Set([...fields, where.split(':')[0]].filter(Boolean));
      const asked = { with: given('with'), where, order: given('order'), limit: PAGE, select: [...select].join(',') };
      const first = await ask('/entities', { ...asked, ...asOf(), count: 'true' });
      at = parseAt(first.at);
      const more = pagesOf(
        first,
        (cursor) => ask('/entities', { ...asked, cursor }),
        ({ entity, label }) => learn(entity, label),
      );
      const onerror = (error) => {
        if (!life.aborted && error.name !== 'AbortError') put(said, problem(error));
      };
      const columns = columnsOf(first.rows, [...select], given('order'));
      put(
        rows,
        first.count === 0
          ? soft('No entity is so.')
          : list({ label: 'Entities', columns, count: first.count, more, onerror }).node,
      );
      tell(first.count);
    },
    move: told,
  };

  function tell(count) {
    const words = [
      el('b', {}, whole(count)),
      count === 1 ? ' entity' : ' entities',
      ' · all rows are of tick ',
      el('b', {}, whole(at.tick)),
    ];
    put(
      said,
      el('p', {}, words),
      since,
      el('button', { type: 'button', title: 'Ask anew (r)', onclick: () => update() }, 'Ask anew'),
    );
    told();
  }

  // How far the world went on since.
  function told() {
    const by = at && state.at === null ? looked() - at.tick : 0;
    since.textContent = by > 0 ? `the world is ${by === 1 ? '1 tick' : `${whole(by)} ticks`} on` : '';
  }
}

function filters(kinds, query) {
  const given = (name) => query.get(name) ?? '';
  const [, name = '', op = 'ge', wanted = ''] = /^([^:]*):([^:]*):(.*)$/s.exec(given('where')) ?? [];
  const chosen = given('with');
  const fields = kinds
    .filter((kind) => !chosen || kind.name === chosen || name.startsWith(`${kind.name}.`))
    .flatMap((kind) => kind.fields.map((it) => `${kind.name}.${it.name}`));
  const orders = [
    ['', 'as the world has them'],
    ['label', 'name'],
    ['-label', 'name, backwards'],
    ...fields.flatMap((it) => [
      [`-${it}`, `${shown(it)}, largest first`],
      [it, `${shown(it)}, smallest first`],
    ]),
  ];
  const submit = ({ elements }) =>
    goTo(
      address('entities', null, {
        with: elements.with.value,
        order: elements.order.value,
        where:
          elements.name.value && elements.value.value !== ''
            ? `${elements.name.value}:${elements.op.value}:${elements.value.value}`
            : '',
      }),
    );
  const choose = ({ target }) => goTo(again({ with: target.value, where: '', order: '' }));
  return form(
    submit,
    field(
      'that have',
      choice('with', chosen, [['', 'anything'], ...kinds.map((kind) => kind.name)], { onchange: choose }),
    ),
    el(
      'fieldset',
      { class: 'joined' },
      el('legend', {}, 'where'),
      choice('name', name, [['', 'any field'], ...fields.map((it) => [it, shown(it)])], { label: 'field' }),
      choice('op', op, OPS, { label: 'comparison' }),
      el('input', {
        type: 'text',
        name: 'value',
        value: wanted,
        'aria-label': 'value',
        placeholder: 'value',
        autocomplete: 'off',
      }),
    ),
    field(
      'in the order of',
      choice('order', given('order'), orders, { onchange: ({ target }) => target.form.requestSubmit() }),
    ),
    el('button', { class: 'primary' }, 'Show'),
  );
}

const shown = (name) => name.replace(/^[^/]*\//, '');

function columnsOf(rows, names, order) {
  const sorted = (name) => ({ [name]: 'ascending', [`-${name}`]: 'descending' })[order];
  const header = (name, title, first) => {
    const other = first.startsWith('-') ? name : `-${name}`;
    const arrow = { ascending: ' ↑', descending: ' ↓' }[sorted(name)];
    return el(
      'a',
      { href: again({ order: order === first ? other : first }), title: `In the order of ${title}` },
      title,
      arrow,
    );
  };
  const named = ({ entity, label }) => [
    entityLink(entity, label ?? nameOf(entity)),
    label ? el('small', { class: 'id' }, entity) : null,
  ];
  return [
    { title: header('label', 'entity', 'label'), sorted: sorted('label'), show: named },
    ...names.map((name) => ({
      title: header(name, lastPart(name), `-${name}`),
      sorted: sorted(name),
      number: rows.some((row) => typeof row[name] === 'number'),
      show: (row) => value(row[name]),
    })),
  ];
}
