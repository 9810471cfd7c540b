//! What would be if: a world in memory that goes on from a tick of a save with other
//! inputs and values, beside the same world without them. Nothing is written.
//!
//! Both go the same way: from the tick on, each tick is given what the save has of it, and
//! from the last on nothing; so what differs between the two comes from what was changed.
//! The unchanged one is run as well, beside the other, since only so is it known which
//! step of a tick made the two differ first, and what would have been after the last tick.

mod asked;
mod course;
mod differences;
mod events;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use serde_json::{Value as Json, json};

use crate::compile::Compiler;
use crate::error::Error;
use crate::pack;
use crate::record::{EditRun, Given, SentEdit};
use crate::replay::{Replay, Terms};
use crate::save::{Labels, Reader, ReplayLog, StoredMod};

pub use self::asked::{Watch, Watched, WhatIf};
use self::course::Course;
pub use self::differences::{Count, FirstDifference};
pub use self::events::OtherEvent;

/// Ticks that a fork may go on for.
pub const TICKS_MAX: u64 = 100_000;
/// Series that may be watched.
pub const WATCH_MAX: usize = 16;
/// Calls at once of an engine for forks: of a few that two worlds go on in. No world that
/// runs has it, whose calls could be refused for those.
const CALLS: usize = 8;
/// Points of a series at most.
const POINTS_MAX: u64 = 200;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Forked {
    /// From which tick it went on.
    pub at: u64,
    /// The last tick of both.
    pub to: u64,
    /// The last tick that the save has, up to which the unchanged world is what happened.
    pub recorded: u64,
    /// Why it ended before all ticks were done, if it did.
    pub cut: Option<String>,
    /// What became of the edits.
    pub edits: Vec<EditRun>,
    /// What was watched.
    pub series: Vec<Series>,
    /// What became other first, in order.
    pub first: Vec<FirstDifference>,
    /// How much is other at the end, what most is first.
    pub summary: Vec<Count>,
    /// Events of mods in the first ticks that only one of the two has, in order.
    pub events: Vec<OtherEvent>,
    /// How many more of those there are.
    pub events_more: usize,
    /// The last tick whose events were compared.
    pub events_to: u64,
    /// Faults in the changed world, and in the other.
    pub faults: (u64, u64),
}

/// Values of what was watched, in both worlds at the same ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it is called.
    pub title: String,
    /// The ticks.
    pub ticks: Vec<u64>,
    /// The values without the changes.
    pub truth: Vec<Json>,
    /// The values with them.
    pub changed: Vec<Json>,
}

impl Forked {
    /// As programs read it.
    pub fn to_json(&self) -> Json {
        let Self { at, to, recorded, cut, edits, series, first, summary, .. } = self;
        let Self { events, events_more, events_to, faults, .. } = self;
        let edit = |run: &EditRun| {
            let spawned: Vec<String> = run.spawned.iter().map(|it| it.to_string()).collect();
            json!({ "spawned": spawned, "refused": run.refused })
        };
        let series = series.iter().map(|Series { title, ticks, truth, changed }| {
            json!({ "title": title, "ticks": ticks, "truth": truth, "changed": changed })
        });
        let first = first.iter().map(|it| {
            json!({
                "tick": it.tick, "entity": it.entity.map(|it| it.to_string()), "label": it.label,
                "name": it.kind, "field": it.field, "truth": it.truth, "changed": it.changed,
                "system": it.system, "by_hand": it.by_hand,
            })
        });
        let counts = summary.iter().map(|Count { action, kind, field, count }| {
            json!({ "action": action, "name": kind, "field": field, "count": count })
        });
        let events = events.iter().map(|it| {
            let only = if it.is_of_changed { "changed" } else { "truth" };
            json!({
                "tick": it.tick, "name": it.name, "value": it.value, "system": it.system,
                "only": only,
            })
        });
        json!({
            "from": at, "to": to, "recorded": recorded, "cut": cut,
            "edits": edits.iter().map(edit).collect::<Vec<_>>(),
            "series": series.collect::<Vec<_>>(),
            "first": first.collect::<Vec<_>>(),
            "summary": counts.collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(), "events_more": events_more,
            "events_to": events_to,
            "faults": { "changed": faults.0, "truth": faults.1 },
        })
    }
}

