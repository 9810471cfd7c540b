// Numbers and values as they are written on the page. Between a number and its unit no line
// is broken.

const UNITS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
];

// A number in a few characters.
export function short(value) {
  if (typeof value !== 'number' || !Number.isFinite(value)) return String(value ?? '');
  const size = Math.abs(value);
  for (const [unit, letter] of UNITS) if (size >= unit) return `${+(value / unit).toPrecision(4)}\u00a0${letter}`;
  if (Number.isInteger(value)) return value.toLocaleString('en');
  if (size < 1e-4) return value.toExponential(3);
  return (+value.toPrecision(5)).toLocaleString('en', { maximumSignificantDigits: 5 });
}

// By how much a number is another than before.
export const difference = (old, value) => `${value >= old ? '+' : '−'}${short(Math.abs(value - old))}`;

export const whole = (value) => (typeof value === 'number' ? value.toLocaleString('en') : String(value ?? '–'));

export const ms = (value) =>
  typeof value === 'number'
    ? `${value < 10 ? +value.toPrecision(3) : Math.round(value).toLocaleString('en')}\u00a0ms`
    : '–';

export function size(count) {
  if (typeof count !== 'number') return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let at = 0;
  for (; count >= 1024 && at < units.length - 1; at += 1) count /= 1024;
  return `${+count.toPrecision(3)}\u00a0${units[at]}`;
}

export function seconds(count) {
  if (typeof count !== 'number') return '–';
  if (count < 120) return `${Math.round(count)} s`;
  if (count < 7200) return `${Math.round(count / 60)} min`;
  return count < 172_800 ? `${Math.round(count / 3600)} h` : `${Math.round(count / 86_400)} days`;
}

// A value in words.
export function text(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return short(value);
  if (Array.isArray(value)) return value.map(text).join(', ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, of]) => `${name} ${text(of)}`)
      .join(', ');
  return String(value);
}

export const isEntity = (value) => typeof value === 'string' && /^\d+v\d+$/.test(value);

// The last part of a name such as economy/Economy.gdp_usd.
export const lastPart = (name) => name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('/')) + 1);
export const modOf = (name) => name.split('/')[0];

// Round numbers between two ends, about so many.
export function steps(low, high, about) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough);
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1)
    found.push(+(at * step).toPrecision(12));
  return found;
}
