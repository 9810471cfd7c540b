// What this mod is about.
//
// All that a mod knows lives in components, resources and events: this file is read
// anew in each call of a system, so nothing else is there in the next one.

import { system, component, write, u64 } from 'sandtable';

/** How many ticks the mod has seen. There is one of it: a resource. */
const Seen = component('Seen', { ticks: u64 });

// Counts ticks. Systems with a `query` get rows of entities; `commands` makes some.
system('count', { resources: { seen: write(Seen) } }, ({ resources: { seen } }) => {
  seen.ticks += 1n;
});
