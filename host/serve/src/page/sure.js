// Asks whether something is really meant, and says what comes of it.

import { el } from '/dom.js';

export function sure(title, text, doIt) {
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'sure', 'aria-describedby': 'sure-of' },
    el('h2', { id: 'sure' }, title),
    el('p', { id: 'sure-of' }, text),
    el(
      'form',
      { method: 'dialog' },
      el('button', { class: 'primary', value: 'yes' }, doIt),
      el('button', { value: '', autofocus: true }, 'Cancel'),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      answer(dialog.returnValue === 'yes');
    });
  });
}
