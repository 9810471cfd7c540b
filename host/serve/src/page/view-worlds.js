// The worlds of a server, where there are several: how each stands, and a way into it.

import { ask } from '/ask.js';
import { el, put } from '/dom.js';
import { size, whole } from '/format.js';
import { table } from '/table.js';

const AGAIN_MS = 2000;

// The address of the page for one world.
export const worldAddress = (name) => `/?world=${encodeURIComponent(name)}#/world`;

const COLUMNS = [
  {
    name: 'name',
    title: 'world',
    show: ({ name, tick }) => (tick === null ? name : el('a', { href: worldAddress(name) }, name)),
  },
  { name: 'status', title: 'stands', show: ({ status }) => status },
  { name: 'tick', number: true, show: ({ tick }) => whole(tick) },
  { name: 'bytes', title: 'save', number: true, show: ({ bytes }) => size(bytes) },
  { name: 'problem', show: ({ problem }) => (problem ? el('span', { class: 'problem' }, problem) : '') },
];

// Shows them in a place, and how they stand from then on.
export function listWorlds(place, rows, label = 'Worlds') {
  const empty = 'There is no save in this folder.';
  const show = (all) => put(place, el('h2', {}, label), table(all, COLUMNS, { label, empty, key: ({ name }) => name }));
  place.classList.add('view');
  show(rows);
  setInterval(() => {
    if (document.hidden) return;
    ask('/worlds').then(
      ({ rows: now }) => show(now),
      () => {},
    );
  }, AGAIN_MS);
}

// A choice among them, which leads to the page of the one that is chosen.
export function chooseWorld(rows, chosen) {
  const names = rows.filter(({ tick }) => tick !== null).map(({ name }) => name);
  return el(
    'select',
    {
      id: 'worlds',
      'aria-label': 'World',
      onchange: ({ target }) => {
        location.href = target.value ? worldAddress(target.value) : '/';
      },
    },
    el('option', { value: '' }, 'All worlds'),
    names.map((name) => el('option', { value: name, selected: name === chosen }, name)),
  );
}
