//! What one tick changed, run by run.
//!
//! A delta is a head and numbered frames, each compressed alone. The head says
//! which steps the tick consisted of and what each changed, in blocks of pages;
//! the bodies of large blocks are frames of their own, so that following one
//! entity reads only what is about it.
//!
//! A step is a run of a system, or the commands of one. Runs stand in the order
//! of the schedule, whatever order threads finished them in: no two change the
//! same thing unless one waited for the other.
//!
//! What reads is in [`super::apply`]; what is read may come from anywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use sandtable_world::ecs::{
    ChangedPage, Event, KindId, Page, PageKey, Part, Stamp, SystemState, TableState, World,
};
use sandtable_world::record::Step;

use super::super::state::tracked;
use super::super::topics::topic_number;
use super::block::{self, BLOCK_ROWS};
use super::changed_block::ChangedBlock;
use super::frames::{Frames, Packer, frame};

/// The head of a delta.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// The tick that it leads to.
    pub tick: u64,
    /// Whether it has only what became of rows of tables.
    pub rows_only: bool,
    /// Names of systems that ran for the first time.
    pub new_systems: Vec<String>,
    /// What the tick consisted of, in order.
    pub steps: Vec<StepHead>,
    /// Blocks that changed, by step.
    #[serde(with = "super::changed_block::packed")]
    pub blocks: Vec<ChangedBlock>,
    /// Bodies of blocks without a frame, one after the other.
    pub inline: ByteBuf,
    /// Archetypes that came to be, with the step.
    pub archetypes: Vec<(u16, Vec<u32>, ByteBuf)>,
    /// Edges: step, kind, ends, and their data unless they are gone.
    pub relations: Vec<(u16, u32, u64, u64, Option<ByteBuf>)>,
    /// Resources: step, kind and value.
    pub resources: Vec<(u16, u32, Option<ByteBuf>)>,
    /// Rows of tables: step, table, and what became of them.
    pub rows: Vec<(u16, String, ByteBuf)>,
    /// What is left of each topic that changed.
    pub topics: Vec<TopicChange>,
    /// How each system stands that changed.
    pub systems: Vec<SystemChange>,
    /// How each mod stands that changed: faults in a row, and whether it is
    /// suspended.
    pub mods: Vec<(String, Option<(u32, bool)>)>,
    /// What each table that changed holds.
    pub tables: Vec<(String, Option<TableSum>)>,
    /// The head of the chain of free entities.
    pub first_free: u32,
    /// Resources whose value became another by edits: step, kind, edits. Deltas
    /// of before there were such do not have it.
    #[serde(default)]
    pub edited: Vec<(u16, u32, ByteBuf)>,
}

/// Rows, bytes and the four lanes of the sum.
pub type TableSum = (u64, u64, [u64; 4]);

/// A step of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepHead {
    /// The place of the system among all that have run, by name; none for an edit, and
    /// where several ticks are one.
    pub system: Option<u32>,
    /// Whether it is the commands of the system, and not its run.
    pub commands: bool,
    /// The number of the edit in its tick. Deltas of before there were edits have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<u32>,
}

/// What is left of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopicChange {
    /// Which, as it is stored.
    pub topic: i64,
    /// The number of its last event.
    pub last: u64,
    /// The number up to which every reader has read.
    pub passed: u64,
    /// Events that came and are unread: number, tick, value.
    pub pushed: Vec<(u64, u64, ByteBuf)>,
}

/// An event of a topic, as the world has it.
pub(super) fn event((number, tick, payload): &(u64, u64, ByteBuf)) -> Event {
    Event { number: *number, tick: *tick, payload: payload[..].into() }
}

/// How a system stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemChange {
    /// Its place among all that have run, by name.
    pub system: u32,
    /// When it last ran, counted from the tick.
    pub last_run: Option<i64>,
    /// Up to where it has read topics.
    pub cursors: Vec<(i64, u64)>,
}

// Every step of a tick has a number.
const _: () = assert!(Stamp::EDITS_MAX + 2 * Stamp::SYSTEMS_MAX <= u16::MAX as usize);

/// A block to be written.
struct Task<'a> {
    step: u16,
    key: PageKey,
    before: Option<Page<'a>>,
    now: Page<'a>,
    block: usize,
    rows: usize,
    /// Whether it is written even if none of its rows changed.
    must: bool,
}

