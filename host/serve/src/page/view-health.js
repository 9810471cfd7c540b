// How the server and the save are: time a tick takes, what is behind, faults, sizes.

import { el, put } from '/dom.js';
import { ms, seconds, short, size, whole } from '/format.js';
import { card, cards, section, tickColumn, tickLink, value } from '/parts.js';
import { stages } from '/stages.js';
import { table } from '/table.js';

export function open({ place, go }) {
  const figures = el('div');
  const tables = el('div', { class: 'two' });
  const drawn = stages(go);
  put(place, el('h2', {}, 'Health'), figures, drawn.node, tables);

  return {
    async update(ask) {
      const health = await ask('/health');
      drawn.add(health);
      put(figures, told(health), suspended(health));
      const empty = 'No system has faulted.';
      put(
        tables,
        section('Slowest ticks', table(health.slowest, SLOW, { label: 'Slowest ticks' })),
        section('Faults', table(health.faults, FAULTY, { label: 'Faults', empty })),
        health.findings?.length
          ? section('Findings of mods', table(health.findings, FOUND, { label: 'Findings of mods' }))
          : null,
      );
    },
    move: (tick) => drawn.move(tick),
  };
}

const SLOW = [tickColumn('systems'), { name: 'ms', title: 'took', number: true, show: (row) => ms(row.ms) }];
const FAULTY = [tickColumn('systems'), 'system', 'fault'];
const FOUND = [
  'event',
  'severity',
  { name: 'count', title: 'found', number: true, show: (row) => whole(row.count) },
  {
    name: 'tick',
    title: 'last',
    number: true,
    show: (row) => (row.tick === null ? '–' : tickLink(row.tick, { view: 'events' })),
  },
  { name: 'about', show: (row) => (row.value === null ? row.about : [row.about, ' ', value(row.value)]) },
];

function told(health) {
  const { tick_ms: tick = {}, unsaved_ticks: unsaved = health.tick - health.saved_tick } = health;
  const of = tick.of ? `of ${whole(tick.of)} ticks` : null;
  const pace = health.ticks_per_second;
  return cards(
    card('tick, median', ms(tick.p50), of),
    card('tick, 95 of 100', ms(tick.p95)),
    card('tick, 99 of 100', ms(tick.p99), tick.max === undefined ? null : `at most ${ms(tick.max)}`),
    card(
      'ticks a second',
      pace === undefined ? '–' : short(+pace.toFixed(1)),
      health.hz ? `of ${short(health.hz)}` : null,
    ),
    card('not saved yet', whole(unsaved), `saved up to ${whole(health.saved_tick)}`),
    card('entities', whole(health.entities)),
    card(
      'save',
      size(health.file_bytes),
      health.log_bytes === undefined ? null : `${size(health.log_bytes)} in its log`,
    ),
    card('kept from tick', whole(health.first_tick)),
    health.stream_clients === undefined ? null : card('streams', whole(health.stream_clients)),
    card('up for', seconds(health.uptime_s), health.version ? `version ${health.version}` : null),
  );
}

// What takes no part, each with what lets it take part again.
const suspended = ({ suspended: mods = [], suspended_systems: systems = [] }) =>
  [...mods, ...systems].map((name) =>
    el(
      'p',
      { class: 'problem' },
      `Suspended: ${name}${name.includes('/') ? ', its mod goes on' : ''}. It takes part again after `,
      el('code', {}, `sandtable resume <save> ${name}`),
      '.',
    ),
  );
