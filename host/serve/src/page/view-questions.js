// Questions that the world file and mods bring along: what each takes, and its answer as of
// the tick and the time that are looked at.

import { again, address, alter, goTo, here } from '/address.js';
import { formOf, ROWS_MAX } from '/answer.js';
import { download } from '/ask.js';
import { followed } from '/asked.js';
import { spaced, titled } from '/cells.js';
import { el, put } from '/dom.js';
import { numbered, unrounded } from '/exact.js';
import { whole } from '/format.js';
import { input, usual } from '/input.js';
import { field, form, problem, section, soft } from '/parts.js';
import { looked, state } from '/state.js';
import { ENTITY, isOptional, kindName, kindsOf, learnNames, writings } from '/subjects.js';
import { table } from '/table.js';
import { together } from '/together.js';

// What can be given, as the fields of mods have it.
const TYPES = { text: 'string', integer: 'i64', number: 'f64', boolean: 'bool', entity: 'entity' };
// So many subjects are offered where one is asked for.
const OFFERED = 1000;

const link = ({ name }, values) =>
  address('questions', null, { question: name, values: values && JSON.stringify(values) });

export function open({ place, query, life, go }) {
  const chosen = query.get('question') ?? '';
  const values = query.get('values');
  const [list, head, answer] = [el('div'), el('div'), el('div')];
  const shown = together({ life, go });
  put(place, el('h2', {}, 'Questions'), head, shown.bars, shown.said, answer, list);
  let question = null;
  let one = null;
  return {
    isLive: false,
    async update(ask, signal) {
      if (!list.firstChild) {
        const { rows } = await ask('/questions');
        question = rows.find(({ name }) => name === chosen) ?? null;
        if (chosen && !question) put(head, problem(new Error(`There is no question ${chosen}.`)));
        if (question) {
          await learnNames(new Set(kindsOf(question)), signal);
          put(head, formFor(question, parsed(values)));
        }
        put(list, listed(rows, chosen));
      }
      const isWhole = values !== null || question?.parameters.every(isOptional);
      if (!question || !isWhole) return;
      one ??= shown.add(question, spaced(question.name), parsed(values), {
        settings,
        middle: middleOf(question, parsed(values)),
      });
      const [found] = await Promise.all([one.update(signal), shown.tellClocks(signal).catch(() => {})]);
      put(answer, answered(found));
    },
    move: shown.move,
  };

  function answered({ rows, tick, truncated }) {
    const csv = () =>
      download(
        '/ask',
        { ...one.parameters(), limit: ROWS_MAX, format: 'csv' },
        `${state.world.name}-${looked()}.csv`,
      );
    return section(
      null,
      el(
        'div',
        { class: 'row' },
        el(
          'h2',
          {},
          `${whole(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}${truncated ? ' of more' : ''} at tick ${whole(tick)}`,
        ),
        el('button', { type: 'button', onclick: csv }, 'Download as CSV'),
      ),
      truncated && formOf(question) === 'table' ? soft('The file has up to 10,000.') : null,
      one.node,
    );
  }
}

const settings = {
  get: (name) => here().query.get(name),
  set: (name, is) => alter(again({ [name]: is })),
};

// What a graph is around: the subject that was given, if one was.
const middleOf = ({ parameters }, values) => {
  const of = parameters.filter(({ subjects, name }) => subjects && values[name] !== undefined);
  return of.length === 1 ? { kinds: of[0].subjects, id: String(values[of[0].name]) } : undefined;
};

// Values of an address, which may be any text.
function parsed(text) {
  try {
    return unrounded(text) ?? {};
  } catch {
    return {};
  }
}

// Where the value of a parameter is typed or chosen: subjects by their names.
function inputFor({ name, type, subjects = [], default: standard }, values) {
  const is = values[name] ?? standard ?? usual(TYPES[type]);
  const kinds = subjects.filter((kind) => kind !== ENTITY);
  if (kinds.length === 0) return input(TYPES[type], is, name);
  const offered = `offered-${name}`;
  const { ids, all } = writings(kinds);
  // A name that several have says of none which is meant.
  const written = ({ id, name }) => (ids.get(name) === id ? name : id);
  const given = all.find(({ id }) => id === String(is));
  const typed = el('input', {
    type: 'text',
    'aria-label': name,
    name: 'value',
    list: offered,
    autocomplete: 'off',
    spellcheck: 'false',
    value: given ? written(given) : String(is ?? ''),
  });
  const node = el(
    'span',
    { class: 'offering' },
    typed,
    el(
      'datalist',
      { id: offered },
      all.slice(0, OFFERED).map((it) => {
        const value = written(it);
        return el('option', { value }, it.name === it.id ? '' : value === it.id ? it.name : it.id);
      }),
    ),
  );
  const read = () => {
    const text = typed.value.trim();
    const id = writings(kinds).ids.get(text);
    if (id === null) throw new Error(`Several are called ${text}: choose one by its id.`);
    return type === 'integer' ? numbered(id ?? text) : (id ?? text);
  };
  return { node, read };
}

function formFor(question, values) {
  const said = el('div');
  const given = new Set(followed(question));
  const inputs = question.parameters
    .filter((it) => !given.has(it) || Object.hasOwn(values, it.name))
    .map((parameter) => ({ name: parameter.name, about: parameter.about, ...inputFor(parameter, values) }));
  const submit = () => {
    put(said);
    try {
      goTo(link(question, Object.fromEntries(inputs.map(({ name, read }) => [name, read()]))));
    } catch (error) {
      put(said, problem(error));
    }
  };
  return section(
    titled(question.name),
    el('p', {}, question.about),
    inputs.length
      ? form(
          submit,
          inputs.map(({ name, about, node }) => field(about ? `${name}: ${about}` : name, node)),
          el('button', { class: 'primary' }, 'Ask'),
        )
      : null,
    said,
    el('details', {}, el('summary', {}, 'Its SQL'), el('pre', {}, question.sql)),
  );
}

function listed(rows, chosen) {
  if (rows.length === 0)
    return soft('Neither the world file nor a mod brings questions along: one is written under [[question]].');
  const all = rows.filter(({ name }) => name !== chosen);
  if (all.length === 0) return null;
  return section(
    chosen ? 'Others' : null,
    table(
      all,
      [
        {
          name: 'name',
          title: 'question',
          show: (row) =>
            el('span', { class: 'deed' }, el('a', { href: link(row) }, row.name), el('span', {}, row.about)),
        },
        { name: 'show', title: 'shown as', show: ({ show }) => show?.as ?? 'table' },
        { name: 'parameters', show: ({ parameters }) => parameters.map(({ name }) => name).join(', ') },
      ],
      { label: 'Questions' },
    ),
    subjectsOf(rows),
  );
}

// Kinds of subjects, each with where all of it are.
function subjectsOf(rows) {
  const kinds = [
    ...new Set(rows.flatMap(({ show }) => Object.keys(show?.labels ?? {}).map((column) => show.subjects[column]))),
  ];
  if (kinds.length === 0) return null;
  return el(
    'p',
    { class: 'links' },
    el('span', { class: 'soft' }, 'All of a kind:'),
    kinds.map((kind) => el('a', { href: address('subject', kind) }, kindName(kind))),
  );
}
