// The picture of marks in lanes over a time, and of all of that time in little: drawn of a
// scene, which has all that is seen, and of nothing else.

import { short, steps } from '/format.js';
import { chosenAt, dateSteps, isBy } from '/when.js';

export const MARGIN_PX = 12;
const AXIS_PX = 24;
const OVERVIEW_PX = 30;
const BIN_PX = 3;
const TICK_PX = 110;
const SPAN_PX = 5;
const RADIUS = 4.5;
const RADIUS_MOST = 9;
const RING_PX = 3;
const COLOURS = ['line', 'edge', 'ink', 'soft', 'sheet', 'mark', 'accent', 'c0', 'c1', 'c4'];

export const radius = ({ marks }) => Math.min(RADIUS_MOST, RADIUS + Math.log2(marks.length));

// Both pictures of a scene. It has `scale` (where times and lanes lie), `lanes`, `groups`,
// `marks`, `spans`, `paths`, the time `extent`, and what is `pointed` at, `chosen`, the `cursor`
// and the `brush`.
export function paint(canvas, overview, scene) {
  const style = getComputedStyle(canvas);
  const colours = Object.fromEntries(COLOURS.map((of) => [of, style.getPropertyValue(`--${of}`).trim()]));
  const { width, height } = scene.scale;
  const pen = penOf(canvas, width, height + AXIS_PX, style);
  drawGrid(pen, colours, scene);
  drawSpans(pen, colours, scene);
  drawPaths(pen, colours, scene);
  for (const group of scene.groups) drawGroup(pen, colours, scene, group);
  drawCursor(pen, colours, scene);
  drawOverview(penOf(overview, width, OVERVIEW_PX, style), colours, scene);
}

// A pen for an empty canvas as sharp as the screen.
function penOf(canvas, width, height, style) {
  const sharp = devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * sharp), Math.round(height * sharp)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `11px ${style.fontFamily}`;
  return pen;
}

function stroke(pen, points) {
  pen.beginPath();
  points.forEach(([across, down], at) => (at ? pen.lineTo(across, down) : pen.moveTo(across, down)));
  pen.stroke();
}

function circle(pen, across, down, size) {
  pen.beginPath();
  pen.arc(across, down, size, 0, 7);
}

function drawGrid(pen, colours, { scale, lanes, isDated }) {
  const { width, height, left, x, y, low, high } = scale;
  pen.strokeStyle = colours.line;
  pen.lineWidth = 1;
  lanes.forEach((_, lane) =>
    stroke(pen, [
      [left, y(lane)],
      [width - MARGIN_PX, y(lane)],
    ]),
  );
  const about = (width - left) / TICK_PX;
  const ticks = isDated
    ? dateSteps(low, high, about)
    : steps(low, high, about).map((at) => ({ at, text: short(at) }));
  pen.fillStyle = colours.soft;
  pen.textAlign = 'center';
  let end = -Infinity;
  for (const { at, text } of ticks) {
    const half = pen.measureText(text).width / 2;
    const across = Math.min(Math.max(x(at), left + half), width - half);
    if (across - half < end + 8) continue;
    end = across + half;
    stroke(pen, [
      [x(at), 0],
      [x(at), height],
    ]);
    pen.fillText(text, across, height + 16);
  }
}

// Where a mark lies, from above; null where its lane is not there.
function levels({ lanes, scale }) {
  const places = new Map(lanes.map(({ key }, at) => [key, at]));
  return (mark) => {
    const lane = places.get(mark.lanes[0]) ?? places.get(undefined);
    return lane === undefined ? null : scale.y(lane);
  };
}

// What lasts, as far as it is in sight.
function drawSpans(pen, colours, scene) {
  const { spans, scale } = scene;
  const down = levels(scene);
  const [least, most] = [scale.left, scale.width - MARGIN_PX];
  pen.fillStyle = colours.c4;
  pen.globalAlpha = 0.45;
  for (const mark of spans) {
    const from = Math.max(least, scale.x(mark.at));
    const to = Math.min(most, scale.x(mark.end));
    if (to > from && down(mark) !== null) pen.fillRect(from, down(mark) - SPAN_PX / 2, to - from, SPAN_PX);
  }
  pen.globalAlpha = 1;
}

