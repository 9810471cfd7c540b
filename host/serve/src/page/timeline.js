// Marks over a time, in lanes: they can be pointed at, opened, gone through by keys, and
// looked at more nearly. The picture knows times, lanes and texts, and not what they mean.

import { draw, el, keep, put } from '/dom.js';
import { short, steps, whole } from '/format.js';
import { groupsOf, lanesOf, within } from '/lanes.js';
import { beginning, dateSteps, ending, isBy, isDated } from '/when.js';

const LANES_MAX = 13;
const LANE_PX = 26;
const NARROW_LANE_PX = 36;
const NARROW_PX = 560;
const LEFT_PX = 168;
const MARGIN_PX = 12;
const AXIS_PX = 24;
const OVERVIEW_PX = 30;
const NEAR_PX = 14;
const DRAG_PX = 6;
const ZOOM = 2;
const RADIUS = 4.5;
const RADIUS_MOST = 9;
// Of what lies on one another, so many are listed.
const LISTED = 12;
// Lines between more marks than that tell nothing.
const PATH_MAX = 3000;
// Nor do more spans.
const SPANS_MAX = 3000;
const SPAN_PX = 5;
const KEYS = '← → go from mark to mark, ↑ ↓ to another lane, Enter chooses its time, + − 0 zoom';

