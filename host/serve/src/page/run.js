// Whether the world runs, and how fast: what is told of it, and the buttons below.

import { run } from '/ask.js';
import { el, put } from '/dom.js';
import { short } from '/format.js';
import { state } from '/state.js';

const AGAIN_MS = 3000;
const SPEEDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 0];
const $ = (id) => document.getElementById(id);
const heard = new Set();
let last = null;

function show(told) {
  last = told;
  state.isPaused = told.paused;
  for (const call of heard) call(told);
}

// Calls with how the world runs, now and whenever that is told, until a signal.
export function onRun(call, life) {
  heard.add(call);
  life?.addEventListener('abort', () => heard.delete(call));
  if (last) call(last);
}

// Has it run otherwise; what is refused is thrown.
export const command = async (path, body) => show(await run(path, body));
export const toggle = () => command('', { paused: !state.isPaused });
export const step = (ticks) => command('/step', { ticks });

// Ticks a second to choose among; one of another number is among them too.
export const speeds = (hz) =>
  [...new Set([...SPEEDS, hz])]
    .sort((one, other) => (one || Infinity) - (other || Infinity))
    .map((it) => [String(it), speed(it)]);
export const speed = (hz) => (hz ? `${short(hz)} / s` : 'unlimited');

// The buttons below. `say` is told what could not be done.
export function runControl(say) {
  const [go, once, fast] = ['run', 'step', 'speed'].map($);
  onRun(({ paused, hz }) => {
    go.textContent = paused ? 'Run' : 'Pause';
    go.title = paused ? `Do ticks${hz ? `, ${short(hz)} a second` : ''} (p)` : 'Stand still (p)';
    for (const control of [go, once, fast]) control.hidden = false;
    // A list that is open stays as it is.
    if (document.activeElement === fast && Number(fast.value) === hz) return;
    put(
      fast,
      speeds(hz).map(([value, title]) => el('option', { value }, title)),
    );
    fast.value = hz;
  });
  const told = (done) => done.catch((error) => say(error.message));
  const control = {
    toggle: () => told(toggle()),
    once: () => told(step(1)),
    // A world whose pace is its program's own has no buttons.
    look: () => command('').catch(() => {}),
  };
  go.addEventListener('click', control.toggle);
  once.addEventListener('click', control.once);
  fast.addEventListener('change', () => told(command('', { hz: Number(fast.value) })));
  setInterval(() => document.hidden || control.look(), AGAIN_MS);
  return control;
}
