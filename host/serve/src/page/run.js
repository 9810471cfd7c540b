// Whether the world runs: a button that lets it, and one for a single tick.

import { run } from '/ask.js';
import { state } from '/state.js';

const AGAIN_MS = 3000;
const $ = (id) => document.getElementById(id);

// `say` is told what could not be done.
export function runControl(say) {
  const go = $('run');
  const step = $('step');
  let isPaused = false;

  function show({ paused, hz }) {
    state.isPaused = isPaused = paused;
    go.textContent = paused ? 'Run' : 'Pause';
    go.title = paused ? `Do ticks${hz ? `, ${hz} a second` : ''} (p)` : 'Stand still (p)';
    for (const button of [go, step]) button.hidden = false;
  }

  const command = (path, body) => run(path, body).then(show, (error) => say(error.message));
  const toggle = () => command('', { paused: !isPaused });
  const once = () => command('/step', { ticks: 1 });
  go.addEventListener('click', toggle);
  step.addEventListener('click', once);
  // A world whose pace is its program's own has no buttons.
  const look = () => run('').then(show, () => {});
  setInterval(() => document.hidden || look(), AGAIN_MS);
  return { toggle, once, look };
}
