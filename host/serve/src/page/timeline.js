// Marks over a time, in lanes: they can be pointed at, opened, gone through by keys, and
// looked at more nearly. It knows times, lanes and texts, and not what they mean.

import { el, keep, put } from '/dom.js';
import { dragged } from '/drag.js';
import { whole } from '/format.js';
import { MARGIN_PX, paint as draw } from '/lane-picture.js';
import { groupsOf, lanesOf, within } from '/lanes.js';
import { beginning, isDated } from '/when.js';

const LANES_MAX = 13;
const LANE_PX = 26;
const LEFT_PX = 168;
// On a narrow screen the names of lanes stand above them.
const NARROW_PX = 560;
const NARROW_LANE_PX = 36;
const NARROW_RISE_PX = 11;
const NEAR_PX = 14;
const ZOOM = 2;
const PINCH = 1.25;
const PAD = 0.02;
// What is beside a mark that is alone: of dates a day.
const DAY = 86_400_000;
const ALONE = 5;
// Of all of the time, that is the least that can be looked at; of dates, a minute.
const LEAST = 1e-6;
const MINUTE = 60_000;
// Of what lies on one another, so many are listed.
const LISTED = 12;
// Lines and spans of more than so many marks tell nothing.
const LINES_MAX = 3000;
const KEYS = '← → go from mark to mark, ↑ ↓ to another lane, Enter chooses its time, + − 0 zoom';

