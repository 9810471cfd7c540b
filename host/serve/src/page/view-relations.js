// What is related to what: a graph around one entity, or every edge of a kind.

import { again, address, goTo } from '/address.js';
import { el, put } from '/dom.js';
import { whole } from '/format.js';
import { graph, pruned } from '/graph.js';
import { list, pagesOf } from '/list.js';
import { learn, nameOf } from '/names.js';
import { choice, entityLink, field, form, section, soft, value } from '/parts.js';
import { asOf, parseAt } from '/state.js';
import { table } from '/table.js';

const LIMIT = 200;
const PAGE = 1000;
const ROWS_MAX = 300;
// Of one kind, so many are drawn that are connected to nothing else.
const LEAVES_MAX = 24;

export const open = (context) => (context.part ? around(context) : all(context));

const relations = async (ask) =>
  (await ask('/kinds', asOf())).rows.filter(({ role }) => role === 'relation').map(({ name }) => name);

const otherwise = (name) => ({ onchange: ({ target }) => goTo(again({ [name]: target.value })) });

// A graph around one entity.
function around({ place, part, query }) {
  const depth = query.get('depth') ?? '1';
  const kind = query.get('kind') ?? '';
  const head = el('div', { class: 'head' });
  const [picture, rest, edges] = [el('div'), el('div'), el('div')];
  put(place, head, picture, rest, edges);
  const drawn = graph((entity) => address('relations', entity, { depth, kind }));
  const link = (end) => ({
    name: end,
    show: (edge) => entityLink(edge[end], nameOf(edge[end]), 'relations', { depth, kind }),
  });

  return {
    title: `Relations of ${nameOf(part) ?? part}`,
    async update(ask) {
      const [kinds, found] = await Promise.all([
        head.firstChild ? null : relations(ask),
        ask('/graph', { around: part, depth, kind, limit: LIMIT, ...asOf() }),
      ]);
      for (const { entity, label } of found.nodes) learn(entity, label);
      const middle = found.nodes.find((node) => node.depth === 0);
      if (kinds) put(head, heading(middle, kinds));
      if (found.edges.length === 0) {
        put(picture, soft(kind ? `It is related to nothing by ${kind}.` : 'It is related to nothing.'));
        return put(edges);
      }
      const shown = pruned(found.nodes, found.edges, kind ? LIMIT : LEAVES_MAX);
      put(picture, drawn.node);
      drawn.set(`Around ${middle.label ?? middle.entity}`, shown.nodes, shown.edges);
      put(
        rest,
        shown.left.map(([of, count]) =>
          soft(
            `${whole(count)} more of ${of} are in the table. `,
            el('a', { href: again({ kind: of }) }, 'Draw only these'),
          ),
        ),
      );
      const cut = found.truncated
        ? soft(`The first ${whole(found.nodes.length)} entities are told of: take fewer hops or one kind.`)
        : null;
      const rows = found.edges.slice(0, ROWS_MAX);
      const few =
        rows.length < found.edges.length ? soft(`${ROWS_MAX} of ${whole(found.edges.length)} edges.`) : null;
      return put(
        edges,
        section('As a table', cut, table(rows, ['kind', link('source'), link('target')], { label: 'Edges' }), few),
      );
    },
  };

  function heading({ entity, label }, kinds) {
    return [
      el('h2', {}, 'Relations of ', entityLink(entity, label ?? undefined)),
      el(
        'div',
        { class: 'choices' },
        field('kind', choice('kind', kind, [['', 'all'], ...kinds], otherwise('kind'))),
        field('hops', choice('depth', depth, ['1', '2', '3'], otherwise('depth'))),
        el('a', { class: 'button', href: address('relations') }, 'All relations'),
      ),
    ];
  }
}

// Every edge, by kind.
function all({ place, query, life }) {
  const kind = query.get('kind') ?? '';
  const [head, rows] = [el('div'), el('div')];
  const said = el('p', { class: 'soft' });
  put(place, el('h2', {}, 'Relations'), head, said, rows);

  return {
    isLive: false,
    async update(ask) {
      if (!head.firstChild) put(head, filters(await relations(ask)));
      const asked = { kind, limit: PAGE };
      const first = await ask('/relations', { ...asked, ...asOf(), count: 'true' });
      const more = pagesOf(first, (cursor) => ask('/relations', { ...asked, cursor }), learnEnds);
      const onerror = (error) => {
        if (!life.aborted) put(said, error.message);
      };
      put(said, `${whole(first.count)} of tick ${whole(parseAt(first.at).tick)}`);
      put(rows, list({ label: 'Relations', columns: COLUMNS, count: first.count, more, onerror }).node);
    },
  };

  function filters(kinds) {
    const submit = ({ elements }) => {
      const entity = elements.around.value.trim();
      goTo(entity ? address('relations', entity) : address('relations', null, { kind: elements.kind.value }));
    };
    const of = choice('kind', kind, [['', 'all'], ...kinds], {
      onchange: ({ target }) => target.form.requestSubmit(),
    });
    const entity = el('input', {
      type: 'text',
      name: 'around',
      placeholder: 'name or 12v3',
      autocomplete: 'off',
      list: 'names',
    });
    return form(
      submit,
      field('of the kind', of),
      field('around an entity', entity),
      el('button', { class: 'primary' }, 'Show'),
    );
  }
}

function learnEnds({ source, source_label: from, target, target_label: to }) {
  learn(source, from);
  learn(target, to);
}

const COLUMNS = [
  { title: 'source', show: ({ source }) => entityLink(source, nameOf(source), 'relations') },
  { title: 'kind', show: ({ kind }) => kind },
  { title: 'target', show: ({ target }) => entityLink(target, nameOf(target), 'relations') },
  { title: 'data', show: ({ data }) => value(data ?? '') },
];
