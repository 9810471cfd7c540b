//! What led to the world: what each tick changed, and whole worlds now and then.

mod apply;
mod block;
mod cell;
mod change;
mod compare;
mod course;
mod delta;
mod frames;
mod keyframe;
mod past;
mod recorder;
mod snapshots;
mod store;
mod trail;
mod walk;

pub(super) use apply::blank;
pub use change::{Action, Change, Filter, Origin, StepKind, Value};
pub(super) use compare::compare;
pub(super) use course::Course;
pub(super) use past::Past;
pub use recorder::Recorder;
pub(super) use snapshots::keep_tables;
pub(super) use store::{Changes, Store};
