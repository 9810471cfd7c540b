// One entity: what it has, how that was, what happened to it, and what it is related to.

import { world } from '/ask.js';
import { address } from '/address.js';
import { lastAt } from '/chart.js';
import { component } from '/component.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { learn } from '/names.js';
import { entityLink, problem, section, soft, tickColumn } from '/parts.js';
import { asOf, looked, state } from '/state.js';
import { table } from '/table.js';

const EDGES_SHOWN = 25;
const LIFE_SHOWN = 200;

export function open({ place, part, query, life, go }) {
  const path = `/entities/${encodeURIComponent(part)}`;
  const title = el('div', { class: 'head' });
  const components = el('div', { class: 'components' });
  const edges = el('div', { class: 'two' });
  const past = el('div');
  put(place, title, components, edges, past);
  const shown = new Map();
  let chosen = query.get('field');
  let isTold = false;

  return {
    title: part,
    async update(ask) {
      const one = await ask(path, asOf());
      learn(one.entity, one.label);
      document.title = `${one.label ?? one.entity} · ${state.world.name}`;
      put(title, heading(one));
      for (const name of shown.keys()) if (!Object.hasOwn(one.components, name)) shown.delete(name);
      for (const [name, of] of Object.entries(one.components)) {
        if (!shown.has(name)) shown.set(name, component(part, name, of, { life, choose }));
        shown.get(name).set(of);
      }
      put(
        components,
        [...shown.values()].map(({ node }) => node),
      );
      put(
        edges,
        related('From here', one.outgoing, one.outgoing_count, one.entity),
        related('To here', one.incoming, one.incoming_count, one.entity),
      );
    },
    move(tick) {
      for (const one of shown.values()) one.move(tick);
    },
    async jump(by) {
      const [name, field] = (chosen ?? '').split('.');
      const of = shown.get(name) ?? [...shown.values()].find(({ hasFields }) => hasFields);
      if (!of) return;
      await of.load();
      const ticks = of.changes(field);
      const at = lastAt(ticks, by > 0 ? looked() : looked() - 1);
      const to = ticks[by > 0 ? at + 1 : at];
      if (to !== undefined) go(to);
    },
  };

  function choose(field) {
    chosen = field;
    for (const one of shown.values()) one.mark(chosen);
  }

  function heading({ entity, label }) {
    const tell = el('button', { type: 'button', class: 'quiet', onclick: tellLife }, 'What happened to it');
    return [
      el('h2', {}, label ?? entity, label ? el('small', { class: 'id' }, ` ${entity}`) : null),
      el(
        'p',
        { class: 'links' },
        el('a', { href: address('relations', entity) }, 'Relations as a graph'),
        isTold ? null : tell,
      ),
    ];
  }

  async function tellLife() {
    isTold = true;
    const name = 'What happened to it';
    put(past, section(name, soft('Asking…')));
    try {
      const { rows } = await world(`${path}/timeline`, { to: looked() }, life);
      const last = rows.slice(-LIFE_SHOWN).reverse();
      const few = rows.length > last.length ? soft(`The last ${last.length} of ${whole(rows.length)}.`) : null;
      const other = { name: 'other', show: ({ other: of, label }) => (of ? entityLink(of, label ?? undefined) : '') };
      const columns = [tickColumn('entity', { part }), 'action', 'name', other, 'value', 'times', 'mod', 'system'];
      put(past, section(`${name}, up to tick ${whole(looked())}`, few, table(last, columns, { label: name })));
    } catch (error) {
      if (!life.aborted) put(past, section(name, problem(error)));
    }
  }
}

function related(title, all, count, entity) {
  if (all.length === 0) return null;
  const shown = all.slice(0, EDGES_SHOWN);
  for (const { entity: other, label } of shown) learn(other, label);
  const columns = ['kind', 'entity'];
  if (shown.some(({ data }) => data && Object.keys(data).length)) columns.push('data');
  const rest = el('p', {}, el('a', { href: address('relations', entity) }, `All ${whole(count)}`));
  return section(
    `${title}: ${whole(count)}`,
    table(shown, columns, { label: title }),
    count > shown.length ? rest : null,
  );
}
