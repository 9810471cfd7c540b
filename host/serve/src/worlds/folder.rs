//! A folder of saves: each is opened when it is asked for, does ticks when it is told
//! to, and is closed when it was not asked for in a while.
//!
//! A name in an address is only ever compared with the names of files that are there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};

use sandtable::catalog::ModSource;
use sandtable::config::WorldConfig;
use sandtable::guest::panic_text;
use sandtable::pace::{Next, Pace};
use sandtable::{Engines, Options, Simulation, save};
use tokio::time::{sleep, timeout_at};

use super::beside::{self, Beside};
use super::entry::{Entered, Entry, Listed, Opened, Seat, State, Status, Use};
use super::names::{check_name, file_name, name_of};
use super::room::{Room, resident};
use super::turns::Turns;
use crate::metrics::Metrics;
use crate::on_air::OnAir;
use crate::problem::{Kind, Problem};
use crate::served::Served;

/// How long a request waits for a world to be opened.
const PATIENCE: Duration = Duration::from_secs(30);
/// Calls of guests at once beside those of ticks: of worlds that are opened, of what
/// is tried in memory.
const CALLS_BESIDE: usize = 16;

/// How the saves of a folder are served.
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Ticks a second of each, until it is told otherwise; 0 for as many as possible.
    pub hertz: f64,
    /// Threads that do the ticks of all of them.
    pub threads: usize,
    /// How long one stays open that nothing is on; zero for ever.
    pub idle: Duration,
    /// How many may be open at once.
    pub open_max: usize,
    /// Bytes of memory that this process may take before worlds are closed that nothing
    /// is on; 0 for any.
    pub memory_max: u64,
    /// Whether all of them run from the start.
    pub runs: bool,
    /// What goes along with each that is open.
    pub beside: Option<Beside>,
    /// How they are run. Mods of each run on one thread at a time, so that worlds have
    /// turns, and engines are shared.
    pub options: Options,
}

/// The saves of a folder.
pub struct Saves {
    folder: Folder,
    metrics: Arc<Metrics>,
    entries: Mutex<BTreeMap<String, Arc<Entry>>>,
    room: Room,
    turns: Turns,
}

impl Saves {
    /// Of a folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or there are no threads.
    pub fn new(mut folder: Folder, metrics: Arc<Metrics>) -> io::Result<Arc<Self>> {
        folder.threads = folder.threads.max(1);
        folder.options.threads = 1;
        folder.options.engines = Some(Engines::new(folder.threads + CALLS_BESIDE));
        let turns = Turns::start(folder.threads)?;
        let (entries, room) = (Mutex::default(), Room::default());
        let saves = Self { folder, metrics, entries, room, turns };
        saves.look()?;
        Ok(Arc::new(saves))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks which saves there are.
    fn look(&self) -> io::Result<Vec<Arc<Entry>>> {
        let mut there = BTreeMap::new();
        for file in fs::read_dir(&self.folder.path)? {
            let path = file?.path();
            if let Some(name) = name_of(&path).filter(|_| path.is_file()) {
                there.insert(name, path);
            }
        }
        let mut entries = self.entries();
        // What is open is there, whatever was done to its file.
        entries.retain(|name, entry| {
            there.contains_key(name)
                || !matches!(*entry.state(), State::Closed | State::Broken { .. })
        });
        for (name, path) in there {
            let new = || Arc::new(Entry::new(&name, path, State::Closed));
            entries.entry(name.clone()).or_insert_with(new);
        }
        Ok(entries.values().cloned().collect())
    }

    fn looked(&self) -> Result<Vec<Arc<Entry>>, Problem> {
        self.look().map_err(|error| {
            let folder = self.folder.path.display();
            Problem::new(Kind::Save, format!("{folder} cannot be read: {error}"))
        })
    }

    /// The save of a name.
    fn entry(&self, name: &str) -> Result<Arc<Entry>, Problem> {
        if let Some(entry) = self.entries().get(name) {
            return Ok(entry.clone());
        }
        let found = self.looked()?.into_iter().find(|entry| entry.name == name);
        found.ok_or_else(|| {
            let what = format!("there is no world `{name}`: `worlds` lists those that there are");
            Problem::new(Kind::NotFound, what)
        })
    }

    /// Goes into a world, which is opened where it is not; others that want in
    /// meanwhile wait for the same.
    pub async fn enter(self: &Arc<Self>, name: &str) -> Result<(Arc<OnAir>, Use), Problem> {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let (saves, wanted) = (self.clone(), name.to_owned());
            let known = self.entries().get(name).cloned();
            let entry = match known {
                Some(entry) => entry,
                None => apart(move || saves.entry(&wanted)).await??,
            };
            let mut changes = entry.changes();
            match entry.enter() {
                Entered::World(world, used) => return Ok((world, used)),
                Entered::Broken(why) => return Err(Problem::new(Kind::Save, why)),
                Entered::Gone => {}
                Entered::Wait => {
                    let waited = timeout_at(until, changes.changed()).await;
                    waited.map(drop).map_err(|_| {
                        let what = format!("{name} is still being opened: ask again");
                        Problem::new(Kind::Busy, what)
                    })?;
                }
                Entered::Open => {
                    let (saves, opening) = (self.clone(), entry.clone());
                    let opened = apart(move || saves.open(&opening)).await;
                    opened
                        .inspect_err(|problem| entry.set(broken(problem.to_string(), false)))??;
                }
            }
        }
    }