// `name(key)` and `link(key)` give a lane's title, `tell(row)` a mark in a line, `unfold(row)`
// all of it; `pick(time)` is called with the time that is chosen.
export function timeline(title, { name, link, tell, unfold, pick }) {
  const canvas = el('canvas', { 'aria-hidden': 'true' });
  const overview = el('canvas', { class: 'overview', 'aria-hidden': 'true' });
  const names = el('ol', { class: 'lane-names' });
  const stage = el(
    'div',
    { class: 'stage', tabindex: 0, role: 'application', 'aria-label': `${title}: ${KEYS}`, onkeydown: press },
    canvas,
  );
  const told = el('p', { class: 'soft told-mark', role: 'status' });
  const open = el('div', { class: 'opened' });
  const button = (sign, words, call) => el('button', { type: 'button', 'aria-label': words, title: words, onclick: call }, sign);
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
  let marks = [];
  let extent = [0, 1];
  let view = null;
  let dated = false;
  let paths = null;
  let spans = [];
  let lanes = [];
  let groups = [];
  let scale = null;
  let pointed = null;
  let chosen = null;
  let opened = null;
  let cursor = null;
  let brush = null;
  let frame = 0;

  // Takes marks, `{ time, until, lanes, path, row }` in any order; those without a time that can be
  // read are left out, and how many is given back.
  function set(given) {
    const row = chosen === null ? null : marks[chosen]?.row;
    marks = given.map((mark) => ({ ...mark, at: beginning(mark.time), end: beginning(mark.until) })).filter(({ at }) => Number.isFinite(at));
    marks.sort((one, other) => one.at - other.at);
    dated = isDated(marks.map(({ time }) => time));
    const first = marks[0]?.at ?? 0;
    const last = marks.reduce((most, { at, end }) => Math.max(most, at, end || at), first);
    spans = marks.filter(({ at, end }) => end > at).slice(0, SPANS_MAX);
    const pad = (last - first || 1) * 0.02;
    extent = [first - pad, last + pad];
    paths = pathsOf(marks);
    const again = row === null ? -1 : marks.findIndex((mark) => JSON.stringify(mark.row) === JSON.stringify(row));
    chosen = again < 0 ? null : again;
    opened = null;
    pointed = null;
    render();
    unfolded();
    return given.length - marks.length;
  }

  const shown = () => view ?? extent;

  // Looks at a part of the time; at all of it without one.
  function look(at) {
    if (at) {
      const [first, last] = extent;
      const least = Math.max((last - first) * 1e-6, dated ? 60_000 : 1e-9);
      const length = Math.min(last - first, Math.max(least, at[1] - at[0]));
      const low = Math.max(first, Math.min(last - length, (at[0] + at[1] - length) / 2));
      view = length >= (last - first) * 0.999 ? null : [low, low + length];
    } else view = null;
    render();
  }

  function zoom(by, around = chosen === null ? null : marks[chosen].at) {
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

  function lay() {
    const width = Math.max(240, node.clientWidth || 900);
    const isNarrow = width < NARROW_PX;
    const [low, high] = shown();
    const part = within(marks, low, high);
    const [from, to] = part;
    const beside = spans.filter(({ at, end }) => at < low && end > low);
    if (paths) beside.push(...[marks[from - 1], marks[to]].filter(Boolean));
    lanes = lanesOf(marks.slice(from, to), beside, LANES_MAX);
    const [left, lane] = isNarrow ? [MARGIN_PX, NARROW_LANE_PX] : [LEFT_PX, LANE_PX];
    const height = Math.max(1, lanes.length) * lane;
    const x = (at) => left + ((at - low) / (high - low)) * (width - left - MARGIN_PX);
    const y = (at) => at * lane + (isNarrow ? lane - 11 : lane / 2);
    scale = { width, height, left, lane, x, y, low, high };
    groups = groupsOf(marks, part, lanes, x);
    pointed = null;
    sized(canvas, width, height + AXIS_PX);
    sized(overview, width, OVERVIEW_PX);
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
    told.textContent = spanned();
  }

  const spanned = () => {
    if (marks.length === 0) return 'There is nothing to be shown over time.';
    const [from, to] = within(marks, scale.low, scale.high);
    const count = to - from === marks.length ? `${whole(marks.length)} in all` : `${whole(to - from)} of ${whole(marks.length)}, in the part that is shown`;
    return groups.some(({ marks: all }) => all.length > 1) ? `${count}; what lies close together is one larger mark` : count;
  };

  function paint() {
    if (!scale) return;
    const style = getComputedStyle(node);
    const colour = (of) => style.getPropertyValue(`--${of}`).trim();
    const pen = penOf(canvas, style);
    const { width, height, left, x, y, low, high } = scale;
    pen.clearRect(0, 0, width, height + AXIS_PX);
    pen.strokeStyle = colour('line');
    pen.lineWidth = 1;
    for (let lane = 0; lane < lanes.length; lane += 1) stroke(pen, [[left, y(lane)], [width - MARGIN_PX, y(lane)]]);
    pen.fillStyle = colour('soft');
    pen.textAlign = 'center';
    const about = (width - left) / 110;
    const ticks = dated ? dateSteps(low, high, about) : steps(low, high, about).map((at) => ({ at, text: short(at) }));
    let end = -Infinity;
    for (const { at, text } of ticks) {
      const half = pen.measureText(text).width / 2;
      const across = Math.min(Math.max(x(at), left + half), width - half);
      if (across - half < end + 8) continue;
      end = across + half;
      stroke(pen, [[x(at), 0], [x(at), height]]);
      pen.fillText(text, across, height + 16);
    }
    drawSpans(pen, colour);
    drawPaths(pen, colour);
    for (const group of groups) {
      const isPast = isBy(marks[group.marks[0]].time, cursor);
      const [across, down] = [group.x, y(group.lane)];
      pen.beginPath();
      pen.arc(across, down, radius(group), 0, 7);
      pen.fillStyle = isPast ? colour('c0') : colour('sheet');
      pen.fill();
      pen.strokeStyle = isPast ? colour('sheet') : colour('edge');
      pen.stroke();
      if (group === pointed || group.marks.includes(chosen)) ring(pen, across, down, radius(group), colour);
    }
    if (cursor !== null) {
      const at = x(ending(cursor));
      pen.strokeStyle = colour('ink');
      if (at >= left && at <= width - MARGIN_PX + 1) stroke(pen, [[at, 0], [at, height]]);
    }
    if (brush) {
      pen.fillStyle = colour('accent');
      pen.globalAlpha = 0.16;
      pen.fillRect(Math.min(...brush), 0, Math.abs(brush[1] - brush[0]), height);
      pen.globalAlpha = 1;
    }
    paintOverview(style, colour);
  }

  // All of the time with how much there is, and which part of it is shown.
  function paintOverview(style, colour) {
    const pen = penOf(overview, style);
    const { width, left } = scale;
    const high = OVERVIEW_PX;
    const bins = new Array(Math.max(1, Math.floor((width - left - MARGIN_PX) / 3))).fill(0);
    const [first, last] = extent;
    for (const { at } of marks) bins[Math.min(bins.length - 1, Math.floor(((at - first) / (last - first)) * bins.length))] += 1;
    const most = Math.max(1, ...bins);
    pen.clearRect(0, 0, width, high);
    const across = (at) => left + ((at - first) / (last - first)) * (width - left - MARGIN_PX);
    pen.fillStyle = colour('mark');
    const [from, to] = shown().map(across);
    pen.fillRect(from, 0, to - from, high);
    pen.fillStyle = colour('c1');
    bins.forEach((count, at) => {
      if (!count) return;
      const tall = 3 + (Math.log1p(count) / Math.log1p(most)) * (high - 8);
      pen.fillRect(left + at * 3, high - tall, 2, tall);
    });
    pen.strokeStyle = colour('edge');
    pen.strokeRect(from + 0.5, 0.5, Math.max(2, to - from - 1), high - 1);
    if (cursor === null) return;
    pen.strokeStyle = colour('ink');
    const at = Math.min(width - MARGIN_PX, Math.max(left, across(ending(cursor))));
    stroke(pen, [[at, 0], [at, high]]);
  }

  // Where a mark lies, from above.
  function levels() {
    const places = new Map(lanes.map(({ key }, at) => [key, at]));
    return (mark) => {
      const lane = places.get(mark.lanes[0]) ?? places.get(undefined);
      return lane === undefined ? null : scale.y(lane);
    };
  }

  // What lasts, as far as it is in sight.
  function drawSpans(pen, colour) {
    const down = levels();
    const [least, most] = [scale.left, scale.width - MARGIN_PX];
    pen.fillStyle = colour('c4');
    pen.globalAlpha = 0.45;
    for (const mark of spans) {
      const from = Math.max(least, scale.x(mark.at));
      const to = Math.min(most, scale.x(mark.end));
      if (to > from && down(mark) !== null) pen.fillRect(from, down(mark) - SPAN_PX / 2, to - from, SPAN_PX);
    }
    pen.globalAlpha = 1;
  }

  function drawPaths(pen, colour) {
    if (!paths) return;
    const down = levels();
    pen.strokeStyle = colour('c1');
    pen.lineWidth = 1.5;
    pen.save();
    pen.beginPath();
    pen.rect(scale.left - 6, 0, scale.width, scale.height);
    pen.clip();
    for (const path of paths) {
      // What goes on from before the part that is shown, and on behind it, is drawn too.
      const known = path.filter((mark) => down(mark) !== null);
      const points = known.flatMap((mark, at) => {
        const across = scale.x(mark.at);
        return at ? [[across, down(known[at - 1])], [across, down(mark)]] : [[across, down(mark)]];
      });
      stroke(pen, points);
    }
    pen.restore();
    pen.lineWidth = 1;
  }

  function ring(pen, across, down, size, colour) {
    pen.beginPath();
    pen.arc(across, down, size + 3, 0, 7);
    pen.strokeStyle = colour('accent');
    pen.lineWidth = 2;
    pen.stroke();
    pen.lineWidth = 1;
  }

  function summary({ marks: all }) {
    const first = marks[all[0]];
    return all.length === 1 ? tell(first.row) : `${whole(all.length)} here, the first: ${tell(first.row)}`;
  }

  // What is open below the picture.
  function unfolded() {
    const all = opened ?? (chosen === null ? [] : [chosen]);
    if (all.length === 0) return put(open);
    const entry = (at) =>
      el(
        'li',
        {},
        el('button', { type: 'button', class: 'quiet', 'aria-pressed': at === chosen ? 'true' : undefined, onclick: () => choose(at, all) }, tell(marks[at].row)),
      );
    const listed = all.length > 1 ? el('ol', { class: 'here' }, all.slice(0, LISTED).map(entry)) : null;
    const more = all.length > LISTED ? el('p', { class: 'soft' }, `and ${whole(all.length - LISTED)} more: look more nearly to tell them apart.`) : null;
    return put(open, chosen === null ? null : unfold(marks[chosen].row), listed, more);
  }

  function choose(at, all = null, isTimeToo = true) {
    chosen = at;
    opened = all;
    const [low, high] = shown();
    if (marks[at].at < low || marks[at].at > high) look([marks[at].at - (high - low) / 2, marks[at].at + (high - low) / 2]);
    paint();
    unfolded();
    open.scrollIntoView({ block: 'nearest' });
    if (isTimeToo) pick(marks[at].time);
  }

  // From mark to mark, and the like, by keys.
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || marks.length === 0) return;
    const [low, high] = shown();
    const by = {
      ArrowRight: () => choose(chosen === null ? within(marks, low, high)[0] % marks.length : Math.min(marks.length - 1, chosen + 1), null, false),
      ArrowLeft: () => choose(chosen === null ? Math.max(0, within(marks, low, high)[1] - 1) : Math.max(0, chosen - 1), null, false),
      ArrowDown: () => beside(1),
      ArrowUp: () => beside(-1),
      Home: () => choose(0, null, false),
      End: () => choose(marks.length - 1, null, false),
      PageUp: () => look([low - (high - low) / 2, high - (high - low) / 2]),
      PageDown: () => look([low + (high - low) / 2, high + (high - low) / 2]),
      '+': () => zoom(ZOOM),
      '-': () => zoom(1 / ZOOM),
      0: () => look(null),
      Enter: () => chosen !== null && pick(marks[chosen].time),
      Escape: () => look(null),
    }[event.key];
    if (!by || event.shiftKey && event.key !== '+') return;
    event.preventDefault();
    event.stopPropagation();
    by();
    if (chosen !== null && /^(Arrow|Home|End)/.test(event.key)) told.textContent = tell(marks[chosen].row);
  }

  const laneOf = (at) => (at === null ? -1 : (groups.find((group) => group.marks.includes(at))?.lane ?? -1));

  // The mark of the next lane that is nearest in time.
  function beside(by) {
    const from = laneOf(chosen);
    const lane = Math.max(0, Math.min(lanes.length - 1, from < 0 ? 0 : from + by));
    const here = chosen === null ? scale.low : marks[chosen].at;
    const all = groups.filter((group) => group.lane === lane).flatMap((group) => group.marks);
    if (all.length === 0) return;
    choose(all.reduce((best, at) => (Math.abs(marks[at].at - here) < Math.abs(marks[best].at - here) ? at : best)), null, false);
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [across, down] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    let least = NEAR_PX ** 2;
    for (const group of groups) {
      const away = (group.x - across) ** 2 + (scale.y(group.lane) - down) ** 2;
      if (away < least) [best, least] = [group, away];
    }
    return best;
  }

  const timeAt = (across, [low, high]) => low + ((across - scale.left) / (scale.width - scale.left - MARGIN_PX)) * (high - low);
  const acrossOf = (event, of) => Math.max(scale.left, Math.min(scale.width - MARGIN_PX, event.clientX - of.getBoundingClientRect().left));

  // A drag looks at what it went over; a click opens what is there.
  function dragged(of, range, { moved, ended, clicked }) {
    let from = null;
    of.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !scale || marks.length === 0) return;
      of.setPointerCapture(event.pointerId);
      from = acrossOf(event, of);
    });
    of.addEventListener('pointermove', (event) => {
      if (from === null || !(event.buttons & 1)) return moved?.(event, null);
      return moved?.(event, [from, acrossOf(event, of)]);
    });
    of.addEventListener('pointerup', (event) => {
      if (from === null) return;
      const [began, to] = [from, acrossOf(event, of)];
      from = null;
      if (Math.abs(to - began) < DRAG_PX) return clicked(event);
      return ended([timeAt(Math.min(began, to), range()), timeAt(Math.max(began, to), range())]);
    });
    of.addEventListener('pointercancel', () => {
      from = null;
      brush = null;
      paint();
    });
  }

  dragged(canvas, shown, {
    moved(event, drag) {
      brush = drag && Math.abs(drag[1] - drag[0]) >= DRAG_PX ? drag : null;
      const found = drag ? pointed : nearest(event);
      if (found !== pointed) told.textContent = found ? summary(found) : spanned();
      if (found !== pointed || drag) {
        pointed = found;
        canvas.classList.toggle('on', found !== null);
        paint();
      }
    },
    ended(part) {
      brush = null;
      look(part);
    },
    clicked(event) {
      brush = null;
      const found = nearest(event);
      if (found) choose(found.marks[0], found.marks);
    },
  });
  canvas.addEventListener('pointerleave', () => {
    if (!pointed) return;
    pointed = null;
    told.textContent = spanned();
    paint();
  });
  canvas.addEventListener('dblclick', () => look(null));
  canvas.addEventListener(
    'wheel',
    (event) => {
      // As a pinch comes, too; else the page scrolls.
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, timeAt(acrossOf(event, canvas), shown()));
    },
    { passive: false },
  );
  dragged(overview, () => extent, {
    ended: (part) => look(part),
    clicked(event) {
      const [low, high] = shown();
      const at = timeAt(acrossOf(event, overview), extent);
      look([at - (high - low) / 2, at + (high - low) / 2]);
    },
  });
  new ResizeObserver(() => {
    if (!scale || Math.abs(node.clientWidth - scale.width) > 1) render();
  }).observe(node);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => paint());

  return {
    node,
    controls,
    set,
    // Marks a time; without one nothing is after it.
    move(time) {
      cursor = time;
      paint();
    },
  };
}

const radius = ({ marks }) => Math.min(RADIUS_MOST, RADIUS + Math.log2(marks.length));

function stroke(pen, points) {
  pen.beginPath();
  points.forEach(([across, down], at) => (at ? pen.lineTo(across, down) : pen.moveTo(across, down)));
  pen.stroke();
}

// A canvas as sharp as the screen.
function sized(canvas, width, height) {
  const sharp = devicePixelRatio || 1;
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

function penOf(canvas, style) {
  const pen = canvas.getContext('2d');
  const sharp = devicePixelRatio || 1;
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.font = `11px ${style.fontFamily}`;
  return pen;
}

// Marks of the same path, in order; nothing where none has one, or there are too many.
function pathsOf(marks) {
  const paths = new Map();
  for (const mark of marks) {
    if (mark.path === null || mark.path === undefined) continue;
    if (!paths.has(mark.path)) paths.set(mark.path, []);
    paths.get(mark.path).push(mark);
  }
  return paths.size && marks.length <= PATH_MAX ? [...paths.values()] : null;
}
