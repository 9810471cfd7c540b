//! The world as the last tick left it, for readers beside the thread that does ticks.
//!
//! What is published is a value: a reader keeps it for as long as it likes, and
//! neither waits for a tick nor makes one wait.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::config::WorldConfig;
use crate::ecs::World;
use crate::finding::KnownFinding;
use crate::record::{Digest, TickRecord};
use crate::save::{Commit, Reader, SaveError};

/// The world after a tick.
#[derive(Clone, Debug)]
pub struct Published {
    /// The world.
    pub world: World,
    /// How it runs.
    pub config: Arc<WorldConfig>,
    /// The tick that the save stands at; an earlier one while ticks are held back.
    pub saved_tick: u64,
    /// The state hash of the world.
    pub state: Digest,
    /// The chain hash of all ticks up to it.
    pub chain: Digest,
    /// Which one it is of all that were published: the save may have changed from one to the
    /// next of the same tick.
    pub number: u64,
    /// How often the world went back to an earlier tick since it was opened: what was
    /// known of ticks of another course is not of this one.
    pub course: u64,
    /// What its last tick did, but for what history keeps of it; that of tick zero where
    /// none was done since the world was opened or went back.
    pub record: Arc<TickRecord>,
    /// What the mods that run declare as findings.
    pub findings: Arc<[KnownFinding]>,
}

impl Published {
    /// The tick that the world stands at.
    pub fn tick(&self) -> u64 {
        self.world.tick()
    }
}

/// Where a world is published.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

struct Shared {
    now: ArcSwap<Published>,
    listeners: Mutex<Vec<Listener>>,
    is_over: AtomicBool,
}

type Listener = Box<dyn Fn(&Arc<Published>) + Send>;

impl Feed {
    pub(crate) fn new(first: Published) -> Self {
        let (now, listeners) = (ArcSwap::from_pointee(first), Mutex::default());
        Self(Arc::new(Shared { now, listeners, is_over: AtomicBool::new(false) }))
    }

    /// What was published last. Waits for nothing.
    pub fn now(&self) -> Arc<Published> {
        self.0.now.load_full()
    }

    /// Calls a function with all that is published from now on, on the thread that
    /// does the ticks: it should be short.
    pub fn listen(&self, listener: impl Fn(&Arc<Published>) + Send + 'static) {
        let mut listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Box::new(listener));
    }

    /// Whether the world was closed or dropped, so that nothing more is published.
    pub fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn publish(&self, published: Published) {
        let published = Arc::new(published);
        self.0.now.store(published.clone());
        let listeners = self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().for_each(|listener| listener(&published));
    }
}

/// A feed as the world has it that publishes there: it is over when this is dropped.
pub(crate) struct Publisher(pub Feed);

impl Drop for Publisher {
    fn drop(&mut self) {
        self.0.0.is_over.store(true, Ordering::Release);
    }
}

/// A save that this process reads and does not run; another one may run it meanwhile.
///
/// Its feed has the world as a commit left it, and is told of later ones when it is
/// asked to look. Between two looks nothing of the save is open.
#[derive(Debug)]
pub struct AtRest {
    save: PathBuf,
    feed: Feed,
    /// What the feed has.
    seen: Mutex<Commit>,
}

impl AtRest {
    /// Reads a save.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn open(save: &Path) -> Result<Self, SaveError> {
        let reader = Reader::open(save)?;
        let commit = reader.commit()?;
        let feed = Feed::new(committed(&reader, &commit, (0, 0))?);
        Ok(Self { save: save.to_owned(), feed, seen: Mutex::new(commit) })
    }

    /// Where the world is published.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Publishes what was committed since, if anything was. Where the tick of before is
    /// gone, the world went back, or is another: it goes another course.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn look(&self) -> Result<(), SaveError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = Reader::open(&self.save)?;
        let commit = reader.commit()?;
        if commit == *seen {
            return Ok(());
        }
        let went_on = reader.chain(seen.tick)? == Some(seen.chain);
        let before = self.feed.now();
        let course = before.course + u64::from(!went_on);
        self.feed.publish(committed(&reader, &commit, (before.number + 1, course))?);
        *seen = commit;
        Ok(())
    }
}

/// What a commit left, as the how manieth that is published and of which course. The
/// record of its tick is not in a save.
fn committed(
    reader: &Reader,
    commit: &Commit,
    (number, course): (u64, u64),
) -> Result<Published, SaveError> {
    let (world, config) = reader.world()?;
    let &Commit { tick: saved_tick, state, chain, .. } = commit;
    let (config, record) = (Arc::new(config), Arc::default());
    let findings = reader.findings()?.into();
    Ok(Published { world, config, saved_tick, state, chain, number, course, record, findings })
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the feed of a world at tick {}", self.now().tick())
    }
}
