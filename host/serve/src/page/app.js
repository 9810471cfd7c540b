// The page of a running world. It knows nothing but the public API under /api/v1.
// Every view is an address: #/view/part?at=tick.

import { chart, short } from '/chart.js';

const API = '/api/v1';
const $ = (id) => document.getElementById(id);
const state = { token: null, world: null, now: 0, at: null, charts: [], turn: 0, drawing: 0 };

const el = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((it) => it !== null && it !== undefined));
  return made;
};

class Refused extends Error {}

async function ask(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const one of [value].flat()) if (one !== undefined && one !== null && one !== '') query.append(name, one);
  const text = query.toString();
  const response = await fetch(`${API}${path}${text ? `?${text}` : ''}`, {
    headers: { authorization: `Bearer ${state.token}`, accept: 'application/json' },
  });
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.detail);
  return answer;
}

const world = (path = '', parameters) => ask(`/worlds/${encodeURIComponent(state.world.name)}${path}`, parameters);
const looked = () => state.at ?? state.now;
const asOf = () => (state.at === null ? {} : { at: state.at });

// Addresses.

const VIEWS = { world: 'World', entities: 'Entities', events: 'Events', systems: 'Systems', sql: 'SQL', mods: 'Mods' };

function address(view, part, parameters = {}) {
  const query = new URLSearchParams();
  if (state.at !== null) query.set('at', state.at);
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  const text = query.toString();
  return `#/${view}${part ? `/${encodeURIComponent(part)}` : ''}${text ? `?${text}` : ''}`;
}

function here() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view = 'world', part] = path.split('/').map((it) => { try { return decodeURIComponent(it); } catch { return it; } });
  return { view: Object.hasOwn(show, view) ? view : 'world', part, query: new URLSearchParams(query) };
}

// Pieces.

const cellText = (value) => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return short(value);
  if (Array.isArray(value)) return value.map(cellText).join(', ');
  if (typeof value === 'object') return Object.entries(value).map(([name, of]) => `${name} ${cellText(of)}`).join(', ');
  return String(value);
};
const ENTITY = /^\d+v\d+$/;

function cell(value) {
  if (typeof value === 'string' && ENTITY.test(value)) return el('a', { href: address('entity', value) }, value);
  return document.createTextNode(cellText(value));
}

function table(rows, columns = rows.length ? Object.keys(rows[0]) : []) {
  if (rows.length === 0) return el('p', { class: 'soft' }, 'nothing');
  const numeric = (name) => rows.every((row) => row[name] === null || typeof row[name] === 'number');
  const classOf = (name) => (numeric(name) ? 'number' : undefined);
  const head = el('tr', {}, ...columns.map((name) => el('th', { scope: 'col', class: classOf(name) }, name)));
  const line = (row) => el('tr', {}, ...columns.map((name) => el('td', { class: classOf(name) }, cell(row[name]))));
  return el('div', { class: 'scroll', tabindex: 0 }, el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows.map(line))));
}

const card = (name, value) => el('div', { class: 'card' }, el('b', {}, cellText(value)), el('span', {}, name));
const section = (title, ...content) => el('section', { class: 'card' }, el('h2', {}, title), ...content);
const moving = (figure) => { state.charts.push(figure); return figure; };
const over = (title, points, more = {}) => moving(chart(title, points, { mark: looked(), go: goTo, ...more }));

// Views. Each gives what is shown.

