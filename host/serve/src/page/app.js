// Opens the page: the session, the views, time, keys. It knows nothing but the public API.

import { ask, session, world, Refused } from '/ask.js';
import { address, alter, carry, goTo, here } from '/address.js';
import { el, put } from '/dom.js';
import { whole, seconds } from '/format.js';
import { begin, forget as forgetEdits, settle, undoLast } from '/hand.js';
import { listen, list } from '/keys.js';
import { follow } from '/live.js';
import { known, learnAll } from '/names.js';
import { runControl } from '/run.js';
import { forget as forgetSeries } from '/series.js';
import { stage as makeStage, VIEWS } from '/stage.js';
import { state, looked } from '/state.js';
import { timeBar } from '/time.js';
import { chooseWorld, listWorlds } from '/view-worlds.js';

const $ = (id) => document.getElementById(id);
const NOTICE_MS = 6000;
const NAMES_OFFERED = 2000;

const IN_NAV = Object.entries(VIEWS).filter(([, [, , within]]) => !within);

const stage = makeStage({
  main: $('main'),
  place: $('view'),
  notice: $('notice'),
  onshow: showPlace,
  go: (tick) => time.scrub(tick),
});
const time = timeBar(stage);
const control = runControl((sentence) => mention(sentence));
begin({
  say: stage.say,
  clear: stage.clear,
  onchange: () => stage.renew(),
  onrewound(tick) {
    state.now = tick;
    reload();
  },
});

function showPlace(view) {
  const within = VIEWS[view][2] ?? view;
  for (const link of $('nav').children) {
    link.href = address(link.dataset.view);
    if (link.dataset.view !== within) link.removeAttribute('aria-current');
    else if (!link.hasAttribute('aria-current')) {
      link.setAttribute('aria-current', 'page');
      link.scrollIntoView({ inline: 'nearest', block: 'nearest' });
    }
  }
  time.show();
}

// Says something that matters for a moment.
function mention(...content) {
  stage.say('moment', ...content);
  clearTimeout(mention.ends);
  mention.ends = setTimeout(() => stage.clear('moment'), NOTICE_MS);
}

// The tick that is looked at, with its chain.
async function permanent() {
  const tick = looked();
  if (state.seen?.tick === tick) return state.seen;
  const [row] = (await world('/ticks', { from: tick, to: tick })).rows;
  return { tick, chain: row?.chain.slice(0, 8) ?? null };
}

async function copyLink() {
  const at = await permanent();
  const { view, part, query } = here();
  const link = new URL(address(view, part, Object.fromEntries(query), at), location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    mention(`Copied: a link to this view of tick ${whole(at.tick)}, which stays.`);
  } catch {
    mention('This link stays: ', el('a', { href: link }, link));
  }
}

async function kept() {
  const { rows } = await world('/query', { sql: 'SELECT min(tick) AS first FROM ticks' });
  state.first = rows[0].first ?? 0;
}

function followWorld() {
  let isRewound = false;
  follow({
    ontick(told) {
      state.now = told.tick;
      if (isRewound) {
        isRewound = false;
        reload();
      }
      stage.clear('server');
      time.say('live', '');
      time.show();
      stage.follow();
      settle();
      time.mark().catch(() => {});
    },
    ongap({ from, to }) {
      mention(`Ticks ${whole(from)} to ${whole(to)} went by while the page was away.`);
    },
    onrewind() {
      isRewound = true;
      mention('The world was rewound: what is shown is of the new course.');
    },
    onstill: (waited) =>
      state.isPaused ? time.say('paused', 'Paused') : time.say('still', `Paused: no tick for ${seconds(waited)}`),
    ongone() {
      time.say('gone', 'Not connected');
      stage.clear('answer');
      stage.say(
        'server',
        'The server does not answer. Is `sandtable serve` still running? The page asks again and again.',
      );
    },
    onrefused() {
      sessionStorage.removeItem('token');
      time.say('gone', 'Not connected');
      stage.say('server', 'The server was started anew: open the link that it printed.');
    },
  });
}

