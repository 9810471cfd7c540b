// A component of an entity: a line for each field, with a picture of its history once that
// is seen, from which the past is told at once.

import { later, world } from '/ask.js';
import { address } from '/address.js';
import { el, keep, put, whenSeen } from '/dom.js';
import { modOf, short } from '/format.js';
import { section, soft, value } from '/parts.js';
import { spark } from '/spark.js';
import { looked, state } from '/state.js';

// `choose` is called with the field that is clicked or reached.
export function component(entity, name, first, { life, choose }) {
  const fields = new Map();
  const body = el('tbody');
  const mod = modOf(name);
  const title = el('h3', {}, el('span', { class: 'mod' }, `${mod}/`), name.slice(mod.length + 1));
  const isTag = Object.keys(first).length === 0;
  const content = isTag ? soft('a tag') : el('div', { class: 'scroll' }, el('table', { class: 'fields' }, body));
  const node = keep(section(null, title, content));
  let history = null;
  let asked = null;
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
    const made = { value: el('td', { class: 'value' }), past: el('td', { class: 'past' }), why, spark: null };
    made.row = el(
      'tr',
      { onclick: () => choose(full), onfocusin: () => choose(full) },
      el('th', { scope: 'row' }, field),
      made.value,
      made.past,
      el('td', { class: 'ask' }, why),
    );
    body.append(made.row);
    return made;
  }

  return {
    node,
    load,
    hasFields: !isTag,
    // Shows what it is at the tick that is looked at.
    set(of) {
      let isNew = false;
      for (const [field, is] of Object.entries(of)) {
        const known = fields.get(field) ?? line(field);
        fields.set(field, known);
        known.why.href = address('why', entity, { component: `${name}.${field}` });
        put(known.value, value(is));
        isNew ||= typeof is === 'number' && history?.at(-1)?.[field] !== is;
      }
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
