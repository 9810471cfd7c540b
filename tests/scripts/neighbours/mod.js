// What tests/guests/neighbours.rs does, in JavaScript.
import { system, component, relation, read, write, entity, noEntity, u32, f32 } from 'sandtable';

const House = component('House', { number: u32 });
const Sums = component('Sums', { out: f32, into: f32, numbers: u32, missing: u32 });
const Landlord = component('Landlord', { 0: entity });
const Road = relation('Road', { length: f32 });

system('build', { startup: true, commands: true }, ({ commands }) => {
  const landlord = commands.spawn(House.of({ number: 1000 }));
  let last = null;
  for (let number = 0; number < 10; number++) {
    const house = commands.spawn(House.of({ number }), Sums.of(), Landlord.of({ 0: landlord }));
    if (last !== null) commands.relate(last, house, Road.of({ length: number }));
    last = house;
  }
});

// As Rust adds up: nothing is -0.
const total = (numbers) => numbers.reduce((sum, it) => sum + it, -0);

system('visit', {
  query: { house: entity, sums: write(Sums), landlord: read(Landlord) },
  relations: { roads: Road }, lookups: { houses: House },
}, ({ rows, lookups: { houses }, relations: { roads } }) => {
  for (const { house, sums, landlord } of rows) {
    const out = roads.from(house);
    sums.out = total(out.map((road) => road.length));
    sums.into = total(roads.to(house).map((road) => road.length));
    const next = houses.all(out.map((road) => road.entity));
    sums.numbers = total(next.map((it) => it?.number ?? 0)) + houses.get(landlord[0]).number;
    sums.missing = houses.get(noEntity) === undefined ? 1 : 0;
  }
});