// Forgets what was of another course of the world.
function reload() {
  state.seen = null;
  if (state.at?.tick > state.now) state.at = null;
  time.forget();
  forgetSeries();
  forgetEdits();
  kept()
    .then(() => stage.show())
    .catch(() => {});
}

// Those of views in the order of the bar.
const LETTERS = '1234567890tq';
const VIEW_KEYS = IN_NAV.map(([view, [title]], at) => [[LETTERS[at]], title, () => goTo(address(view))]);
const KEYS = [
  [[','], 'a tick back', () => time.scrub(looked() - 1)],
  [['.'], 'a tick on', () => time.scrub(looked() + 1)],
  [['l'], 'follow the world', () => time.scrub(Infinity)],
  [['p', ' '], 'let the world run, or stand still', () => control.toggle()],
  [['s'], 'one tick, and stand still', () => control.once()],
  [['Shift+ArrowLeft'], 'to the change before, of the value that is chosen', () => stage.jump(-1)],
  [['Shift+ArrowRight'], 'to the change after', () => stage.jump(1)],
  [['e'], 'edit the value that is chosen', () => stage.act('edit')],
  [['u'], 'take back what was done last', () => undoLast()],
  [['f'], 'fork here, with another value of what is chosen', () => stage.act('fork')],
  [['/'], 'go to an entity', () => $('find').elements.find.focus()],
  [['c'], 'copy a link that stays', copyLink],
  [['r'], 'ask anew', () => stage.update()],
  ...VIEW_KEYS,
  [['?'], 'this list', () => list(KEYS)],
];

async function enter() {
  const link = new URLSearchParams(location.hash.slice(1)).get('link');
  if (!link) return;
  alter(address('world'));
  try {
    sessionStorage.setItem('token', await session(link));
  } catch (error) {
    if (!sessionStorage.getItem('token')) throw error;
  }
}

async function open() {
  await enter();
  state.token = sessionStorage.getItem('token');
  if (!state.token) throw new Refused({ detail: 'Open the link that `sandtable serve` printed.' });
  const { rows } = await ask('/worlds');
  const chosen = new URLSearchParams(location.search).get('world');
  state.world = rows.length === 1 ? rows[0] : rows.find(({ name }) => name === chosen);
  if (!state.world) {
    for (const part of document.querySelectorAll('footer, #find, #link, #help')) part.hidden = true;
    listWorlds($('view'), rows);
    document.body.dataset.ready = 'yes';
    return;
  }
  if (rows.length > 1) $('name').after(chooseWorld(rows, state.world.name));
  // Opens it where it is closed.
  state.world = await world('');
  state.now = state.world.tick;
  control.look();
  $('name').replaceChildren(el('a', { href: '#/world' }, state.world.name));
  put(
    $('nav'),
    IN_NAV.map(([view, [title]]) => el('a', { 'data-view': view, href: `#/${view}` }, title)),
  );
  addEventListener('hashchange', () => {
    if (location.hash !== '#main') stage.show();
  });
  for (const press of ['click', 'auxclick']) document.addEventListener(press, carry, true);
  $('skip').addEventListener('click', (event) => {
    event.preventDefault();
    $('main').focus();
  });
  $('find').addEventListener('submit', (event) => {
    event.preventDefault();
    const { find } = event.target.elements;
    if (find.value.trim()) goTo(address('entity', find.value.trim()));
    find.value = '';
    $('main').focus();
  });
  $('link').addEventListener('click', copyLink);
  listen(KEYS, $('help'));
  await Promise.all([kept(), stage.show()]);
  time.show();
  performance.mark('ready');
  document.body.dataset.ready = 'yes';
  followWorld();
  learnAll().then(
    () => {
      put(
        $('names'),
        known()
          .slice(0, NAMES_OFFERED)
          .map((name) => el('option', { value: name })),
      );
      stage.renew();
    },
    () => {},
  );
}

open().catch((error) => put($('view'), el('p', { class: 'problem', role: 'alert' }, error.message)));
