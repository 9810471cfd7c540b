// Tables of rows that are all there.

import { el } from '/dom.js';
import { lastPart } from '/format.js';
import { value } from '/parts.js';

// Rows as a table. A column is a name, or `{ name, title, show, number }`; `key` tells rows
// apart where some may come before others.
export function table(rows, columns, { label = 'Table', empty = 'nothing', key } = {}) {
  if (rows.length === 0) return el('p', { class: 'soft' }, empty);
  const all = (columns ?? Object.keys(rows[0])).map((column) => columnOf(column, rows));
  const head = el(
    'tr',
    {},
    all.map(({ title, style }) => el('th', { scope: 'col', class: style }, title)),
  );
  const line = (row) =>
    el(
      'tr',
      { 'data-key': key?.(row) },
      all.map(({ show, style }) => el('td', { class: style }, show(row))),
    );
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    el('table', {}, el('thead', {}, head), el('tbody', {}, rows.map(line))),
  );
}

function columnOf(column, rows) {
  const {
    name,
    title = lastPart(column.name ?? column),
    show,
  } = typeof column === 'string' ? { name: column } : column;
  const isNumber =
    column.number ??
    (rows.some((row) => typeof row[name] === 'number') &&
      rows.every((row) => row[name] === null || row[name] === undefined || typeof row[name] === 'number'));
  return { title, style: isNumber ? 'number' : undefined, show: show ?? ((row) => value(row[name])) };
}

// Names and what they stand for.
export const pairs = (all) =>
  el(
    'dl',
    {},
    all.filter(Boolean).map(([name, of]) => el('div', {}, el('dt', {}, name), el('dd', {}, of))),
  );
