// What would be, had a field another value from a tick on: beside what was, or would be
// without. It is told in memory, and nothing of the world is changed.

import { Refused, send } from '/ask.js';
import { address, again, goTo } from '/address.js';
import { chart } from '/chart.js';
import { el, put } from '/dom.js';
import { difference, lastPart, whole } from '/format.js';
import { edit } from '/hand.js';
import { input } from '/input.js';
import { learn, nameOf } from '/names.js';
import { entityLink, field as labelled, form, problem, section, soft, value } from '/parts.js';
import { parseAt, state } from '/state.js';
import { table } from '/table.js';
import { told } from '/words.js';

const TICKS = 30;
const TICKS_MAX = 100_000;
// How far is asked for by a button: one tick tells what is other at once.
const FAR = [
  [1, 'Dry run: 1 tick'],
  [30, '30'],
  [365, '365'],
];

export function open({ place, part, query, go }) {
  const component = query.get('component') ?? '';
  const [kind, field] = component.split('.');
  let from = query.get('from') ?? String(state.now);
  const { tick } = parseAt(from) ?? { tick: state.now };
  const chosen = new Set((query.get('charts') ?? '').split(',').filter(Boolean).map(Number));
  const wanted = query.get('value');
  const ticks = Number(query.get('ticks') ?? TICKS);
  const [head, asked, answer] = [el('div'), el('div'), el('div', { 'aria-live': 'polite' })];
  put(place, head, asked, answer);
  let drawn = [];
  let charts = null;

  return {
    title: `Fork: ${lastPart(component)} of ${nameOf(part) ?? part}`,
    // From one tick on, the answer stays what it is.
    isLive: false,
    async update(ask, signal) {
      if (!field) throw new Refused({ detail: 'Fork what? Choose `edit` or `fork` beside a field of an entity.' });
      // While time is dragged, the same is shown.
      if (drawn.length > 0) return;
      if (!charts) await prepare(ask);
      if (wanted !== null) await run(signal);
    },
    move(at) {
      for (const one of drawn) one.move(at);
    },
  };

  async function prepare(ask) {
    const [one, kinds, named] = await Promise.all([
      ask(`/entities/${encodeURIComponent(part)}`, { at: from }),
      ask('/kinds', { at: from }),
      ask('/charts'),
    ]);
    charts = named.rows;
    // With its chain, so that the address means this tick after a way back, too.
    from = one.at;
    learn(one.entity, one.label);
    const type = kinds.rows.find(({ name }) => name === kind)?.fields.find(({ name }) => name === field)?.type;
    const is = one.components[kind]?.[field];
    if (!type || is === undefined) {
      throw new Refused({ detail: `${one.label ?? one.entity} has no ${component} at tick ${whole(tick)}.` });
    }
    put(
      head,
      el(
        'div',
        {},
        el(
          'h2',
          {},
          'What if ',
          entityLink(one.entity, one.label ?? undefined),
          ` had another ${field}?`,
          el('small', { class: 'id' }, ` ${component}`),
        ),
        soft(
          'From tick ',
          tickOf(tick),
          ' on, where it is ',
          el('b', {}, value(is)),
          '. Nothing of the world is changed.',
        ),
      ),
    );
    put(asked, question(type, wanted === null ? is : JSON.parse(wanted)));
  }

  function question(type, is) {
    const of = input(type, is, `Value of ${component}`);
    const far = el('input', { type: 'number', name: 'ticks', value: ticks, min: 1, max: TICKS_MAX, required: true });
    const said = el('div', { role: 'status' });
    const submit = ({ elements }) => {
      try {
        const watched = charts.map((_, at) => at).filter((at) => elements[`chart ${at}`].checked);
        const to = again({
          value: JSON.stringify(of.read()),
          from,
          ticks: elements.ticks.value,
          charts: watched.join(','),
        });
        if (to === location.hash) drawn = [];
        goTo(to);
      } catch (error) {
        put(said, problem(error));
      }
    };
    const preset = ([count, title]) =>
      el(
        'button',
        {
          type: 'button',
          onclick: ({ target }) => {
            far.value = count;
            target.form.requestSubmit();
          },
        },
        title,
      );
    const box = ({ title }, at) =>
      el(
        'label',
        {},
        el('input', { type: 'checkbox', name: `chart ${at}`, checked: chosen.has(at) }),
        el('span', {}, title),
      );
    return el(
      'section',
      { class: 'card' },
      form(
        submit,
        labelled(`${field}, ${type}`, of.node),
        labelled('ticks', far),
        el('button', { class: 'primary' }, 'Fork'),
        FAR.map(preset),
        charts.length
          ? el(
              'fieldset',
              { class: 'watched' },
              el('legend', {}, 'Also watch'),
              el('div', { class: 'choices' }, charts.map(box)),
            )
          : null,
      ),
      said,
    );
  }

  async function run(signal) {
    put(answer);
    const operation = { op: 'set', entity: part, component: kind, value: { [field]: JSON.parse(wanted) } };
    const watch = [
      { title: component, entity: part, component },
      ...[...chosen]
        .filter((at) => charts[at])
        .map((at) => charts[at])
        .map(({ title, sql }) => ({ title, sql })),
    ];
    let forked;
    try {
      forked = await send('/forks', { at: from, ticks, edits: [operation], watch }, { signal });
    } catch (error) {
      if (!signal.aborted) put(answer, problem(error));
      return;
    }
    const refused = forked.edits.find((it) => it.refused)?.refused;
    for (const { entity, label } of forked.first) learn(entity, label);
    const shown = forked.series.map((one) => series(one, go));
    drawn = shown.filter(({ move }) => move);
    put(
      answer,
      refused ? el('p', { class: 'problem' }, `Nothing was done: ${refused}`) : null,
      forked.cut ? el('p', { class: 'problem' }, `It ended at tick ${whole(forked.to)}: ${forked.cut}`) : null,
      el(
        'div',
        { class: 'two' },
        shown.map(({ node }) => node),
      ),
      extent(forked),
      first(forked),
      summary(forked),
      refused || state.at !== null ? null : doIt(operation),
    );
  }
}

