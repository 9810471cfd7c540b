//! What led to the world: what each tick changed, and whole worlds now and then.

mod anchor;
mod apply;
mod between;
mod block;
mod change;
mod change_source;
mod change_stream;
mod changed_block;
mod compare;
mod delta;
mod edits;
mod entity_replay;
mod followed_row;
mod frames;
mod keyframe;
mod keyframe_rows;
mod reader;
mod recorder;
mod snapshots;
mod standpoint;
mod store;
mod terms;
#[cfg(test)]
mod tests;
mod varint;
mod world_replay;
mod worlds;

pub(super) use anchor::{APART, Anchor};
pub(super) use between::between;
pub use between::differences;
pub use change::{Action, Change, Filter, Origin, PastValue, StepKind};
pub(super) use change_stream::ChangeStream;
pub use compare::Difference;
pub use compare::compare;
pub(super) use reader::{HistoryReader, NO_HISTORY};
pub use recorder::Recorder;
pub use snapshots::{Snapshot, forget_snapshot, snapshot, snapshot_tick, snapshots};
pub(super) use snapshots::{add, add_or_warn, check_asked, keep_tables, keep_whole, rotate};
pub(super) use standpoint::Sight;
pub(super) use store::{Store, StoreChanges};
pub use terms::{Heads, Terms};
pub use worlds::Worlds;
