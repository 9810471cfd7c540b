//! Sandtable: every system a sandboxed wasm mod, every tick a transaction,
//! every world one SQLite file.
//!
//! ```text
//! inputs ─► schedule ─► shards ─► guests ─► merge ─► commit ─► publish
//! ```
//!
//! [`Simulation`] is the front door. Its tick ([`Simulation::tick`]) takes what came from
//! outside, lets every due system ([`schedule`], [`run`]) work on shards of the
//! world ([`fanout`]) in a sandbox ([`guest`]), puts the outcomes together
//! ([`merge`]), and commits the difference between two worlds ([`save`]).
//! The world itself is in [`ecs`]; it knows neither wasm nor SQL.
//!
//! ```no_run
//! use sandtable::{Options, Simulation, catalog};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = catalog::load("examples/earth".as_ref())?;
//! let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {})?;
//! let mut earth = Simulation::create(None, file.config, mods, Options::default())?;
//! for _ in 0..365 {
//!     let done = earth.tick()?;
//!     println!("tick {}: {} events", done.tick, done.events.len());
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod audience;
pub mod catalog;
pub mod compile;
pub mod desk;
mod engines;
mod error;
pub mod fanout;
pub mod feed;
pub mod foreign;
mod fork;
#[cfg(test)]
mod fuzz;
mod journal;
pub mod merge;
pub mod migration;
mod options;
mod outgoing;
pub mod pace;
pub mod pack;
pub mod plan;
pub mod program;
mod replay;
pub mod run;
mod runtime;
pub mod scenario;
pub mod schedule;
pub mod settings;
pub mod simulation;
mod stopwatch;
pub mod swap;
mod tip;
pub mod trial;
pub mod unsaved;
pub mod verify;
pub mod what_if;

pub use audience::{objections, send, send_parcel};
pub use engines::Engines;
pub use error::Error;
pub use options::{LogSink, Options};
pub use sandtable_guest as guest;
pub use sandtable_guest::calls;
pub use sandtable_save as save;
pub use sandtable_save::tables;
pub use sandtable_world::config::WorldConfig;
pub use sandtable_world::{
    condition, config, declaration, ecs, edit, fault, finding, grants, hash, identity, interface,
    label, manifest, names, question, reading, record, statements, system,
};
pub use simulation::{Desk, Done, Settled, Simulation, Tell};
pub use swap::Swap;
pub use unsaved::Unsaved;

/// The code of the guide's chapter on embedding, which compiles.
#[cfg(doctest)]
#[doc = include_str!("../guide/embedding.md")]
struct Embedding;
