// Why a value is what it is: who set it when, from what to what, and what that saw.

import { Refused } from '/ask.js';
import { address, again, goTo, here } from '/address.js';
import { chart, lastAt } from '/chart.js';
import { el, put } from '/dom.js';
import { difference, lastPart, whole } from '/format.js';
import { undoButton } from '/hand.js';
import { learn, nameOf } from '/names.js';
import { entityLink, section, soft, tickLink, value } from '/parts.js';
import { asOf, atText, looked, lookedAt, state } from '/state.js';
import { pairs, table } from '/table.js';
import { editAddress, forkAddress, toldOf, touches } from '/words.js';

// Between the hops of a trail in the address, and between the parts of one.
const HOP = '|';
const PART = ',';
const HISTORY_SHOWN = 30;

export function open({ place, part, query, go }) {
  const component = query.get('component') ?? '';
  const kind = component.replace(/\.[^.]*$/, '');
  const field = component.slice(kind.length + 1);
  const path = `/entities/${encodeURIComponent(part)}`;
  const trail = el('nav', { 'aria-label': 'Hops', class: 'trail' });
  const told = el('div');
  const seen = el('div');
  const past = el('div');
  const drawn = chart(`${component}, its history`, { go, isStepped: true });
  put(place, trail, told, seen, past);
  // Of another tick than the hop led to, it is not what the system saw that is asked.
  const hopped = looked();
  let ticks = [];
  let known = Promise.resolve({ rows: [] });

  return {
    title: `Why ${lastPart(component)} of ${nameOf(part) ?? part}`,
    async update(ask) {
      if (!component.includes('/')) {
        throw new Refused({ detail: 'Why what? Choose `why` beside a field of an entity.' });
      }
      known = ask(`${path}/history`, { component });
      known.catch(() => {});
      const seenBy = looked() === hopped ? query.get('seen_by') : null;
      const why = await ask('/why', { entity: part, component, seen_by: seenBy, ...asOf() });
      learn(why.entity, why.label);
      put(trail, crumbs(query.get('trail'), part, component));
      const hand = why.set?.step === 'edit' ? await byHand(ask, why, kind) : [];
      put(told, cause(why, component, field, hand));
      put(seen, reads(why, query, part, component));
      const { rows } = await known;
      ticks = rows.map(({ tick }) => tick);
      put(past, jumps(ticks, go), history(rows, field, drawn));
      drawn.move(looked());
    },
    move: (tick) => drawn.move(tick),
    fork: () => field && goTo(forkAddress(part, component, undefined, atText(lookedAt()))),
    edit: () => field && goTo(editAddress(part, component)),
    async jump(by) {
      // Also where it was not drawn yet.
      const { rows } = await known.catch(() => ({ rows: [] }));
      ticks = rows.map(({ tick }) => tick);
      const to = neighbour(ticks, by);
      if (to !== undefined) go(to);
    },
  };
}

// The edits of a tick that may have set a value, by hand.
async function byHand(ask, { entity, set }, kind) {
  const { rows } = await ask('/edits', { from: set.tick, to: set.tick });
  return rows.filter(({ edit, refused }) => !refused && touches(edit, entity, kind));
}

function cause({ entity, label, value: is, set, since, notes = [] }, component, field, hand) {
  const name = label ?? nameOf(entity) ?? entity;
  const heading = el(
    'h2',
    {},
    `Why ${field || lastPart(component)} of `,
    entityLink(entity, name),
    el('small', { class: 'id' }, ` ${component}`),
  );
  const said = notes.map((note) => soft(sentence(note)));
  if (!set) {
    const none =
      since === undefined
        ? 'Nothing that is kept has changed it.'
        : `It has not changed since tick ${whole(since)}, where history begins.`;
    return [
      heading,
      section(
        null,
        el('p', { class: 'big' }, value(is)),
        notes.length ? said : soft(none),
        field ? ways(entity, component) : null,
      ),
    ];
  }
  const { view, part, query } = here();
  const mod = set.mod ?? set.system?.split('/')[0];
  return [
    heading,
    section(
      null,
      change(set, entity, component),
      pairs([
        ['set at tick', tickLink(set.tick, { view, part, parameters: Object.fromEntries(query) })],
        [
          'by system',
          set.system
            ? el('a', { href: address('systems', null, { system: set.system }) }, set.system)
            : set.step === 'edit'
              ? 'none: by hand'
              : 'none: an input',
        ],
        set.sender ? ['sent by', el('b', {}, set.sender)] : null,
        ...hand.map((row) => [
          'edit',
          el('div', { class: 'row' }, el('span', {}, toldOf(row.edit)), undoButton(row)),
        ]),
        mod ? ['of mod', [mod, set.version ? ` ${set.version}` : '']] : null,
        set.step === 'edit' ? null : ['in step', set.step],
      ]),
      said,
      field ? ways(entity, component) : null,
    ),
  ];
}

const ways = (entity, component) =>
  el(
    'p',
    { class: 'links' },
    state.at === null ? el('a', { href: editAddress(entity, component) }, 'Edit it') : null,
    el('a', { href: forkAddress(entity, component, undefined, atText(lookedAt())) }, 'Fork with another value'),
  );

// The name of a system or of a sender stays as it is.
const sentence = (note) => `${/^\S*[/:]/.test(note) ? note[0] : note[0].toUpperCase()}${note.slice(1)}.`;

