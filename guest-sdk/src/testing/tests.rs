//! Systems of every shape, end to end: what is declared, shipped and left.

use crate::Kind;
use crate::prelude::*;
use crate::testing::{Action, Rows, Trial};

#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Position {
    x: f32,
    y: f32,
}

#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Velocity {
    x: f32,
    y: f32,
}

#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Frozen;

#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Owner(Entity);

#[derive(Component, Clone, Debug, PartialEq)]
struct Name {
    text: String,
    mood: Mood,
}

#[derive(Value, Clone, Debug, PartialEq)]
enum Mood {
    Calm,
    Angry(f32),
    At { x: f32, y: f32 },
}

#[derive(Component, Clone, Copy, Debug, PartialEq, Default)]
#[repr(C)]
struct Total {
    count: u64,
}

#[derive(Event, Clone, Debug, PartialEq)]
struct Moved {
    who: Entity,
    by: f32,
}

#[derive(Relation, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Border {
    km: f32,
}

fn entities<const N: usize>() -> [Entity; N] {
    core::array::from_fn(|number| Entity::from_bits(number as u64 + 1))
}

fn name(text: &str, mood: Mood) -> Name {
    let text = text.to_owned();
    Name { text, mood }
}

fn bodies() -> Rows {
    Rows::new(entities::<3>())
        .with([1.0, 2.0, 3.0].map(|x| Position { x, y: 0.0 }))
        .with([0.5; 3].map(|x| Velocity { x, y: 1.0 }))
}

#[system]
fn drift(mut bodies: Query<(&mut Position, &Velocity), Without<Frozen>>) {
    for (position, velocity) in &mut bodies {
        position.x += velocity.x;
        position.y += velocity.y;
    }
}

#[system]
fn drift_flat(mut bodies: Query<(&mut Position, &Velocity)>) {
    for (positions, velocities) in bodies.flat_mut() {
        for (position, velocity) in positions.iter_mut().zip(velocities) {
            *position += velocity;
        }
    }
}

#[test]
fn packed_columns_are_written_back() {
    let frozen = Rows::new([Entity::from_bits(9)])
        .with([Position { x: 0.0, y: 0.0 }])
        .with([Velocity { x: 1.0, y: 1.0 }])
        .with([Frozen]);
    let expected: Vec<_> = [1.5, 2.5, 3.5].map(|x| Position { x, y: 1.0 }).into();
    let trial = Trial::of::<drift>().rows(bodies()).rows(frozen);
    let outcome = trial.run().expect("runs");
    assert_eq!(outcome.column::<Position>(0), Some(expected.clone()));
    assert_eq!(outcome.column::<Velocity>(0), None);
    assert_eq!(outcome.column::<Position>(1), None);

    let outcome = Trial::of::<drift_flat>().rows(bodies()).run().expect("runs");
    assert_eq!(outcome.column::<Position>(0), Some(expected));
}

#[test]
fn rows_can_be_looked_at_afterwards_whether_they_were_written_or_not() {
    let frozen = Rows::new(entities::<2>())
        .with([Position { x: 7.0, y: 0.0 }; 2])
        .with([name("a", Mood::Calm), name("b", Mood::Angry(0.5))])
        .with([Frozen; 2]);
    let outcome = Trial::of::<drift>().rows(bodies()).rows(frozen).run().expect("runs");
    let moved = [1.5, 2.5, 3.5].map(|x| Position { x, y: 1.0 });
    assert_eq!(outcome.after(0), Some(moved.to_vec()));
    assert_eq!(outcome.after(0), Some(vec![Velocity { x: 0.5, y: 1.0 }; 3]), "only read");
    assert_eq!(outcome.after(1), Some(vec![Position { x: 7.0, y: 0.0 }; 2]), "not even shipped");
    let names = [name("a", Mood::Calm), name("b", Mood::Angry(0.5))];
    assert_eq!(outcome.after(1), Some(names.to_vec()), "of a kind that the system does not know");
    assert_eq!(outcome.after(1), Some(vec![Frozen; 2]));
    assert_eq!(outcome.after::<Frozen>(0), None, "these rows lack it");
    assert_eq!(outcome.after::<Position>(2), None, "there are no such rows");
}

#[test]
fn masked_rows_stay_as_they_were() {
    let mask = [true, false, true];
    let expected = [(1.5, 1.0), (2.0, 0.0), (3.5, 1.0)].map(|(x, y)| Position { x, y });
    let trials = [Trial::of::<drift>(), Trial::of::<drift_flat>()];
    for trial in trials {
        let outcome = trial.rows(bodies().matching(mask)).run().expect("runs");
        assert_eq!(outcome.column(0), Some(expected.to_vec()));
    }
}

