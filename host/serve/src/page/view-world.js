// The world: figures, charts over time, the map, resources.

import { again, goTo } from '/address.js';
import { chart, linesOf } from '/chart.js';
import { el, put } from '/dom.js';
import { ms, short, whole } from '/format.js';
import { map } from '/map.js';
import { card, cards, field, form, section, value } from '/parts.js';
import { placed } from '/places.js';
import { overTime } from '/series.js';
import { asOf, state } from '/state.js';
import { table } from '/table.js';

const POINTS = 200;

export function open({ place, query, life, go }) {
  const figures = el('div');
  const charts = el('div', { class: 'two' });
  const ground = el('div');
  const resources = el('div');
  const asked = query.get('chart');
  const entities = chart('Entities', { go });
  let named = null;
  let world = null;
  let grounds = null;
  const extra = asked ? [overTime(asked, asked, { go, life })] : [];
  const drawForm = form(
    ({ elements }) => goTo(again({ chart: elements.chart.value })),
    field(
      'Draw any SELECT of one row over time',
      el('input', {
        type: 'text',
        name: 'chart',
        value: asked ?? '',
        placeholder: 'SELECT count(*) AS entities FROM entities',
        spellcheck: 'false',
        autocomplete: 'off',
      }),
      true,
    ),
    el('button', { class: 'primary' }, 'Draw'),
    asked ? el('a', { href: again({ chart: '' }), class: 'button' }, 'Take away') : null,
  );
  put(place, figures, charts, drawForm, ground, resources);
  const drawn = () => [...extra, ...(named ?? [])];

  return {
    async update(ask, signal) {
      const [about, ticks, values] = await Promise.all([
        state.at === null
          ? ask()
          : ask('/ticks', { from: state.at.tick, to: state.at.tick }).then(({ rows }) => rows[0]),
        ask('/query', { sql: ticksSelect(), limit: 1000 }),
        ask('/resources', asOf()),
      ]);
      put(figures, summary(about));
      entities.set(linesOf(ticks.rows.map(({ tick, entities: count }) => ({ tick, entities: count }))));
      put(
        resources,
        values.rows.length
          ? section('Resources', el('div', { class: 'resources' }, values.rows.map(resource)))
          : null,
      );
      named ??= (await ask('/charts')).rows.map(({ title, sql }) => overTime(title, sql, { go, life }));
      put(
        charts,
        drawn().map(({ node }) => node),
        entities.node,
      );
      for (const one of drawn()) one.grow();
      if (!grounds) {
        grounds = placed((await ask('/kinds')).rows);
        if (grounds.places.length) {
          world = map(grounds, query);
          put(ground, world.node);
        }
      }
      await world?.update(signal);
    },
    move(tick) {
      entities.move(tick);
      for (const one of drawn()) one.move(tick);
    },
  };
}

function ticksSelect() {
  const every = Math.max(1, Math.ceil((state.now - state.first) / POINTS));
  return `SELECT tick, entities FROM ticks WHERE tick % ${every} = 0 OR tick >= ${state.now} ORDER BY tick`;
}

function summary(about) {
  if (!about) return null;
  const stages = about.stages_ms && Object.values(about.stages_ms).reduce((one, other) => one + other, 0);
  const behind = about.saved_tick === undefined ? null : about.tick - about.saved_tick;
  return cards(
    card('tick', whole(about.tick), behind ? `${whole(behind)} not saved yet` : null),
    card('entities', whole(about.entities)),
    about.relations === undefined
      ? card('spawned in it', whole(about.spawned), about.despawned ? `${whole(about.despawned)} despawned` : null)
      : card('relations', whole(about.relations)),
    stages
      ? card('a tick takes', ms(stages))
      : card('committed', about.committed_at?.slice(11, 19) ?? '–', about.committed_at?.slice(0, 10)),
    card('state', el('code', { title: about.state }, (about.state ?? '').slice(0, 8))),
  );
}

function resource({ name, value: of }) {
  const isObject = of !== null && typeof of === 'object' && !Array.isArray(of);
  const rows = isObject
    ? Object.entries(of).map(([name, it]) => ({ field: name, value: it }))
    : [{ field: 'value', value: of }];
  const show = ({ value: it }) => (typeof it === 'number' ? el('span', { title: String(it) }, short(it)) : value(it));
  return el(
    'div',
    {},
    el('h3', {}, name),
    table(rows, [{ name: 'field' }, { name: 'value', show }], { label: name }),
  );
}
