// A subject, such as a person of a story: what all questions tell that take one. Without an
// id, all subjects of a kind.

import { address, again, alter, here } from '/address.js';
import { formOf } from '/answer.js';
import { spaced, titled } from '/cells.js';
import { el, put } from '/dom.js';
import { numbered } from '/exact.js';
import { problem, section, soft } from '/parts.js';
import {
  allQuestions,
  called,
  directories,
  ENTITY,
  isOptional,
  kindName,
  kindsOf,
  learnNames,
  subjectAddress,
  takers,
} from '/subjects.js';
import { state } from '/state.js';
import { together } from '/together.js';

// The settings of one answer on a page of several, kept in the address.
export const settingsOf = (name) => ({
  get: (of) => here().query.get(`${of}:${name}`),
  set: (of, is) => alter(again({ [`${of}:${name}`]: is })),
});

// So long a text wants all of the width.
const LONG = 60;
const isLong = (row) => Object.values(row).some((it) => typeof it === 'string' && it.length > LONG);

export function open({ place, part: kind, query, life, go }) {
  const id = query.get('id') ?? '';
  const [head, answers, rest] = [el('div', { class: 'head' }), el('div', { class: 'answers' }), el('div')];
  const shown = together({ life, go });
  put(place, head, shown.bars, shown.said, answers, rest);
  let all = null;
  let others = [];
  let isListed = false;

  // What is asked of it, and what would need more to be asked.
  async function learn() {
    const questions = await allQuestions();
    isListed = directories(questions, kind).length > 0;
    const found = id
      ? takers(questions, kind).map(({ question, parameter }) => ({ question, parameter }))
      : directories(questions, kind).map((question) => ({ question, parameter: null }));
    await learnNames(new Set([kind, ...found.flatMap(({ question }) => kindsOf(question))]), life);
    const given = ({ parameter }) =>
      parameter ? { [parameter.name]: parameter.type === 'integer' ? numbered(id) : id } : {};
    const isWhole = ({ question, parameter }) =>
      question.parameters.every((it) => it === parameter || isOptional(it));
    all = found.filter(isWhole).map((it) => ({
      question: it.question,
      values: given(it),
      one: shown.add(it.question, spaced(it.question.name), given(it), {
        settings: settingsOf(it.question.name),
        middle: { kinds: [kind], id },
      }),
      rows: null,
      error: null,
      isWide: false,
    }));
    others = found.filter((it) => !isWhole(it)).map((it) => ({ question: it.question, values: given(it) }));
  }

  const link = ({ question, values }, text = 'On its own') =>
    el('a', { href: address('questions', null, { question: question.name, values: JSON.stringify(values) }) }, text);

  function show() {
    const name = id ? called(kind, id) : `Every ${kindName(kind)}`;
    document.title = `${name} · ${state.world.name}`;
    put(
      head,
      el('h2', {}, name, id && name !== id ? el('small', { class: 'id' }, ` ${id}`) : null),
      el(
        'p',
        { class: 'links' },
        el('span', { class: 'soft' }, kindName(kind)),
        id && kind === ENTITY ? el('a', { href: subjectAddress(ENTITY, id) }, 'As an entity') : null,
        isListed && id ? el('a', { href: address('subject', kind) }, `Every ${kindName(kind)}`) : null,
      ),
    );
    const told = all.filter(({ rows, error }) => rows !== 0 || error);
    put(
      answers,
      told.map(({ question, values, one, error, isWide }) =>
        el(
          'section',
          { class: `card${isWide ? ' whole' : ''}`, 'data-key': question.name },
          el('div', { class: 'row' }, el('h2', {}, titled(question.name)), link({ question, values })),
          soft(question.about),
          error ? problem(error) : one.node,
        ),
      ),
    );
    const silent = all.filter(({ rows, error }) => rows === 0 && !error);
    const list = (those, text) =>
      those.length
        ? soft(
            text,
            those.flatMap((it, at) => [at ? ', ' : ' ', link(it, spaced(it.question.name))]),
            '.',
          )
        : null;
    put(
      rest,
      all.length + others.length === 0
        ? soft(
            `No question ${id ? `takes a subject of the kind ${kind}` : `tells all subjects of the kind ${kind}`}.`,
          )
        : null,
      list(silent, 'Nothing is told by'),
      list(others, 'More can be asked, with something else beside it:'),
    );
  }

  return {
    title: id || kind,
    isLive: false,
    async update(ask, signal) {
      if (!all) await learn();
      await Promise.all([
        shown.tellClocks(signal).catch(() => {}),
        ...all.map(async (it) => {
          try {
            const { rows } = await it.one.update(signal);
            it.rows = rows.length;
            it.error = null;
            it.isWide ||=
              formOf(it.question) === 'timeline' || (formOf(it.question) === 'table' && rows.some(isLong));
          } catch (error) {
            if (signal.aborted) throw error;
            it.error = error;
          }
        }),
      ]);
      show();
    },
    move: shown.move,
  };
}