const tickOf = (tick) => el('a', { href: address('world', null, {}, { tick }), class: 'number' }, whole(tick));

// Up to where truth is what happened.
function extent({ from, to, recorded }) {
  if (to <= recorded) return soft(`The truth is what happened from tick ${whole(from)} to tick ${whole(to)}.`);
  if (recorded <= from) return soft(`The truth is what is to come up to tick ${whole(to)} if nothing is sent.`);
  return soft(
    `The truth is what happened up to tick ${whole(recorded)}, and what is to come from there if nothing is sent.`,
  );
}

// What was watched: lines of numbers; of what is none, each change.
function series({ title, ticks, truth, changed }, go) {
  const isNumber = [...truth, ...changed].some((it) => typeof it === 'number');
  if (isNumber) {
    const made = chart(title, { go });
    made.set([
      { name: 'truth', ticks, values: truth },
      { name: 'fork', ticks, values: changed, isDashed: true },
    ]);
    return made;
  }
  const rows = ticks.map((tick, at) => ({ tick, truth: truth[at], changed: changed[at] }));
  const isOther = (row, at) =>
    at === 0 || ['truth', 'changed'].some((of) => JSON.stringify(row[of]) !== JSON.stringify(rows[at - 1][of]));
  const columns = ['tick', 'truth', { name: 'changed', title: 'fork' }];
  return { node: section(title, table(rows.filter(isOther), columns, { label: title })) };
}

function first({ first: rows, recorded }) {
  const at = ({ tick }) => (tick <= recorded ? { tick, chain: null } : state.at);
  const columns = [
    { name: 'tick', number: true, show: ({ tick }) => (tick <= recorded ? tickOf(tick) : whole(tick)) },
    {
      name: 'entity',
      show: (row) =>
        row.entity ? el('a', { href: address('entity', row.entity, {}, at(row)) }, row.label ?? row.entity) : '',
    },
    {
      name: 'name',
      title: 'what',
      show: (row) => {
        const full = [row.name ?? 'the entity', row.field].filter(Boolean).join('.');
        return row.entity && row.field && row.tick <= recorded
          ? el('a', { href: address('why', row.entity, { component: full }, at(row)) }, full)
          : full;
      },
    },
    { name: 'truth', number: false },
    { name: 'changed', title: 'fork', number: false, show: (row) => [value(row.changed), by(row)] },
    {
      name: 'system',
      title: 'by',
      show: (row) =>
        row.by_hand
          ? el('b', {}, 'this fork')
          : row.system
            ? el('a', { href: address('systems', null, { system: row.system }) }, row.system)
            : '',
    },
  ];
  return section(
    'What became other first',
    table(rows, columns, { label: 'What became other first', empty: 'Nothing.' }),
  );
}

const by = ({ truth, changed }) =>
  typeof truth === 'number' && typeof changed === 'number'
    ? el('small', { class: 'soft' }, ` ${difference(truth, changed)}`)
    : null;

function summary({ summary: rows, to }) {
  const title = `What is other at tick ${whole(to)}`;
  const columns = [
    'action',
    'name',
    'field',
    { name: 'count', title: 'times', number: true, show: ({ count }) => whole(count) },
  ];
  return section(title, table(rows, columns, { label: title, empty: 'Nothing.' }));
}

// From the fork to the world: the same edit, now.
function doIt(operation) {
  const said = el('div', { role: 'status' });
  const call = () =>
    edit([operation]).then(
      () => put(said),
      (error) => put(said, problem(error)),
    );
  return section(
    'Do it in the world',
    el(
      'p',
      {},
      told([operation]),
      ', with the next tick. ',
      el('button', { type: 'button', onclick: call }, 'Do it'),
    ),
    said,
  );
}
