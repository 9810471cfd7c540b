// The pieces that views are made of.

import { el } from '/dom.js';
import { address } from '/address.js';
import { isEntity, text } from '/format.js';
import { nameOf } from '/names.js';

// A link to an entity, by its name where it has one.
export function entityLink(entity, label = nameOf(entity), view = 'entity', parameters = {}) {
  const link = el(
    'a',
    { href: address(view, entity, parameters), title: label ? entity : undefined },
    label || entity,
  );
  if (!label) link.classList.add('id');
  return link;
}

export const tickLink = (tick, { view, part, parameters = {} }) =>
  el('a', { href: address(view, part, parameters, { tick }), class: 'number' }, tick.toLocaleString('en'));

// A column of ticks, each with a link to this view of it.
export const tickColumn = (view, more = {}) => ({
  name: 'tick',
  number: true,
  show: ({ tick }) => tickLink(tick, { view, ...more }),
});

// A value, with links where it names entities.
export function value(of) {
  if (isEntity(of)) return entityLink(of);
  if (Array.isArray(of)) return of.flatMap((it, at) => (at ? [', ', value(it)] : [value(it)]));
  if (of !== null && typeof of === 'object')
    return Object.entries(of)
      .filter(([, it]) => it !== null)
      .map(([name, it]) => el('span', { class: 'pair' }, el('i', {}, name), ' ', value(it)));
  const written = text(of);
  return typeof of === 'number' && String(of) !== written ? el('span', { title: String(of) }, written) : written;
}

export const card = (name, of, note) =>
  el('div', { class: 'figure' }, el('span', {}, name), el('b', {}, of), note ? el('small', {}, note) : null);
export const cards = (...all) => el('div', { class: 'cards' }, ...all);
export const section = (title, ...content) =>
  el('section', { class: 'card' }, title ? el('h2', {}, title) : null, ...content);
export const soft = (...content) => el('p', { class: 'soft' }, ...content);
export const problem = (error) => el('p', { class: 'problem', role: 'alert' }, error.message);
export const field = (name, control, isWide = false) =>
  el('label', { class: isWide ? 'wide' : undefined }, el('span', {}, name), control);

export const choice = (name, chosen, options, { onchange, label } = {}) =>
  el(
    'select',
    { name, onchange, 'aria-label': label },
    options
      .map((it) => (Array.isArray(it) ? it : [it, it]))
      .map(([of, label]) => el('option', { value: of, selected: of === chosen }, label)),
  );

export const form = (onsubmit, ...content) =>
  el(
    'form',
    {
      onsubmit(event) {
        event.preventDefault();
        onsubmit(event.target);
      },
    },
    ...content,
  );
