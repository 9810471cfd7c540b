// How things stand to each other: the rows of an answer as a graph of signed edges, by one
// of their numbers, down to some strength.

import { spaced } from '/cells.js';
import { el, put } from '/dom.js';
import { short, whole } from '/format.js';
import { graph, LESS, MORE } from '/graph.js';
import { choice, field, soft } from '/parts.js';
import { called, kindOf, subjectAddress } from '/subjects.js';

const NODES_MAX = 120;
const EDGES_MAX = 500;
const STRENGTHS = 20;
const EVEN = 0.6;

const numberOf = (row, column) => (Number.isFinite(Number(row[column])) ? Number(row[column]) : 0);

// `settings` keep what is chosen; `middle` is what the graph is around, if anything, by its
// `id` and the `kinds` that it may be of.
export function ties(question, title, { settings, middle }) {
  const { from, to, weight: weights = [] } = question.show;
  // Subjects by kind and id: those of two kinds may have one id.
  const subjects = new Map();
  const drawn = graph((key) => addressOf(subjects.get(key)), { what: 'nodes', even: EVEN });
  const [picture, said] = [el('div'), el('div')];
  let weight = weights.includes(settings.get('weight')) ? settings.get('weight') : (weights[0] ?? null);
  let least = Math.max(0, Math.min(1, Number(settings.get('least')) || 0));
  let rows = [];
  let all = [];
  let within = null;
  const strength = el('input', {
    type: 'range',
    min: 0,
    max: STRENGTHS - 1,
    value: Math.round(least * STRENGTHS),
    'aria-label': 'Least strength that is drawn',
    oninput({ target }) {
      least = Number(target.value) / STRENGTHS;
      settings.set('least', least ? String(least) : '');
      paint();
    },
  });
  const reading = el('output', { class: 'plain' });
  const chosen = choice(
    'weight',
    weight,
    weights.map((name) => [name, spaced(name)]),
    {
      onchange({ target }) {
        weight = target.value;
        settings.set('weight', weight);
        paint();
      },
    },
  );
  const node = el(
    'div',
    { class: 'ties' },
    weight === null
      ? null
      : el(
          'div',
          { class: 'choices' },
          weights.length > 1 ? field('of', chosen) : null,
          el('label', {}, el('span', {}, 'at least'), strength, reading),
        ),
    picture,
    said,
  );

  const strongest = (row) => (weights.length ? Math.max(...weights.map((of) => Math.abs(numberOf(row, of)))) : 1);
  const addressOf = ({ kind, id }) => (kind ? subjectAddress(kind, id) : '#');
  const isMiddle = ({ kind, id }) => id === middle?.id && (!kind || middle.kinds.includes(kind));

  // Which node a subject is.
  function keyOf(row, column) {
    const [kind, id] = [kindOf(question.show, column), String(row[column])];
    const key = JSON.stringify([kind, id]);
    subjects.set(key, { kind, id });
    return key;
  }

  function nameOf(key) {
    const { kind, id } = subjects.get(key);
    return kind ? called(kind, id) : id;
  }

  // Edges of rows by a number of each, the strongest first.
  function edgesOf(given, valueOf) {
    return given
      .filter((row) => row[from] !== null && row[to] !== null)
      .map((row) => {
        const [source, target] = [keyOf(row, from), keyOf(row, to)];
        const is = valueOf(row);
        const told = `${nameOf(source)} → ${nameOf(target)}${weight === null ? '' : `: ${spaced(weight)} ${short(is)}`}`;
        return { source, target, is, size: Math.abs(is), told };
      })
      .filter(({ size }) => size > 0)
      .sort((one, other) => other.size - one.size);
  }

  // The strongest between so many nodes.
  function bounded(edges) {
    const ends = new Set();
    const kept = [];
    for (const edge of edges) {
      const more = [edge.source, edge.target].filter((id) => !ends.has(id));
      if (kept.length >= EDGES_MAX || ends.size + more.length > NODES_MAX) continue;
      for (const id of more) ends.add(id);
      kept.push(edge);
    }
    return kept;
  }

  // Nodes by their way from the middle: what is asked about, else what has most.
  function nodesOf(edges) {
    const degree = new Map();
    const near = new Map();
    for (const { source, target, size } of edges)
      for (const [end, other] of [
        [source, target],
        [target, source],
      ]) {
        degree.set(end, (degree.get(end) ?? 0) + size);
        near.set(end, (near.get(end) ?? new Set()).add(other));
      }
    const order = [...degree.keys()].sort((one, other) => degree.get(other) - degree.get(one));
    const start = order.find((key) => isMiddle(subjects.get(key))) ?? order[0];
    const depths = new Map([[start, 0]]);
    for (const id of depths.keys())
      for (const other of near.get(id) ?? [])
        if (!depths.has(other)) depths.set(other, Math.min(3, depths.get(id) + 1));
    return [start, ...order.filter((id) => id !== start)]
      .filter((id) => id !== undefined)
      .map((entity) => ({
        entity,
        label: nameOf(entity),
        depth: depths.get(entity) ?? 3,
        isApart: !depths.has(entity),
        edges: near.get(entity).size,
      }));
  }

  // What has no way to the middle lies beside it all the same.
  const apart = (nodes) =>
    nodes.filter(({ isApart }) => isApart).map(({ entity }) => ({ source: nodes[0].entity, target: entity }));

  function paint() {
    const most = Math.max(1e-12, ...all.map(strongest));
    reading.textContent = weight === null ? '' : short(+(least * most).toPrecision(3));
    strength.setAttribute('aria-valuetext', `${reading.textContent} of ${short(most)}`);
    // Where things lie follows from all that is told of them, so that they stay as time goes by.
    if (within?.rows !== all) {
      const kept = bounded(edgesOf(all, strongest));
      const nodes = nodesOf(kept);
      within = { rows: all, nodes, edges: [...kept, ...apart(nodes)] };
    }
    const edges = edgesOf(rows, (row) => (weight === null ? 1 : numberOf(row, weight)));
    const strong = edges.filter(({ size }) => size >= least * most);
    const there = new Set(within.nodes.map(({ entity }) => entity));
    const shown = strong
      .filter(({ source, target }) => there.has(source) && there.has(target))
      .slice(0, EDGES_MAX)
      .map((edge) =>
        weight === null
          ? { ...edge, kind: title }
          : { ...edge, kind: edge.is < 0 ? LESS : MORE, weight: edge.is / most },
      );
    const ends = new Set(shown.flatMap(({ source, target }) => [source, target]));
    const nodes = within.nodes.filter(({ entity }) => ends.has(entity) || isMiddle(subjects.get(entity)));
    if (shown.length === 0)
      put(picture, soft(edges.length ? 'Nothing is as strong.' : 'There is nothing to be drawn.'));
    else {
      put(picture, drawn.node);
      drawn.set(title, nodes, shown, within);
    }
    const weak = edges.length - strong.length;
    const rest = strong.length - shown.length;
    put(
      said,
      soft(
        `${whole(shown.length)} edges between ${whole(ends.size)}`,
        weak ? `; ${whole(weak)} weaker ones are left out` : '',
        rest ? `; ${whole(rest)} more are in the table, which are too many to be drawn` : '',
        '.',
      ),
    );
  }

  return {
    node,
    // What is to be drawn, and all that there is at any time.
    set(given, ever = given) {
      rows = given;
      all = ever;
      paint();
    },
    paint,
  };
}