/// What of a world is kept.
pub type Keeps<'a> = &'a (dyn Fn(KindId) -> bool + Sync);

/// Whether a page is among what is kept.
pub(super) fn keeps_page(keeps: Keeps<'_>, key: &PageKey) -> bool {
    matches!(key.part, Part::Slots | Part::Entities) || keeps(key.kind)
}

/// What a tick did between two worlds, in these steps.
pub fn encode(before: &World, after: &World, steps: &[Step], keeps: Keeps<'_>) -> Frames {
    let mut delta =
        Delta { tick: after.tick(), first_free: after.entities.first_free(), ..Delta::default() };
    let known = |name: &&String| !before.systems.contains_key(*name);
    delta.new_systems = after.systems.keys().filter(known).cloned().collect();
    let places: BTreeMap<&str, u32> =
        after.systems.keys().zip(0..).map(|(name, place)| (name.as_str(), place)).collect();
    let mut tasks = Vec::new();
    for (at, step) in (0..=u16::MAX).zip(steps) {
        let system = places.get(step.system.as_str()).copied();
        delta.steps.push(StepHead { system, commands: step.is_commands, edit: step.edit });
        add_tasks(&mut tasks, at, step, keeps);
        rest_of_step(&mut delta, at, step);
    }
    rest_of_tick(&mut delta, before, after, &places);

    let encode = |task: &Task<'_>| -> Option<Vec<u8>> {
        block::encode(task.before, task.now, task.block * BLOCK_ROWS)
    };
    let mut packer = Packer::default();
    let pressed = |task: &Task<'_>| encode(task).map(frame);
    let bodies: Vec<Option<(Vec<u8>, bool)>> = match tasks.len() < PARALLEL_TASKS {
        true => tasks.iter().map(pressed).collect(),
        false => tasks.par_iter().map(pressed).collect(),
    };
    for (task, body) in tasks.iter().zip(bodies) {
        let (body, is_frame) = match body {
            Some(body) => body,
            None if task.must => (Vec::new(), false),
            None => continue,
        };
        let (frame, bytes) = packer.add(body, is_frame, &mut delta.inline);
        let PageKey { part, archetype, kind, page } = task.key;
        delta.blocks.push(ChangedBlock {
            step: task.step,
            part: part as u8,
            archetype: archetype.0,
            kind: kind.0,
            page,
            block: task.block as u16,
            rows: task.rows as u32,
            frame,
            bytes,
        });
    }
    packer.finish(&delta)
}

/// What became of rows of tables in a tick of which nothing else is kept.
pub fn encode_rows(after: &World, steps: &[Step]) -> Frames {
    let places: BTreeMap<&str, u32> =
        after.systems.keys().zip(0..).map(|(name, place)| (name.as_str(), place)).collect();
    let mut delta = Delta { tick: after.tick(), rows_only: true, ..Delta::default() };
    for (at, step) in (0..=u16::MAX).zip(steps) {
        let system = places.get(step.system.as_str()).copied();
        delta.steps.push(StepHead { system, commands: step.is_commands, edit: step.edit });
        delta.rows.extend(
            step.rows.iter().map(|(table, log)| (at, table.clone(), ByteBuf::from(&log[..]))),
        );
    }
    Packer::default().finish(&delta)
}

/// From so many blocks on, they are worth waking other threads.
const PARALLEL_TASKS: usize = 16;

/// What a step changed besides pages.
fn rest_of_step(delta: &mut Delta, at: u16, step: &Step) {
    let bytes = |bytes: &[u8]| ByteBuf::from(bytes);
    let Step { before, after, .. } = step;
    for archetype in after.archetypes().iter().skip(before.archetypes().len()) {
        let kinds = archetype.kinds().iter().map(|kind| kind.0).collect();
        delta.archetypes.push((at, kinds, ByteBuf::from(tracked(archetype))));
    }
    for ((kind, from, to), data) in after.relations.diff(&before.relations) {
        let data = data.map(|data| bytes(data));
        delta.relations.push((at, kind.0, from.to_bits(), to.to_bits(), data));
    }
    if !Arc::ptr_eq(&before.resources, &after.resources) {
        let changed = after
            .resources
            .iter()
            .filter(|(kind, value)| before.resources.get(kind) != Some(value));
        for (kind, value) in changed {
            let old = before.resources.get(kind);
            match old.and_then(|old| block::worthy_edits(old, value)) {
                Some(edits) => delta.edited.push((at, kind.0, ByteBuf::from(edits))),
                None => delta.resources.push((at, kind.0, Some(bytes(value)))),
            }
        }
        let gone = before.resources.keys().filter(|kind| !after.resources.contains_key(kind));
        delta.resources.extend(gone.map(|kind| (at, kind.0, None)));
    }
    delta.rows.extend(step.rows.iter().map(|(table, log)| (at, table.clone(), bytes(log))));
}

