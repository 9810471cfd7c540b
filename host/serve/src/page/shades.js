// Colours of values: a ramp for numbers, a hue for each entity.

const STEPS = 9;
const LOG_FROM = 100;
const LEGEND_MAX = 8;
const LOW_SHARE = 0.02;
const HIGH_SHARE = 0.98;

// `shade` gives the colour of a value, `scale` what a legend shows.
export function shadesOf(values, type, style) {
  const none = style.getPropertyValue('--map-none');
  if (!values) {
    const plain = style.getPropertyValue('--c1');
    return { shade: () => plain, scale: null };
  }
  return type === 'entity' ? hues(values, none, style) : ramp(values, none, style);
}

function hues(values, none, style) {
  const light = style.getPropertyValue('--map-light');
  const colours = new Map();
  const counts = new Map();
  // By the golden angle, so that numbers beside each other look apart.
  const hue = (id) => ((id % 2 ** 32) * 137.508) % 360;
  for (const id of values) {
    if (Number.isNaN(id)) continue;
    if (!colours.has(id)) colours.set(id, `oklch(${light} 0.11 ${hue(id).toFixed(0)})`);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, LEGEND_MAX);
  return { shade: (id) => colours.get(id) ?? none, scale: most.map(([id]) => [id, colours.get(id)]) };
}

// Between what all but a few lie in; over magnitudes where they span several.
function ramp(values, none, style) {
  const colours = Array.from({ length: STEPS }, (_, at) => style.getPropertyValue(`--ramp-${at}`).trim());
  const told = values.filter((value) => !Number.isNaN(value)).sort();
  const low = told[Math.floor(told.length * LOW_SHARE)] ?? 0;
  const high = told[Math.max(0, Math.ceil(told.length * HIGH_SHARE) - 1)] ?? 0;
  const isLog = low > 0 && high / low > LOG_FROM;
  const of = isLog ? Math.log : (value) => value;
  const [from, to] = [of(low), of(high)];
  const shade = (value) => {
    if (Number.isNaN(value)) return none;
    const share = to === from ? 0.5 : (of(value) - from) / (to - from);
    return colours[Math.max(0, Math.min(STEPS - 1, Math.floor(share * STEPS)))];
  };
  return { shade, scale: { low, high, isLog, colours } };
}
