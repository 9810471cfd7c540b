// What tests/guests/menagerie.rs does, in JavaScript.
import { system, component, relation, event, query, read, write, has, lacks, despawned, entity, u32, u64, f32, f64, string } from 'sandtable';
import { index } from './lib/entities.js';

const Age = component('Age', { ticks: u32 });
const Weight = component('Weight', { kilograms: f64 });
const Sleepy = component('Sleepy');
const Name = component('Name', { text: string }, { dynamic: true });
const ChildOf = relation('ChildOf', {}, { onDespawn: 'cascade' });
const Likes = relation('Likes', { much: f32 });
const Born = event('Born', { who: entity, name: string });
const Census = component('Census', { born: u64, died: u64, weight: f64 });

system('populate', { startup: true, commands: true }, ({ commands }) => {
  for (let n = 0; n < 500; n++) {
    const animal = commands.spawn(Age.of({ ticks: n % 40 }), Weight.of({ kilograms: n }));
    if (n % 3 === 0) commands.insert(animal, Name.of({ text: `animal ${n}` }));
    if (n % 5 === 0) commands.insert(animal, Sleepy);
  }
});

system('live', {
  query: query({ animal: entity, age: write(Age), weight: write(Weight) }, lacks(Sleepy)),
  emits: [Born], commands: true,
}, ({ rows, rng, commands, emit }) => {
  for (const { animal, age, weight } of rows) {
    const dice = rng.of(animal);
    age.ticks += 1;
    weight.kilograms += dice.f64() - 0.4;
    if (age.ticks > 60 && dice.chance(0.2)) {
      commands.despawn(animal);
    } else if (age.ticks > 20 && dice.chance(0.02)) {
      const child = commands.spawn(Age.of({ ticks: 0 }), Weight.of({ kilograms: 1 }));
      commands.relate(child, animal, ChildOf);
      emit(Born, { who: child, name: `child of ${index(animal)}` });
    } else if (dice.chance(0.05)) {
      commands.insert(animal, Sleepy);
    }
  }
});

system('wake', { query: query({ sleeper: entity }, has(Sleepy)), every: 3, commands: true }, ({ rows, rng, commands }) => {
  for (const { sleeper } of rows) if (rng.of(sleeper).chance(0.5)) commands.remove(sleeper, Sleepy);
});

system('name_children', { reads: { births: Born }, every: 2, commands: true }, ({ reads, commands }) => {
  let last = null;
  for (const birth of reads.births) {
    commands.insert(birth.who, Name.of({ text: birth.name }));
    if (last !== null) commands.relate(birth.who, last, Likes.of({ much: 0.5 }));
    last = birth.who;
  }
});

system('count', {
  query: { weight: read(Weight) }, every: 5, span: 'everything',
  resources: { census: write(Census) }, reads: { births: Born, deaths: despawned },
}, ({ rows, reads, resources: { census } }) => {
  census.born += BigInt(reads.births.length);
  census.died += BigInt(reads.deaths.length);
  census.weight = 0;
  for (const { weight } of rows) census.weight += weight.kilograms;
});
