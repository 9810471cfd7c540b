//! One way that a world goes on, and what is noted of it.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value as Json;

use super::asked::{Watch, Watched};
use crate::ecs::{Entity, World, to_json};
use crate::error::Error;
use crate::record::{EditRun, Emitted, Given, Step};
use crate::replay::Replay;
use crate::save::{Inquiry, Running, SaveError, cell_bytes, cell_to_json};

/// Rows of all worlds that are kept, to find what becomes other first, about; and how many
/// ticks these are at least and at most.
const EARLY_ROWS: u64 = 2_000_000;
const EARLY: (u64, u64) = (50, 400);
/// Bytes of what SELECTs are watched for, in all points together.
const WATCHED_MAX_BYTES: usize = 8 << 20;
/// Events of the first ticks that are kept.
const EVENTS_MAX: usize = 20_000;

/// How far, and what is noted.
pub(super) struct Way<'a> {
    pub ticks: u64,
    /// Of how many ticks one is noted.
    pub every: u64,
    pub until: Instant,
    pub watch: &'a [Watch],
}

/// What was noted of a world that went on.
pub(super) struct Course {
    /// By tick, what was watched.
    pub points: Vec<(u64, Vec<Json>)>,
    /// The worlds that the first ticks led to, with the steps of each where those are kept.
    pub early: Vec<(World, Vec<Step>)>,
    /// Events that systems emitted in them, by tick.
    pub events: Vec<(u64, Emitted)>,
    /// Up to which tick all events are there.
    pub events_to: u64,
    pub end: World,
    pub edits: Vec<EditRun>,
    pub faults: u64,
    pub cut: Option<String>,
}

impl Course {
    /// Goes on, and gives the first tick more than it had.
    pub fn of(replay: &mut Replay, more: Given, way: &Way<'_>) -> Result<Self, Error> {
        let at = replay.world().tick();
        let mut watching = Watching::new(replay, way)?;
        let mut course = Self {
            points: Vec::new(),
            early: Vec::new(),
            events: Vec::new(),
            events_to: at,
            end: replay.world().clone(),
            edits: Vec::new(),
            faults: 0,
            cut: None,
        };
        let rows = u64::from(replay.world().entities.alive()).max(1);
        let early = (EARLY_ROWS / rows).clamp(EARLY.0, EARLY.1);
        match watching.look(replay)? {
            Ok(values) => course.points.push((at, values)),
            Err(full) => course.cut = Some(full.after(0, way)),
        }
        for tick in at + 1..=at + way.ticks {
            if course.cut.is_none() && Instant::now() > way.until {
                course.cut = Some(Full::Time.after(tick - 1 - at, way));
            }
            if course.cut.is_some() {
                break;
            }
            replay.keep_up(tick)?;
            let mut pending = replay.given(tick);
            if tick == at + 1 {
                pending.given.append(more.clone());
            }
            let own = pending.given.edits.len() - more.edits.len().min(pending.given.edits.len());
            let record = replay.tick(pending)?;
            if tick == at + 1 {
                course.edits = record.edits[own..].to_vec();
            }
            course.faults += record.runs.iter().filter(|run| run.fault.is_some()).count() as u64;
            if tick - at <= early {
                course.early.push((replay.world().clone(), replay.take_steps()));
                course.keep_events(tick, &record.events);
            }
            if (tick - at).is_multiple_of(way.every) || tick == at + way.ticks {
                match watching.look(replay)? {
                    Ok(values) => course.points.push((tick, values)),
                    Err(full) => course.cut = Some(full.after(tick - at, way)),
                }
            }
        }
        course.end = replay.world().clone();
        Ok(course)
    }

    /// Keeps what systems emitted in a tick, all of it or, where there is no room for that,
    /// nothing from that tick on: of a part of them it cannot be said which others lack.
    fn keep_events(&mut self, tick: u64, events: &[Emitted]) {
        let emitted: Vec<&Emitted> = events.iter().filter(|it| !it.system.is_empty()).collect();
        if self.events_to + 1 == tick && self.events.len() + emitted.len() <= EVENTS_MAX {
            self.events.extend(emitted.into_iter().map(|event| (tick, event.clone())));
            self.events_to = tick;
        }
    }
}

/// Why a world does not go on.
enum Full {
    Time,
    Bytes,
}

impl Full {
    fn after(self, done: u64, way: &Way<'_>) -> String {
        let ticks = way.ticks;
        match self {
            Full::Time => format!("the time was up after {done} of {ticks} ticks"),
            Full::Bytes => format!(
                "what is watched has more than {WATCHED_MAX_BYTES} bytes after {done} of {ticks} \
                 ticks: have SELECTs answer with less"
            ),
        }
    }
}

/// What is watched in a world.
struct Watching<'a> {
    watch: Vec<Looked<'a>>,
    asks: bool,
    until: Instant,
    /// Bytes of what SELECTs were answered with.
    bytes: usize,
}

enum Looked<'a> {
    Select(&'a str),
    Field { entity: Entity, component: &'a str, field: &'a str },
}

impl<'a> Watching<'a> {
    fn new(replay: &Replay, way: &Way<'a>) -> Result<Self, Error> {
        let looked = |watch: &'a Watch| match &watch.of {
            Watched::Select(sql) => Ok(Looked::Select(sql)),
            Watched::Field { entity, component, field } => {
                let entity = replay.entity_called(entity)?;
                Ok(Looked::Field { entity, component, field })
            }
        };
        let watch: Vec<Looked<'_>> =
            way.watch.iter().map(looked).collect::<Result<_, SaveError>>()?;
        let asks = watch.iter().any(|it| matches!(it, Looked::Select(_)));
        Ok(Self { watch, asks, until: way.until, bytes: 0 })
    }

    /// What is seen, unless a SELECT is not answered in time, or with too much.
    fn look(&mut self, replay: &Replay) -> Result<Result<Vec<Json>, Full>, Error> {
        let (now, names) = (replay.world(), BTreeMap::new());
        let inquiry = match self.asks {
            false => None,
            true => {
                let tables = replay.fork().tables();
                let (before, records) = (now, &[]);
                let about = Running { before, now, tables, records, names: &names };
                let mut inquiry = Inquiry::about(about)?;
                inquiry.confine()?;
                inquiry.until(self.until)?;
                Some(inquiry)
            }
        };
        let mut bytes = self.bytes;
        let mut value = |looked: &Looked<'_>| match (looked, &inquiry) {
            (Looked::Select(sql), Some(inquiry)) => {
                let first = inquiry.rows(sql)?.next()?;
                let cell = first.and_then(|row| row.into_iter().next());
                bytes += cell.as_ref().map_or(0, cell_bytes);
                Ok(cell.map_or(Json::Null, |cell| cell_to_json(&cell)))
            }
            (Looked::Field { entity, component, field }, _) => {
                let value = now.registry.find(component).and_then(|id| {
                    let value = now.component(*entity, id)?;
                    to_json(now.registry.get(id), value).get(*field).cloned()
                });
                Ok(value.unwrap_or(Json::Null))
            }
            _ => Ok(Json::Null),
        };
        let values = self.watch.iter().map(&mut value).collect::<Result<_, Error>>();
        self.bytes = bytes;
        match values {
            _ if bytes > WATCHED_MAX_BYTES => Ok(Err(Full::Bytes)),
            // The question was ended, whatever it says.
            Err(_) if Instant::now() >= self.until => Ok(Err(Full::Time)),
            values => values.map(Ok),
        }
    }
}
