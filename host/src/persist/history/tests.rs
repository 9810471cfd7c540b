//! Worlds through deltas and keyframes, and what is none of either.

use std::collections::BTreeSet;

use bolero::check as fuzz;

use super::super::tests::sample::Sample;
use super::apply::Loaded;
use super::delta::Delta;
use super::frames::{Frames, compress, read_head, unpack};
use super::keyframe::{self, Keyframe};
use super::{Recorder, compare};
use crate::ecs::World;
use crate::fuzz::altered;
use crate::hash::StateHasher;
use crate::record::Step;

fn digest(world: &World) -> [u8; 32] {
    StateHasher::default().digest(world)
}

/// What led from one world to another, as one step.
fn delta(before: &World, after: &World) -> Frames {
    let step = Step {
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
    Loaded::new(head, &nothing, frames).ok()?.apply(&mut world).ok()?;
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
