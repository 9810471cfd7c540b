// A table of as many rows as there are, of which only those in sight are made. Rows come
// in pages, as they are scrolled to.

import { el, keep } from '/dom.js';

const ROW_PX = 28;
const AHEAD = 12;
const COLUMN_PX = 150;
const FIRST_PX = 230;

// `columns` are `{ title, show, number, order }`; `more` asks for the rows after those that
// are there, and gives none at the end.
export function list({ label, columns, count, more, onerror }) {
  const rows = [];
  let isDone = false;
  let isAsking = false;
  let active = 0;
  let total = count ?? null;
  const above = el('tr', { 'aria-hidden': 'true' }, el('td', { colspan: columns.length }));
  const below = el('tr', { 'aria-hidden': 'true' }, el('td', { colspan: columns.length }));
  const body = el('tbody');
  const made = new Map();
  const head = el(
    'tr',
    {},
    columns.map(({ title, number, sorted }) =>
      el('th', { scope: 'col', class: number ? 'number' : undefined, 'aria-sort': sorted }, title),
    ),
  );
  const table = el(
    'table',
    { 'aria-rowcount': -1 },
    el(
      'colgroup',
      {},
      columns.map(() => el('col')),
    ),
    el('thead', {}, head),
    body,
  );
  table.style.minWidth = `${FIRST_PX + (columns.length - 1) * COLUMN_PX}px`;
  [...table.firstChild.children].forEach((col, at) => {
    col.style.width = at ? '' : `${FIRST_PX}px`;
  });
  const node = keep(
    el(
      'div',
      { class: 'list', tabindex: 0, role: 'region', 'aria-label': label, onscroll: () => show(), onkeydown: move },
      table,
    ),
  );
  body.append(above, below);
  new ResizeObserver(() => show()).observe(node);

  const length = () => (isDone ? rows.length : Math.max(total ?? rows.length + 1, rows.length + 1));

  function show() {
    const first = Math.max(0, Math.floor(node.scrollTop / ROW_PX) - AHEAD);
    const last = Math.min(length(), Math.ceil((node.scrollTop + (node.clientHeight || 600)) / ROW_PX) + AHEAD);
    table.setAttribute('aria-rowcount', isDone ? rows.length + 1 : total === null ? -1 : total + 1);
    for (const [at, row] of made) {
      if (at >= first && at < Math.min(last, rows.length)) continue;
      if (row.contains(document.activeElement)) node.focus({ preventScroll: true });
      row.remove();
      made.delete(at);
    }
    let next = above.nextSibling;
    for (let at = first; at < Math.min(last, rows.length); at += 1) {
      const row = made.get(at) ?? line(at);
      made.set(at, row);
      if (row === next) next = next.nextSibling;
      else body.insertBefore(row, next);
    }
    above.firstChild.style.height = `${first * ROW_PX}px`;
    below.firstChild.style.height = `${Math.max(0, length() - Math.min(last, rows.length)) * ROW_PX}px`;
    if (!isDone && !isAsking && last > rows.length - AHEAD) ask();
  }

  const line = (at) =>
    el(
      'tr',
      { 'aria-rowindex': at + 2 },
      columns.map(({ show: cell, number }) => el('td', { class: number ? 'number' : undefined }, cell(rows[at]))),
    );

  async function ask() {
    isAsking = true;
    try {
      const found = await more();
      rows.push(...found);
      isDone = found.length === 0;
    } catch (error) {
      isDone = true;
      onerror(error);
    }
    isAsking = false;
    show();
  }

  // From row to row by keys.
  function move(event) {
    const page = Math.max(1, Math.floor(node.clientHeight / ROW_PX) - 2);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[
      event.key
    ];
    if (!by || event.shiftKey || event.ctrlKey || rows.length === 0) return;
    event.preventDefault();
    const focused = [...made].find(([, row]) => row.contains(document.activeElement));
    if (focused) active = focused[0];
    active = focused ? Math.max(0, Math.min(rows.length - 1, active + by)) : Math.floor(node.scrollTop / ROW_PX);
    const top = active * ROW_PX;
    if (top < node.scrollTop) node.scrollTop = top;
    if (top + 2 * ROW_PX + 8 > node.scrollTop + node.clientHeight)
      node.scrollTop = top + 2 * ROW_PX + 8 - node.clientHeight;
    show();
    made.get(active)?.querySelector('a, button')?.focus({ preventScroll: true });
  }

  show();
  return { node };
}

// What a list asks for more with: the first page that is there, then those of its cursors.
export function pagesOf(first, ask, learn) {
  let page = first;
  return async () => {
    if (!page) return [];
    const { rows, next } = page === first ? first : await page();
    page = next ? () => ask(next) : null;
    rows.forEach(learn);
    return rows;
  };
}

// A list of rows that are all there.
export const listOf = (rows, columns, label) =>
  list({ label, columns, count: rows.length, more: pagesOf({ rows }, null, () => {}), onerror: () => {} }).node;
