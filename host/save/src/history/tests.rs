//! Worlds through deltas and keyframes, and what is none of either.

use std::collections::BTreeSet;
use std::sync::Arc;

use bolero::check as fuzz;
use serde_json::json;

use super::super::tests::sample::Sample;
use super::apply::Loaded;
use super::delta::Delta;
use super::frames::{Frames, compress, read_head, unpack};
use super::keyframe::{self, Keyframe};
use super::{Recorder, compare};
use sandtable_test_altered::altered;
use sandtable_world::ecs::{
    Bytes, Command, Edit, Entity, Field, Kind, KindId, OnDespawn, Role, Stamp, Storage, Type,
    Values, World, from_json,
};
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Step;

fn digest(world: &World) -> [u8; 32] {
    StateHasher::default().digest(world)
}

/// What led from one world to another, as one step.
fn delta(before: &World, after: &World) -> Frames {
    let step = Step {
        edit: None,
        system: "test/ring".to_owned(),
        is_commands: true,
        before: before.clone(),
        after: after.clone(),
        rows: vec![("test__rows".to_owned(), vec![0xc2, 0x91, 7])],
    };
    Recorder::of_everything().record(before, before, after, &[step])
}

fn applied(world: &World, head: Delta, frames: &Frames) -> Option<World> {
    let nothing = BTreeSet::new();
    let frames = |at: u16| Ok(frames.get(usize::from(at)).cloned().unwrap_or_default());
    let mut world = world.clone();
    Loaded::new(head.into(), &nothing, frames).ok()?.apply(&mut world).ok()?;
    Some(world)
}

fn kept(frames: &Frames) -> Option<World> {
    let head: Keyframe = read_head(frames.first()?)?;
    head.world(|at| Ok(frames.get(usize::from(at)).cloned().unwrap_or_default())).ok()
}

#[test]
fn deltas_and_keyframes_give_the_world_back() {
    let mut sample = Sample::new();
    let mut past = sample.world.clone();
    for _ in 0..60 {
        let before = sample.world.clone();
        sample.step();
        let frames = delta(&before, &sample.world);
        assert_eq!(compare(&before, &frames, &frames), Ok(None));
        past = applied(&past, read_head(&frames[0]).expect("a head"), &frames).expect("applied");
        assert_eq!(digest(&past), digest(&sample.world), "tick {}", past.tick());
        let frames = keyframe::encode(&sample.world, &|_| true);
        let mut again = kept(&frames).expect("a world");
        assert_eq!(digest(&again), digest(&sample.world), "keyframe of tick {}", past.tick());
        assert_eq!(again.registry, sample.world.registry);
        // What comes back goes on as the world itself.
        std::mem::swap(&mut again, &mut past);
    }
}

#[test]
fn columns_that_are_not_kept_come_back_blank() {
    let mut sample = Sample::new();
    (0..20).for_each(|_| drop(sample.step()));
    let body = sample.world.registry.find("test/Body").expect("a kind");
    let frames = keyframe::encode(&sample.world, &|kind| kind != body);
    let world = kept(&frames).expect("a world");
    assert_eq!(world.entities.alive(), sample.world.entities.alive());
    let there = |world: &World| {
        let archetypes = world.archetypes().iter();
        archetypes.filter_map(|it| it.column(body)).map(|it| it.values.len()).collect::<Vec<_>>()
    };
    assert_eq!(there(&world), there(&sample.world));
    assert_ne!(digest(&world), digest(&sample.world));
}

/// A map of many cells, of which some have another number.
fn map(kind: &Kind, others: &[usize]) -> Bytes {
    let mut cells: Vec<usize> = (0..60_000).map(|at| 70_000 + at * 7919 % 50_021).collect();
    others.iter().for_each(|at| cells[*at] += 1);
    cells.truncate(cells.len() - others.len());
    from_json(kind, &json!({ "cells": cells })).expect("fits").into()
}