/// Goes on from a tick of a save with something other, beside the same without. The
/// compiler of an earlier fork spares compiling mods again.
///
/// # Errors
///
/// That the save cannot be read or its history does not have the tick whole, that its
/// mods of then are nowhere, that an input is none, or that a tick could not be done on
/// this machine.
pub fn what_if(
    save: &Path,
    what_if: &WhatIf,
    compiler: Option<Compiler>,
) -> Result<(Forked, Compiler), Error> {
    let until = Instant::now() + what_if.deadline;
    let reader = Reader::open(save)?;
    let recorded = reader.tick()?;
    let at = what_if.at.unwrap_or(recorded);
    let ticks = what_if.ticks.min(TICKS_MAX);
    let mut log = reader.replay_log(at..=at.saturating_add(ticks))?;
    fill_slim(save, &reader, &mut log)?;
    let log = Arc::new(log);
    let start = || reader.start_of(at);
    let compiler = match compiler {
        Some(compiler) => compiler,
        None => Compiler::new(reader.config()?, CALLS)?,
    };
    let terms = Terms { compiler: Some(compiler), grants_edits: true, threads: 1 };
    let mut changed = Replay::new(log.clone(), start()?, terms)?.keeping_steps();
    let terms =
        Terms { compiler: Some(changed.compiler().clone()), grants_edits: false, threads: 1 };
    let mut truth = Replay::new(log, start()?, terms)?;
    let more = more(&changed, what_if)?;
    changed.keep_up(at + 1)?;
    let every = ticks.div_ceil(POINTS_MAX).max(1);
    let way = course::Way { ticks, every, until, watch: &what_if.watch };
    let (changed_course, truth_course) = thread::scope(|scope| {
        let truth = scope.spawn(|| Course::of(&mut truth, Given::default(), &way));
        let changed = Course::of(&mut changed, more, &way);
        let broken = |_| Err(Error::Threads("a fork ended with a fault".to_owned()));
        (changed, truth.join().unwrap_or_else(broken))
    });
    let (changed_course, truth_course) = (changed_course?, truth_course?);
    let cut = changed_course.cut.clone().or(truth_course.cut.clone());
    let common = changed_course.points.len().min(truth_course.points.len());
    let series = what_if.watch.iter().enumerate().map(|(which, watch)| {
        let values = |course: &Course| {
            course.points[..common].iter().map(|(_, values)| values[which].clone()).collect()
        };
        Series {
            title: watch.title.clone(),
            ticks: changed_course.points[..common].iter().map(|(tick, _)| *tick).collect(),
            truth: values(&truth_course),
            changed: values(&changed_course),
        }
    });
    let labels = Labels::over(&reader.config()?.world.label, &truth_course.end.registry);
    let events = events::others(&truth_course, &changed_course);
    let forked = Forked {
        at,
        to: changed_course.end.tick().min(truth_course.end.tick()),
        recorded,
        cut,
        edits: changed_course.edits.clone(),
        series: series.collect(),
        first: differences::first(&truth_course, &changed_course, &labels),
        summary: differences::summary(&truth_course, &changed_course),
        events: events.told,
        events_more: events.more,
        events_to: events.to,
        faults: (changed_course.faults, truth_course.faults),
    };
    Ok((forked, changed.compiler().clone()))
}

/// Mods that a slim save lacks, from the packs beside it.
fn fill_slim(save: &Path, reader: &Reader, log: &mut ReplayLog) -> Result<(), Error> {
    let lacks = |it: &StoredMod| it.component.is_empty();
    let Some(last) = log.sets.last_mut().filter(|set| set.mods.iter().any(lacks)) else {
        return Ok(());
    };
    let keys = pack::Keys::new(&reader.config()?.trust.keys)?;
    let elsewhere = pack::contents_beside(save, &reader.lock()?, &keys)?;
    last.mods = reader.mods(&elsewhere)?;
    Ok(())
}

/// What is changed, as a tick is given it.
fn more(replay: &Replay, what_if: &WhatIf) -> Result<Given, Error> {
    let WhatIf { inputs, edits, sender, .. } = what_if;
    let runtime = replay.fork().runtime();
    let mut given = Given::default();
    for (kind, json) in inputs {
        given.inputs.push(runtime.input(replay.world(), kind, json, sender)?);
    }
    for edit in edits {
        let mut edit = edit.clone();
        // As they are called at the tick that is gone on from.
        edit.name_by(&mut |text| replay.entity_called(text).map(|it| it.to_string()))?;
        given.edits.push(SentEdit { sender: sender.clone(), edit: edit.text() });
    }
    Ok(given)
}
