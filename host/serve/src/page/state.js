// What all views share: which world, which tick, and what was learnt on the way.

export const state = {
  token: null,
  world: null,
  // The first tick that is kept, and the last that there is.
  first: 0,
  now: 0,
  // The tick that is looked at, `{ tick, chain }`; null follows the world.
  at: null,
  // A time of another clock that is looked at, `{ clock, time }`; null is its end.
  when: null,
  // The tick of the last answers with its chain, for links that stay.
  seen: null,
  // Whether the world stands still because it was told to, and so does what is sent to it.
  isPaused: false,
};

export const looked = () => state.at?.tick ?? state.now;

// The tick that is looked at, with its chain where an answer had it.
export const lookedAt = () => (state.seen?.tick === looked() ? state.seen : { tick: looked(), chain: null });

export const atText = ({ tick, chain }) => (chain ? `${tick}~${chain}` : String(tick));

export function parseAt(text) {
  const found = /^(\d+)(?:~([0-9a-f]+))?$/.exec(text ?? '');
  return found && { tick: Number(found[1]), chain: found[2] ?? null };
}

// The parameter of requests that are about the tick that is looked at.
export const asOf = () => (state.at === null ? {} : { at: atText(state.at) });

// A time of a clock that is not the world's, in addresses.
export const whenText = ({ clock, time }) => `${clock}~${time}`;

export function parseWhen(text) {
  const found = /^([^~]+)~(.+)$/.exec(text ?? '');
  return found && { clock: found[1], time: found[2] };
}
