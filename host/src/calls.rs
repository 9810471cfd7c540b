//! Who makes the calls of a tick.
//!
//! This is the one place at which a tick leaves the process that computes it. A
//! call is all that is needed to make it, and its report is all that the tick ever
//! sees of it, so that a report may come from another process or machine.

use crate::guest::{Call, CallReport, Engine};

/// Makes calls, from several threads at once.
///
/// Two makers must give the same outcome for the same call: which of them makes
/// it never shows in the world.
pub trait CallMaker: Sync {
    /// Makes one call, and waits for it.
    fn make(&self, call: Call) -> CallReport;
}

/// Makes every call here, in a fresh instance.
impl CallMaker for Engine {
    fn make(&self, call: Call) -> CallReport {
        self.call(call)
    }
}