// `name(key)` and `link(key)` give a lane's title, `tell(row)` a mark in a line, `unfold(row)`
// all of it; `pick(time)` is called with the time that is chosen.
export function timeline(title, { name, link, tell, unfold, pick }) {
  const canvas = el('canvas', { 'aria-hidden': 'true' });
  const overview = el('canvas', { class: 'overview', 'aria-hidden': 'true' });
  const names = el('ol', { class: 'lane-names' });
  const said = { tabindex: 0, role: 'application', 'aria-label': `${title}: ${KEYS}` };
  const stage = el('div', { class: 'stage', ...said, onkeydown: press }, canvas);
  const told = el('p', { class: 'soft told-mark', role: 'status' });
  const open = el('div', { class: 'opened' });
  const button = (sign, words, onclick) =>
    el('button', { type: 'button', 'aria-label': words, title: words, onclick }, sign);
  const zooms = el(
    'span',
    { class: 'joined' },
    button('−', 'Show more time', () => zoom(1 / ZOOM)),
    button('+', 'Show less time, more nearly', () => zoom(ZOOM)),
    button('All', 'Show all of the time', () => look(null)),
  );
  const controls = el('div', { class: 'choices' });
  const node = keep(
    el(
      'div',
      { class: 'timeline' },
      el('div', { class: 'row' }, controls, zooms),
      el('div', { class: 'frame' }, names, stage),
      overview,
      told,
      open,
    ),
  );
  // What is seen; `scale` once it was laid out.
  const scene = {
    marks: [],
    extent: [0, 1],
    isDated: false,
    spans: [],
    paths: [],
    lanes: [],
    groups: [],
    scale: null,
    pointed: null,
    chosen: null,
    cursor: null,
    brush: null,
  };
  // The part of the time that is looked at, if it is not all; the marks that are listed.
  let part = null;
  let listed = [];
  let frame = 0;

  // Takes marks, `{ time, until, lanes, path, row }` in any order; those without a time that
  // can be read are left out, and how many is given back.
  function set(given) {
    const before = scene.chosen === null ? null : JSON.stringify(scene.marks[scene.chosen].row);
    const marks = given
      .map((mark) => ({ ...mark, at: beginning(mark.time), end: beginning(mark.until) }))
      .filter(({ at }) => Number.isFinite(at))
      .sort((one, other) => one.at - other.at);
    const first = marks[0]?.at ?? 0;
    const last = marks.reduce((most, { at, end }) => Math.max(most, at, end || at), first);
    scene.isDated = isDated(marks.map(({ time }) => time));
    const pad = (last - first) * PAD || (scene.isDated ? DAY : ALONE);
    // What was laid out was of other marks.
    Object.assign(scene, { marks, groups: [], pointed: null });
    scene.extent = [first - pad, last + pad];
    scene.spans = marks.filter(({ at, end }) => end > at).slice(0, LINES_MAX);
    scene.paths = pathsOf(marks);
    const again = before === null ? -1 : marks.findIndex(({ row }) => JSON.stringify(row) === before);
    scene.chosen = again < 0 ? null : again;
    listed = [];
    render();
    unfolded();
    return given.length - marks.length;
  }

  const shown = () => part ?? scene.extent;

  // Looks at a part of the time; at all of it without one.
  function look(at) {
    const [first, last] = scene.extent;
    const least = Math.max((last - first) * LEAST, scene.isDated ? MINUTE : 0);
    const length = at ? Math.max(least, at[1] - at[0]) : Infinity;
    const low = at ? Math.max(first, Math.min(last - length, (at[0] + at[1] - length) / 2)) : first;
    part = length < last - first ? [low, low + length] : null;
    render();
  }

  function zoom(by, around = scene.chosen === null ? null : scene.marks[scene.chosen].at) {
    const [low, high] = shown();
    const still = around !== null && around >= low && around <= high ? around : (low + high) / 2;
    look([still - (still - low) / by, still + (high - still) / by]);
  }

  // Lays everything out anew, once in a frame.
  function render() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      lay();
      paint();
    });
  }

  const paint = () => scene.scale && draw(canvas, overview, scene);

  function lay() {
    const { marks, spans, paths } = scene;
    const width = Math.max(240, node.clientWidth || 900);
    const isNarrow = width < NARROW_PX;
    const [low, high] = shown();
    const [from, to] = within(marks, low, high);
    const beside = spans.filter(({ at, end }) => at < low && end > low);
    if (paths.length) beside.push(...[marks[from - 1], marks[to]].filter(Boolean));
    const lanes = lanesOf(marks.slice(from, to), beside, LANES_MAX);
    const [left, lane] = isNarrow ? [MARGIN_PX, NARROW_LANE_PX] : [LEFT_PX, LANE_PX];
    const height = Math.max(1, lanes.length) * lane;
    const x = (at) => left + ((at - low) / (high - low)) * (width - left - MARGIN_PX);
    const y = (at) => at * lane + (isNarrow ? lane - NARROW_RISE_PX : lane / 2);
    Object.assign(scene, { lanes, scale: { width, height, left, x, y, low, high }, pointed: null });
    scene.groups = groupsOf(marks, [from, to], lanes, x);
    node.classList.toggle('narrow', isNarrow);
    put(
      names,
      lanes.map(({ key, others, count }) =>
        others
          ? el('li', {}, el('span', {}, `${whole(others)} others`), el('small', {}, whole(count)))
          : el('li', { title: name(key) }, link(key) ?? el('span', {}, name(key)), el('small', {}, whole(count))),
      ),
    );
    names.style.setProperty('--lane', `${lane}px`);
    told.textContent = counted(to - from);
  }

  function counted(count) {
    const all = scene.marks.length;
    if (all === 0) return 'There is nothing to be shown over time.';
    const words =
      count === all ? `${whole(all)} in all` : `${whole(count)} of ${whole(all)}, in the part that is shown`;
    const isDense = scene.groups.some(({ marks }) => marks.length > 1);
    return isDense ? `${words}; what lies close together is one larger mark` : words;
  }

  function summary({ marks: all }) {
    const first = tell(scene.marks[all[0]].row);
    return all.length === 1 ? first : `${whole(all.length)} here, the first: ${first}`;
  }

  // What is open below the picture.
  function unfolded() {
    const { marks, chosen } = scene;
    const entry = (at) => {
      const pressed = at === chosen ? 'true' : undefined;
      const onclick = () => choose(at, listed);
      return el(
        'li',
        {},
        el('button', { type: 'button', class: 'quiet', 'aria-pressed': pressed, onclick }, tell(marks[at].row)),
      );
    };
    const left = listed.length - LISTED;
    put(
      open,
      chosen === null ? null : unfold(marks[chosen].row),
      listed.length > 1 ? el('ol', { class: 'here' }, listed.slice(0, LISTED).map(entry)) : null,
      left > 0 ? el('p', { class: 'soft' }, `and ${whole(left)} more: look more nearly to tell them apart.`) : null,
    );
  }

  // Opens a mark, with those that lie on it.
  function choose(at, all = []) {
    scene.chosen = at;
    listed = all;
    const [low, high] = shown();
    const when = scene.marks[at].at;
    if (when < low || when > high) look([when - (high - low) / 2, when + (high - low) / 2]);
    paint();
    unfolded();
    told.textContent = tell(scene.marks[at].row);
    open.scrollIntoView({ block: 'nearest' });
  }

  // From mark to mark, and the like, by keys.
  function press(event) {
    const { marks, chosen } = scene;
    if (event.ctrlKey || event.metaKey || event.altKey || marks.length === 0) return;
    const [low, high] = shown();
    const [from, to] = within(marks, low, high);
    const last = marks.length - 1;
    const pan = (by) => look([low + (high - low) * by, high + (high - low) * by]);
    const call = {
      ArrowRight: () => choose(Math.min(last, chosen === null ? from : chosen + 1)),
      ArrowLeft: () => choose(Math.max(0, chosen === null ? to - 1 : chosen - 1)),
      ArrowDown: () => beside(1),
      ArrowUp: () => beside(-1),
      Home: () => choose(0),
      End: () => choose(last),
      PageUp: () => pan(-0.5),
      PageDown: () => pan(0.5),
      '+': () => zoom(ZOOM),
      '-': () => zoom(1 / ZOOM),
      0: () => look(null),
      Escape: () => look(null),
      Enter: () => chosen !== null && pick(marks[chosen].time),
    }[event.key];
    if (!call || (event.shiftKey && event.key !== '+')) return;
    event.preventDefault();
    event.stopPropagation();
    call();
  }

  // The mark of the next lane that is nearest in time.
  function beside(by) {
    const { marks, groups, lanes, chosen, scale } = scene;
    const from = groups.find((group) => group.marks.includes(chosen))?.lane ?? -1;
    const lane = Math.max(0, Math.min(lanes.length - 1, from < 0 ? 0 : from + by));
    const here = chosen === null ? scale.low : marks[chosen].at;
    const far = (at) => Math.abs(marks[at].at - here);
    const all = groups.filter((group) => group.lane === lane).flatMap((group) => group.marks);
    if (all.length) choose(all.reduce((best, at) => (far(at) < far(best) ? at : best)));
  }

  // What is pointed at.
  function nearest(event) {
    const { groups, scale } = scene;
    const box = canvas.getBoundingClientRect();
    const away = ({ x, lane }) =>
      (x - event.clientX + box.left) ** 2 + (scale.y(lane) - event.clientY + box.top) ** 2;
    let best = null;
    for (const group of groups) if (away(group) < (best ? away(best) : NEAR_PX ** 2)) best = group;
    return best;
  }

  function point(group) {
    if (group === scene.pointed) return false;
    scene.pointed = group;
    canvas.classList.toggle('on', group !== null);
    const [from, to] = within(scene.marks, ...shown());
    told.textContent = group ? summary(group) : counted(to - from);
    return true;
  }

  const across = (event) => {
    const { left, width } = scene.scale;
    return Math.max(left, Math.min(width - MARGIN_PX, event.clientX - canvas.getBoundingClientRect().left));
  };
  const timeAt = (at, [low, high]) => {
    const { left, width } = scene.scale;
    return low + ((at - left) / (width - left - MARGIN_PX)) * (high - low);
  };

  // A drag looks at what it goes over, a click opens what is there and chooses its time.
  dragged(canvas, {
    across,
    moved(event, drag) {
      const isOther = point(drag ? scene.pointed : nearest(event));
      const isBrushed = scene.brush !== drag;
      scene.brush = drag;
      if (isOther || isBrushed) paint();
    },
    ended: (from, to) => look([timeAt(from, shown()), timeAt(to, shown())]),
    clicked(event) {
      const found = nearest(event);
      if (!found) return;
      choose(found.marks[0], found.marks);
      pick(scene.marks[scene.chosen].time);
    },
  });
  dragged(overview, {
    across,
    ended: (from, to) => look([timeAt(from, scene.extent), timeAt(to, scene.extent)]),
    clicked(event) {
      const [low, high] = shown();
      const at = timeAt(across(event), scene.extent);
      look([at - (high - low) / 2, at + (high - low) / 2]);
    },
  });
  canvas.addEventListener('pointerleave', () => point(null) && paint());
  canvas.addEventListener('dblclick', () => look(null));
  canvas.addEventListener(
    'wheel',
    (event) => {
      // As a pinch comes, too; else the page scrolls.
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? PINCH : 1 / PINCH, timeAt(across(event), shown()));
    },
    { passive: false },
  );
  new ResizeObserver(() => {
    if (scene.scale && Math.abs(node.clientWidth - scene.scale.width) > 1) render();
  }).observe(node);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);

  return {
    node,
    controls,
    set,
    // Marks a time; without one nothing is after it.
    move(time) {
      scene.cursor = time;
      paint();
    },
  };
}

// Marks of the same path, in order; none where there are too many.
function pathsOf(marks) {
  const paths = new Map();
  if (marks.length > LINES_MAX) return [];
  for (const mark of marks) {
    if (mark.path === null || mark.path === undefined) continue;
    if (!paths.has(mark.path)) paths.set(mark.path, []);
    paths.get(mark.path).push(mark);
  }
  return [...paths.values()];
}