#[system]
fn look(bodies: Query<&mut Position>) {
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies.iter().map(|position| position.x).sum::<f32>(), 6.0);
}

#[test]
fn columns_that_were_only_read_are_not_written() {
    let outcome = Trial::of::<look>().rows(bodies()).run().expect("runs");
    assert_eq!(outcome.column::<Position>(0), None);
}

#[system]
fn calm(mut people: Query<(&mut Name, Option<&Owner>, Option<&mut Total>)>) {
    for (mut name, owner, total) in &mut people {
        if matches!(name.mood, Mood::Angry(_)) {
            name.mood = Mood::At { x: 1.0, y: 2.0 };
        }
        assert!(owner.is_none());
        if let Some(total) = total {
            total.count += 1;
        }
    }
}

#[test]
fn dynamic_columns_are_written_when_touched() {
    let angry = [name("a", Mood::Angry(1.0)), name("b", Mood::Calm)];
    let with_total =
        Rows::new(entities::<1>()).with([name("c", Mood::Calm)]).with([Total { count: 4 }]);
    let trial = Trial::of::<calm>().rows(Rows::new(entities::<2>()).with(angry)).rows(with_total);
    let outcome = trial.run().expect("runs");
    let calmed = [name("a", Mood::At { x: 1.0, y: 2.0 }), name("b", Mood::Calm)];
    assert_eq!(outcome.column(0), Some(calmed.to_vec()));
    assert_eq!(outcome.column::<Name>(1), None);
    assert_eq!(outcome.column(1), Some(vec![Total { count: 5 }]));
}

#[system]
fn report(
    bodies: Query<(Entity, &Position)>,
    mut moved: EventWriter<Moved>,
    mut commands: Commands,
) {
    commands.spawn(Frozen);
    for (who, position) in &bodies {
        if position.x > 1.0 {
            moved.send(Moved { who, by: position.x });
            commands.despawn(who);
        }
    }
}

#[test]
fn commands_carry_the_row_they_were_sent_for() {
    let rows = bodies().from_row(40).matching([true, true, true]);
    let trial = Trial::of::<report>().kind::<Frozen>();
    let outcome = trial.rows(rows).run().expect("runs");
    let at: Vec<u64> = outcome.commands().iter().map(|sent| sent.at).collect();
    assert_eq!(at, [40, 41, 42]);
    let [_, second, third] = entities();
    assert!(outcome.commands()[1].despawns(second));
    let moved = outcome.events::<Moved>();
    assert_eq!(moved.len(), 2);
    assert_eq!(moved[1], Moved { who: third, by: 3.0 });
}

#[test]
fn a_kind_that_no_system_mentions_is_a_fault() {
    let outcome = Trial::of::<report>().rows(bodies()).run();
    let text = outcome.err().expect("Frozen is not listed");
    assert_eq!(text, "no system mentions sandtable-sdk/Frozen: add Frozen to `kinds` in export!");
}

#[system(startup)]
fn settle(mut commands: Commands, assets: Assets) -> Result<(), String> {
    for line in assets.text("names.txt")?.lines() {
        let person = commands.spawn((name(line, Mood::Calm), Total { count: 1 }));
        let house = commands.spawn((name(line, Mood::Calm), Total { count: 2 }));
        commands.insert(person, (Owner(house), Frozen));
        commands.relate(person, house, Border { km: 2.0 });
        commands.entity(house).remove::<Frozen>().unrelate::<Border>(person);
    }
    Ok(())
}

#[test]
fn startup_spawns() {
    let trial = Trial::of::<settle>()
        .kind::<Name>()
        .kind::<Total>()
        .kind::<Owner>()
        .kind::<Frozen>()
        .kind::<Border>()
        .asset("names.txt", "Ada\nBob");
    let outcome = trial.run().expect("runs");
    let commands = outcome.commands();
    assert_eq!(commands.len(), 2 * 7);
    let house = Entity::preliminary(3);
    let last_spawn = commands.iter().rev().find_map(|command| match &command.action {
        Action::Spawn(entity, components) => Some((*entity, components.clone())),
        _ => None,
    });
    let (entity, components) = last_spawn.expect("spawns");
    assert_eq!(entity, house);
    assert_eq!(components[0].get(), Some(name("Bob", Mood::Calm)));
    assert_eq!(components[1].get(), Some(Total { count: 2 }));
    assert_eq!(components[1].get::<Name>(), None);
    let person = Entity::preliminary(2);
    assert!(commands.iter().any(|command| matches!(
        &command.action,
        Action::Insert(to, data) if *to == person && data.get() == Some(Owner(house))
    )));
    let missing = Trial::of::<settle>().run().err();
    let expected = "the mod has no asset named \"names.txt\"";
    assert_eq!(missing.as_deref(), Some(expected));
}

