// The time bar: which tick is looked at, and what happened when.

import { select } from '/ask.js';
import { address, alter, here } from '/address.js';
import { el, put } from '/dom.js';
import { lastPart, whole } from '/format.js';
import { state, looked } from '/state.js';

// A tick is asked about once the bar rests for so long.
const SETTLE_MS = 180;
const BUCKETS = 96;
const MARKS_EVERY_MS = 10_000;

const $ = (id) => document.getElementById(id);

export function timeBar(stage) {
  const time = $('time');
  const marks = $('marks');
  const told = $('told');
  let settling = 0;
  let frame = 0;
  let isHeld = false;
  let marked = -Infinity;
  let condition = '';

  // Looks at a tick: at once with what is there, and asks once the bar rests.
  function scrub(tick) {
    const to = Math.max(state.first, Math.min(state.now, tick));
    state.at = to >= state.now ? null : { tick: to, chain: null };
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      show();
      stage.move(looked());
    });
    clearTimeout(settling);
    settling = setTimeout(settle, SETTLE_MS);
  }

  function settle() {
    const { view, part, query } = here();
    alter(address(view, part, Object.fromEntries(query)));
    stage.show();
  }

  function show() {
    const tick = looked();
    if (!isHeld) {
      time.min = state.first;
      time.max = state.now;
    }
    if (Number(time.value) !== tick) time.value = tick;
    time.setAttribute('aria-valuetext', `tick ${whole(tick)}${state.at === null ? ', now' : ''}`);
    $('at').textContent = whole(tick);
    $('first').textContent = whole(state.first);
    $('last').textContent = whole(state.now);
    $('live').setAttribute('aria-pressed', String(state.at === null));
    $('back').disabled = tick <= state.first;
    $('forth').disabled = tick >= state.now;
    document.body.dataset.time = state.at === null ? 'live' : 'past';
  }

  // What the world does: 'live', 'still' or 'gone', with a sentence.
  function say(is, sentence) {
    condition = sentence;
    document.body.dataset.world = is;
    if (told.textContent !== sentence) told.textContent = sentence;
  }

  // What happened when, from the save, once in a while.
  async function mark(signal) {
    if (isHeld || Date.now() - marked < MARKS_EVERY_MS) return;
    marked = Date.now();
    const kept = await select('SELECT min(tick) AS first FROM ticks', { signal });
    state.first = kept.rows[0].first ?? 0;
    const first = state.first;
    const last = Math.max(state.now, first + 1);
    const width = Math.max(1, Math.ceil((last - first + 1) / BUCKETS));
    const { rows } = await select(
      `SELECT (tick - ${first}) / ${width} AS bucket, name, count(*) AS times,
      min(tick) AS tick FROM events WHERE tick >= ${first} GROUP BY 1, 2`,
      { signal },
    );
    const buckets = new Map();
    for (const row of rows) {
      const of = buckets.get(row.bucket) ?? { bucket: row.bucket, times: 0, tick: row.tick, names: [] };
      of.times += row.times;
      of.tick = Math.min(of.tick, row.tick);
      of.names.push([row.name, row.times]);
      buckets.set(row.bucket, of);
    }
    const all = [...buckets.values()].sort((one, other) => one.bucket - other.bucket);
    const most = Math.max(1, ...all.map(({ times }) => times));
    put(
      marks,
      all.map((of) => button(of, most)),
    );
    const share = (of) => ((of.bucket + 0.5) * width) / (last - first + 1);
    [...marks.children].forEach((made, at) => {
      made.style.setProperty('--place', share(all[at]));
      made.style.setProperty('--height', 0.25 + (0.75 * Math.log1p(all[at].times)) / Math.log1p(most));
    });
    rove();
  }

  function button({ tick, times, names }) {
    const most = names
      .sort(([, one], [, other]) => other - one)
      .slice(0, 4)
      .map(([name, count]) => `${lastPart(name)} ${whole(count)}`);
    const words = `From tick ${whole(tick)}: ${times === 1 ? '1 event' : `${whole(times)} events`}, ${most.join(', ')}${names.length > 4 ? ' …' : ''}`;
    const tell = () => {
      told.textContent = words;
    };
    const untell = () => {
      told.textContent = condition;
    };
    return el('button', {
      type: 'button',
      'aria-label': words,
      tabindex: -1,
      onclick: () => scrub(tick),
      onfocus: tell,
      onblur: untell,
      onpointerenter: tell,
      onpointerleave: untell,
    });
  }

  // One of the marks is reached by Tab, the others by arrows.
  function rove() {
    const chosen = marks.contains(document.activeElement) ? document.activeElement : marks.firstElementChild;
    for (const mark of marks.children) mark.tabIndex = mark === chosen ? 0 : -1;
  }

  marks.addEventListener('keydown', (event) => {
    const from = document.activeElement;
    const to = {
      ArrowLeft: from.previousElementSibling,
      ArrowRight: from.nextElementSibling,
      Home: marks.firstElementChild,
      End: marks.lastElementChild,
    }[event.key];
    if (!to || event.shiftKey) return;
    event.preventDefault();
    to.focus();
    rove();
  });
  time.addEventListener('input', () => scrub(Number(time.value)));
  time.addEventListener('pointerdown', () => {
    isHeld = true;
  });
  for (const end of ['pointerup', 'pointercancel'])
    addEventListener(end, () => {
      isHeld = false;
    });
  $('back').addEventListener('click', () => scrub(looked() - 1));
  $('forth').addEventListener('click', () => scrub(looked() + 1));
  $('live').addEventListener('click', () => scrub(Infinity));
  return {
    scrub,
    show,
    say,
    mark,
    forget: () => {
      marked = -Infinity;
    },
  };
}
