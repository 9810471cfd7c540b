// Where a value of a type is typed or chosen: by what `kinds` say of a field.

import { el } from '/dom.js';
import { numbered, unrounded } from '/exact.js';
import { named, nameOf } from '/names.js';
import { choice } from '/parts.js';

const isWhole = (type) => /^[ui]\d+$/.test(type);
const isNumber = (type) => isWhole(type) || /^f\d+$/.test(type);
// The names of a choice of which none carries a value.
const names = (type) => (/^\w+( \| \w+)+$/.test(type) ? type.split(' | ') : null);

// What a field is where nothing was chosen for it.
export function usual(type) {
  if (isNumber(type)) return 0;
  if (type === 'bool') return false;
  if (type === 'string') return '';
  if (names(type)) return names(type)[0];
  return type.startsWith('list<') ? [] : null;
}

// An element with what a field is, and `read`, which gives the value that stands in it or
// throws a sentence.
export function input(type, is, label) {
  const known = { 'aria-label': label, autocomplete: 'off', spellcheck: 'false', name: 'value' };
  const text = (more, read) => {
    const node = el('input', { type: 'text', ...known, ...more });
    node.value = more.value ?? '';
    return { node, read: () => read(node.value.trim(), node.value) };
  };
  const options = type === 'bool' ? ['true', 'false'] : names(type);
  if (options) {
    const node = choice('value', String(is), options, { label });
    return { node, read: () => (type === 'bool' ? node.value === 'true' : node.value) };
  }
  if (isNumber(type)) return text({ inputmode: 'decimal', value: String(is) }, (typed) => number(typed, type));
  if (type === 'entity') return text({ list: 'names', value: nameOf(is) ?? is ?? '' }, (typed) => named(typed));
  if (type === 'string') return text({ value: is }, (_, typed) => typed);
  const node = el('textarea', { ...known, rows: 2, title: `${type}, as JSON` });
  node.value = JSON.stringify(is);
  return { node, read: () => json(node.value, type) };
}

function number(typed, type) {
  const plain = typed.replaceAll(/[,_\s]/g, '');
  const is = Number(plain);
  if (typed === '' || Number.isNaN(is)) throw new Error(`“${typed}” is no number: write 1200, 0.25 or 1.5e9.`);
  if (isWhole(type) && !Number.isInteger(is))
    throw new Error(`${typed} is no whole number, and the field is ${type}.`);
  return isWhole(type) ? numbered(plain) : is;
}

function json(typed, type) {
  try {
    return unrounded(typed);
  } catch (error) {
    throw new Error(`This is no JSON for ${type}: ${error.message}.`);
  }
}
