// Completion while a SELECT is typed: a list of tables, columns and words beside a text.

import { el, put } from '/dom.js';

const SHOWN = 10;
const LEAST = 1;
const WORDS = [
  'SELECT',
  'FROM',
  'WHERE',
  'GROUP BY',
  'ORDER BY',
  'LIMIT',
  'JOIN',
  'USING',
  'count(*)',
  'sum',
  'avg',
  'min',
  'max',
  'round',
  'printf',
  'entity_text',
  'entity',
  'DESC',
  'AS',
  'AND',
  'LIKE',
  'BETWEEN',
  'HAVING',
  'DISTINCT',
];

// Gives a textarea a list of what may come next. `tables` are `{ name, columns }`.
export function complete(text, tables) {
  const box = el('ul', {
    role: 'listbox',
    id: 'completions',
    'aria-label': 'Completions',
    class: 'completions',
    hidden: true,
  });
  const attributes = { 'aria-autocomplete': 'list', 'aria-controls': 'completions', 'aria-haspopup': 'listbox' };
  for (const [name, value] of Object.entries(attributes)) text.setAttribute(name, value);
  let found = [];
  let chosen = -1;

  const before = () => /[\w.]*$/.exec(text.value.slice(0, text.selectionStart))[0];

  function offer() {
    const typed = before();
    found =
      typed.length < LEAST || text.selectionStart !== text.selectionEnd ? [] : candidates(typed, text.value, tables);
    chosen = found.length ? 0 : -1;
    render();
  }

  function render() {
    box.hidden = found.length === 0;
    put(
      box,
      found.map(({ name, note }, at) =>
        el(
          'li',
          {
            role: 'option',
            id: `completion-${at}`,
            'aria-selected': String(at === chosen),
            onpointerdown: (event) => {
              event.preventDefault();
              take(at);
            },
          },
          name,
          note ? el('small', {}, note) : null,
        ),
      ),
    );
    if (chosen >= 0) {
      text.setAttribute('aria-activedescendant', `completion-${chosen}`);
      box.children[chosen]?.scrollIntoView({ block: 'nearest' });
    } else text.removeAttribute('aria-activedescendant');
  }

  function close() {
    found = [];
    chosen = -1;
    render();
  }

  function take(at) {
    const typed = before().split('.').at(-1);
    text.setRangeText(found[at].name, text.selectionStart - typed.length, text.selectionStart, 'end');
    close();
  }

  text.addEventListener('input', offer);
  text.addEventListener('blur', close);
  text.addEventListener('keydown', (event) => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      offer();
      return;
    }
    if (found.length === 0 || event.ctrlKey || event.metaKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) chosen = (chosen + by + found.length) % found.length;
    else if (event.key === 'Enter' || event.key === 'Tab')
      return event.shiftKey ? undefined : (event.preventDefault(), take(chosen));
    else if (event.key === 'Escape') {
      event.preventDefault();
      return close();
    } else return;
    event.preventDefault();
    render();
  });
  return box;
}

// Columns of tables that are named come first, then tables, then words.
function candidates(typed, sql, tables) {
  const dot = typed.lastIndexOf('.');
  const part = typed.slice(dot + 1).toLowerCase();
  const named = dot < 0 ? tables.filter(isNamed(sql)) : tables.filter(isCalled(typed.slice(0, dot), sql));
  const columns = named.flatMap((table) =>
    table.columns.map(({ name, type }) => ({ name, note: `${table.name} · ${type.toLowerCase()}` })),
  );
  const others = [
    ...tables.map(({ name }) => ({ name, note: 'table' })),
    ...WORDS.map((name) => ({ name, note: '' })),
  ];
  const fits = ({ name }) => name.toLowerCase().startsWith(part) && name.toLowerCase() !== part;
  const found = (dot < 0 ? [...columns, ...others] : columns).filter(fits);
  return [...new Map(found.map((it) => [it.name, it])).values()].slice(0, SHOWN);
}

const isNamed = (sql) => {
  const words = new Set(sql.match(/\w+/g));
  return ({ name }) => words.has(name);
};

// Whether a SELECT calls a table so, by its name or another.
const isCalled =
  (by, sql) =>
  ({ name }) =>
    name === by || new RegExp(`\\b${name}\\s+(?:AS\\s+)?${by}\\b`, 'i').test(sql);
