// One entity: what it has, how that was, what happened to it, and what it is related to.

import { world } from '/ask.js';
import { address, again, alter, goTo } from '/address.js';
import { lastAt } from '/chart.js';
import { byHand } from '/by-hand.js';
import { component } from '/component.js';
import { sure } from '/sure.js';
import { el, put } from '/dom.js';
import { edit } from '/hand.js';
import { whole } from '/format.js';
import { learn } from '/names.js';
import { entityLink, problem, section, soft, tickColumn } from '/parts.js';
import { asOf, atText, looked, lookedAt, state } from '/state.js';
import { allQuestions, ENTITY, takers } from '/subjects.js';
import { table } from '/table.js';
import { forkAddress } from '/words.js';

const EDGES_SHOWN = 25;
const LIFE_SHOWN = 200;

export function open({ place, part, query, life, go }) {
  const path = `/entities/${encodeURIComponent(part)}`;
  const title = el('div', { class: 'head' });
  const components = el('div', { class: 'components' });
  const edges = el('div', { class: 'two' });
  const past = el('div');
  const said = el('div', { role: 'status' });
  const hand = el('div');
  put(place, title, said, components, edges, hand, past);
  const shown = new Map();
  let kinds = null;
  const more = byHand({ attempt, kinds: learnKinds });
  let chosen = query.get('field');
  let isWanted = query.has('edit');
  let isTold = false;
  let isAskable = false;

  return {
    title: part,
    async update(ask) {
      const [one, questions] = await Promise.all([ask(path, asOf()), allQuestions().catch(() => [])]);
      isAskable = takers(questions, ENTITY).length > 0;
      learn(one.entity, one.label);
      document.title = `${one.label ?? one.entity} · ${state.world.name}`;
      put(title, heading(one));
      for (const name of shown.keys()) if (!Object.hasOwn(one.components, name)) shown.delete(name);
      for (const [name, of] of Object.entries(one.components)) {
        if (!shown.has(name))
          shown.set(name, component(one.entity, name, of, { life, choose, typeOf, remove: () => remove(one, name) }));
        shown.get(name).set(of);
      }
      put(
        components,
        [...shown.values()].map(({ node }) => node),
      );
      put(
        edges,
        related('From here', one.outgoing, one.outgoing_count, one.entity, unrelate),
        related('To here', one.incoming, one.incoming_count, one.entity, unrelate),
      );
      more.set(one);
      put(hand, state.at === null ? more.node : null);
      if (!isWanted) return;
      isWanted = false;
      alter(again({ edit: '' }));
      this.edit();
    },
    edit() {
      const { of, field } = selected();
      if (state.at === null) return of?.edit(field);
      return said.replaceChildren(
        soft('This is of an earlier tick: fork here instead (f), or follow the world (l) and edit.'),
      );
    },
    fork() {
      const { of, field } = selected();
      if (of) goTo(forkAddress(part, `${of.name}.${field ?? of.first()}`, undefined, atText(lookedAt())));
    },
    move(tick) {
      for (const one of shown.values()) one.move(tick);
    },
    async jump(by) {
      const { of, field } = selected();
      if (!of) return;
      await of.load();
      const ticks = of.changes(field);
      const at = lastAt(ticks, by > 0 ? looked() : looked() - 1);
      const to = ticks[by > 0 ? at + 1 : at];
      if (to !== undefined) go(to);
    },
  };

  // The field that is chosen, else the first component that has any.
  function selected() {
    const [name, field] = (chosen ?? '').split('.');
    return { of: shown.get(name) ?? [...shown.values()].find(({ hasFields }) => hasFields), field };
  }

  async function learnKinds() {
    kinds ??= world('/kinds', {}, life).then(({ rows }) => rows);
    kinds.catch(() => {
      kinds = null;
    });
    return kinds;
  }

  async function typeOf(name, field) {
    const kind = (await learnKinds()).find((it) => it.name === name);
    return kind?.fields.find((it) => it.name === field)?.type ?? 'unknown';
  }

  // Does operations, and says here why they are refused.
  async function attempt(operations) {
    put(said);
    try {
      return await edit(operations);
    } catch (error) {
      put(said, problem(error));
      return null;
    }
  }

  async function remove({ entity, label }, name) {
    const whose = label ?? entity;
    if (
      await sure(
        `Remove ${name}?`,
        `${whose} loses the component with all that stands in it. Undo brings it back.`,
        'Remove',
      )
    )
      attempt([{ op: 'remove', entity, component: name }]);
  }

  function unrelate(from, relation, to) {
    return attempt([{ op: 'unrelate', from, relation, to }]);
  }

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
        isAskable ? el('a', { href: address('subject', ENTITY, { id: entity }) }, 'What questions tell') : null,
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
      const by = {
        name: 'system',
        title: 'by',
        show: ({ system, sender }) => system ?? (sender ? byWhom(sender) : ''),
      };
      const columns = [tickColumn('entity', { part }), 'action', 'name', other, 'value', 'times', 'mod', by];
      put(past, section(`${name}, up to tick ${whole(looked())}`, few, table(last, columns, { label: name })));
    } catch (error) {
      if (!life.aborted) put(past, section(name, problem(error)));
    }
  }
}

const byWhom = (sender) => [el('b', {}, sender), ', by hand'];

function related(title, all, count, entity, unrelate) {
  if (all.length === 0) return null;
  const shown = all.slice(0, EDGES_SHOWN);
  for (const { entity: other, label } of shown) learn(other, label);
  const columns = ['kind', 'entity'];
  if (shown.some(({ data }) => data && Object.keys(data).length)) columns.push('data');
  if (state.at === null)
    columns.push({
      name: 'away',
      title: 'by hand',
      show: ({ kind, entity: other, label }) => {
        const isFrom = title === 'From here';
        const call = () => unrelate(isFrom ? entity : other, kind, isFrom ? other : entity);
        const said = `unrelate ${label ?? other}, ${kind}`;
        return el('button', { type: 'button', class: 'quiet faint', 'aria-label': said, onclick: call }, 'unrelate');
      },
    });
  const rest = el('p', {}, el('a', { href: address('relations', entity) }, `All ${whole(count)}`));
  return section(
    `${title}: ${whole(count)}`,
    table(shown, columns, { label: title }),
    count > shown.length ? rest : null,
  );
}
