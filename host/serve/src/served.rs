//! A world that is served: where what is asked of it is read.
//!
//! Of now and of the last ticks from memory, as they were published. Of earlier ticks
//! from the save, which goes on from the nearest that it was asked for ([`Terms`]). Those
//! that were asked for lately are kept with their chain too, so that they are answered
//! without the save: also where ticks of a walk through pages are not in it.
//! Connections that answer SQL are made once a tick and kept until the next one: an
//! open one holds the log of the save back.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sandtable::compile::Compiler;
use sandtable::ecs::World;
use sandtable::feed::{AtRest, Feed, Published};
use sandtable::pace::Pace;
use sandtable::record::Digest;
use sandtable::save::outbox::{self, OutboxStanding};
use sandtable::save::{Inquiry, Labels, Questions, Reader, Terms};
use sandtable::{Desk, Simulation};

use super::at::At;
use super::moment::Moment;
use super::points::Points;
use super::problem::{Kind, Problem};
use super::pulse::Pulse;
use super::reads::Reads;
use super::sight::{Seen, Sight};

/// Ticks that are kept as they were published.
const RECENT_KEPT: usize = 16;
/// Worlds of earlier ticks that are kept.
const WORLDS_KEPT: usize = 16;
/// How long an answer from history may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Connections for SQL that are kept up to the next tick.
const INQUIRIES_KEPT: usize = 8;

/// A world that is served.
pub struct Served {
    name: String,
    save: PathBuf,
    feed: Feed,
    pulse: Arc<Pulse>,
    /// What was published last, oldest first.
    recent: Arc<Mutex<VecDeque<Arc<Published>>>>,
    points: Points,
    /// What of history was read.
    terms: Mutex<Terms>,
    kept: Mutex<Kept>,
    /// When its ticks are due, where that is known.
    pace: Option<Pace>,
    /// Where errands for the thread that does its ticks are left.
    desk: Desk,
    /// What compiled its mods for forks, with an engine of its own.
    fork_compiler: Mutex<Option<Compiler>>,
    reads: Reads,
    seen: Seen,
}

#[derive(Default)]
struct Kept {
    /// Those that were asked for last come first.
    worlds: VecDeque<Moment>,
    /// With what had been published last when each was made.
    inquiries: Vec<(u64, Inquiry)>,
    /// Likewise.
    questions: Option<(u64, Arc<Questions>)>,
    /// Of which course of the world all of this is.
    course: u64,
}

impl Served {
    /// Serves a world that runs with this save.
    pub fn new(simulation: &mut Simulation, save: &Path) -> Self {
        Self::of(simulation.feed(), simulation.desk(), save)
    }

    /// Serves the world of a save that this process does not run.
    pub fn at_rest(world: &AtRest, save: &Path) -> Self {
        Self::of(world.feed().clone(), Desk::closed(), save)
    }

