// Follows the stream of ticks, and goes on after the one that it had last.

import { stream } from '/ask.js';

const AGAIN_MS = [500, 1000, 2000, 4000];
const STILL_LEAST_MS = 3000;
const STILL_TIMES = 6;

// Calls `ontick` with each tick; `ongap` where some are missing; `onrewind` where the world
// went back; `onstill` with the seconds since the last tick; `ongone` where the server is
// away; `onrefused` where it lets us in no more.
export async function follow({ ontick, ongap, onrewind, onstill, ongone, onrefused }) {
  let last = null;
  let tick = -1;
  let tries = 0;
  let came = Date.now();
  let usual = 0;
  let isGone = false;
  setInterval(() => {
    const waited = Date.now() - came;
    if (!isGone && waited > Math.max(STILL_LEAST_MS, STILL_TIMES * usual)) onstill(waited / 1000);
  }, 1000);
  const told = ({ event, id, data }) => {
    if (id) last = id;
    if (event === 'gap') ongap(data);
    if (event !== 'tick') return;
    if (data.tick <= tick) onrewind();
    usual = usual ? usual * 0.9 + (Date.now() - came) * 0.1 : 1;
    came = Date.now();
    tick = data.tick;
    ontick(data);
  };
  for (;;) {
    try {
      const response = await stream(last === null ? {} : { 'last-event-id': last });
      isGone = false;
      came = Date.now();
      await read(response.body, (message) => {
        tries = 0;
        told(message);
      });
    } catch (error) {
      if (error.status === 401) return onrefused(error);
      if (error.kind === 'rewound') {
        last = null;
        tick = -1;
        onrewind();
      }
    }
    isGone = true;
    ongone();
    await new Promise((after) => setTimeout(after, AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]));
    tries += 1;
  }
}

async function read(body, each) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const message = parsed(part);
      if (message.data !== undefined) each(message);
    }
  }
}

// A message of lines such as `id: 12`; what begins with a colon is a comment.
function parsed(part) {
  const message = { event: 'message', id: null, data: undefined };
  let data = '';
  for (const line of part.split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data += value;
    else if (name === 'event' || name === 'id') message[name] = value;
  }
  if (data) message.data = JSON.parse(data);
  return message;
}
