// Questions that the world file and mods bring along: what each takes, and its answer as of
// the tick that is looked at.

import { download } from '/ask.js';
import { address, goTo } from '/address.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { input, usual } from '/input.js';
import { field, form, problem, section, soft } from '/parts.js';
import { asOf, looked, state } from '/state.js';
import { table } from '/table.js';

const LIMIT = 500;
// What can be given, as the fields of mods have it.
const TYPES = { text: 'string', integer: 'i64', number: 'f64', boolean: 'bool', entity: 'entity' };

const link = ({ name }, values) =>
  address('questions', null, { question: name, values: values && JSON.stringify(values) });

export function open({ place, query }) {
  const chosen = query.get('question') ?? '';
  const values = query.get('values');
  const [list, head, answer] = [el('div'), el('div'), el('div')];
  put(place, el('h2', {}, 'Questions'), head, answer, list);
  let question = null;
  return {
    isLive: false,
    async update(ask) {
      if (!list.firstChild) {
        const { rows } = await ask('/questions');
        question = rows.find(({ name }) => name === chosen) ?? null;
        if (chosen && !question) put(head, problem(new Error(`There is no question ${chosen}.`)));
        if (question) put(head, asked(question, parsed(values)));
        put(list, listed(rows, chosen));
      }
      const isWhole = values !== null || question?.parameters.every((it) => it.default !== undefined);
      if (!question || !isWhole) return;
      const parameters = { question: chosen, values, ...asOf() };
      const found = await ask('/ask', { ...parameters, limit: LIMIT });
      put(answer, answered(found, parameters));
    },
  };
}

// Values of an address, which may be any text.
function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function asked(question, values) {
  const said = el('div');
  const inputs = question.parameters.map((parameter) => {
    const { name, type } = parameter;
    const is = values[name] ?? parameter.default ?? usual(TYPES[type]);
    return { name, about: parameter.about, ...input(TYPES[type], is, name) };
  });
  const submit = () => {
    put(said);
    try {
      goTo(link(question, Object.fromEntries(inputs.map(({ name, read }) => [name, read()]))));
    } catch (error) {
      put(said, problem(error));
    }
  };
  return section(
    question.name,
    el('p', {}, question.about),
    form(
      submit,
      inputs.map(({ name, about, node }) => field(about ? `${name}: ${about}` : name, node)),
      el('button', { class: 'primary' }, 'Ask'),
    ),
    said,
    el('details', {}, el('summary', {}, 'Its SQL'), el('pre', {}, question.sql)),
  );
}

function answered({ rows, tick, truncated }, parameters) {
  const csv = () =>
    download('/ask', { ...parameters, limit: 10_000, format: 'csv' }, `${state.world.name}-${looked()}.csv`);
  return section(
    `${whole(rows.length)}${truncated ? ' of more' : ''} ${rows.length === 1 ? 'row' : 'rows'} at tick ${whole(tick)}`,
    el('p', {}, el('button', { type: 'button', onclick: csv }, 'Download as CSV')),
    truncated ? soft(`The first ${LIMIT} are shown; the file has up to 10,000.`) : null,
    table(rows, undefined, { label: 'The answer', empty: 'There are no rows.' }),
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
        { name: 'name', show: (row) => el('a', { href: link(row) }, row.name) },
        'about',
        { name: 'parameters', show: ({ parameters }) => parameters.map(({ name }) => name).join(', ') },
      ],
      { label: 'Questions' },
    ),
  );
}
