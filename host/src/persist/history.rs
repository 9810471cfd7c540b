//! What led to the world: what each tick changed, and whole worlds now and then.

mod apply;
mod block;
mod delta;
mod frames;
mod keyframe;
mod past;
mod recorder;
mod snapshots;
mod store;

pub(super) use apply::blank;
pub(super) use past::Past;
pub use recorder::Recorder;
pub(super) use snapshots::keep_tables;
pub(super) use store::{Changes, Store};
