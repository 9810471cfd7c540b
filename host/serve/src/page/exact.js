// Whole numbers that are not rounded: the API has those past 2^53 as texts of their digits, and
// takes them so.

function isRounded(digits) {
  if (!/^[+-]?\d+$/.test(digits)) return false;
  const is = Number(digits);
  return !Number.isFinite(is) || BigInt(is) !== BigInt(digits);
}

// The number of a text, as the API takes it; the text where it is none.
export function numbered(text) {
  const is = Number(text);
  if (String(text).trim() === '' || !Number.isFinite(is)) return text;
  return isRounded(text) ? String(BigInt(text)) : is;
}

// What JSON says. A browser that does not tell what stands there rounds.
export const unrounded = (json) =>
  JSON.parse(json, (_, is, of) => (typeof is === 'number' && isRounded(of?.source ?? '') ? of.source : is));