#[system(whole = "world")]
fn survey(
    owned: Query<(Entity, &Owner)>,
    mut places: Query<(Entity, &mut Position)>,
    owners: Lookup<&Owner>,
    names: Lookup<&Name>,
    borders: Relations<Border>,
    mut total: ResMut<Total>,
) {
    for (entity, owner) in &owned {
        assert_eq!(owners.get(entity), Some(owner));
        assert!(owners.get(Entity::NONE).is_none());
        if let Some(name) = names.get(owner.0) {
            total.count += name.text.len() as u64;
        }
        for (other, border) in borders.of(entity) {
            assert_eq!(borders.between(entity, other), Some(border));
            assert!(borders.to(other).any(|(from, _)| from == entity));
            total.count += border.km as u64;
        }
        if let Some((_, position)) = places.get_mut(owner.0) {
            position.x = 7.0;
        }
    }
    assert_eq!(owned.single().map(|(entity, _)| entity).err().map(|error| error.rows), Some(2));
}

#[test]
fn lookups_ask_once_for_all() {
    let [first, second, third, fourth] = entities();
    let owned = Rows::new([first, second]).with([Owner(third), Owner(fourth)]);
    let places = Rows::new([third, fourth])
        .with([Position { x: 0.0, y: 0.0 }; 2])
        .with([name("abc", Mood::Calm), name("de", Mood::Calm)]);
    let trial = Trial::of::<survey>()
        .rows(owned)
        .rows(places)
        .edge(first, third, Border { km: 10.0 })
        .edge(first, fourth, Border { km: 20.0 });
    let outcome = trial.run().expect("runs");
    assert_eq!(outcome.resource(), Some(Total { count: 35 }));
    assert_eq!(outcome.column(1), Some(vec![Position { x: 7.0, y: 0.0 }; 2]));
    // One question each for owners, names, and edges in both directions.
    assert_eq!(outcome.questions(), [4, 4, 4, 4]);
}

#[system]
fn remember(
    mut total: ResMut<Total>,
    last: Option<Res<Frozen>>,
    moved: EventReader<Moved>,
    gone: EventReader<Despawned>,
    lost: EventReader<Removed<Owner>>,
    tick: Tick,
) {
    assert!(last.is_none());
    if moved.is_empty() {
        return;
    }
    total.count += (moved.len() + gone.len() + lost.len()) as u64;
    assert_eq!(moved.read()[0].who, gone.read()[0].entity);
    assert_eq!((tick.number(), tick.dt(), tick.elapsed()), (3, 0.5, 1.5));
}

#[test]
fn resources_are_set_when_touched() {
    let [who, other] = entities();
    let trial = || Trial::of::<remember>().tick(3, 0.5).resource(Total { count: 1 });
    let outcome =
        trial().event(Moved { who, by: 1.0 }).despawned(who).removed::<Owner>(other).run();
    let total = outcome.map(|outcome| outcome.resource());
    assert_eq!(total, Ok(Some(Total { count: 4 })));
    let total = trial().run().map(|outcome| outcome.resource::<Total>());
    assert_eq!(total, Ok(None));
}

#[system]
fn need(total: Res<Total>) -> Result<(), String> {
    Err(format!("counted {}", total.count))
}

#[test]
fn an_error_is_a_fault() {
    let fault = |trial: Trial| trial.run().err().expect("faults");
    let failed = fault(Trial::of::<need>().resource(Total { count: 3 }));
    assert_eq!(failed, "counted 3");
}

#[system(whole = "archetype", every = 2, after = ["drift", "motion/move"])]
fn whole(
    rows: Query<(&Position, Entity), (With<Velocity>, Changed<Position>)>,
    mut commands: Commands,
) {
    for (_, entity) in &rows {
        commands.despawn(entity);
    }
}

#[test]
fn a_whole_archetype_has_one_place() {
    let empty = Rows::new([]).with::<Position>([]).with::<Velocity>([]);
    let trial = Trial::of::<whole>().rows(empty).rows(bodies().from_row(5));
    let outcome = trial.run().expect("runs");
    let at: Vec<u64> = outcome.commands().iter().map(|sent| sent.at).collect();
    assert_eq!(at, [1 << 32; 3]);
}

#[system]
fn answer(bodies: Query<&Position>, moved: EventReader<Moved>, mut commands: Commands) {
    assert_eq!(bodies.len() % 3, 0);
    for event in &moved {
        commands.despawn(event.who);
    }
}

#[system(whole = "shard")]
fn shove(mut bodies: Query<&mut Position>, moved: EventReader<Moved>) {
    for position in &mut bodies {
        position.x += moved.iter().map(|event| event.by).sum::<f32>();
    }
}

