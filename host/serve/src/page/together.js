// Questions whose answers stand beside each other and are of one time: a bar for each clock,
// and what is chosen in one answer is followed by all.

import { again, alter } from '/address.js';
import { world } from '/ask.js';
import { formOf, ROWS_MAX } from '/answer.js';
import { asked, clocksOf } from '/asked.js';
import { clockOf, TICK } from '/cells.js';
import { clockBar } from '/clock.js';
import { el, put } from '/dom.js';
import { problem } from '/parts.js';
import { asOf, state } from '/state.js';
import { allQuestions, isOptional } from '/subjects.js';

// `go` goes to a tick of the world.
export function together({ life, go }) {
  const [bars, said] = [el('div', { class: 'clocks' }), el('div')];
  const all = [];
  const clocks = new Map();
  const follow = coalesced(async () => {
    try {
      await Promise.all(all.filter(({ isFollowing }) => isFollowing).map((it) => it.follow(life)));
      put(said);
    } catch (error) {
      if (!life.aborted) put(said, problem(error));
    }
  });

  function pick(clock, time) {
    if (clock === TICK) return go(time ?? Infinity);
    state.when = time === null ? null : { clock, time: String(time) };
    alter(again({}));
    move();
    return follow();
  }

  function move() {
    for (const { bar } of clocks.values()) bar.move();
    for (const it of all) it.move();
  }

  return {
    bars,
    said,
    move,
    // One more of them; gives its place on the page, and what asks it.
    add(question, title, values, options) {
      const one = asked(question, title, values, { ...options, pick });
      all.push(one);
      for (const clock of clocksOf(question))
        if (!clocks.has(clock))
          clocks.set(clock, { bar: clockBar(clock, { pick: (time) => pick(clock, time) }), of: null });
      put(
        bars,
        [...clocks.values()].map(({ bar }) => bar.node),
      );
      move();
      return one;
    },
    // The times that the bars go through are those of a timeline that needs nothing.
    async tellClocks(signal) {
      const questions = clocks.size ? await allQuestions() : [];
      const at = JSON.stringify(asOf());
      await Promise.all(
        [...clocks].map(async ([clock, it]) => {
          if (it.of === at) return;
          const question = questions.find(
            (of) => formOf(of) === 'timeline' && clockOf(of) === clock && of.parameters.every(isOptional),
          );
          if (!question) return;
          const { rows } = await world('/ask', { question: question.name, limit: ROWS_MAX, ...asOf() }, signal);
          it.of = at;
          it.bar.set(rows.map((row) => row[question.show.time]));
        }),
      );
    },
  };
}

// Calls one after the other, and of those that came meanwhile the last.
function coalesced(call) {
  let isBusy = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted) {
      isWanted = false;
      await call();
    }
    isBusy = false;
  };
}