/// What a head has once for the tick: what of events is left, and how systems, mods
/// and tables stand.
fn rest_of_tick(delta: &mut Delta, before: &World, after: &World, places: &BTreeMap<&str, u32>) {
    for (topic, last, _) in after.events.iter() {
        let (known, passed) = (before.events.last(topic), after.events.passed(topic));
        if last != known || passed != before.events.passed(topic) {
            let pushed = after.events.after(topic, known);
            let pushed = pushed
                .map(|event| (event.number, event.tick, ByteBuf::from(&event.payload[..])))
                .collect();
            delta.topics.push(TopicChange { topic: topic_number(topic), last, passed, pushed });
        }
    }
    let nothing = SystemState::default();
    for (name, state) in after.systems.iter() {
        let earlier = before.systems.get(name);
        if earlier == Some(state) {
            continue;
        }
        let earlier = earlier.unwrap_or(&nothing);
        let moved = state
            .cursors
            .iter()
            .filter(|(topic, cursor)| earlier.cursors.get(topic) != Some(cursor));
        delta.systems.push(SystemChange {
            system: places.get(name.as_str()).copied().unwrap_or_default(),
            last_run: state.last_run.map(|stamp| since(after.tick(), stamp)),
            cursors: moved.map(|(topic, cursor)| (topic_number(*topic), *cursor)).collect(),
        });
    }
    for (id, state) in after.mods.iter() {
        if before.mods.get(id) != Some(state) {
            delta.mods.push((id.clone(), Some((state.faults_in_a_row, state.suspended))));
        }
    }
    let gone = before.mods.keys().filter(|id| !after.mods.contains_key(*id));
    delta.mods.extend(gone.map(|id| (id.clone(), None)));
    for (name, state) in after.tables.iter() {
        if before.tables.get(name) != Some(state) {
            let TableState { rows, bytes, sum } = *state;
            delta.tables.push((name.clone(), Some((rows, bytes, sum))));
        }
    }
    let gone = before.tables.keys().filter(|name| !after.tables.contains_key(*name));
    delta.tables.extend(gone.map(|name| (name.clone(), None)));
}

/// A stamp counted from the tick that most systems have just run in.
fn since(tick: u64, stamp: Stamp) -> i64 {
    stamp.to_bits().wrapping_sub(Stamp::system(tick, 0).to_bits()) as i64
}

/// The opposite of [`since`].
pub(super) fn stamp(tick: u64, since: i64) -> Stamp {
    Stamp::from_bits(Stamp::system(tick, 0).to_bits().wrapping_add(since as u64))
}

/// Adds the blocks of pages that a step changed.
fn add_tasks<'a>(tasks: &mut Vec<Task<'a>>, at: u16, step: &'a Step, keeps: Keeps<'_>) {
    let changed =
        step.after.changed_pages(&step.before).filter(|page| keeps_page(keeps, &page.key));
    for ChangedPage { key, before, now } in changed {
        let task = |block, now: Page<'a>, must| {
            let rows = now.rows();
            Task { step: at, key, before, now, block, rows, must }
        };
        let Some(now) = now else {
            let nothing = before.map(Page::emptied);
            tasks.extend(nothing.map(|nothing| task(0, nothing, true)));
            continue;
        };
        let resized = before.is_none_or(|before| before.rows() != now.rows());
        let blocks = 0..now.rows().div_ceil(BLOCK_ROWS);
        tasks.extend(blocks.map(|block| task(block, now, resized && block == 0)));
    }
}
