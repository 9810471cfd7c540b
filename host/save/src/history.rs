//! What led to the world: what each tick changed, and whole worlds now and then.

mod anchor;
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
mod keyframe_rows;
mod past;
mod recorder;
mod segment;
mod snapshots;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod track;
mod varint;
mod walk;

pub(super) use anchor::{APART, Anchor};
pub(super) use between::between;
pub use change::{Action, Change, Filter, Origin, StepKind, Value};
pub use compare::Difference;
pub use compare::compare;
pub(super) use course::Course;
pub(super) use past::{NO_HISTORY, Past};
pub use recorder::Recorder;
pub use snapshots::{Snapshot, forget_snapshot, snapshot, snapshot_tick, snapshots};
pub(super) use snapshots::{add, add_or_warn, check_asked, keep_tables, keep_whole, rotate};
pub(super) use store::{Changes, Store};
