//! One save of a folder: closed, opening, on the air, closing, or broken.

use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sandtable::Simulation;
use sandtable::pace::Pace;
use sandtable::save::{self, Glance};
use tokio::sync::watch;

use super::beside::Along;
use super::turns::Place;
use crate::on_air::OnAir;

/// How long a save that could not be opened is not tried again.
const RETRY: Duration = Duration::from_secs(5);

/// How a world stands that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// A file, and nothing else.
    Closed,
    /// Being opened, or made.
    Opening,
    /// In memory, to be read.
    Open,
    /// In memory, and doing ticks.
    Running,
    /// It cannot be opened, or had to stop.
    Broken,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 5] =
        [Status::Closed, Status::Opening, Status::Open, Status::Running, Status::Broken];

    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Status::Closed => "closed",
            Status::Opening => "opening",
            Status::Open => "open",
            Status::Running => "running",
            Status::Broken => "broken",
        }
    }

    /// Of a world that is on the air. One whose pace is not known is taken to run.
    pub fn of_open(world: &OnAir) -> Self {
        let served = world.served();
        match served.pace() {
            _ if served.feed().is_over() => Status::Closed,
            Some(pace) if !pace.tempo().is_running() => Status::Open,
            _ => Status::Running,
        }
    }
}

/// What a list of worlds says of one.
pub struct Listed {
    /// What it is called in addresses.
    pub name: String,
    /// Whether it is open, and whether it runs.
    pub status: Status,
    /// Bytes of its save, without the log beside it.
    pub bytes: Option<u64>,
    /// Where it is on the air.
    pub world: Option<Arc<OnAir>>,
    /// What its save says of itself, where it is not.
    pub glance: Option<Glance>,
    /// Why it cannot be opened, or stopped.
    pub problem: Option<String>,
}

/// A save of a folder.
pub struct Entry {
    /// What it is called: the name of its file, without the ending.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    seen: Mutex<Option<(Mark, Result<Glance, String>)>>,
}

/// What a file that was looked at is known again by.
type Mark = (u64, Option<SystemTime>);

/// How it stands.
pub enum State {
    /// A file, and nothing else.
    Closed,
    /// Being opened, or made.
    Opening,
    /// On the air.
    Open(Box<Opened>),
    /// Being closed.
    Closing,
    /// Why it could not be opened or had to stop, and when that was.
    Broken {
        /// Why, in a sentence.
        why: String,
        /// Since when.
        since: Instant,
        /// Whether it did ticks.
        ran: bool,
    },
    /// Deleted.
    Gone,
}

/// A save that is open.
pub struct Opened {
    /// Where it is on the air.
    pub world: Arc<OnAir>,
    /// When its ticks are due.
    pub pace: Pace,
    /// The world itself, for the thread that has the turn.
    pub seat: Arc<Seat>,
    /// Its place among those that have turns.
    pub place: Place,
    /// What goes along with it.
    pub beside: Option<Along>,
    uses: Arc<Uses>,
}

/// Where a world is while it has no turn; empty once it is closed.
pub type Seat = Mutex<Option<Simulation>>;

/// How many use a world that is open, and when one did last.
struct Uses(Mutex<(usize, Instant)>);

/// A use of a world, which keeps it open.
pub struct Use(Arc<Uses>);

/// What there is to do for one who wants in.
pub enum Entered {
    /// Nothing: it is on the air.
    World(Arc<OnAir>, Use),
    /// To open it.
    Open,
    /// To wait until that changes.
    Wait,
    /// To go away, for this reason.
    Broken(String),
    /// To go away: there is none.
    Gone,
}

impl Uses {
    fn now(&self) -> MutexGuard<'_, (usize, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Use {
    fn of(uses: &Arc<Uses>) -> Self {
        uses.now().0 += 1;
        Self(uses.clone())
    }
}

impl Clone for Use {
    fn clone(&self) -> Self {
        Self::of(&self.0)
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut now = self.0.now();
        *now = (now.0.saturating_sub(1), Instant::now());
    }
}

impl Opened {
    /// A world that was opened just now.
    pub fn new(
        world: Arc<OnAir>,
        pace: Pace,
        seat: Arc<Seat>,
        place: Place,
        beside: Option<Along>,
    ) -> Self {
        let uses = Arc::new(Uses(Mutex::new((0, Instant::now()))));
        Self { world, pace, seat, place, beside, uses }
    }

    /// Since when there is nothing on it: no request, no stream, and no tick that was
    /// asked for. Nothing while there is.
    pub fn idle_since(&self) -> Option<Instant> {
        let (uses, last) = *self.uses.now();
        (uses == 0 && !self.pace.tempo().is_running()).then_some(last)
    }
}

impl Entry {
    /// Of a file.
    pub fn new(name: &str, path: PathBuf, state: State) -> Self {
        let (state, changed) = (Mutex::new(state), watch::channel(()).0);
        Self { name: name.to_owned(), path, state, changed, seen: Mutex::default() }
    }

    /// How it stands. What is changed is told with [`Entry::set`] alone.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how it stands from now on, and tells those who wait.
    pub fn set(&self, state: State) {
        let before = mem::replace(&mut *self.state(), state);
        drop(before);
        self.changed.send_replace(());
    }

    /// Told of each change from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Goes in, or says what there is to do. Who is told to open it must do so.
    pub fn enter(&self) -> Entered {
        let mut state = self.state();
        match &*state {
            State::Open(opened) => Entered::World(opened.world.clone(), Use::of(&opened.uses)),
            State::Opening | State::Closing => Entered::Wait,
            State::Broken { why, since, .. } if since.elapsed() < RETRY => {
                Entered::Broken(why.clone())
            }
            State::Closed | State::Broken { .. } => {
                *state = State::Opening;
                Entered::Open
            }
            State::Gone => Entered::Gone,
        }
    }

    /// Takes what is open away to close it, where that may be.
    pub fn take(&self, may: impl FnOnce(&Opened) -> bool) -> Option<Box<Opened>> {
        let mut state = self.state();
        match mem::replace(&mut *state, State::Closing) {
            State::Open(opened) if may(&opened) => Some(opened),
            other => {
                *state = other;
                None
            }
        }
    }

    /// What the file says of itself, looked at where it is another than before.
    pub fn glance(&self) -> Result<Glance, String> {
        let about = std::fs::metadata(&self.path);
        let mark = about.map(|about| (about.len(), about.modified().ok())).unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some((of, known)) if *of == mark => known.clone(),
            _ => {
                let found = save::glance(&self.path).map_err(|error| error.to_string());
                *seen = Some((mark, found.clone()));
                found
            }
        }
    }
}
