// A question that is asked, and its answer, brought up to date as time is chosen.

import { answer, formOf, limitOf } from '/answer.js';
import { world } from '/ask.js';
import { clockOf, TICK } from '/cells.js';
import { numbered } from '/exact.js';
import { asOf, looked, state } from '/state.js';

// Parameters that take the time which is looked at. One that needs a time is asked for, and
// what is drawn over a time is not cut where it is looked at.
export const followed = (question) =>
  question.parameters.filter(
    ({ clock, default: usual }) =>
      clock && usual !== undefined && !(formOf(question) === 'timeline' && clockOf(question) === clock),
  );

// The clocks that have a part in a question and are not the world's.
export const clocksOf = (question) =>
  [...new Set([...followed(question).map(({ clock }) => clock), clockOf(question)])].filter(
    (clock) => clock && clock !== TICK,
  );

function timeOf({ clock, type }) {
  if (clock === TICK) return state.at === null ? undefined : looked();
  if (state.when?.clock !== clock) return undefined;
  return type === 'text' ? state.when.time : numbered(state.when.time);
}

// `values` are what is given for it, beside the time.
export function asked(question, title, values, { settings, pick, middle }) {
  const drawn = answer(question, title, { settings, pick, middle });
  const times = followed(question).filter(({ name }) => !Object.hasOwn(values, name));
  // A graph lies as all of it does, at any time.
  let ever = null;
  // Of answers that come in another order than they were asked for, the last asked for stays.
  let turns = 0;
  let last = { turn: 0, found: null };

  const parameters = () => {
    const given = Object.fromEntries(times.map((it) => [it.name, timeOf(it)]).filter(([, it]) => it !== undefined));
    return { question: question.name, values: JSON.stringify({ ...values, ...given }), ...asOf() };
  };
  const ask = (asking, signal) => world('/ask', { ...asking, limit: limitOf(question) }, signal);

  function draw(found, turn) {
    if (turn > last.turn) last = { turn, found };
    drawn.set(last.found, ever ?? last.found);
  }

  return {
    question,
    node: drawn.node,
    parameters,
    // Whether another answer comes of another time.
    isFollowing: times.length > 0,
    async update(signal) {
      const turn = ++turns;
      const asking = parameters();
      const all = { ...asking, values: JSON.stringify(values) };
      const isPart = formOf(question) === 'graph' && asking.values !== all.values;
      const [found, whole] = await Promise.all([ask(asking, signal), isPart ? ask(all, signal) : null]);
      ever = whole ?? found;
      draw(found, turn);
      return found;
    },
    // Asks anew for another time alone.
    async follow(signal) {
      const turn = ++turns;
      draw(await ask(parameters(), signal), turn);
    },
    move: drawn.move,
  };
}