// From what to what it was set; field by field where it is a whole component.
function change({ action, old, new: is }, entity, component) {
  const isWhole = [old, is].every((it) => it !== null && typeof it === 'object' && !Array.isArray(it));
  if (isWhole) {
    const rows = Object.keys(is).map((name) => ({ name, old: old[name], is: is[name] }));
    const isOther = (row) => JSON.stringify(row.old) !== JSON.stringify(row.is);
    return table(
      rows,
      [
        {
          name: 'name',
          title: 'field',
          show: ({ name }) => el('a', { href: again({ component: `${component}.${name}` }) }, name),
        },
        { name: 'old', title: 'before', show: ({ old: was }) => value(was) },
        {
          name: 'is',
          title: 'since',
          show: (row) => (isOther(row) ? el('b', {}, value(row.is)) : el('span', { class: 'soft' }, 'the same')),
        },
      ],
      { label: 'What changed' },
    );
  }
  if (action === 'changed') {
    const by =
      typeof old === 'number' && typeof is === 'number'
        ? el('small', { class: 'soft' }, ` ${difference(old, is)}`)
        : null;
    return el('p', { class: 'big' }, value(old), ' → ', el('b', {}, value(is)), by);
  }
  const isTag = is && typeof is === 'object' && Object.keys(is).length === 0;
  if (isTag) return el('p', { class: 'big' }, action);
  const as = is === undefined || is === null ? null : [' as ', el('b', {}, value(is))];
  return el('p', { class: 'big' }, action, as);
}

// What the system saw before it set the value; each is a hop.
function reads(why, query, part, component) {
  const { set, read, left_out: left } = why;
  if (!set || !set.system) return null;
  for (const { entity, label } of read) learn(entity, label);
  const trail = grown(query.get('trail'), part, component);
  const hop = (one) =>
    address('why', one.entity, { component: one.name, seen_by: set.system, trail }, { tick: set.tick, chain: null });
  const what = (one) =>
    one.what === 'component' && one.entity
      ? el('a', { href: hop(one), class: 'hop', 'data-is-set': one.set ? 'yes' : undefined }, one.name)
      : one.name;
  const columns = [
    {
      name: 'name',
      title: 'read',
      show: (one) => [what(one), one.what === 'component' ? null : el('small', { class: 'soft' }, ` ${one.what}`)],
    },
    {
      name: 'entity',
      title: 'of',
      show: (one) => [
        one.entity ? entityLink(one.entity, one.label ?? undefined) : null,
        one.relation ? el('small', { class: 'soft' }, ` over ${one.relation}`) : null,
      ],
    },
    { name: 'value', title: 'as it was', show: (one) => value(one.value) },
    {
      name: 'set',
      title: 'set by',
      show: (one) =>
        one.set
          ? (one.set.system ?? one.set.sender ?? 'an input')
          : el('span', { class: 'soft' }, 'not since history begins'),
    },
    { name: 'tick', title: 'at tick', number: true, show: (one) => (one.set ? whole(one.set.tick) : '') },
  ];
  return section(
    `What ${set.system} saw in tick ${whole(set.tick)}`,
    table(read, columns, { label: 'What was seen', empty: 'Nothing that is told of.' }),
    left ? soft(`And ${whole(left)} more.`) : null,
  );
}

// The way that led here: entity, component and tick of each hop, with the system that saw it.
const grown = (trail, part, component) =>
  [trail, [part, component, looked(), here().query.get('seen_by') ?? ''].join(PART)].filter(Boolean).join(HOP);

function crumbs(trail, part, component) {
  const hops = trail ? trail.split(HOP).map((it) => it.split(PART)) : [];
  if (hops.length === 0) return null;
  const name = (entity, of) => `${lastPart(of)} of ${nameOf(entity) ?? entity}`;
  const link = ([entity, of, tick, seenBy], at) => {
    const before = hops
      .slice(0, at)
      .map((it) => it.join(PART))
      .join(HOP);
    const to = address(
      'why',
      entity,
      { component: of, seen_by: seenBy, trail: before },
      { tick: Number(tick), chain: null },
    );
    return el('li', {}, el('a', { href: to }, name(entity, of), el('small', {}, ` at ${whole(Number(tick))}`)));
  };
  return el('ol', {}, hops.map(link), el('li', { 'aria-current': 'page' }, name(part, component)));
}

function history(rows, field, drawn) {
  const numbers = rows.filter((row) => typeof row[field] === 'number');
  if (numbers.length === 0) {
    const last = rows.slice(-HISTORY_SHOWN).reverse();
    return last.length ? section('Its history', table(last, undefined, { label: 'Its history' })) : null;
  }
  const values = numbers.map((row) => row[field]);
  drawn.set([
    { name: field, ticks: [...numbers.map(({ tick }) => tick), state.now], values: [...values, values.at(-1)] },
  ]);
  return drawn.node;
}

// The change before or after the one that made what is looked at.
function neighbour(ticks, by) {
  const at = lastAt(ticks, looked());
  return ticks[at + by];
}

function jumps(ticks, go) {
  const button = (by, text, keys) =>
    el(
      'button',
      {
        type: 'button',
        title: keys,
        disabled: neighbour(ticks, by) === undefined,
        onclick: () => go(neighbour(ticks, by)),
      },
      text,
    );
  return el(
    'p',
    { class: 'row' },
    button(-1, '‹ The change before', 'Shift + ←'),
    el('span', { class: 'soft' }, `${whole(ticks.length)} ${ticks.length === 1 ? 'change is' : 'changes are'} kept`),
    button(1, 'The change after ›', 'Shift + →'),
  );
}
