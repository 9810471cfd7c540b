//! Whatever makes the calls of a tick, the tick is the same.

use std::sync::{Arc, Mutex};
use std::thread;

use sandtable::calls::CallMaker;
use sandtable::ecs::World;
use sandtable::guest::{Call, CallReport, Engine};
use sandtable::hash::StateHasher;
use sandtable::program::{Program, Terms};
use sandtable::record::{Digest, hex};
use sandtable::run::{TickClock, TickRun};
use sandtable::save;
use sandtable::schedule::Schedule;

use crate::harness::*;

/// Makes each call on a thread of its own, and notes for which system.
struct Elsewhere<'a> {
    engine: &'a Engine,
    made: Mutex<Vec<String>>,
}

impl CallMaker for Elsewhere<'_> {
    fn make(&self, call: Call) -> CallReport {
        self.made.lock().unwrap().push(call.context.system.name.clone());
        thread::scope(|scope| scope.spawn(|| self.engine.call(call)).join().unwrap())
    }
}

/// The columns and resources that the systems of a tick leave, what each has for the
/// end of the tick, and how many calls there were.
fn tick(world: &World, program: &Program, calls: &dyn CallMaker) -> (Digest, Vec<String>, u64) {
    let mut world = world.clone();
    let tick = world.tick() + 1;
    world.set_tick(tick);
    let schedule = Schedule::new(&program.systems).unwrap();
    let tables = Arc::new(save::in_memory().unwrap());
    let clock = TickClock { tick, dt_seconds: 1.0, seed: 7 };
    let is_due = |system: &sandtable::system::System| !system.startup && system.is_due(tick);
    let run = TickRun::new(calls, program, &schedule, &tables, clock, &is_due, world);
    let Ok((world, finished)) = run.run(None) else { panic!("no mod halts it") };
    let (mut deferred, mut made) = (Vec::new(), 0);
    for finished in finished.into_iter().flatten() {
        made += finished.run.calls;
        let events = finished.deferred.events.iter().map(|event| (event.kind, &event.payload));
        deferred.push(format!(
            "{} {:?} {:?} {:?} {:?}",
            finished.run.system,
            finished.run.rows,
            finished.fault,
            finished.deferred.commands,
            events.collect::<Vec<_>>()
        ));
    }
    (StateHasher::default().digest(&world), deferred, made)
}

#[test]
fn another_maker_of_calls_gives_the_same_ticks() {
    let mods = vec![guest("drift"), guest("menagerie")];
    let text = format!("{WORLD}shard_rows = 8\n");
    let config = config(&text, &mods);
    let mut started = world_of(&text, mods.clone(), 1);
    run(&mut started, 5);

    let engine = Engine::new(false, 1).unwrap();
    let mut program = Program::new();
    for source in &mods {
        let code = engine.load(&source.id, &source.component).unwrap();
        let terms = Terms::of(source, &mods, &config);
        let assets = terms.assets.clone();
        let declared = engine.describe(&source.id, &code, &terms.limits, assets).unwrap();
        program.add(code, &declared, terms, &started.world().registry).unwrap();
    }
    let elsewhere = Elsewhere { engine: &engine, made: Mutex::default() };
    let (here, deferred, calls) = tick(started.world(), &program, &engine);
    let (there, told, _) = tick(started.world(), &program, &elsewhere);
    assert_eq!(hex(&there), hex(&here));
    assert_eq!(told, deferred);
    assert_ne!(hex(&here), hash(&mut started), "systems did something");
    let made = elsewhere.made.into_inner().unwrap();
    assert_eq!(made.len() as u64, calls);
    assert!(made.contains(&"drift/drift".to_owned()), "{made:?}");
}
