// The view that is shown. It is opened once for an address, and then brought up to date:
// by what is asked anew, or at once by what it has, while time is dragged.

import { world } from '/ask.js';
import { address, here } from '/address.js';
import { el, put } from '/dom.js';
import { state, looked } from '/state.js';

// How long what was shown before stays while the next view asks.
const PATIENCE_MS = 160;
// What takes long is brought up to date seldom.
const REST_MS = 800;
const REST_SHARE = 4;

export const VIEWS = {
  world: ['World', () => import('/view-world.js')],
  entities: ['Entities', () => import('/view-entities.js')],
  entity: ['Entity', () => import('/view-entity.js'), 'entities'],
  why: ['Why', () => import('/view-why.js'), 'entities'],
  relations: ['Relations', () => import('/view-relations.js')],
  events: ['Events', () => import('/view-events.js')],
  diff: ['Diff', () => import('/view-diff.js')],
  systems: ['Systems', () => import('/view-systems.js')],
  sql: ['SQL', () => import('/view-sql.js')],
  mods: ['Mods', () => import('/view-mods.js')],
  health: ['Health', () => import('/view-health.js')],
  edits: ['Edits', () => import('/view-edits.js')],
  time: ['Time', () => import('/view-time.js')],
  questions: ['Questions', () => import('/view-questions.js')],
  subject: ['Subject', () => import('/view-subject.js'), 'questions'],
  fork: ['Fork', () => import('/view-fork.js'), 'entities'],
};

// The view that an address names; without an entity, that of all.
function viewOf(named, part) {
  if (!Object.hasOwn(VIEWS, named)) return 'world';
  const [, , within] = VIEWS[named];
  return within && !part ? within : named;
}

export function stage({ main, place, notice, onshow, go }) {
  let current = null;
  let opening = 0;
  let due = 0;

  // Shows what the address of the page names.
  async function show() {
    const { view: named, part, query, at, when } = here();
    const view = viewOf(named, part);
    const key = `${view}/${part}?${query}`;
    state.when = when;
    state.at = at && (at.tick < state.now || at.chain) ? at : null;
    onshow(view);
    if (current?.key === key) return update();
    const turn = ++opening;
    delete main.dataset.shown;
    let module;
    try {
      module = await VIEWS[view][1]();
    } catch {
      return say('answer', 'The view cannot be loaded: is `sandtable serve` still running?');
    }
    if (turn !== opening) return undefined;
    const before = current;
    before?.life.abort();
    clear('answer');
    const box = el('div', { class: `view view-${view} waiting` });
    const whole = `${view}${part && `/${encodeURIComponent(part)}`}`;
    const opened = { key, view, whole, life: new AbortController(), box, asked: null, isBusy: false, rest: 0 };
    current = opened;
    Object.assign(opened, module.open({ place: box, part, query, life: opened.life.signal, update, go }));
    document.title = [opened.title ?? VIEWS[view][0], state.world.name].join(' · ');
    const updated = update();
    await Promise.race([updated, new Promise((after) => setTimeout(after, PATIENCE_MS))]);
    if (current === opened) bring(box, before);
    return updated;
  }

  function bring(box, before) {
    const had = document.activeElement;
    const isInside = before?.box.contains(had) || had === document.body || had === main;
    place.replaceChildren(box);
    if (!before || !isInside) return;
    const same =
      before.view === current.view && had.name ? box.querySelector(`[name="${CSS.escape(had.name)}"]`) : null;
    (same ?? main).focus({ preventScroll: true });
    if (!same) main.scrollTop = 0;
  }

  // Asks anew. An earlier answer that is still awaited is dropped.
  async function update() {
    const opened = current;
    if (!opened) return;
    opened.asked?.abort();
    const asked = (opened.asked = new AbortController());
    const signal = AbortSignal.any([asked.signal, opened.life.signal]);
    const began = Date.now();
    opened.isBusy = true;
    try {
      await opened.update((path, parameters) => world(path, parameters, signal), signal);
      if (!signal.aborted) clear('answer');
    } catch (error) {
      if (!signal.aborted) refused(error);
    }
    if (opened.asked !== asked || opened !== current) return;
    opened.isBusy = false;
    opened.rest = Date.now() + Math.max(REST_MS, REST_SHARE * (Date.now() - began));
    opened.box.classList.remove('waiting');
    // Says which view stands there whole.
    main.dataset.shown = opened.whole;
    opened.move?.(looked());
    if (opened.isOld) renew();
  }

  // Asks anew once what is asked was answered, where the view follows the world.
  function renew() {
    if (!current || current.isLive === false) return;
    current.isOld = current.isBusy;
    if (!current.isBusy) update();
  }

  // Follows the world, where the view does: at once where it is not at work, else once it
  // has rested, since no other tick may come.
  function follow() {
    clearTimeout(due);
    if (!current || document.hidden || state.at !== null || current.isLive === false) return;
    current.move?.(looked());
    const wait = current.isBusy ? REST_MS : current.rest - Date.now();
    if (wait > 0) due = setTimeout(follow, wait);
    else update();
  }

  function refused(error) {
    const tick = looked();
    const now = (text, at) =>
      el('a', { href: address(here().view, here().part, Object.fromEntries(here().query), at) }, text);
    if (error.kind === 'rewound')
      say('answer', error.message, ' ', now(`Show tick ${tick.toLocaleString('en')} as it is now`, { tick }));
    else if (error.kind === 'pruned' || error.kind === 'future')
      say('answer', error.message, ' ', now('Follow the world', null));
    else say('answer', error.message);
  }

  // One sentence of each kind above the view.
  function say(kind, ...content) {
    const line = el('p', { class: 'problem', 'data-key': kind }, ...content);
    put(
      notice,
      [...notice.children].filter((it) => it.dataset.key !== kind),
      line,
    );
  }

  function clear(kind) {
    notice.querySelector(`[data-key="${kind}"]`)?.remove();
  }

  return {
    show,
    update,
    renew,
    say,
    clear,
    follow,
    // Marks a tick at once, with what is there.
    move: (tick) => current?.move?.(tick),
    // To the change before or after, of what the view has selected.
    jump: (by) => current?.jump?.(by),
    // To what the view has chosen, done by its name: `edit` or `fork`.
    act: (what) => current?.[what]?.(),
  };
}
