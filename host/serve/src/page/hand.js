// Changes by hand: sends them, says what became of each, and takes them back.

import { Refused, send } from '/ask.js';
import { address } from '/address.js';
import { el } from '/dom.js';
import { whole } from '/format.js';
import { told } from '/words.js';
import { state } from '/state.js';

// Somewhere to say it, and whom to tell that values are other or that the world went back;
// all are given at the start.
let page = { say() {}, clear() {}, onchange() {}, onrewound() {} };
// What waits for a tick, and what was done from this page, the last at the end.
let waiting = [];
const done = [];

export const begin = (of) => {
  page = of;
};

// Does operations, all or nothing, if things are as they are expected to be. Gives what was
// answered; what is refused is thrown.
export const edit = (operations, expects = []) =>
  handed({ path: '/edits', body: { operations, expects }, what: told(operations, expects) });

// Takes an edit back; what is in the way of that is said, not thrown.
export async function undo({ tick, number }) {
  const what = [`Edit ${number} of tick ${whole(tick)} is taken back`];
  try {
    return await handed({ path: '/edits/undo', body: { tick, number }, what, of: { tick, number } });
  } catch (error) {
    say(error.message);
    return null;
  }
}

// Takes back what was done last from this page.
export function undoLast() {
  const last = done.at(-1);
  if (last) return undo(last);
  say(
    'Nothing was done from this page yet: all edits are listed under ',
    el('a', { href: address('edits') }, 'Edits'),
    '.',
  );
  return null;
}

async function handed(deed) {
  // By the key it counts once, however often it is asked what became of it.
  const sent = { ...deed, key: crypto.randomUUID(), tick: state.now };
  const answer = await asked(sent);
  settled(sent, answer);
  return answer;
}

const asked = ({ path, body, key }) => send(path, body, { headers: { 'idempotency-key': key } });

function settled(deed, answer) {
  const isDone = answer.state === 'done';
  waiting = waiting.filter((it) => it !== deed);
  if (!isDone) {
    waiting.push(deed);
    say(...deed.what, ': it waits for the next tick', state.isPaused ? ', since the world stands still.' : '.');
    return;
  }
  const place = { tick: answer.tick, number: answer.edit };
  if (deed.of) {
    const at = done.findIndex((it) => it.tick === deed.of.tick && it.number === deed.of.number);
    if (at >= 0) done.splice(at, 1);
  } else done.push(place);
  say(
    ...deed.what,
    ', in tick ',
    el('a', { href: address('edits', null, { to: answer.tick }) }, whole(answer.tick)),
    '. ',
    ...(answer.spawned ?? []).flatMap((entity) => [el('a', { href: address('entity', entity) }, entity), ' ']),
    undoButton(place, { title: deed.of ? 'Redo' : 'Undo' }),
  );
  page.onchange();
}

// Asks what became of what waits, once there was a tick.
export async function settle() {
  for (const deed of waiting.filter(({ tick, isAsked }) => tick < state.now && !isAsked)) {
    deed.isAsked = true;
    try {
      const answer = await asked(deed);
      if (answer.state === 'done') settled(deed, answer);
      deed.isAsked = false;
    } catch (error) {
      if (error instanceof Refused && error.kind === 'away') deed.isAsked = false;
      else {
        waiting = waiting.filter((it) => it !== deed);
        say(error.message);
      }
    }
  }
}

// Of another course of the world, nothing waits and nothing can be taken back.
export function forget() {
  waiting = [];
  done.length = 0;
  page.clear('hand');
}

// Tells that the world went back to a tick, from which another course begins.
export const wentBack = (tick) => page.onrewound(tick);

// An edit that takes another back is taken back by a button that says so.
export const undoButton = (place, { title = 'Undo', style } = {}) =>
  el(
    'button',
    {
      type: 'button',
      class: style,
      'aria-label': `${title} edit ${place.number} of tick ${whole(place.tick)}`,
      onclick: () => undo(place),
    },
    title,
  );

const say = (...content) => {
  const isButton = (it) => it instanceof HTMLButtonElement;
  const close = el('button', { type: 'button', onclick: () => page.clear('hand') }, 'Close');
  page.say(
    'hand',
    el(
      'span',
      {},
      content.filter((it) => !isButton(it)),
    ),
    content.filter(isButton),
    close,
  );
};
