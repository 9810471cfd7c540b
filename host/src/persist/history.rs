//! What led to the world: what each tick changed, and whole worlds now and then.

mod apply;
mod block;
mod compare;
mod delta;
mod frames;
mod keyframe;
mod past;
mod recorder;
mod snapshots;
mod store;
#[cfg(test)]
mod tests;

pub(super) use apply::blank;
pub use compare::Difference;
pub(crate) use compare::compare;
pub(super) use past::{Anchor, Past};
pub use recorder::Recorder;
pub use snapshots::{Snapshot, forget_snapshot, snapshot, snapshot_tick, snapshots};
pub(super) use snapshots::{add, check_name, keep_tables, keep_whole, rotate};
pub(super) use store::{Changes, Store};