#[test]
fn events_are_handled_once_beside_any_number_of_rows() {
    let [who, ..] = entities::<1>();
    let moved = Moved { who, by: 0.5 };
    for shards in 0..3 {
        let mut trial = Trial::of::<answer>().event(moved.clone());
        for shard in 0..shards {
            trial = trial.rows(bodies().from_row(3 * shard));
        }
        let outcome = trial.run().expect("runs");
        assert_eq!(outcome.commands().len(), 1, "{shards} shards");
    }
    let trial = Trial::of::<shove>().event(moved.clone()).event(moved);
    let outcome = trial.rows(bodies()).rows(bodies().from_row(3)).run().expect("runs");
    for shard in 0..2 {
        let expected = [2.0, 3.0, 4.0].map(|x| Position { x, y: 0.0 });
        assert_eq!(outcome.column(shard), Some(expected.to_vec()));
    }
}

#[system]
fn mark(mut bodies: Query<(Entity, &mut Position, Has<Frozen>, Has<Name>), Without<Owner>>) {
    for (entity, position, is_frozen, is_named) in &mut bodies {
        position.y = f32::from(u8::from(is_frozen)) + 2.0 * f32::from(u8::from(is_named));
        assert!(!entity.is_none());
    }
    let frozen = bodies.slices().filter(|(.., is_frozen, _)| *is_frozen).count();
    assert!(frozen <= bodies.len());
}

#[test]
fn rows_say_whether_they_have_a_component() {
    let named =
        bodies().with([name("a", Mood::Calm), name("b", Mood::Calm), name("c", Mood::Calm)]);
    let trial = Trial::of::<mark>().rows(bodies()).rows(bodies().with([Frozen; 3])).rows(named);
    let outcome = trial.run().expect("runs");
    for (archetype, expected) in [0.0, 1.0, 2.0].into_iter().enumerate() {
        let column = outcome.column::<Position>(archetype).expect("written");
        assert!(column.iter().all(|position| position.y == expected), "{column:?}");
    }
    let masked = bodies().with([Frozen; 3]).matching([true, false, true]);
    let column = Trial::of::<mark>().rows(masked).run().expect("runs").column::<Position>(0);
    let written: Vec<f32> = column.expect("written").iter().map(|position| position.y).collect();
    assert_eq!(written, [1.0, 0.0, 1.0]);
}

#[derive(Value, Clone, Copy, Debug, PartialEq)]
#[value(packed)]
struct Lock {
    owner: Entity,
    code: [u8; 7],
    open: bool,
}

#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[component(packed)]
struct Chest {
    lock: Lock,
    full: [bool; 8],
}

#[system]
fn open(mut chests: Query<&mut Chest>, owners: Lookup<&Position>) {
    for chest in &mut chests {
        chest.lock.open = owners.get(chest.lock.owner).is_some();
        chest.full[7] = true;
    }
}

#[test]
fn packed_rows_that_are_more_than_numbers_are_copied_and_name_entities() {
    let [first, second, third] = entities();
    let chest = |owner, open, last| Chest {
        lock: Lock { owner, code: [1, 2, 3, 4, 5, 6, 7], open },
        full: [true, false, false, false, false, false, false, last],
    };
    assert_eq!(Chest::INFO.size, 24);
    let chests = Rows::new([second, third])
        .with([chest(first, false, false), chest(Entity::NONE, true, false)]);
    let owner = Rows::new([first]).with([Position { x: 0.0, y: 0.0 }]);
    let outcome = Trial::of::<open>().rows(chests).rows(owner).run().expect("runs");
    let opened = [chest(first, true, true), chest(Entity::NONE, false, true)];
    assert_eq!(outcome.column(0), Some(opened.to_vec()));
    assert_eq!(outcome.questions(), [1], "the owner was asked for ahead");
}

#[test]
fn a_resource_that_is_unset_reads_as_its_default() {
    let unset = Trial::of::<need>().run().err();
    assert_eq!(unset.as_deref(), Some("counted 0"));
    let lacking = Trial::of::<freeze>().run().err();
    let expected = "the resource sandtable-sdk/Height is not set: set it with ResMut<Height>, as \
                    in a startup system, derive Default for Height, or take Option<Res<Height>>";
    assert_eq!(lacking.as_deref(), Some(expected));
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Height(u8);

#[system]
fn freeze(border: Res<Height>) {
    assert!(border.0 > 0);
}

#[system]
fn age(tick: Tick) -> Result<(), String> {
    Err(format!("{} {}", tick.number(), tick.elapsed()))
}

#[test]
fn a_trial_is_of_the_first_tick() {
    assert_eq!(Trial::of::<age>().run().err().as_deref(), Some("1 1"));
    assert_eq!(Trial::of::<age>().tick(4, 0.5).run().err().as_deref(), Some("4 2"));
}
