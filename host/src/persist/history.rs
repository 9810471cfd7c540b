//! What led to the world: what each tick changed, and whole worlds now and then.

mod apply;
mod between;
mod block;
mod cell;
mod change;
mod compare;
mod course;
mod delta;
mod edits;
mod frames;
mod keyframe;
mod past;
mod recorder;
mod segment;
mod snapshots;
mod store;
#[cfg(test)]
mod tests;
mod track;
mod walk;

pub(super) use apply::blank;
pub(super) use between::between;
pub use change::{Action, Change, Filter, Origin, StepKind, Value};
pub use compare::Difference;
pub(crate) use compare::compare;
pub(super) use course::{Course, NO_HISTORY};
pub(super) use past::{Anchor, Past};
pub use recorder::Recorder;
pub use snapshots::{Snapshot, forget_snapshot, snapshot, snapshot_tick, snapshots};
pub(super) use snapshots::{add, add_or_warn, check_asked, keep_tables, keep_whole, rotate};
pub(super) use store::{APART, Changes, Store};