/// A world in which an entity has a map, and the world itself has one.
fn with_maps() -> (World, KindId) {
    let mut world = World::new(8);
    let cells = Field {
        name: "cells".to_owned(),
        ty: Type::parse("list<u32>").expect("a type"),
        offset: 0,
    };
    let (role, storage, detach) = (Role::Component, Storage::Dynamic, OnDespawn::Detach);
    let kind = Kind::new("test/Map".to_owned(), role, storage, 0, vec![cells], detach);
    let id = Arc::make_mut(&mut world.registry).add(kind.expect("a kind"));
    let spawned = Entity::placeholder(0, 0).expect("the first");
    change_maps(&mut world, id, Edit::Spawn(vec![id]), spawned, &[]);
    (world, id)
}

fn change_maps(world: &mut World, id: KindId, edit: Edit, whose: Entity, others: &[usize]) {
    let tick = world.tick() + 1;
    world.set_tick(tick);
    let kind = world.registry.get(id).clone();
    let mut column = Values::new(&kind, 8);
    column.push(&map(&kind, others));
    let (at, entities, others_of) = (vec![0], vec![whose], Vec::new());
    let command = Command { edit, at, entities, others: others_of, columns: vec![column] };
    world.apply(vec![command], Stamp::commands(tick));
    Arc::make_mut(&mut world.resources).insert(id, map(&kind, others));
}

#[test]
fn a_few_bytes_of_a_large_value_are_a_few_bytes_of_history() {
    let (mut world, id) = with_maps();
    let whose =
        world.archetypes().iter().find(|it| !it.is_empty()).expect("one").entities().row(0)[0];
    for others in [&[5, 30_000, 59_000][..], &[5, 6, 40_000], &[], &[59_999]] {
        let before = world.clone();
        change_maps(&mut world, id, Edit::Insert(id), whose, others);
        let frames = delta(&before, &world);
        let bytes: usize = frames.iter().map(Vec::len).sum();
        assert!(bytes < 1000, "{bytes} bytes for {} cells", others.len());
        let past = applied(&before, read_head(&frames[0]).expect("a head"), &frames);
        assert_eq!(digest(&past.expect("applied")), digest(&world));
        let altered: Vec<Frames> = (1..frames.len())
            .map(|torn| {
                frames
                    .iter()
                    .enumerate()
                    .map(|(at, frame)| if at == torn { compress(&[3; 40]) } else { frame.clone() })
                    .collect()
            })
            .collect();
        for torn in altered {
            let refused = applied(&before, read_head(&torn[0]).expect("a head"), &torn);
            assert!(refused.is_none(), "what is no edit is none");
        }
    }
}

#[test]
fn edits() {
    let (world, id) = with_maps();
    let kind = world.registry.get(id).clone();
    let (before, now) = (map(&kind, &[]), map(&kind, &[7, 20_000, 20_100]));
    let whole = [super::edits::encode(&before, &now)];
    fuzz!().with_iterations(3_000).with_max_len(64).for_each(|input: &[u8]| {
        let bytes = altered(&whole, input);
        if let Some(made) = super::edits::apply(&before, &bytes) {
            assert!(made.len() <= before.len() + bytes.len());
        }
    });
}

#[test]
fn deltas() {
    let mut sample = Sample::new();
    (0..30).for_each(|_| drop(sample.step()));
    let before = sample.world.clone();
    sample.step();
    let frames = delta(&before, &sample.world);
    let head = [unpack(&frames[0]).expect("a head")];
    fuzz!().with_iterations(3_000).with_max_len(64).for_each(|input: &[u8]| {
        let bytes = altered(&head, input);
        if let Some(world) =
            read_head(&compress(&bytes)).and_then(|it| applied(&before, it, &frames))
        {
            // Whatever it is a delta to, that can be looked at.
            let _ = digest(&world);
        }
        let mut torn = frames.clone();
        torn[0] = compress(&bytes);
        let _ = compare(&before, &torn, &frames);
        let _ = read_head::<Delta>(&altered(&frames, input));
    });
}

#[test]
fn keyframes() {
    let mut sample = Sample::new();
    (0..30).for_each(|_| drop(sample.step()));
    let frames = keyframe::encode(&sample.world, &|_| true);
    let head = [unpack(&frames[0]).expect("a head")];
    fuzz!().with_iterations(3_000).with_max_len(64).for_each(|input: &[u8]| {
        let mut altered_frames = frames.clone();
        altered_frames[0] = compress(&altered(&head, input));
        if let Some(world) = kept(&altered_frames) {
            let _ = digest(&world);
        }
    });
}
