// What can be done with an entity by hand, beside other values for its fields: another
// component, an edge, its end.

import { el, keep, put } from '/dom.js';
import { input, usual } from '/input.js';
import { named } from '/names.js';
import { choice, field, form, problem } from '/parts.js';
import { sure } from '/sure.js';

// `attempt` does operations, `kinds` asks for all kinds; `set` is told of the entity.
export function byHand({ attempt, kinds }) {
  const body = el('div', { class: 'by-hand' });
  const node = el('details', { class: 'card', ontoggle: fill }, el('summary', {}, 'Change more by hand'), body);
  let isFilled = false;
  let one = null;

  async function fill() {
    if (isFilled || !node.open) return;
    isFilled = true;
    try {
      const all = await kinds();
      const of = (role) => all.filter((kind) => kind.role === role);
      const free = of('component').filter(({ name }) => !Object.hasOwn(one.components, name));
      put(
        body,
        given('Give it a component', free, insert),
        given('Relate it', of('relation'), relate, [other]),
        despawn(),
      );
    } catch (error) {
      isFilled = false;
      put(body, problem(error));
    }
  }

  const other = () => {
    const node = el('input', {
      type: 'text',
      name: 'other',
      required: true,
      list: 'names',
      autocomplete: 'off',
      placeholder: 'name or 12v3',
    });
    return { label: 'to', node };
  };
  const insert = (component, value) => [{ op: 'insert', entity: one.entity, component, value }];
  const relate = (relation, value, { other: to }) => [
    { op: 'relate', from: one.entity, relation, to: named(to.value.trim()), value },
  ];

  function despawn() {
    const name = one.label ?? one.entity;
    const ask = async () => {
      const text = `${name} and all that it has and is related by ends with the next tick. Undo makes one like it.`;
      if (await sure(`Despawn ${name}?`, text, 'Despawn')) attempt([{ op: 'despawn', entity: one.entity }]);
    };
    return el('div', {}, el('h3', {}, 'End it'), el('button', { type: 'button', onclick: ask }, 'Despawn…'));
  }

  // A form of a kind and its fields; `made` gives the operations.
  function given(title, all, made, more = []) {
    if (all.length === 0) return null;
    const fields = el('div', { class: 'given' });
    const said = el('div', { role: 'status' });
    let inputs = [];
    const draw = (name) => {
      const kind = all.find((it) => it.name === name);
      inputs = kind.fields.map(({ name: of, type }) => ({ of, ...input(type, usual(type), `${of}, ${type}`) }));
      fields.replaceChildren(...inputs.map(({ of, node }) => field(of, node)));
    };
    const kind = choice(
      'kind',
      all[0].name,
      all.map(({ name }) => name),
      { onchange: ({ target }) => draw(target.value) },
    );
    const submit = async ({ elements }) => {
      put(said);
      try {
        const value = Object.fromEntries(inputs.map(({ of, read }) => [of, read()]));
        await attempt(made(elements.kind.value, value, elements));
      } catch (error) {
        put(said, problem(error));
      }
    };
    draw(all[0].name);
    return keep(
      el(
        'div',
        {},
        el('h3', {}, title),
        form(
          submit,
          field('kind', kind),
          more.map((make) => make()).map(({ label, node: of }) => field(label, of)),
          fields,
          el('button', { class: 'primary' }, title.split(' ')[0]),
        ),
        said,
      ),
    );
  }

  keep(node);
  return {
    node,
    // What is typed there stays, whatever values do; with other components, there are others
    // to give.
    set(is) {
      const names = (of) => Object.keys(of.components).sort().join();
      const isOther = one !== null && names(is) !== names(one);
      one = is;
      if (!isOther) return;
      isFilled = false;
      fill();
    },
  };
}