const show = {
  async world() {
    const spread = Math.max(1, Math.ceil(state.now / 200));
    const counted = 'SELECT count(*) AS entities FROM entities';
    const [about, ticks, resources] = await Promise.all([
      state.at === null ? world() : world(`/ticks`, { from: state.at, to: state.at }).then((it) => it.rows[0]),
      world('/query', {
        sql: `SELECT tick, entities, spawned, despawned FROM ticks WHERE tick % ${spread} = 0 OR tick = ${state.now} ORDER BY tick`,
        limit: 1000,
      }),
      world('/resources', asOf()),
    ]);
    const asked = here().query.get('chart');
    const box = el('input', { type: 'text', name: 'chart', value: asked ?? '', placeholder: counted, });
    const form = el('form', {
      onsubmit: (event) => {
        event.preventDefault();
        location.hash = address('world', null, { chart: box.value });
      },
    }, el('label', { class: 'wide' }, 'A chart: one SELECT with one number', box), el('button', { class: 'primary' }, 'Draw'));
    const charts = [over('entities', ticks.rows.map((row) => [row.tick, row.entities]))];
    if (asked) charts.unshift(drawn(asked));
    const stages = about?.stages_ms;
    return [
      el('div', { class: 'cards' },
        card('tick', about?.tick ?? looked()), card('entities', about?.entities),
        stages ? card('ms a tick', Object.values(stages).reduce((one, other) => one + other, 0)) : card('spawned', about?.spawned),
        card('state', (about?.state ?? '').slice(0, 12))),
      form,
      el('div', { class: 'two' }, ...charts),
      resources.rows.length ? section('Resources', table(resources.rows)) : null,
    ];
  },

  async entities() {
    const { query } = here();
    const kinds = (await world('/kinds', asOf())).rows.filter((kind) => kind.role === 'component');
    const has = query.get('with') ?? '', where = query.get('where') ?? '', cursor = query.get('cursor');
    const chosen = kinds.find((kind) => kind.name === has);
    const choose = el('select', { name: 'with' }, el('option', { value: '' }, 'anything'),
      ...kinds.map((kind) => el('option', { value: kind.name, selected: kind.name === has }, kind.name)));
    const filter = el('input', { type: 'text', name: 'where', value: where, placeholder: chosen?.fields.length ? `${chosen.name}.${chosen.fields[0].name}:ge:1` : 'mod/Kind.field:ge:1' });
    const form = el('form', {
      onsubmit: (event) => {
        event.preventDefault();
        location.hash = address('entities', null, { with: choose.value, where: filter.value });
      },
    }, el('label', {}, 'that have', choose), el('label', { class: 'wide' }, 'where', filter), el('button', { class: 'primary' }, 'Show'));
    const select = chosen?.fields.map((field) => `${chosen.name}.${field.name}`).join(',');
    const page = await world('/entities', { ...asOf(), with: has, where, select, limit: 100, cursor, count: cursor ? undefined : 'true' });
    const rows = page.rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replace(/^.*\./, ''), value])));
    const more = page.next ? el('a', { href: address('entities', null, { with: has, where, cursor: page.next }) }, 'the next 100') : null;
    const count = el('p', { class: 'soft' }, `${page.count === undefined ? 'more' : page.count.toLocaleString('en')} at ${page.at}`);
    return [form, section('Entities', count, table(rows), more)];
  },

  async entity(part) {
    const path = `/entities/${encodeURIComponent(part)}`;
    const one = await world(path, asOf());
    const pieces = Object.entries(one.components).map(([name, value]) => {
      const fields = el('div', { class: 'scroll', tabindex: 0 }, el('table', {}, el('tbody', {}, ...Object.entries(value).map(([field, of]) => el('tr', {},
        el('th', { scope: 'row' }, field), el('td', {}, cell(of)),
        el('td', {}, el('button', { onclick: (event) => why(event.target, path, `${name}.${field}`, of) }, 'why')))))));
      return section(name, Object.keys(value).length ? fields : el('p', { class: 'soft' }, 'a tag'));
    });
    const edges = (title, all, count) => (all.length ? section(count > all.length ? `${title}: ${all.length} of ${count.toLocaleString('en')}` : title, table(all.map((edge) => ({ kind: edge.kind, entity: edge.entity, label: edge.label, data: edge.data })))) : null);
    return [
      el('h2', {}, one.label ? `${one.label} ` : '', el('code', {}, one.entity)),
      el('div', { class: 'two' }, ...pieces, edges('From here', one.outgoing, one.outgoing_count), edges('To here', one.incoming, one.incoming_count)),
    ];
  },

  async events() {
    const name = here().query.get('name') ?? '';
    const kinds = (await world('/kinds')).rows.filter((kind) => kind.role === 'event');
    const choose = el('select', { name: 'name', onchange: () => { location.hash = address('events', null, { name: choose.value }); } },
      el('option', { value: '' }, 'all'), ...kinds.map((kind) => el('option', { value: kind.name, selected: kind.name === name }, kind.name)));
    const events = await world('/events', { to: looked(), limit: 200, name });
    return [el('form', {}, el('label', {}, 'of the kind', choose)), section(`Up to tick ${looked()}`, table(events.rows))];
  },

  async systems() {
    const [systems, runs] = await Promise.all([world('/systems'), world('/system-runs', { to: looked(), limit: 1000 })]);
    const last = runs.rows[0]?.tick, spent = new Map();
    for (const run of runs.rows) spent.set(run.tick, (spent.get(run.tick) ?? 0) + run.guest_ms);
    const points = [...spent].reverse();
    return [
      over('ms in mods, by tick', points.slice(1)),
      section(`Runs of tick ${last ?? '–'}`, table(runs.rows.filter((run) => run.tick === last))),
      section(`Since the first tick, up to ${state.now.toLocaleString('en')}`, table(systems.rows)),
    ];
  },

  async sql() {
    const asked = here().query.get('sql');
    const text = el('textarea', { name: 'sql', spellcheck: 'false', 'aria-label': 'SELECT' });
    text.value = asked ?? 'SELECT * FROM tables';
    const submit = () => { location.hash = address('sql', null, { sql: text.value }); };
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
    });
    const form = el('form', { onsubmit: (event) => { event.preventDefault(); submit(); } },
      el('label', { class: 'wide' }, 'One SELECT, as of the tick below', text), el('button', { class: 'primary' }, 'Ask (Ctrl+Enter)'));
    if (!asked) return [form];
    const answer = await world('/query', { sql: asked, limit: 500, ...asOf() });
    return [form, section(`At tick ${answer.tick}${answer.truncated ? ', the first 500 rows' : ''}`, table(answer.rows))];
  },

  async mods() {
    return [section('Mods', table((await world('/mods', asOf())).rows))];
  },
};

