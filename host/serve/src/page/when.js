// Times that are not the world's ticks: as they are written, and as numbers to draw them by.
// A text is a year, a month, a day or a minute, `1815-10-16T06:00`; the shorter is the whole
// of it. Numbers are themselves.

const TEXT = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?)?)?Z?$/;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.44 * DAY;
const YEAR = 365.25 * DAY;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// Unlike Date.UTC, which takes the first hundred years for those after 1900.
function moment(year, month = 0, day = 1, hour = 0, minute = 0, second = 0) {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime();
}

function parts(text) {
  const found = TEXT.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map((it) => (it === undefined ? null : Number(it)));
  if (month > 12 || day > 31 || hour > 24 || minute > 59) return null;
  return { year, month: month === null ? null : month - 1, day, hour, minute, second };
}

// When a time begins, as a number; NaN where it is none.
export function beginning(time) {
  if (typeof time === 'number') return time;
  const is = typeof time === 'string' ? parts(time) : null;
  if (!is) return NaN;
  return moment(is.year, is.month ?? 0, is.day ?? 1, is.hour ?? 0, is.minute ?? 0, is.second ?? 0);
}

// When it is over.
function ending(time) {
  if (typeof time === 'number') return time;
  const is = typeof time === 'string' ? parts(time) : null;
  if (!is) return NaN;
  if (is.month === null) return moment(is.year + 1);
  if (is.day === null) return moment(is.year, is.month + 1);
  if (is.hour === null) return moment(is.year, is.month, is.day + 1);
  return moment(is.year, is.month, is.day, is.hour, is.minute + 1);
}

// Where among others a time is that was chosen: it is up to its end. An address has numbers
// as texts, which are no years where the others are numbers.
export const chosenAt = (chosen, isDated) => (isDated ? ending(chosen) : Number(chosen));

// Whether something of this time has happened by the end of one that was chosen.
export function isBy(time, chosen) {
  if (chosen === null || time === chosen) return true;
  return typeof time === 'number' ? time <= Number(chosen) : beginning(time) < ending(chosen);
}

// Whether times are written as dates.
export const isDated = (times) => times.some((time) => typeof time === 'string');

// Whether a text can be chosen among times, or be any time where there are none.
export function isTime(text, times) {
  const isNumber = text !== '' && Number.isFinite(Number(text));
  if (times.length && !isDated(times)) return isNumber;
  return Number.isFinite(beginning(text)) || (times.length === 0 && isNumber);
}

const STEPS = [
  ...[1, 5, 15, 30].map((it) => [it * MINUTE, 'minute', it]),
  ...[1, 3, 6, 12].map((it) => [it * HOUR, 'hour', it]),
  ...[1, 2, 7, 14].map((it) => [it * DAY, 'day', it]),
  ...[1, 3, 6].map((it) => [it * MONTH, 'month', it]),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((it) => [it * YEAR, 'year', it]),
];

// Round times between two, about so many, each with how it is written beside the others.
export function dateSteps(low, high, about) {
  const rough = (high - low) / Math.max(1, about);
  const [, unit, by] = STEPS.find(([length]) => length >= rough) ?? STEPS.at(-1);
  const found = [];
  for (let at = floor(low, unit, by); at <= high && found.length < 64; at = next(at, unit, by))
    if (at >= low) found.push({ at, text: written(at, unit) });
  return found;
}

function floor(at, unit, by) {
  const date = new Date(at);
  const year = date.getUTCFullYear();
  if (unit === 'year') return moment(Math.floor(year / by) * by);
  if (unit === 'month') return moment(year, Math.floor(date.getUTCMonth() / by) * by);
  if (unit === 'day') return moment(year, date.getUTCMonth(), 1);
  const length = (unit === 'hour' ? HOUR : MINUTE) * by;
  return Math.floor(at / length) * length;
}

function next(at, unit, by) {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === 'year') return moment(year + by);
  if (unit === 'month') return moment(year, month + by);
  // Weeks and the like begin anew with each month, so that its first day is one of them.
  if (unit === 'day') {
    const after = at + by * DAY;
    return new Date(after).getUTCMonth() === month && new Date(after + (by * DAY) / 2).getUTCMonth() === month
      ? after
      : moment(year, month + 1);
  }
  return at + (unit === 'hour' ? HOUR : MINUTE) * by;
}

function written(at, unit) {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const isFirst = date.getUTCHours() + date.getUTCMinutes() === 0;
  if (unit === 'year') return String(year);
  if (unit === 'month') return month === 0 ? String(year) : `${MONTHS[month]} ${year}`;
  if (unit === 'day' || isFirst) return `${day} ${MONTHS[month]} ${year}`;
  return date.toISOString().slice(11, 16);
}

// A time as people write it.
export function told(time) {
  const is = typeof time === 'string' ? parts(time) : null;
  if (!is) return String(time ?? '');
  const day = is.day === null ? '' : `${is.day} `;
  const month = is.month === null ? '' : `${MONTHS[is.month]} `;
  const [, hour] = time.split(/[T ]/);
  return `${day}${month}${is.year}${hour ? `, ${hour}` : ''}`;
}
