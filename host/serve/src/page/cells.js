// What stands in an answer: values with links where they name subjects or times.

import { again } from '/address.js';
import { el } from '/dom.js';
import { lastPart, whole } from '/format.js';
import { value } from '/parts.js';
import { called, kindOf, several, subjectLink } from '/subjects.js';
import { told } from '/when.js';

export const TICK = 'tick';

// The clock of an answer's times.
export const clockOf = ({ show }) => (show?.time ? (show.clock ?? TICK) : null);

// A time, which is chosen where it is followed.
export function timeLink(clock, time) {
  if (clock !== TICK)
    return el(
      'a',
      { href: again({}, { when: { clock, time: String(time) } }), class: 'time', 'data-when': 'own' },
      told(time),
    );
  return Number.isInteger(time) ? el('a', { href: again({}, { at: { tick: time } }) }, whole(time)) : value(time);
}

const isTime = (show, column) => show?.time !== undefined && [show.time, show.until].includes(column);

// A value of a column.
export function cell({ show }, column, of) {
  if (of === null || of === undefined) return '';
  const kind = kindOf(show, column);
  if (kind) return several(of).flatMap((id, at) => (at ? [', ', subjectLink(kind, id)] : [subjectLink(kind, id)]));
  if (isTime(show, column)) return timeLink(show.clock ?? TICK, of);
  return value(of);
}

// The same in letters alone.
export function words({ show }, column, of) {
  const kind = kindOf(show, column);
  if (!kind) return isTime(show, column) ? told(of) : String(of ?? '');
  return several(of)
    .map((id) => called(kind, id))
    .join(', ');
}

// The name of a column or question in words.
export const spaced = (name) => lastPart(name).replaceAll('_', ' ');

export const titled = (name) => spaced(name).replace(/^./, (first) => first.toUpperCase());

// Columns for a table. What a subject is called stands in its link, and in no column.
export function columnsOf(question, rows) {
  const { show } = question;
  const labels = new Set(Object.values(show?.labels ?? {}));
  return Object.keys(rows[0] ?? {})
    .filter((name) => !labels.has(name))
    .map((name) =>
      kindOf(show, name) || isTime(show, name)
        ? { name, title: spaced(name), number: false, show: (row) => cell(question, name, row[name]) }
        : { name, title: spaced(name) },
    );
}
