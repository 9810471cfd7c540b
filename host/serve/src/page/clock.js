// The bar of a clock that is not the world's: which of its times is looked at. It goes from
// one time at which something is told to the next, and any time can be typed.

import { el, keep } from '/dom.js';
import { spaced } from '/cells.js';
import { state } from '/state.js';
import { beginning, isBy, isDated, isTime, told } from '/when.js';

// `pick(time)` is called with what is chosen; null is the end.
export function clockBar(clock, { pick }) {
  const title = `Time of the ${spaced(clock)}`;
  const bar = el('input', {
    type: 'range',
    min: 0,
    max: 0,
    value: 0,
    'aria-label': title,
    oninput: ({ target }) => choose(Number(target.value)),
  });
  const typed = el('input', {
    type: 'text',
    name: 'when',
    'aria-label': `${title}, such as 1832 or 1832-06-05`,
    placeholder: 'the end',
    autocomplete: 'off',
    spellcheck: 'false',
    size: 16,
  });
  const back = el(
    'button',
    { type: 'button', 'aria-label': 'What was told before', onclick: () => choose(Number(bar.value) - 1) },
    '‹',
  );
  const forth = el(
    'button',
    { type: 'button', 'aria-label': 'What was told next', onclick: () => choose(Number(bar.value) + 1) },
    '›',
  );
  const end = el('button', { type: 'button', onclick: () => pick(null) }, 'The end');
  const [first, last] = [el('span'), el('span')];
  const form = el(
    'form',
    {
      class: 'clock card',
      'aria-label': title,
      onsubmit(event) {
        event.preventDefault();
        enter(typed.value.trim());
      },
    },
    el('span', { class: 'title' }, title),
    el('span', { class: 'steps' }, back, typed, forth, end),
    el('span', { class: 'track' }, bar, el('span', { class: 'ends' }, first, last)),
    el('p', { class: 'problem', role: 'alert' }),
  );
  const node = keep(form);
  const said = form.lastChild;
  let times = [];
  const isNumbered = () => times.length > 0 && !isDated(times);

  function enter(text) {
    const isKnown = text === '' || isTime(text, times);
    const remedy = isNumbered()
      ? `a number, as ${times[0]}`
      : 'a year, a month, a day or a minute, as 1832-06-05T21:00';
    said.textContent = isKnown ? '' : `“${text}” is no time: write ${remedy}.`;
    if (isKnown) pick(text === '' ? null : text);
  }

  function choose(at) {
    if (at >= times.length) pick(null);
    else if (at >= 0) pick(String(times[at]));
  }

  function move() {
    const chosen = state.when?.clock === clock ? state.when.time : null;
    if (document.activeElement !== typed || typed.value !== chosen) typed.value = chosen ?? '';
    let at = times.length;
    if (chosen !== null) {
      at = -1;
      while (at + 1 < times.length && isBy(times[at + 1], chosen)) at += 1;
    }
    bar.value = Math.max(0, at);
    bar.setAttribute('aria-valuetext', chosen === null ? 'the end' : told(chosen));
    back.disabled = times.length === 0 || at <= 0;
    forth.disabled = times.length === 0 || chosen === null;
    end.disabled = chosen === null;
  }

  return {
    node,
    move,
    // Takes the times at which something is told.
    set(given) {
      const known = [...new Set(given)].filter((time) => Number.isFinite(beginning(time)));
      times = known.sort((one, other) => beginning(one) - beginning(other));
      bar.max = times.length;
      bar.hidden = times.length === 0;
      if (isNumbered()) typed.setAttribute('aria-label', `${title}, such as ${times[0]}`);
      first.textContent = told(times[0]);
      last.textContent = times.length > 1 ? told(times.at(-1)) : '';
      move();
    },
  };
}
