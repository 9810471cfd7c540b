//! A world that is served: where what is asked of it is read.
//!
//! Of now from memory, as it was published. Of an earlier tick from the save: worlds
//! that were asked for lately are kept, and the next one is reached from the nearest.
//! Connections that answer SQL are made once a tick and kept until the next one: an
//! open one holds the log of the save back.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sandtable::Simulation;
use sandtable::config::WorldConfig;
use sandtable::ecs::World;
use sandtable::feed::Feed;
use sandtable::record::Digest;
use sandtable::save::{Inquiry, Labels, Reader};

use super::at::{At, shown};
use super::problem::{Kind, Problem};

/// Worlds of earlier ticks that are kept.
const WORLDS_KEPT: usize = 16;
/// Connections for SQL that are kept up to the next tick.
const INQUIRIES_KEPT: usize = 8;

/// A world that is served.
pub struct Served {
    name: String,
    save: PathBuf,
    feed: Feed,
    config: WorldConfig,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Those that were asked for last come first.
    worlds: VecDeque<Moment>,
    inquiries: Vec<Inquiry>,
}

/// The world at a tick.
#[derive(Clone)]
pub struct Moment {
    /// The world.
    pub world: World,
    /// Its chain hash.
    pub chain: Digest,
}

impl Moment {
    /// The tick as permanent links have it.
    pub fn at(&self) -> String {
        shown(self.world.tick(), &self.chain)
    }
}

impl Served {
    /// Serves a world that runs with this save.
    pub fn new(simulation: &mut Simulation, save: &Path) -> Self {
        let config = simulation.config().clone();
        let name = config.world.name.clone();
        let (feed, save, kept) = (simulation.feed(), save.to_owned(), Mutex::default());
        Self { name, save, feed, config, kept }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its settings, as they were when it was opened.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// Where it is published.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Opens its save to be read.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn reader(&self) -> Result<Reader, Problem> {
        Ok(Reader::open(&self.save)?)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up connections of earlier commits.
    pub fn forget_connections(&self) {
        let stale = std::mem::take(&mut self.kept().inquiries);
        drop(stale);
    }

    /// The world as it is now.
    pub fn now(&self) -> Moment {
        let published = self.feed.now();
        Moment { world: published.world.clone(), chain: published.chain }
    }

    /// The world at a tick, or now.
    ///
    /// # Errors
    ///
    /// The tick is still to come, no longer kept, or of another course of the world.
    pub fn moment(&self, at: Option<&At>) -> Result<Moment, Problem> {
        let now = self.now();
        let Some(at) = at else { return Ok(now) };
        if at.tick == now.world.tick() {
            at.check(&now.chain)?;
            return Ok(now);
        }
        if at.tick > now.world.tick() {
            return Err(self.future(at.tick, now.world.tick()));
        }
        // A save is rewound by no other process while this one has it open, so that what
        // is kept is of the course that it was of.
        let nearest = {
            let mut kept = self.kept();
            let place = kept.worlds.iter().position(|it| it.world.tick() == at.tick);
            if let Some(moment) = place.and_then(|place| kept.worlds.remove(place)) {
                kept.worlds.push_front(moment.clone());
                at.check(&moment.chain)?;
                return Ok(moment);
            }
            let before = kept.worlds.iter().filter(|it| it.world.tick() < at.tick);
            before.max_by_key(|it| it.world.tick()).cloned()
        };
        let reader = self.reader()?;
        let chain = self.chain_of(&reader, at)?;
        let world = match nearest {
            Some(earlier) => reader.world_after(&earlier.world, at.tick),
            None => reader.world_at(at.tick),
        };
        let moment = Moment { world: world.map_err(|error| pruned(error.into()))?, chain };
        let mut kept = self.kept();
        kept.worlds.retain(|it| it.world.tick() != at.tick);
        kept.worlds.push_front(moment.clone());
        kept.worlds.truncate(WORLDS_KEPT);
        Ok(moment)
    }

    fn future(&self, tick: u64, last: u64) -> Problem {
        let what =
            format!("tick {tick} is still to come: the last tick of {} is {last}", self.name);
        Problem::new(Kind::Future, what)
    }

    /// The chain hash of an earlier tick, which must be of the course that is asked for.
    fn chain_of(&self, reader: &Reader, at: &At) -> Result<Digest, Problem> {
        let saved = reader.tick()?;
        if at.tick > saved {
            return Err(Problem::new(
                Kind::Future,
                format!("tick {} is not in the save yet, which stands at tick {saved}", at.tick),
            ));
        }
        if at.tick == 0 {
            at.check(&[0; 32])?;
            return Ok([0; 32]);
        }
        let Some(chain) = reader.chain(at.tick)? else {
            let first = reader.first_tick()?;
            let first = first.map_or_else(String::new, |first| format!(": the first is {first}"));
            let what = format!("tick {} is no longer kept{first}", at.tick);
            return Err(Problem::new(Kind::Pruned, what));
        };
        at.check(&chain)?;
        Ok(chain)
    }

    /// Answers about a tick, or about now: calls a function with what answers SQL.
    ///
    /// # Errors
    ///
    /// As [`Served::moment`], and what the function says.
    pub fn ask<T>(
        &self,
        at: Option<&At>,
        ask: impl FnOnce(&Inquiry) -> Result<T, Problem>,
    ) -> Result<(T, u64), Problem> {
        let published = self.feed.now();
        let (now, saved) = (published.tick(), published.saved_tick);
        let tick = match at {
            Some(at) if at.tick > now => return Err(self.future(at.tick, now)),
            Some(at) if at.tick == now && now == saved => {
                at.check(&published.chain)?;
                saved
            }
            Some(at) => {
                self.chain_of(&self.reader()?, at)?;
                at.tick
            }
            None => saved,
        };
        let is_past = tick < saved;
        let ready = {
            let mut kept = self.kept();
            let fits = |it: &Inquiry| (it.tick(), it.is_past()) == (tick, is_past);
            let place = kept.inquiries.iter().position(fits);
            place.map(|place| kept.inquiries.swap_remove(place))
        };
        let inquiry = match ready {
            Some(inquiry) => inquiry,
            None if is_past => self.reader()?.inquiry_at(tick).map_err(|it| pruned(it.into()))?,
            None => {
                let inquiry = self.reader()?.inquiry_over(published.world.clone())?;
                match at {
                    // The world went on meanwhile.
                    Some(_) if inquiry.tick() != tick => self.reader()?.inquiry_at(tick)?,
                    _ => inquiry,
                }
            }
        };
        let answer = ask(&inquiry)?;
        let answered = inquiry.tick();
        let mut kept = self.kept();
        if kept.inquiries.len() < INQUIRIES_KEPT
            && self.feed.now().saved_tick == published.saved_tick
        {
            kept.inquiries.push(inquiry);
        }
        Ok((answer, answered))
    }

    /// What entities are called in a world.
    pub fn labels(&self, world: &World) -> Labels {
        Labels::over(&self.config.world.label, &world.registry)
    }
}

/// What the save does not have of the past was pruned.
fn pruned(problem: Problem) -> Problem {
    match problem.kind {
        Kind::NotFound => Problem { kind: Kind::Pruned, ..problem },
        _ => problem,
    }
}