    /// Opens a save that was said to be opening.
    fn open(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<(), Problem> {
        if let Err(problem) = self.make_room() {
            entry.set(State::Closed);
            return Err(problem);
        }
        let opened = self.opened(entry);
        self.room.opened(opened.is_ok());
        match opened {
            Ok(opened) => {
                entry.set(State::Open(Box::new(opened)));
                Ok(())
            }
            Err(_) if !entry.path.exists() => {
                self.entries().remove(&entry.name);
                entry.set(State::Gone);
                Ok(())
            }
            Err(why) => {
                entry.set(broken(why.clone(), false));
                Err(Problem::new(Kind::Save, why))
            }
        }
    }

    /// Takes room for one more, and closes another for it where there is none left.
    fn make_room(&self) -> Result<(), Problem> {
        while !self.room.take(self.folder.open_max) {
            if !self.close_longest_idle() {
                let what = format!(
                    "{} worlds are open, as many as may be, and something is on each: ask later, \
                     or give a larger --open-max",
                    self.folder.open_max
                );
                return Err(Problem::new(Kind::Busy, what));
            }
        }
        Ok(())
    }

    fn opened(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<Opened, String> {
        let (options, beside) = (self.folder.options.clone(), self.folder.beside.as_ref());
        let opened = beside::open(&entry.path, options, beside);
        let (mut simulation, beside) = opened.map_err(|error| error.to_string())?;
        let pace = Pace::since(self.folder.hertz, Instant::now(), self.turns.bell());
        pace.pause();
        simulation.desk().ring_by(pace.bell());
        let served = Served::new(&mut simulation, &entry.path).called(&entry.name).paced(&pace);
        let world = OnAir::new(&entry.name, served, &self.metrics);
        world.tend();
        let seat = Arc::new(Seat::new(Some(simulation)));
        let (saves, of, held) = (Arc::downgrade(self), Arc::downgrade(entry), seat.clone());
        let of_turns = pace.clone();
        let place = self.turns.join(pace.clone(), move |next| {
            let Err(why) = turn(&held, &of_turns, next) else { return true };
            if let (Some(saves), Some(entry)) = (saves.upgrade(), of.upgrade()) {
                tracing::error!("{} had to stop: {why}", entry.name);
                saves.stop(&entry, why);
            }
            false
        });
        Ok(Opened::new(world, pace, seat, place, beside))
    }

    /// Closes a world that a tick of failed.
    fn stop(&self, entry: &Entry, why: String) {
        if let Some(opened) = entry.take(|_| true) {
            let _ = take_down(*opened);
            self.room.left();
            entry.set(broken(why, true));
        }
    }

    /// Closes a world where that may be, and says whether it did.
    fn close_if(&self, entry: &Entry, may: impl FnOnce(&Opened) -> bool) -> bool {
        let Some(opened) = entry.take(may) else { return false };
        let closed = take_down(*opened);
        self.room.left();
        entry.set(match closed {
            Ok(()) => State::Closed,
            Err(error) => broken(error.to_string(), false),
        });
        true
    }

    /// Closes the world that nothing was on for the longest time.
    fn close_longest_idle(&self) -> bool {
        let entries: Vec<Arc<Entry>> = self.entries().values().cloned().collect();
        let idle = entries.iter().filter_map(|entry| match &*entry.state() {
            State::Open(opened) => opened.idle_since().map(|since| (since, entry)),
            _ => None,
        });
        let longest = idle.min_by_key(|(since, _)| *since);
        longest
            .is_some_and(|(_, entry)| self.close_if(entry, |opened| opened.idle_since().is_some()))
    }

    /// Closes what was idle for too long, and more where memory is short.
    fn tidy(&self) {
        let Folder { idle, memory_max, .. } = self.folder;
        let entries: Vec<Arc<Entry>> = self.entries().values().cloned().collect();
        for entry in entries.iter().filter(|_| !idle.is_zero()) {
            self.close_if(entry, |opened| {
                opened.idle_since().is_some_and(|since| since.elapsed() >= idle)
            });
        }
        if memory_max > 0 && resident().is_some_and(|bytes| bytes > memory_max) {
            self.close_longest_idle();
        }
    }

    /// Tidies up from time to time, and lets all run where that is wanted.
    pub fn tend(self: &Arc<Self>) {
        const PAUSE: Duration = Duration::from_secs(1);
        let saves = Arc::downgrade(self);
        let pause = match self.folder.idle.is_zero() {
            true => PAUSE,
            false => (self.folder.idle / 4).min(PAUSE).max(PAUSE / 20),
        };
        tokio::spawn(async move {
            loop {
                sleep(pause).await;
                let Some(saves) = saves.upgrade() else { break };
                let _ = apart(move || saves.tidy()).await;
            }
        });
        if self.folder.runs {
            let saves = self.clone();
            tokio::spawn(async move { saves.run_all().await });
        }
    }

    async fn run_all(self: Arc<Self>) {
        let names: Vec<String> = self.entries().keys().cloned().collect();
        for name in names {
            match self.enter(&name).await {
                Ok((world, _used)) => {
                    if let Some(pace) = world.served().pace() {
                        pace.go_on();
                    }
                }
                Err(problem) => tracing::warn!("{name} does not run: {problem}"),
            }
        }
    }

    /// All of them, by name.
    pub fn list(&self) -> Result<Vec<Listed>, Problem> {
        let entries = self.looked()?;
        Ok(entries.iter().map(|entry| listed(entry)).collect())
    }

    /// Whether one of the name was seen.
    pub fn has(&self, name: &str) -> bool {
        self.entries().contains_key(name)
    }

    /// Those that are on the air.
    pub fn on_air(&self) -> Vec<Arc<OnAir>> {
        let entries = self.entries();
        let open = entries.values().filter_map(|entry| match &*entry.state() {
            State::Open(opened) => Some(opened.world.clone()),
            _ => None,
        });
        open.collect()
    }

    /// How many there are in each state, and why those stopped that had to.
    pub fn standing(&self) -> (BTreeMap<Status, usize>, Vec<String>) {
        let (mut counts, mut stopped) = (BTreeMap::new(), Vec::new());
        for entry in self.entries().values() {
            let state = entry.state();
            *counts.entry(status(&state)).or_default() += 1;
            if let State::Broken { why, ran: true, .. } = &*state {
                stopped.push(format!("{} had to stop: {why}", entry.name));
            }
        }
        (counts, stopped)
    }

    /// Where packs of the folder are.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// How its worlds are run.
    pub fn options(&self) -> &Options {
        &self.folder.options
    }

    /// Makes a world, which is closed then.
    pub fn create(
        &self,
        name: &str,
        config: WorldConfig,
        mods: Vec<ModSource>,
    ) -> Result<(), Problem> {
        check_name(name)?;
        self.looked()?;
        let path = self.folder.path.join(file_name(name));
        let entry = Arc::new(Entry::new(name, path.clone(), State::Opening));
        {
            let mut entries = self.entries();
            // Where letters of both sizes are the same to the system, so are names.
            if entries.keys().any(|it| it.eq_ignore_ascii_case(name)) {
                let what = format!("there is a world `{name}` already: give another name");
                return Err(Problem::new(Kind::Conflict, what));
            }
            entries.insert(name.to_owned(), entry.clone());
        }
        let made = Simulation::create(Some(&path), config, mods, self.folder.options.clone());
        let made = made.and_then(Simulation::close);
        if made.is_err() {
            self.entries().remove(name);
        }
        entry.set(if made.is_ok() { State::Closed } else { State::Gone });
        made.map_err(|error| Problem::new(Kind::Body, error.to_string()))
    }

    /// Deletes a world that nothing is on.
    pub fn delete(&self, name: &str) -> Result<(), Problem> {
        let entry = self.entry(name)?;
        self.close_if(&entry, |opened| opened.idle_since().is_some());
        {
            let mut state = entry.state();
            match &*state {
                State::Closed | State::Broken { .. } => *state = State::Closing,
                _ => {
                    let what = format!(
                        "{name} runs, or a request or a stream is on it: pause it, let them end, \
                         and delete it then"
                    );
                    return Err(Problem::new(Kind::Conflict, what));
                }
            }
        }
        match save::delete(&entry.path) {
            Ok(()) => {
                self.entries().remove(name);
                entry.set(State::Gone);
                Ok(())
            }
            Err(error) => {
                entry.set(State::Closed);
                Err(Problem::new(Kind::Conflict, error.to_string()))
            }
        }
    }

    /// Closes all of them, and says of each that could not be closed why.
    pub fn close(&self) -> Vec<String> {
        let entries: Vec<Arc<Entry>> = self.entries().values().cloned().collect();
        let failed = entries.iter().filter_map(|entry| {
            let closed = take_down(*entry.take(|_| true)?);
            self.room.left();
            entry.set(State::Closed);
            closed.err().map(|error| format!("{}: {error}", entry.name))
        });
        failed.collect()
    }
}

/// A turn of a world that is open. Where it fails, it has no other.
fn turn(seat: &Seat, pace: &Pace, next: Next) -> Result<(), String> {
    let mut seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(simulation) = seat.as_mut() else { return Ok(()) };
    let work = || match next {
        Next::Tick => {
            simulation.attend(Some(Duration::ZERO));
            simulation.tick().map(drop)
        }
        Next::Woken => {
            simulation.attend(pace.until_due());
            Ok(())
        }
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("a fault of sandtable, report it: {}", panic_text(&*panic))),
    }
}

/// Takes a world off the air and closes its save.
fn take_down(opened: Opened) -> Result<(), sandtable::Error> {
    let Opened { world, pace, seat, place, beside: _goes_last, .. } = opened;
    drop(place);
    pace.pause();
    world.end();
    // Where it has its turn, that comes to its end first.
    let simulation = seat.lock().unwrap_or_else(PoisonError::into_inner).take();
    simulation.map_or(Ok(()), Simulation::close)
}

fn broken(why: String, ran: bool) -> State {
    State::Broken { why, since: Instant::now(), ran }
}

fn status(state: &State) -> Status {
    match state {
        State::Closed | State::Gone => Status::Closed,
        State::Opening => Status::Opening,
        // Until it is one file again.
        State::Closing => Status::Open,
        State::Open(opened) => Status::of_open(&opened.world),
        State::Broken { .. } => Status::Broken,
    }
}

fn listed(entry: &Entry) -> Listed {
    let (mut status, world, mut problem, is_file) = {
        let state = entry.state();
        let (mut world, mut problem) = (None, None);
        match &*state {
            State::Open(opened) => world = Some(opened.world.clone()),
            State::Broken { why, .. } => problem = Some(why.clone()),
            _ => {}
        }
        let is_file = matches!(&*state, State::Closed | State::Broken { .. });
        (status(&state), world, problem, is_file)
    };
    let glance = match is_file.then(|| entry.glance()).transpose() {
        Ok(glance) => glance,
        Err(why) => {
            (status, problem) = (Status::Broken, problem.or(Some(why)));
            None
        }
    };
    let bytes = fs::metadata(&entry.path).ok().map(|about| about.len());
    Listed { name: entry.name.clone(), status, bytes, world, glance, problem }
}

/// Work that may take a while, on a thread of its own.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!("work beside requests failed: {error}");
        Problem::new(Kind::Save, "it failed with a fault of sandtable: report it")
    })
}
