// What tests/guests/town.rs does, in JavaScript.
import { system, component, write, assets, u32, f64 } from 'sandtable';

const PLACES = 4096;
const WARES = ['bread', 'firewood', 'rent', 'a new coat'];
const Person = component('Person', { number: u32, place: u32, gold: f64 });

system('settle', { startup: true, commands: true }, ({ commands }) => {
  const count = Number(assets.text('count'));
  for (let number = 0; number < count; number++) {
    const place = (Math.imul(number, 2654435761) >>> 0) % PLACES;
    commands.spawn(Person.of({ number, place, gold: 1000 }));
  }
});

system('pay', { query: { person: write(Person) }, span: 'everything', tables: true }, ({ rows, tables, tick }) => {
  const paid = [];
  for (const { person } of rows) {
    const turn = (person.number * 7 + tick) % 64;
    if (turn < 10) {
      const gold = 1 + turn / 4;
      person.gold -= gold;
      paid.push([tick, person.number, person.place, gold, WARES[turn % 4]]);
    }
  }
  tables.execute('INSERT INTO town__ledger VALUES (?1, ?2, ?3, ?4, ?5)', paid);
});