// Lines from mark to mark, also from before the part that is shown and on behind it.
function drawPaths(pen, colours, scene) {
  const { paths, scale } = scene;
  const down = levels(scene);
  pen.save();
  pen.beginPath();
  pen.rect(scale.left - RADIUS_MOST, 0, scale.width - scale.left, scale.height);
  pen.clip();
  pen.strokeStyle = colours.c1;
  pen.lineWidth = 1.5;
  for (const path of paths) {
    const known = path.filter((mark) => down(mark) !== null);
    const points = known.flatMap((mark, at) => {
      const here = [scale.x(mark.at), down(mark)];
      return at ? [[here[0], down(known[at - 1])], here] : [here];
    });
    stroke(pen, points);
  }
  pen.restore();
}

// What has not happened by the time that is looked at is hollow.
function drawGroup(pen, colours, { marks, scale, cursor, pointed, chosen }, group) {
  const isPast = isBy(marks[group.marks[0]].time, cursor);
  const [across, down] = [group.x, scale.y(group.lane)];
  circle(pen, across, down, radius(group));
  pen.fillStyle = isPast ? colours.c0 : colours.sheet;
  pen.fill();
  pen.strokeStyle = isPast ? colours.sheet : colours.edge;
  pen.stroke();
  if (group !== pointed && !group.marks.includes(chosen)) return;
  circle(pen, across, down, radius(group) + RING_PX);
  pen.strokeStyle = colours.accent;
  pen.lineWidth = 2;
  pen.stroke();
  pen.lineWidth = 1;
}

function drawCursor(pen, colours, { scale, cursor, isDated, brush }) {
  const { left, width, height, x } = scale;
  const at = cursor === null ? NaN : x(chosenAt(cursor, isDated));
  pen.strokeStyle = colours.ink;
  if (at >= left && at <= width - MARGIN_PX + 1)
    stroke(pen, [
      [at, 0],
      [at, height],
    ]);
  if (!brush) return;
  pen.fillStyle = colours.accent;
  pen.globalAlpha = 0.16;
  pen.fillRect(Math.min(...brush), 0, Math.abs(brush[1] - brush[0]), height);
  pen.globalAlpha = 1;
}

// All of the time with how much there is when, and which part of it is shown.
function drawOverview(pen, colours, { marks, extent, scale, cursor, isDated }) {
  const { width, left, low, high } = scale;
  const [first, last] = extent;
  const across = (at) => left + ((at - first) / (last - first)) * (width - left - MARGIN_PX);
  const bins = new Array(Math.max(1, Math.floor((width - left - MARGIN_PX) / BIN_PX))).fill(0);
  for (const { at } of marks)
    bins[Math.min(bins.length - 1, Math.floor(((at - first) / (last - first)) * bins.length))] += 1;
  const most = Math.max(1, ...bins);
  const [from, to] = [across(low), across(high)];
  pen.fillStyle = colours.mark;
  pen.fillRect(from, 0, to - from, OVERVIEW_PX);
  pen.fillStyle = colours.c1;
  bins.forEach((count, at) => {
    if (!count) return;
    const tall = BIN_PX + (Math.log1p(count) / Math.log1p(most)) * (OVERVIEW_PX - 8);
    pen.fillRect(left + at * BIN_PX, OVERVIEW_PX - tall, BIN_PX - 1, tall);
  });
  pen.strokeStyle = colours.edge;
  pen.strokeRect(from + 0.5, 0.5, Math.max(2, to - from - 1), OVERVIEW_PX - 1);
  if (cursor === null) return;
  const at = Math.min(width - MARGIN_PX, Math.max(left, across(chosenAt(cursor, isDated))));
  pen.strokeStyle = colours.ink;
  stroke(pen, [
    [at, 0],
    [at, OVERVIEW_PX],
  ]);
}
