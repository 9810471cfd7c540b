//! Parcels that no committed tick has had, and what becomes of one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::record::{Request, TickRecord};
use crate::save::KnownRequest;

/// What became of a parcel.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It is in the save, and waits for a tick: more is told then.
    Kept,
    /// A tick had it, and is committed.
    Done(Arc<Done>),
    /// It was sent before under its key: where it counted, or nothing while it waits
    /// since another process took it.
    Known(KnownRequest),
}

/// What a tick did with a parcel.
#[derive(Clone, Debug)]
pub struct Done {
    /// What the tick did, but for what history keeps of it.
    pub record: Arc<TickRecord>,
    /// Which of its inputs and edits were in the parcel.
    pub request: Request,
    /// The systems that read its inputs, by full name.
    pub readers: Vec<String>,
}

/// Is told what becomes of a parcel: once, or of [`Settled::Kept`] first.
pub type Tell = Box<dyn FnMut(Settled) + Send>;

/// Parcels that no committed tick has had.
#[derive(Default)]
pub(super) struct Parcels {
    /// The last number that one was given.
    last: u64,
    pub(super) open: BTreeMap<u64, Open>,
    /// What committed ticks had of them, which is told once the world is published.
    pub(super) settled: Vec<Arc<TickRecord>>,
}

/// A parcel that no committed tick has had.
pub(super) struct Open {
    pub(super) request: Request,
    pub(super) tell: Vec<Tell>,
    /// Whether it is in the inbox of the save.
    pub(super) is_kept: bool,
}

impl Parcels {
    /// The number of the next one.
    pub(super) fn number(&mut self) -> u64 {
        if self.last == 0 {
            // Those that another process left in the inbox have other numbers.
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            self.last = now.unwrap_or_default().as_nanos() as u64 >> 1;
        }
        self.last += 1;
        self.last
    }

    /// The one of a sender under a key.
    pub(super) fn of_key(&mut self, sender: &str, key: &str) -> Option<&mut Open> {
        let is_it = |request: &Request| {
            request.sender == sender && request.key.as_ref().is_some_and(|it| it.key == key)
        };
        self.open.values_mut().find(|open| is_it(&open.request))
    }
}
