//! Calls that other processes make.
//!
//! A [`Coordinator`] belongs to a world that is run and lends its calls; a [`Worker`]
//! makes calls of any world. They find each other over NATS: workers say who they are,
//! coordinators tell them which mods to get ready, and a call goes straight to the worker
//! that it was chosen for. `sandtable_guest::away` says what a call and its answer are,
//! and why nothing that becomes of it shows in the world.
//!
//! Deliberately absent: SQLite, and all that knows a world from the inside.

mod coordinator;
mod lock;
mod message;
mod subject;
mod survey;
mod worker;

pub use coordinator::{Coordinator, Counts};
pub use message::Hello;
pub use survey::survey;
pub use worker::{Worker, WorkerError};