    fn of(feed: Feed, desk: Desk, save: &Path) -> Self {
        let name = feed.now().config.world.name.clone();
        let (save, kept) = (save.to_owned(), Mutex::default());
        let pulse = Arc::new(Pulse::new());
        let terms = Mutex::new(fresh_terms());
        let recent = Arc::new(Mutex::new(VecDeque::from([feed.now()])));
        let (noted, remembered) = (pulse.clone(), recent.clone());
        feed.listen(move |published| {
            noted.published(published);
            let mut recent = remembered.lock().unwrap_or_else(PoisonError::into_inner);
            recent.retain(|it| it.course == published.course);
            if recent.len() == RECENT_KEPT {
                recent.pop_front();
            }
            recent.push_back(published.clone());
        });
        Self {
            name,
            save,
            feed,
            pulse,
            recent,
            points: Points::default(),
            terms,
            kept,
            pace: None,
            desk,
            fork_compiler: Mutex::default(),
            reads: Reads::default(),
            seen: Seen::default(),
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it goes.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// What SELECTs were answered as of earlier ticks.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// Where its save is.
    pub fn save(&self) -> &Path {
        &self.save
    }

    /// Where errands for the thread that does its ticks are left.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// What compiled its mods for the last fork, if there was one.
    pub fn fork_compiler(&self) -> Option<Compiler> {
        self.fork_compiler.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what compiled its mods for a fork.
    pub fn keep_fork_compiler(&self, compiler: Compiler) {
        *self.fork_compiler.lock().unwrap_or_else(PoisonError::into_inner) = Some(compiler);
    }

    /// Forgets what is known of ticks that are no longer those of the world, once it went
    /// back to an earlier one.
    pub fn follow_course(&self) {
        let course = self.feed.now().course;
        let mut kept = self.kept();
        if kept.course == course {
            return;
        }
        let stale = std::mem::replace(&mut *kept, Kept { course, ..Kept::default() });
        drop(kept);
        drop(stale);
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = fresh_terms();
        self.points.forget();
    }

    /// Bytes of its save, and of the log beside it.
    pub fn bytes(&self) -> (u64, u64) {
        let of = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.len());
        let mut log = self.save.clone().into_os_string();
        log.push("-wal");
        (of(&self.save), of(Path::new(&log)))
    }

    /// How what leaves its save stands; as if nothing did where it cannot be read.
    pub fn outbox(&self) -> OutboxStanding {
        outbox::glance(&self.save).unwrap_or_default()
    }

    /// What may be seen of what was published.
    pub fn part(&self, sight: Option<&Sight>, published: &Published) -> World {
        let whole = || published.world.clone();
        sight.map_or_else(whole, |it| self.seen.world(it, &published.world, &published.chain))
    }

    /// Parts of it, as some saw them lately.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Where it is published.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The same, under another name than its world file gives it.
    pub fn called(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The same, whose ticks are due by a pace: it is told, held to, and commanded.
    pub fn paced(self, pace: &Pace) -> Self {
        Self { pace: Some(pace.clone()), ..self }
    }

    /// When its ticks are due, where that is known.
    pub fn pace(&self) -> Option<&Pace> {
        self.pace.as_ref()
    }

    /// Counts where what is asked of it is read.
    pub fn count_reads(&mut self, reads: Reads) {
        self.reads = reads;
    }

    /// Opens its save to be read.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn reader(&self) -> Result<Reader, Problem> {
        self.reads.save.inc();
        self.open()
    }

    fn open(&self) -> Result<Reader, Problem> {
        let until = Some(Instant::now() + DEADLINE);
        let terms = self.terms.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Reader::open(&self.save)?.on(Terms { until, ..terms }))
    }

    /// Opens its save to be read about a tick, which must be of the course that is asked
    /// for; else about the last that it has. Says which tick that is.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or the tick is not in it, no longer kept, or of another
    /// course of the world.
    pub fn reader_at(&self, at: Option<&At>) -> Result<(Reader, u64), Problem> {
        let reader = self.reader()?;
        let tick = match at {
            Some(at) => {
                self.chain_of(&reader, at)?;
                at.tick
            }
            None => reader.tick()?,
        };
        Ok((reader, tick))
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
        Moment::of(&self.feed.now())
    }

    /// The world at a tick, or now.
    ///
    /// # Errors
    ///
    /// The tick is still to come, no longer kept, or of another course of the world.
    pub fn moment(&self, at: Option<&At>) -> Result<Moment, Problem> {
        let now = self.now();
        let Some(at) = at else {
            self.reads.memory.inc();
            return Ok(now);
        };
        if at.tick == now.world.tick() {
            at.check(&now.chain)?;
            self.reads.memory.inc();
            return Ok(now);
        }
        if at.tick > now.world.tick() {
            return Err(self.future(at.tick, now.world.tick()));
        }
        if let Some(moment) = self.remembered(at)? {
            self.reads.past.inc();
            return Ok(moment);
        }
        let course = self.kept().course;
        let reader = self.open()?;
        let chain = self.chain_of(&reader, at)?;
        let world = reader.world_at(at.tick);
        let moment = Moment { world: world.map_err(|error| pruned(error.into()))?, chain };
        self.reads.rebuilt.inc();
        if self.kept().course == course {
            self.keep(moment.clone());
        }
        Ok(moment)
    }

    /// The world at an earlier tick, where that is in memory. A save is rewound by no
    /// other process while this one has it open, so that what is kept is of the course
    /// that it was of.
    fn remembered(&self, at: &At) -> Result<Option<Moment>, Problem> {
        let of_recent =
            self.recent().iter().find(|it| it.tick() == at.tick).map(|it| Moment::of(it));
        let moment = of_recent.or_else(|| {
            let mut kept = self.kept();
            let place = kept.worlds.iter().position(|it| it.world.tick() == at.tick)?;
            let moment = kept.worlds.remove(place)?;
            kept.worlds.push_front(moment.clone());
            Some(moment)
        });
        moment.map(|moment| at.check(&moment.chain).map(|()| moment)).transpose()
    }

    /// Keeps a world for questions that follow.
    pub fn keep(&self, moment: Moment) {
        let mut kept = self.kept();
        kept.worlds.retain(|it| it.world.tick() != moment.world.tick());
        kept.worlds.push_front(moment);
        kept.worlds.truncate(WORLDS_KEPT);
    }

    /// The world at a tick with all that it had: not from a history that keeps some
    /// components alone.
    ///
    /// # Errors
    ///
    /// As [`Served::moment`].
    pub fn whole(&self, at: &At) -> Result<Moment, Problem> {
        let now = self.feed.now();
        let is_whole = now.config.history.components.is_empty();
        match is_whole || at.tick >= now.tick() {
            true => self.moment(Some(at)),
            false => self.remembered(at)?.ok_or_else(|| {
                let what = format!("of tick {} not all components are kept", at.tick);
                Problem::new(Kind::Pruned, what)
            }),
        }
    }

    /// Checks that a tick is one of the course of the world.
    ///
    /// # Errors
    ///
    /// It is still to come, no longer kept, or of another course of the world.
    pub fn check(&self, at: &At) -> Result<(), Problem> {
        let now = self.feed.now();
        if at.tick > now.tick() {
            return Err(self.future(at.tick, now.tick()));
        }
        if at.tick == now.tick() {
            return at.check(&now.chain);
        }
        match self.remembered(at)? {
            Some(_) => Ok(()),
            None => self.chain_of(&self.open()?, at).map(drop),
        }
    }

    /// What was published last, oldest first.
    pub fn recent(&self) -> VecDeque<Arc<Published>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        self.reads.save.inc();
        let published = self.feed.now();
        let (now, saved) = (published.tick(), published.saved_tick);
        let tick = match at {
            Some(at) if at.tick > now => return Err(self.future(at.tick, now)),
            Some(at) if at.tick == now && now == saved => {
                at.check(&published.chain)?;
                saved
            }
            Some(at) => {
                self.chain_of(&self.open()?, at)?;
                at.tick
            }
            None => saved,
        };
        let is_past = tick < saved;
        let ready = {
            let mut kept = self.kept();
            let fits = |(number, it): &(u64, Inquiry)| {
                (*number, it.tick(), it.is_past()) == (published.number, tick, is_past)
            };
            let place = kept.inquiries.iter().position(fits);
            place.map(|place| kept.inquiries.swap_remove(place).1)
        };
        let inquiry = match ready {
            Some(inquiry) => inquiry,
            None if is_past => self.open()?.inquiry_at(tick).map_err(|it| pruned(it.into()))?,
            None => {
                let inquiry = self.open()?.inquiry_over(published.world.clone())?;
                match at {
                    // The world went on meanwhile.
                    Some(_) if inquiry.tick() != tick => self.open()?.inquiry_at(tick)?,
                    _ => inquiry,
                }
            }
        };
        let answer = ask(&inquiry)?;
        let answered = inquiry.tick();
        let mut kept = self.kept();
        // One that was in use when the others were given up is not of the last commit.
        let is_of_now = self.feed.now().number == published.number;
        if kept.inquiries.len() < INQUIRIES_KEPT && is_of_now {
            kept.inquiries.push((published.number, inquiry));
        }
        Ok((answer, answered))
    }

    /// The questions that it can be asked by name, read once a commit.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn questions(&self) -> Result<Arc<Questions>, Problem> {
        let number = self.feed.now().number;
        if let Some((of, known)) = &self.kept().questions
            && *of == number
        {
            return Ok(known.clone());
        }
        let questions = Arc::new(self.reader()?.questions()?);
        self.kept().questions = Some((number, questions.clone()));
        Ok(questions)
    }

    /// What entities are called in a world.
    pub fn labels(&self, world: &World) -> Labels {
        Labels::over(&self.feed.now().config.world.label, &world.registry)
    }
}

fn fresh_terms() -> Terms {
    Terms { heads: Some(Arc::default()), worlds: Some(Arc::default()), until: None }
}

/// What the save does not have of the past was pruned.
fn pruned(problem: Problem) -> Problem {
    let kind = if problem.kind == Kind::NotFound { Kind::Pruned } else { problem.kind };
    Problem { kind, ..problem }
}
