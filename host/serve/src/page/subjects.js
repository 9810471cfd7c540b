// Subjects: what questions are about, such as the people of a story. Which questions take
// one, what it is called, and where it has a page. Entities are subjects like others.

import { world } from '/ask.js';
import { address } from '/address.js';
import { el } from '/dom.js';
import { unrounded } from '/exact.js';
import { lastPart } from '/format.js';
import { nameOf } from '/names.js';
import { asOf } from '/state.js';

export const ENTITY = 'entity';
// As many as an answer can name.
const NAMES_MAX = 10_000;

const labels = new Map();
const known = new Map();
let questions = null;

// All questions, asked once for as long as the page stands.
export function allQuestions() {
  questions ??= world('/questions').then(({ rows }) => rows);
  questions.catch(() => {
    questions = null;
  });
  return questions;
}

// What a cell names: one, or several as a JSON array.
export function several(cell) {
  if (cell === null || cell === undefined || cell === '') return [];
  if (typeof cell !== 'string' || !cell.startsWith('[')) return [cell];
  try {
    return unrounded(cell);
  } catch {
    return [cell];
  }
}

// Of which kind the subjects of a column are, if it names any.
export const kindOf = (show, column) =>
  Object.hasOwn(show?.subjects ?? {}, column ?? '') ? show.subjects[column] : undefined;

export const subjectAddress = (kind, id) =>
  kind === ENTITY ? address('entity', id) : address('subject', kind, { id: String(id) });

// What a subject is called, as far as an answer told.
export const called = (kind, id) => (kind === ENTITY ? nameOf(id) : labels.get(`${kind} ${id}`)) ?? String(id);

export function subjectLink(kind, id) {
  const name = called(kind, id);
  return el('a', { href: subjectAddress(kind, id), title: name === String(id) ? undefined : String(id) }, name);
}

// Kinds in words: `story/person` is a person.
export const kindName = (kind) => lastPart(kind);

// Whether something stands for a parameter where nothing is given.
export const isOptional = ({ default: usual }) => usual !== undefined;

// Those that take a subject of a kind, with the parameter that does.
export const takers = (all, kind) =>
  all.flatMap((question) => {
    const parameter = question.parameters.find(({ subjects = [] }) => subjects.includes(kind));
    return parameter ? [{ question, parameter }] : [];
  });

// Those that tell all subjects of a kind, and what they are called.
export const directories = (all, kind) =>
  all.filter(
    ({ show, parameters }) =>
      parameters.every(isOptional) &&
      Object.keys(show?.labels ?? {}).some((column) => show.subjects[column] === kind),
  );

// Takes from an answer what its subjects are called.
export function learnSubjects({ show }, rows) {
  for (const [column, label] of Object.entries(show?.labels ?? {})) {
    const kind = show.subjects[column];
    const ids = known.get(kind) ?? new Set();
    known.set(kind, ids);
    for (const row of rows) {
      if (row[column] === null || row[column] === undefined) continue;
      ids.add(String(row[column]));
      if (row[label]) labels.set(`${kind} ${row[column]}`, String(row[label]));
    }
  }
}

// Those of some kinds that answers told of, by name, and the ids of what can be written for
// them: an id is its own, a name that of the one that has it; null where several have.
export function writings(kinds) {
  const all = kinds
    .flatMap((kind) => [...(known.get(kind) ?? [])].map((id) => ({ id, name: called(kind, id) })))
    .sort(({ name: one }, { name: other }) => (one < other ? -1 : 1));
  const ids = new Map();
  for (const { id, name } of all) ids.set(name, ids.has(name) && ids.get(name) !== id ? null : id);
  for (const { id } of all) ids.set(id, id);
  return { all, ids };
}

// Learns what subjects are called, of those kinds that questions name. What cannot be
// asked leaves them with their ids.
export async function learnNames(kinds, signal) {
  const all = await allQuestions();
  const wanted = [...kinds].filter((kind) => kind !== ENTITY && !known.has(kind));
  const asked = new Set(wanted.flatMap((kind) => directories(all, kind)));
  await Promise.all(
    [...asked].map(async (question) => {
      const found = { question: question.name, limit: NAMES_MAX, ...asOf() };
      try {
        learnSubjects(question, (await world('/ask', found, signal)).rows);
      } catch {
        // Their ids are names enough.
      }
    }),
  );
}

// Of which kinds the subjects are that a question takes or tells of.
export const kindsOf = ({ show, parameters }) => [
  ...new Set([...Object.values(show?.subjects ?? {}), ...parameters.flatMap(({ subjects = [] }) => subjects)]),
];