// A chart of a SELECT over all ticks that are kept. It is asked for beside the page, and
// kept for a while: each point is a tick that is gone back to.
function drawn(sql) {
  const POINTS = 60, KEEP = 20_000;
  const place = el('figure', { class: 'card' }, el('figcaption', {}, sql), el('p', { class: 'soft' }, 'drawing…'));
  const put = (rows) => {
    const name = Object.keys(rows[0] ?? {}).find((key) => key !== 'tick');
    const figure = over(sql, rows.map((row) => [row.tick, row[name]]));
    place.replaceWith(figure);
    return figure;
  };
  const failed = (error) => {
    state.series = null;
    place.replaceChildren(el('figcaption', {}, sql), el('p', { class: 'problem', role: 'alert' }, error.message));
  };
  if (state.series?.sql === sql && Date.now() - state.series.asked < KEEP) {
    state.series.answer.then(put, failed);
    return place;
  }
  const answer = world('/series', { sql, every: Math.max(1, Math.ceil(state.now / POINTS)) }).then((it) => it.rows);
  state.series = { sql, asked: Date.now(), answer };
  answer.then(put, failed);
  return place;
}

// Who set a field, and what it was before.
async function why(button, path, component, value) {
  const row = button.closest('tr');
  const old = row.nextElementSibling;
  const box = button.closest('section');
  if (old?.dataset.why) {
    old.remove();
    box.classList.toggle('opened', box.querySelector('[data-why]') !== null);
    return;
  }
  box.classList.add('opened');
  const told = el('tr', { 'data-why': 'yes' }, el('td', { colspan: 3 }, 'looking…'));
  row.after(told);
  try {
    const window = { component, to: looked() };
    const [blame, history] = await Promise.all([world(`${path}/blame`, window), world(`${path}/history`, window)]);
    const field = component.slice(component.lastIndexOf('.') + 1);
    const points = history.rows.map((it) => [it.tick, it[field]]);
    if (points.length && typeof value === 'number') points.push([looked(), value]);
    const content = [];
    if (points.some(([, of]) => typeof of === 'number')) content.push(over(component, points, { step: true }));
    const last = blame.rows.slice(-12).reverse();
    const left = blame.rows.length - last.length;
    content.push(table(last), left ? el('p', { class: 'soft' }, `and ${left} earlier`) : '');
    told.firstChild.replaceChildren(...content);
  } catch (error) {
    told.firstChild.replaceChildren(el('p', { class: 'problem' }, error.message));
  }
}

// Time.

function goTo(tick) {
  const { view, part, query } = here();
  state.at = tick >= state.now ? null : Math.max(Number($('time').min), tick);
  query.delete('at');
  query.delete('cursor');
  const to = address(view, part, Object.fromEntries(query));
  if (to === location.hash) draw(); else location.replace(to);
}

