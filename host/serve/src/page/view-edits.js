// Changes by hand, the last first: when, by whom, what, and what became of it.

import { again, address } from '/address.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { undoButton } from '/hand.js';
import { section, soft, tickLink } from '/parts.js';
import { looked, state } from '/state.js';
import { table } from '/table.js';
import { toldOf } from '/words.js';

const LIMIT = 200;

export function open({ place, query }) {
  const to = query.get('to');
  const rows = el('div');
  put(place, el('h2', {}, 'Edits'), rows);
  return {
    async update(ask) {
      const last = to ? Math.min(Number(to), looked()) : looked();
      const { rows: all } = await ask('/edits', { to: last, limit: LIMIT });
      const older = all.length === LIMIT ? all.at(-1).tick - 1 : null;
      const undone = new Map(all.filter(({ refused }) => !refused).flatMap(undoes));
      put(
        rows,
        section(
          `Up to tick ${whole(last)}`,
          all.length
            ? null
            : soft(
                'Nothing was changed by hand. A field of an entity has `edit` beside it, where the world grants that.',
              ),
          table(all, columns(undone), {
            label: 'Edits',
            empty: null,
            key: ({ tick, number }) => `${tick} ${number}`,
          }),
          el(
            'p',
            { class: 'row' },
            older ? el('a', { href: again({ to: older }) }, `Before tick ${whole(older + 1)}`) : el('span', {}, ''),
            to ? el('a', { href: again({ to: '' }) }, state.at === null ? 'The last' : 'Up to the tick below') : null,
          ),
        ),
      );
    },
  };
}

// Which edit one takes back, with the tick that did it.
function undoes({ tick, edit }) {
  const { undoes: of } = JSON.parse(edit);
  return of ? [[`${of.tick} ${of.number}`, tick]] : [];
}

const columns = (undone) => {
  const takenBack = (row) => undone.get(`${row.tick} ${row.number}`);
  return [
    { name: 'tick', number: true, show: ({ tick }) => tickLink(tick, { view: 'world' }) },
    {
      name: 'edit',
      title: 'what was done, and by whom',
      show: (row) => el('div', { class: 'deed' }, el('div', {}, toldOf(row.edit)), outcome(row, takenBack(row))),
    },
    {
      name: 'number',
      title: 'take back',
      number: false,
      show: (row) => (row.refused || takenBack(row) ? '' : undoButton(row, undoOf(row))),
    },
  ];
};

const undoOf = ({ edit }) => ({ title: JSON.parse(edit).undoes ? 'Redo' : 'Undo', style: 'quiet' });

function outcome({ sender, spawned, refused }, undone) {
  const made = JSON.parse(spawned ?? '[]').map((of) => [
    ' ',
    el('a', { href: address('entity', of), class: 'id' }, of),
  ]);
  return el(
    'small',
    { class: 'soft' },
    'by ',
    el('b', {}, sender),
    undone ? `, taken back in tick ${whole(undone)}` : null,
    made.length ? [', made', made] : null,
    refused ? el('span', { class: 'problem' }, `. Nothing was done: ${refused}`) : null,
  );
}
