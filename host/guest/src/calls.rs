//! Who makes the calls of a tick.
//!
//! This is the one place at which a tick leaves the process that computes it. A
//! call is all that is needed to make it, and its report is all that the tick ever
//! sees of it, so that a report may come from another process or machine.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{Assets, Batch, Call, CallContext, CallReport, Engine};
use sandtable_world::record::Digest;

/// Makes calls, from several threads at once.
///
/// Two makers must give the same outcome for the same call: which of them makes
/// it never shows in the world.
pub trait CallMaker: Sync {
    /// Makes one call, and waits for it.
    fn make(&self, call: Call) -> CallReport;

    /// By which calls may be made elsewhere meanwhile.
    fn lending(&self) -> Option<Lending<'_>> {
        None
    }
}

/// Makes every call here, in a fresh instance.
impl CallMaker for Engine {
    fn make(&self, call: Call) -> CallReport {
        self.call(call)
    }
}

/// Makes calls here, and lends some of them.
#[derive(Clone, Copy)]
pub struct Lending<'a> {
    /// What makes calls here.
    pub engine: &'a Engine,
    /// What makes them elsewhere.
    pub elsewhere: &'a dyn Elsewhere,
}

impl CallMaker for Lending<'_> {
    fn make(&self, call: Call) -> CallReport {
        let system = call.context.system.clone();
        let report = self.engine.call(call);
        self.elsewhere.made_here(&system.name, &report);
        report
    }

    fn lending(&self) -> Option<Lending<'_>> {
        Some(*self)
    }
}

impl Lending<'_> {
    /// What came back of a call means this; nothing where the call is to be made here.
    pub fn settle(&self, call: &Call, answer: &Bytes) -> Option<CallReport> {
        self.elsewhere.settle(self.engine, call, answer)
    }
}

/// Takes what came back of a call: the message, or that nothing will come.
pub type Back = Box<dyn FnOnce(Option<Bytes>) + Send>;

/// Whether a call was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was.
    Yes,
    /// None has room for it now.
    NotNow,
    /// It is to be made here.
    Never,
}

/// Makes calls elsewhere.
///
/// Whatever becomes of a call there, it can be made here as well: so nothing that a
/// maker does, or fails to do, shows in the world.
pub trait Elsewhere: Send + Sync {
    /// Is told which mods run from now on, compiled in this way.
    fn loaded(&self, strict_nan: bool, mods: Vec<LentMod>);

    /// Whether there may be room for a call.
    fn has_room(&self) -> bool;

    /// How well a call suits those that have room: up to 1, where one of them has all that
    /// it reads already.
    fn suits(&self, context: &CallContext, batches: &VecDeque<Batch>) -> f64;

    /// Whether calls are taken that have nothing to wait for here.
    fn takes_all(&self) -> bool;

    /// Takes a call, if there is room and it is worth it. Where it is taken, `back` is
    /// called once, on any thread, if anything is ever known of it.
    fn take(&self, call: &Call, back: Back) -> Taken;

    /// How long a call that was taken is waited for before an idle thread makes it too.
    fn patience(&self, call: &Call) -> Duration;

    /// What came back of a call means this; nothing where the call is to be made here.
    fn settle(&self, engine: &Engine, call: &Call, answer: &Bytes) -> Option<CallReport>;

    /// Is told of a call that was made here, by its system.
    fn made_here(&self, system: &str, report: &CallReport);
}

/// A mod whose calls may be made elsewhere.
pub struct LentMod {
    /// The digest of its component.
    pub hash: Digest,
    /// Its component.
    pub component: Bytes,
    /// The files that it may read.
    pub assets: Arc<Assets>,
}