function showTime() {
  const time = $('time');
  time.max = state.now;
  if (document.activeElement !== time || state.at === null) time.value = looked();
  $('at').textContent = `tick ${looked().toLocaleString('en')}`;
  $('live').setAttribute('aria-pressed', String(state.at === null));
  for (const figure of state.charts) figure.move?.(looked());
}

async function draw() {
  const { view, part, query } = here();
  const turn = ++state.turn;
  state.at = query.has('at') ? Number(query.get('at').split('~')[0]) : null;
  for (const link of $('nav').children) {
    const is = link.dataset.view === view || (view === 'entity' && link.dataset.view === 'entities');
    if (is) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
    link.href = address(link.dataset.view);
  }
  state.charts = [];
  showTime();
  let content;
  state.drawing += 1;
  try {
    content = await show[view](part);
  } catch (error) {
    content = [el('p', { class: 'problem', role: 'alert' }, error.message)];
  } finally {
    state.drawing -= 1;
  }
  if (turn !== state.turn) return;
  $('main').replaceChildren(...content.filter(Boolean));
  showTime();
}

// What is typed is not thrown away by a tick.
const isBusy = () => ['INPUT', 'TEXTAREA', 'SELECT'].includes(document.activeElement?.tagName) && document.activeElement.id !== 'time'
  || document.querySelector('[data-why], details[open]') !== null;

async function follow() {
  let last = null, rest_until = 0;
  for (;;) {
    try {
      const headers = { authorization: `Bearer ${state.token}` };
      if (last !== null) headers['last-event-id'] = last;
      const response = await fetch(`${API}/worlds/${encodeURIComponent(state.world.name)}/stream`, { headers });
      if (response.status === 401) {
        $('main').replaceChildren(el('p', { class: 'problem', role: 'alert' }, 'The server was started again: open the link that it printed.'));
        sessionStorage.removeItem('token');
        return;
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split('\n\n');
        rest = parts.pop();
        for (const part of parts) {
          const data = part.split('\n').find((line) => line.startsWith('data:'));
          if (!data) continue;
          const told = JSON.parse(data.slice(5));
          last = told.tick;
          state.now = told.tick;
          document.body.dataset.connected = 'yes';
        }
        showTime();
        const isLiveView = ['world', 'entity', 'events', 'systems'].includes(here().view);
        if (state.at === null && isLiveView && !isBusy() && state.drawing === 0 && Date.now() > rest_until) {
          // What takes long is drawn seldom.
          const began = Date.now();
          draw().then(() => { rest_until = Date.now() + Math.max(800, 4 * (Date.now() - began)); });
        }
      }
    } catch { /* The server is away: it is asked again. */ }
    $('at').textContent = 'not connected';
    await new Promise((after) => setTimeout(after, 1000));
  }
}

async function open() {
  const link = new URLSearchParams(location.hash.slice(1)).get('link');
  if (link) {
    const response = await fetch(`${API}/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ link }) });
    const answer = await response.json();
    if (response.ok) sessionStorage.setItem('token', answer.token);
    history.replaceState(null, '', '#/world');
    if (!response.ok && !sessionStorage.getItem('token')) throw new Refused(answer.detail);
  }
  state.token = sessionStorage.getItem('token');
  if (!state.token) throw new Refused('Open the link that `sandtable serve` printed.');
  [state.world] = (await ask('/worlds')).rows;
  state.now = state.world.tick;
  const kept = await world('/query', { sql: 'SELECT min(tick) AS first FROM ticks' });
  $('time').min = kept.rows[0].first ?? 0;
  document.title = `${state.world.name} · Sandtable`;
  $('name').textContent = state.world.name;
  $('nav').replaceChildren(...Object.entries(VIEWS).map(([view, title]) => el('a', { 'data-view': view, href: `#/${view}` }, title)));
  addEventListener('hashchange', draw);
  $('time').addEventListener('input', () => goTo(Number($('time').value)));
  $('back').addEventListener('click', () => goTo(looked() - 1));
  $('forth').addEventListener('click', () => goTo(looked() + 1));
  $('live').addEventListener('click', () => goTo(Infinity));
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName) && event.target.id !== 'time') return;
    if (event.key === ',') goTo(looked() - 1);
    if (event.key === '.') goTo(looked() + 1);
    if (event.key === 'l') goTo(Infinity);
  });
  draw();
  follow();
}

open().catch((error) => $('main').replaceChildren(el('p', { class: 'problem', role: 'alert' }, error.message)));
