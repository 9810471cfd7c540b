// Walkers on a square field, and wind that blows them about.
//
// All that a mod knows lives in components, resources and events: this file is read
// anew in each call of a system, so nothing else is there in the next one.

import {
  system, component, event, input, settings, read, write, entity, axpy, f32, u64,
} from 'sandtable';

/** How far the field reaches from its middle, in metres. */
const REACH = 50;
/** How many walkers there are at first. */
const WALKERS = 100;

/** Where a walker is, in metres from the middle of the field. */
const Position = component('Position', { x: f32, y: f32 });
/** Where a walker is going, in metres a second. */
const Velocity = component('Velocity', { x: f32, y: f32 });
/** A walker came to the edge of the field and turned back. */
const Turned = event('Turned', { walker: entity });
/** How often walkers have turned back. There is one of it: a resource. */
const Turns = component('Turns', { count: u64 });
/** Wind, in metres a second. It comes from outside, through `sandtable send`. */
const Gust = input('Gust', { x: f32, y: f32 });

// What a world file may say under `[mods.{{id}}.settings]`, also while the world runs
// under `sandtable dev`.
const Settings = settings({
  // How fast walkers walk, as a multiple of their velocity.
  pace: f32.default(1),
});

// Puts the walkers on the field, in the world's first tick.
system('settle', { startup: true, commands: true }, ({ commands, rng }) => {
  const dice = rng.world();
  const within = (/** @type {number} */ reach) => (dice.f32() * 2 - 1) * reach;
  for (let i = 0; i < WALKERS; i++) {
    commands.spawn(
      Position.of({ x: within(REACH), y: within(REACH) }),
      Velocity.of({ x: within(2), y: within(2) }),
    );
  }
});

// Every gust pushes every walker.
system('blow', {
  query: { velocity: write(Velocity) }, reads: { gusts: Gust },
}, ({ rows, reads }) => {
  for (const gust of reads.gusts) {
    for (const { velocity } of rows) {
      velocity.x += gust.x;
      velocity.y += gust.y;
    }
  }
});

// Walkers walk: all of a shard at once, natively, which is some hundred times as fast
// as row by row.
system('walk', {
  query: { position: write(Position), velocity: read(Velocity) },
  resources: { settings: Settings }, after: ['blow'],
}, ({ rows, dt, resources }) => {
  const seconds = Math.fround(dt) * resources.settings.pace;
  for (const { position, velocity } of rows.shards) axpy(position, velocity, seconds);
});

// Walkers that have left the field head back into it.
system('turn', {
  query: { walker: entity, position: read(Position), velocity: write(Velocity) },
  emits: [Turned], after: ['walk'],
}, ({ rows, emit }) => {
  for (const { walker, position, velocity } of rows) {
    const x = headedBack(position.x, velocity.x), y = headedBack(position.y, velocity.y);
    if (x !== velocity.x || y !== velocity.y) {
      velocity.x = x;
      velocity.y = y;
      emit(Turned, { walker });
    }
  }
});

// Counts the turns of the tick before.
system('tally', {
  reads: { turned: Turned }, resources: { turns: write(Turns) },
}, ({ reads, resources: { turns } }) => {
  turns.count += BigInt(reads.turned.length);
});

/**
 * The speed at this place, turned towards the middle when it is off the field.
 * @param {number} place
 * @param {number} speed
 */
function headedBack(place, speed) {
  return Math.abs(place) > REACH && Math.sign(place) === Math.sign(speed) ? -speed : speed;
}
