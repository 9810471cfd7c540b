// Where a field of an entity is given another value: a line of a table, open until the value
// is set or it is closed.

import { edit } from '/hand.js';
import { el, keep, put } from '/dom.js';
import { goTo } from '/address.js';
import { text } from '/format.js';
import { input } from '/input.js';
import { form, problem, soft } from '/parts.js';
import { atText, lookedAt } from '/state.js';
import { forkAddress } from '/words.js';

// What the refusal of an edit says where a value is no longer what was expected.
const HAS_CHANGED = /has changed: it is/;

// `of` is `{ entity, component, field, type, is }`; `onclose` is called when it closes.
export function editor(of, onclose) {
  const { entity, component, field, type, is } = of;
  const name = `${component}.${field}`;
  const { node, read } = input(type, is, `New value of ${name}`);
  const said = el('div', { role: 'status' });
  // What was seen is what is replaced. What changes by itself is replaced whatever it is.
  let expects = [{ entity, component, value: { [field]: is } }];
  const set = el('button', { class: 'primary' }, 'Set');
  const row = keep(
    el(
      'tr',
      { class: 'editor', onkeydown: (event) => event.key === 'Escape' && leave(event) },
      el(
        'td',
        { colspan: 4 },
        form(
          submit,
          node,
          set,
          el('button', { type: 'button', onclick: fork, title: 'What would be: nothing is changed' }, 'What if'),
          el('button', { type: 'button', onclick: onclose, title: 'Escape' }, 'Cancel'),
          node.tagName === 'SELECT' ? null : el('small', { class: 'soft' }, type),
        ),
        said,
      ),
    ),
  );
  // Enter in a text of several lines is no line of it.
  if (node.tagName === 'TEXTAREA')
    node.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey) return;
      event.preventDefault();
      submit();
    });

  function leave(event) {
    event.preventDefault();
    event.stopPropagation();
    onclose();
  }

  function value() {
    try {
      return { is: read() };
    } catch (error) {
      put(said, problem(error));
      node.focus();
      return null;
    }
  }

  async function submit() {
    const to = value();
    if (!to || set.disabled) return;
    set.disabled = true;
    try {
      await edit([{ op: 'set', entity, component, value: { [field]: to.is } }], expects);
      onclose();
    } catch (error) {
      set.disabled = false;
      const isOther = expects.length > 0 && HAS_CHANGED.test(error.message);
      put(said, problem(error), isOther ? soft('Set it once more to replace what it is by now.') : null);
      if (isOther) expects = [];
      (isOther ? set : node).focus();
    }
  }

  function fork() {
    const to = value();
    if (to) goTo(forkAddress(entity, name, to.is, atText(lookedAt())));
  }

  return {
    field,
    row,
    focus() {
      node.focus();
      node.select?.();
    },
    // Told of what the field is by now.
    seen(now) {
      if (JSON.stringify(now) === JSON.stringify(is) || expects.length === 0) return;
      expects = [];
      put(said, soft(`It is ${text(now)} by now: what you set replaces whatever it is then.`));
    },
  };
}
