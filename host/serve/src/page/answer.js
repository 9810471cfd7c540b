// The answer to a question, shown as the question says: over time, as a graph or as a table.
// A picture has the same rows as a table below it.

import { cell, clockOf, columnsOf, spaced, TICK, timeLink, words } from '/cells.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { choice, field, problem, soft } from '/parts.js';
import { state, looked } from '/state.js';
import { kindOf, learnSubjects, several, subjectLink } from '/subjects.js';
import { pairs, table } from '/table.js';
import { ties } from '/ties.js';
import { timeline } from '/timeline.js';

// Rows of a table at most, and of what a picture is made of.
const TABLE_MAX = 500;
const BELOW_MAX = 300;
export const ROWS_MAX = 10_000;

export const formOf = ({ show }) => show?.as ?? 'table';
// How many rows are asked for.
export const limitOf = (question) => (formOf(question) === 'table' ? TABLE_MAX : ROWS_MAX);

// `settings` keep what is chosen, `pick(clock, time)` chooses a time, `middle` is the subject
// that is asked about, if one is, as `ties` takes it.
export function answer(question, title, { settings, pick, middle }) {
  const { show } = question;
  const [picture, said, below] = [el('div'), el('div'), el('div')];
  const node = el('div', { class: 'answer' }, picture, said, below);
  const make = { timeline: overTime, graph: asGraph, table: asTable }[formOf(question)] ?? asTable;
  const shown = make();
  const numbers = el('details', { ontoggle: () => tell() }, el('summary', {}, 'As a table'), el('div'));
  let rows = [];

  function tell() {
    if (!numbers.open) return;
    const few = rows.length > BELOW_MAX ? soft(`The first ${BELOW_MAX} of ${whole(rows.length)} rows.`) : null;
    put(numbers.lastChild, few, table(rows.slice(0, BELOW_MAX), columnsOf(question, rows), { label: title }));
  }

  // What columns the question names and the answer has not.
  function lacking() {
    const first = rows[0];
    if (!first || !show) return null;
    const { time, until, path, text, from, to, lane = [], weight = [], subjects = {}, labels = {} } = show;
    const named = [
      time,
      until,
      path,
      text,
      from,
      to,
      ...lane,
      ...weight,
      ...Object.keys(subjects),
      ...Object.values(labels),
    ];
    return named.find((name) => name !== undefined && !Object.hasOwn(first, name)) ?? null;
  }

  function asTable() {
    return {
      set(isCut) {
        const columns = columnsOf(question, rows);
        const one = rows.length === 1 && columns.length > 2;
        put(
          picture,
          rows.length === 0
            ? soft('There are no rows.')
            : one
              ? pairs(
                  columns
                    .filter(({ name }) => rows[0][name] !== null)
                    .map(({ name, title: of, show: tells }) => [
                      of,
                      tells ? tells(rows[0]) : cell(question, name, rows[0][name]),
                    ]),
                )
              : table(rows, columns, { label: title }),
        );
        put(said, isCut ? soft(`The first ${whole(rows.length)} rows are shown.`) : null);
      },
    };
  }

  function asGraph() {
    const drawn = ties(question, title, { settings, middle });
    return {
      set(isCut, ever) {
        put(picture, drawn.node);
        drawn.set(rows, ever);
        put(said, isCut ? soft(`It is made of the first ${whole(rows.length)} rows; there are more.`) : null);
        put(below, numbers);
        tell();
      },
      rename: () => drawn.paint(),
    };
  }

  function overTime() {
    const lanes = show.lane ?? [];
    const clock = clockOf(question);
    let lane = lanes.includes(settings.get('lane')) ? settings.get('lane') : (lanes[0] ?? null);
    const kind = () => kindOf(show, lane);
    const drawn = timeline(title, {
      name: (key) => (key === null ? '–' : words(question, lane, key)),
      link: (key) => (key !== null && kind() ? subjectLink(kind(), key) : null),
      tell: (row) => [words(question, show.time, row[show.time]), summary(row)].filter(Boolean).join(' · '),
      unfold: (row) => [
        el(
          'p',
          { class: 'scene' },
          el('b', {}, timeLink(clock, row[show.time])),
          ' ',
          show.text ? cell(question, show.text, row[show.text]) : null,
        ),
        pairs(
          columnsOf(question, [row])
            .filter(({ name }) => ![show.time, show.text].includes(name) && row[name] !== null && row[name] !== '')
            .map(({ name }) => [spaced(name), cell(question, name, row[name])]),
        ),
      ],
      pick: (time) => pick(clock, time),
    });
    if (lanes.length > 1)
      drawn.controls.append(
        field(
          'lanes',
          choice(
            'lane',
            lane,
            lanes.map((name) => [name, spaced(name)]),
            {
              onchange({ target }) {
                lane = target.value;
                settings.set('lane', lane === lanes[0] ? '' : lane);
                give();
              },
            },
          ),
        ),
      );

    const summary = (row) =>
      show.text
        ? String(row[show.text] ?? '')
        : lanes
            .map((name) => words(question, name, row[name]))
            .filter(Boolean)
            .join(' · ');

    function give() {
      return drawn.set(
        rows.map((row) => {
          const keys = lane === null ? [null] : several(row[lane]);
          return {
            time: row[show.time],
            until: show.until ? row[show.until] : null,
            lanes: keys.length ? keys : [null],
            path: show.path ? row[show.path] : null,
            row,
          };
        }),
      );
    }

    return {
      set(isCut) {
        put(picture, rows.length ? drawn.node : soft('There are no rows.'));
        const without = give();
        this.move();
        put(
          said,
          without
            ? soft(
                `${whole(without)} ${without === 1 ? 'row has' : 'rows have'} no time that can be read, and stand in the table alone.`,
              )
            : null,
          isCut ? soft(`The first ${whole(rows.length)} rows are shown; there are more.`) : null,
        );
        put(below, rows.length ? numbers : null);
        tell();
      },
      move() {
        if (clock === TICK) drawn.move(state.at === null ? null : looked());
        else drawn.move(state.when?.clock === clock ? state.when.time : null);
      },
      rename: give,
    };
  }

  return {
    node,
    // Takes an answer; of a graph also what it is at all times.
    set({ rows: given, truncated }, ever) {
      rows = given;
      learnSubjects(question, rows);
      const lacks = lacking();
      if (!lacks) return shown.set(truncated, ever?.rows);
      put(picture, problem(new Error(`The question says how to show a column ${lacks}, which its answer has not.`)));
      return put(below, table(rows.slice(0, BELOW_MAX), undefined, { label: title }));
    },
    // Marks the time that is looked at.
    move: () => shown.move?.(),
    count: () => rows.length,
  };
}
