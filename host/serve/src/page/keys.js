// What keys do, and the list of them.

import { el } from '/dom.js';

const isTyped = (target) => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== 'range';

// `keys` are `[key, what it does, call]`, by the name that the browser gives.
export function listen(keys, help) {
  const calls = new Map(keys.flatMap(([names, , call]) => names.map((name) => [name, call])));
  addEventListener('keydown', (event) => {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      isTyped(event.target) ||
      (event.key === ' ' && event.target.closest('button, a, summary, input, [tabindex="0"]')) ||
      document.querySelector('dialog[open]')
    )
      return;
    const isArrow = event.key.startsWith('Arrow');
    const call = calls.get(isArrow && event.shiftKey ? `Shift+${event.key}` : event.key);
    if (!call) return;
    event.preventDefault();
    call();
  });
  help.addEventListener('click', () => list(keys));
}

const WORDS = { ' ': 'Space', 'Shift+ArrowLeft': 'Shift + ←', 'Shift+ArrowRight': 'Shift + →' };

export function list(keys) {
  const more = [
    ['Tab', 'the next link, button or field'],
    ['← →', 'on the time bar: a tick back or on; on its marks: from event to event'],
    ['Page ↑ ↓', 'on the time bar: a tenth of it'],
    ['Ctrl + Enter', 'in SQL: ask'],
    ['Enter, Escape', 'where a value is edited: set it, or leave it as it is'],
    ['↑ ↓', 'in a list of entities: from row to row'],
    ['← → ↑ ↓', 'in a timeline: from mark to mark, to another lane; Enter chooses its time'],
    ['+ − 0', 'in a timeline: less time, more, all of it; Page ↑ ↓ go on'],
  ];
  const line = (names, what) =>
    el(
      'div',
      {},
      el(
        'dt',
        {},
        names.map((name) => el('kbd', {}, name)),
      ),
      el('dd', {}, what),
    );
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'keys' },
    el('h2', { id: 'keys' }, 'Keys'),
    el(
      'dl',
      { class: 'keys' },
      keys.map(([names, what]) =>
        line(
          names.map((name) => WORDS[name] ?? name),
          what,
        ),
      ),
      more.map(([name, what]) => line([name], what)),
    ),
    el('form', { method: 'dialog' }, el('button', { class: 'primary' }, 'Close')),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
