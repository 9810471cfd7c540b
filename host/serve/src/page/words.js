// Edits in words.

import { el } from '/dom.js';
import { address } from '/address.js';
import { whole } from '/format.js';
import { entityLink, tickLink, value } from '/parts.js';

const entity = (of) => entityLink(of);
const given = (of) => (of && Object.keys(of).length ? [' with ', value(of)] : []);
const fields = (of) =>
  Object.entries(of).flatMap(([name, is], at) => [at ? ', ' : '', el('i', {}, name), ' = ', el('b', {}, value(is))]);

// One field alone is set to something; of several each is told.
function set(what, of, is, was) {
  const names = Object.keys(is);
  if (names.length !== 1) return [what, ...of, ' is set: ', ...fields(is)];
  const [name] = names;
  const from = was && Object.hasOwn(was, name) ? [' from ', value(was[name])] : [];
  return [`${what}.${name}`, ...of, ' is set', ...from, ' to ', el('b', {}, value(is[name]))];
}

const WORDS = {
  set: ({ entity: of, component, value: is }, was) => set(component, [' of ', entity(of)], is, was),
  insert: ({ entity: of, component, value: is }) => [entity(of), ' is given ', component, ...given(is)],
  remove: ({ entity: of, component }) => [component, ' is taken from ', entity(of)],
  spawn: ({ components = {} }) => ['an entity is made, with ', Object.keys(components).join(', ') || 'nothing'],
  despawn: ({ entity: of }) => [entity(of), ' is despawned'],
  relate: ({ from, relation, to, value: is }) => [
    entity(from),
    ' is related to ',
    entity(to),
    ' by ',
    relation,
    ...given(is),
  ],
  unrelate: ({ from, relation, to }) => [entity(from), ' is no longer related to ', entity(to), ' by ', relation],
  'set-resource': ({ resource, value: is }, was) => set(resource, [], is, was),
};
const SHOWN = 4;

// What operations do; of many the first. What is expected tells what was there before.
export function told(operations, expects = []) {
  const was = (one) =>
    expects.find((it) => it.entity === one.entity && it.component === one.component && it.resource === one.resource)
      ?.value;
  const words = operations
    .slice(0, SHOWN)
    .flatMap((one, at) => [at ? '; ' : '', ...(WORDS[one.op]?.(one, was(one)) ?? [one.op])]);
  return operations.length > SHOWN ? [...words, `; and ${whole(operations.length - SHOWN)} more`] : words;
}

// What an edit of the log does, which is a text of JSON.
export function toldOf(text) {
  const { operations = [], expects, undoes } = JSON.parse(text);
  if (!undoes) return told(operations, expects);
  const tick = tickLink(undoes.tick, { view: 'edits', parameters: { to: undoes.tick } });
  return [`takes back edit ${undoes.number} of tick `, tick, ': ', ...told(operations, expects)];
}

// Which entities an edit names, and of which component or relation.
export const touches = (text, entityOf, name) =>
  JSON.parse(text).operations.some(
    (one) =>
      [one.entity, one.from, one.to].includes(entityOf) && (!name || [one.component, one.relation].includes(name)),
  );

// Where a field is edited, as it is now.
export const editAddress = (of, field) => address('entity', of, { field, edit: 'yes' }, null);

// Where what would be is asked: of a field, with a value if one was given, from a tick.
export const forkAddress = (of, component, is, from) =>
  address('fork', of, { component, value: is === undefined ? '' : JSON.stringify(is), from });
