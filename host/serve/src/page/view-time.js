// Going about in time: how the world runs, ticks with names, other saves that go on from a
// tick, and the way back.

import { send } from '/ask.js';
import { address, goTo } from '/address.js';
import { el, put } from '/dom.js';
import { seconds, whole } from '/format.js';
import { wentBack } from '/hand.js';
import { card, cards, choice, field, form, problem, section, soft, tickLink } from '/parts.js';
import { command, onRun, speed, speeds, step, toggle } from '/run.js';
import { looked, state } from '/state.js';
import { sure } from '/sure.js';
import { table } from '/table.js';

export function open({ place, life, update }) {
  const [figures, running, back, listed] = [el('div'), el('div'), el('div'), el('div')];
  const said = el('div', { role: 'status' });
  const from = el('h2');
  const note = soft('A branch is another save, which goes on from this tick. This world stays as it is.');
  put(
    place,
    el('h2', {}, 'Time'),
    figures,
    said,
    el(
      'div',
      { class: 'two' },
      section('Run', running),
      el('section', { class: 'card' }, from, note, branchForm(), back),
    ),
    section('Ticks with a name', snapshotForm(), listed),
  );
  onRun((told) => {
    put(figures, summary(told));
    put(running, runForms(told));
  }, life);

  return {
    async update(ask) {
      ahead(looked());
      const { rows } = await ask('/snapshots');
      const [label, empty] = ['Ticks with a name', 'None has one yet.'];
      put(listed, table(rows.reverse(), columns(), { label, empty, key: ({ name }) => name }));
    },
    move: ahead,
  };

  // Does something, and says what came of it or why it is refused.
  async function attempt(doing, words) {
    put(said);
    try {
      const answer = await doing();
      if (words) put(said, el('p', { class: 'told' }, words(answer)));
      update();
      return answer;
    } catch (error) {
      put(said, problem(error));
      return null;
    }
  }

  function runForms({ paused, hz }) {
    return [
      form(
        () => attempt(toggle),
        field(
          'ticks a second',
          choice('hz', String(hz), speeds(hz), {
            onchange: ({ target }) => attempt(() => command('', { hz: Number(target.value) })),
          }),
        ),
        el('button', { class: 'primary' }, paused ? 'Run' : 'Pause'),
      ),
      form(
        ({ elements }) => attempt(() => step(Number(elements.ticks.value))),
        field(
          'ticks',
          el('input', { type: 'number', name: 'ticks', value: 10, min: 1, max: 1_000_000, required: true }),
        ),
        el('button', {}, 'Do them, then stand still'),
      ),
    ];
  }

  function snapshotForm() {
    return form(
      ({ elements }) => {
        const [name, note] = [elements.name.value.trim(), elements.note.value.trim()];
        attempt(
          () => send('/snapshots', { name, note }),
          ({ tick }) => [`Tick ${whole(tick)} is called ${name}.`],
        ).then((done) => done && (elements.name.value = elements.note.value = ''));
      },
      field(
        'name',
        el('input', {
          type: 'text',
          name: 'name',
          required: true,
          autocomplete: 'off',
          placeholder: 'before-the-war',
        }),
      ),
      field('note', el('input', { type: 'text', name: 'note', autocomplete: 'off' }), true),
      el('button', { class: 'primary' }, 'Name the tick of now'),
    );
  }

  function branchForm() {
    return form(
      ({ elements }) => {
        const [tick, name] = [looked(), elements.name.value.trim()];
        attempt(
          () => send('/branches', { tick, name }),
          () => [`${name}.db goes on from tick ${whole(tick)}: it lies beside the save of this world.`],
        ).then((done) => done && (elements.name.value = ''));
      },
      field(
        'name of the other save',
        el('input', { type: 'text', name: 'name', required: true, autocomplete: 'off', placeholder: 'what-if' }),
      ),
      el('button', {}, 'Branch'),
    );
  }

  // What can be done from the tick that is looked at.
  function ahead(tick) {
    const isNow = tick >= state.now;
    put(from, `From tick ${whole(tick)}${isNow ? ', now' : ''}`);
    put(
      back,
      soft(
        isNow ? 'To take this world back, choose an earlier tick below.' : 'Or this world itself goes back to it.',
      ),
      el(
        'button',
        { type: 'button', disabled: isNow, onclick: () => rewind(tick) },
        `Rewind to tick ${whole(tick)}…`,
      ),
    );
  }

  async function rewind(tick) {
    const { now: last } = state;
    const which =
      last === tick + 1 ? `Tick ${whole(last)} leaves` : `Ticks ${whole(tick + 1)} to ${whole(last)} leave`;
    const text = `${which} this world, for all who look at it. What is ahead is kept as a save of its own beside this one; what was sent and waits for a tick is dropped.`;
    if (!(await sure(`Rewind to tick ${whole(tick)}?`, text, 'Rewind'))) return;
    const words = ({ tick: to, ahead: kept, lost_inputs: lost }) => [
      `The world is at tick ${whole(to)} again. `,
      kept ? `What was ahead is kept as ${kept}.db. ` : '',
      lost ? `${whole(lost)} inputs that waited were dropped.` : '',
    ];
    const done = await attempt(() => send('/rewind', { tick }), words);
    if (!done) return;
    goTo(address('time', null, {}, null));
    wentBack(done.tick);
  }

  function columns() {
    return [
      { name: 'name', show: ({ name }) => el('b', {}, name) },
      { name: 'tick', number: true, show: ({ tick }) => tickLink(tick, { view: 'world' }) },
      { name: 'note' },
      {
        name: 'made_at_ms',
        title: 'named at',
        number: false,
        show: ({ made_at_ms: at }) => new Date(at).toISOString().slice(0, 16).replace('T', ' '),
      },
      {
        name: 'automatic',
        title: 'by',
        number: false,
        show: ({ automatic }) => (automatic ? 'the world file' : 'hand'),
      },
      {
        name: 'to',
        title: 'go on',
        show: ({ tick, name }) => [
          el(
            'a',
            { href: address('time', null, {}, { tick }), 'aria-label': `from here…, ${name}` },
            'from here…',
          ),
        ],
      },
    ];
  }
}

function summary({ paused, hz, tick, saved_tick: saved, steps, lag_seconds: lag }) {
  return cards(
    card('the world', paused ? 'stands still' : 'runs', steps ? `${whole(steps)} ticks to do` : null),
    card('speed', speed(hz)),
    card('tick', whole(tick), saved < tick ? `saved up to ${whole(saved)}` : 'saved'),
    card('behind', lag >= 1 ? seconds(lag) : 'not at all'),
  );
}
