// A component of an entity: a line for each field, with a picture of its history once that
// is seen, from which the past is told at once.

import { later, world } from '/ask.js';
import { address } from '/address.js';
import { el, keep, put, whenSeen } from '/dom.js';
import { editor } from '/editor.js';
import { modOf, short } from '/format.js';
import { section, soft, value } from '/parts.js';
import { spark } from '/spark.js';
import { atText, looked, lookedAt, state } from '/state.js';
import { forkAddress } from '/words.js';

// `choose` is called with the field that is clicked or reached, `typeOf` tells the type of
// one, and `remove` takes the component away.
export function component(entity, name, first, { life, choose, typeOf, remove }) {
  const fields = new Map();
  const body = el('tbody');
  const mod = modOf(name);
  const away = el(
    'button',
    { type: 'button', class: 'quiet faint', 'aria-label': `remove ${name}`, onclick: remove },
    'remove',
  );
  const title = el(
    'div',
    { class: 'head' },
    el('h3', {}, el('span', { class: 'mod' }, `${mod}/`), name.slice(mod.length + 1)),
    away,
  );
  const isTag = Object.keys(first).length === 0;
  const content = isTag ? soft('a tag') : el('div', { class: 'scroll' }, el('table', { class: 'fields' }, body));
  const node = keep(section(null, title, content));
  let history = null;
  let asked = null;
  let editing = null;
  if (!isTag) whenSeen(node, load);

  function load() {
    const ask = () => world(`/entities/${encodeURIComponent(entity)}/history`, { component: name }, life);
    asked ??= later(life, ask).then(
      ({ rows }) => {
        history = rows;
        draw();
      },
      () => {
        asked = null;
      },
    );
    return asked;
  }

  function draw() {
    const first = Math.max(state.first, history[0]?.tick ?? 0);
    for (const [field, of] of fields) {
      const told = history.filter((row) => typeof row[field] === 'number');
      if (told.length < 2) continue;
      of.spark ??= spark();
      const line = {
        name: `${name}.${field}`,
        ticks: told.map(({ tick }) => tick),
        values: told.map((row) => row[field]),
      };
      of.spark.set(line, first, state.now);
      of.spark.move(looked());
      put(of.past, of.spark.node);
    }
  }

  function line(field) {
    const full = `${name}.${field}`;
    const why = el('a', { 'aria-label': `why ${full}` }, 'why');
    const change = el('span');
    const made = { value: el('td', { class: 'value' }), past: el('td', { class: 'past' }), why, change, spark: null };
    made.row = el(
      'tr',
      { onclick: () => choose(full), onfocusin: () => choose(full) },
      el('th', { scope: 'row' }, field),
      made.value,
      made.past,
      el('td', { class: 'ask' }, change, ' ', why),
    );
    body.append(made.row);
    return made;
  }

  // What can be done with a field: now it is edited, and of then only what would have been
  // can be told.
  function way(field) {
    const full = `${name}.${field}`;
    return state.at === null
      ? el(
          'button',
          { type: 'button', class: 'quiet', 'aria-label': `edit ${full}`, onclick: () => edit(field) },
          'edit',
        )
      : el(
          'a',
          {
            'aria-label': `fork with another ${full}`,
            href: forkAddress(entity, full, undefined, atText(lookedAt())),
          },
          'fork',
        );
  }

  async function edit(field) {
    const { row, is } = fields.get(field);
    const type = await typeOf(name, field);
    close();
    editing = editor({ entity, component: name, field, type, is }, () => {
      const { change } = fields.get(field);
      close();
      change.firstElementChild?.focus();
    });
    row.after(editing.row);
    editing.focus();
  }

  function close() {
    editing?.row.remove();
    editing = null;
  }

  return {
    node,
    load,
    name,
    hasFields: !isTag,
    first: () => fields.keys().next().value,
    // The first field, where none is named.
    edit: (field = fields.keys().next().value) => (fields.has(field) ? edit(field) : undefined),
    // Shows what it is at the tick that is looked at.
    set(of) {
      let isNew = false;
      for (const [field, is] of Object.entries(of)) {
        const known = fields.get(field) ?? line(field);
        fields.set(field, known);
        known.why.href = address('why', entity, { component: `${name}.${field}` });
        known.is = is;
        put(known.value, value(is));
        put(known.change, way(field));
        if (editing?.field === field) editing.seen(is);
        isNew ||= typeof is === 'number' && history?.at(-1)?.[field] !== is;
      }
      away.hidden = state.at !== null;
      if (state.at !== null) close();
      // What history does not know yet came since.
      if (!isNew || !history?.length || state.at !== null) return;
      history.push({ ...of, tick: state.now });
      draw();
    },
    move(tick) {
      for (const { spark: drawn, value: shown } of fields.values()) {
        if (!drawn) continue;
        drawn.move(tick);
        const was = drawn.at(tick);
        if (state.at !== null) put(shown, was === null ? '–' : el('span', { title: String(was) }, short(was)));
      }
    },
    // The ticks at which a field changed; without one, any of them.
    changes(field) {
      const isOther = (row, at) => !field || at === 0 || row[field] !== history[at - 1][field];
      return (history ?? []).filter(isOther).map(({ tick }) => tick);
    },
    mark(chosen) {
      for (const [field, { row }] of fields) row.classList.toggle('chosen', `${name}.${field}` === chosen);
    },
  };
}
