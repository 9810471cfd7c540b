//! One call, made by the sandbox alone.
//!
//! A worker makes calls for ticks that another process does, and needs nothing of a
//! host for it. What it would be sent is made up here: the first system of a
//! component that runs over one query, and entities that match it, whose values are
//! all zero. What the call gives back is printed.
//!
//! `cargo run --package sandtable-guest --example worker -- <component.wasm>`

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::{env, fs};

use sandtable_guest::{Assets, Call, CallContext, Engine, ShardRef, WrittenValues, argument};
use sandtable_world::config::Limits;
use sandtable_world::declaration::{self, Declaration, Reading, resolve};
use sandtable_world::ecs::{
    Access, ArchetypeId, Command, Edit, Entity, KindId, Query, RowMask, Stamp, Term, Topic, Values,
    World, to_json,
};
use sandtable_world::grants::{Asks, Rights};
use sandtable_world::reading::offer;
use sandtable_world::system::System;

const ROWS: u32 = 4;
const SEED: u64 = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("give a component, as in `worker drift.wasm`")?;
    let engine = Engine::new(false, 1)?;
    let code = engine.load(&path, &fs::read(&path)?)?;
    let (limits, assets) = (Limits::default(), Arc::new(Assets::new()));
    let declared = engine.describe(&path, &code, &limits, assets.clone())?;

    let mut world = World::new(ROWS as usize);
    let kinds = register(&mut world, &declared)?;
    let system = first_with_a_query(&declared, &kinds).ok_or("it has no system with one query")?;
    spawn_matching(&mut world, &system.queries[0])?;
    world.set_tick(1);

    let (tick, dt_seconds) = (world.tick(), 1.0);
    let offer = offer(&world, &system);
    let argument = argument(&world, &system, &offer, tick, dt_seconds, SEED);
    let context = Arc::new(CallContext {
        system: Arc::new(system),
        kinds: kinds.into(),
        limits,
        assets,
        rights: Arc::new(Rights::new(&declared.id, &Asks::default())),
        tick,
        dt_seconds,
        seed: SEED,
        now: Stamp::system(tick, 0),
        tables: None,
        argument,
        world,
    });
    let shard = ShardRef { query: 0, archetype: ArchetypeId(0), page: 0, mask: RowMask::All };
    let batches = VecDeque::from([vec![shard]]);
    let report = engine.call(Call { code, context: context.clone(), number: 0, batches });

    println!("{}: {} rows, {} ns", context.system.name, report.rows, report.guest_ns);
    for line in report.log.into_lines() {
        println!("it says {}", line.text);
    }
    let outcome = report.verdict.map_err(|verdict| verdict.to_string())?;
    let (commands, events) = (outcome.commands.len(), outcome.events.len());
    println!("{commands} batches of commands, {events} events");
    let registry = &context.world.registry;
    for (kind, value) in &outcome.resources {
        println!("sets {} to {}", registry.get(*kind).name, to_json(registry.get(*kind), value));
    }
    for written in &outcome.written {
        let kind = registry.get(written.kind);
        let values: Vec<_> = match &written.values {
            WrittenValues::Packed(rows) => {
                rows.chunks(kind.size.max(1)).map(|row| to_json(kind, row)).collect()
            }
            WrittenValues::Dynamic(rows) => rows.iter().map(|row| to_json(kind, row)).collect(),
        };
        for (row, value) in values.iter().enumerate() {
            println!("row {row} of {} is {value}", kind.name);
        }
    }
    Ok(())
}

/// Makes a world know the kinds of a mod; gives their numbers in the mod's order.
fn register(world: &mut World, declared: &Declaration) -> Result<Vec<KindId>, Box<dyn Error>> {
    let registry = Arc::make_mut(&mut world.registry);
    let mut kinds = Vec::new();
    for kind in &declared.kinds {
        kinds.push(registry.add(resolve(&declared.id, kind)?.kind));
    }
    Ok(kinds)
}

fn first_with_a_query(declared: &Declaration, kinds: &[KindId]) -> Option<System> {
    let fits = |system: &declaration::System| system.queries.len() == 1 && !system.tables;
    let index = declared.systems.iter().position(fits)?;
    resolved(&declared.id, index, &declared.systems[index], kinds)
}

/// A system as a host hands it to calls; none where it names a kind that its mod
/// does not declare.
fn resolved(
    owner: &str,
    index: usize,
    declared: &declaration::System,
    kinds: &[KindId],
) -> Option<System> {
    let kind = |place: &u32| kinds.get(*place as usize).copied();
    let all = |places: &[u32]| places.iter().map(kind).collect::<Option<Vec<_>>>();
    let term =
        |term: &declaration::Term| Some(Term { kind: kind(&term.kind)?, access: term.access });
    let terms = |terms: &Vec<declaration::Term>| terms.iter().map(term).collect::<Option<Vec<_>>>();
    let query = |query: &declaration::Query| {
        let alternatives = query.alternatives.iter().map(terms).collect::<Option<_>>()?;
        Some(Query { terms: terms(&query.terms)?, alternatives, entities: query.entities })
    };
    let reading = |reading: &Reading| {
        Some(match reading {
            Reading::Event(place) => Topic::Kind(kind(place)?),
            Reading::Removed(place) => Topic::Removed(kind(place)?),
            Reading::Despawned => Topic::Despawned,
        })
    };
    let resource = |used: &declaration::ResourceUse| Some((kind(&used.kind)?, used.write));
    Some(System {
        name: format!("{owner}/{}", declared.name),
        owner: 0,
        index: index as u32,
        queries: declared.queries.iter().map(query).collect::<Option<_>>()?,
        span: declared.span,
        every: 1,
        phase: 0,
        run_if: Vec::new(),
        startup: declared.startup,
        resources: declared.resources.iter().map(resource).collect::<Option<_>>()?,
        lookups: all(&declared.lookups)?,
        relations: all(&declared.relations)?,
        reads: declared.reads.iter().map(reading).collect::<Option<_>>()?,
        emits: all(&declared.emits)?,
        commands: declared.commands,
        tables: declared.tables,
        before: Vec::new(),
        after: Vec::new(),
        is_dispensable: false,
    })
}

/// Puts entities into a world that have just what a query asks for.
fn spawn_matching(world: &mut World, query: &Query) -> Result<(), String> {
    let needs =
        |access| !matches!(access, Access::Lacks | Access::OptionalRead | Access::OptionalWrite);
    let mut kinds: Vec<KindId> =
        query.terms.iter().filter(|term| needs(term.access)).map(|term| term.kind).collect();
    kinds.sort();
    kinds.dedup();
    let mut columns = Vec::new();
    for kind in kinds.iter().map(|kind| world.registry.get(*kind)) {
        let mut column = Values::new(kind, world.rows_per_page());
        match &mut column {
            Values::Packed(rows) => rows.grow(ROWS as usize, &vec![0; kind.size]),
            Values::Dynamic(_) => {
                return Err(format!("{} is dynamic, and no value of it is zero", kind.name));
            }
        }
        columns.push(column);
    }
    let entities: Vec<_> = (0..ROWS).filter_map(|number| Entity::placeholder(0, number)).collect();
    let at = vec![0; entities.len()];
    let spawn = Command { edit: Edit::Spawn(kinds), at, entities, others: Vec::new(), columns };
    world.apply(vec![spawn], Stamp::commands(0));
    Ok(())
}
