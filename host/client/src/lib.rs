//! A client of `sandtable serve`: it reads a running world at any tick, follows it, and
//! acts on it.
//!
//! ```no_run
//! # fn main() -> Result<(), sandtable_client::Error> {
//! use sandtable_client::Client;
//!
//! let world = Client::new("http://127.0.0.1:7878", "mine")?.world("Earth");
//! let germany = world.entity("Germany").at(1200).ask()?;
//! println!("{} in tick {}", germany.components["economy/Economy"], germany.at);
//! for row in world.entities().with("economy/Economy").every_row() {
//!     println!("{}", row?.entity);
//! }
//! for told in world.stream().changes("economy/Treasury").open()? {
//!     let told = told?;
//!     println!("{}: {} other", told.at, told.changes.map_or(0, |it| it.set.len()));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`World`] has a method for each operation of the API. It is put together like a
//! sentence and then asked: `ask` answers in types of this crate, `ask_as` rows of a type
//! of yours, and `raw` the JSON as the server gave it.
//!
//! Inputs ([`World::send`]) and edits ([`World::edit`]) count once: they carry a key, under
//! which they are sent again when the connection broke.
//!
//! A refusal is an [`Error`] with the server's sentence, which says what to do, and its
//! [`Kind`].
//!
//! This client speaks v1 of the API, which only grows: what a newer server answers besides
//! is passed over. It knows nothing of worlds, and brings neither their engine nor their
//! database along. With the feature `tls` it speaks HTTPS, for a server behind a proxy.

#[cfg(doctest)]
#[doc = include_str!("../../guide/clients.md")]
struct Guide;

mod answers;
mod client;
mod column_stream;
mod columns;
mod done;
mod error;
mod line;
mod names;
mod operation;
mod operations;
mod pages;
mod past;
mod patience;
mod sse;
mod stream;
mod trust;
mod whole;
mod writes;

pub use answers::*;
pub use client::Client;
pub use column_stream::ColumnStream;
pub use columns::{ColumnField, Columns, Packed};
pub use done::*;
pub use error::{Error, Kind, Problem};
pub use names::{At, Entity, NoName};
pub use operation::Operation;
pub use operations::*;
pub use pages::{EveryRow, Pages};
pub use past::*;
pub use stream::*;
pub use trust::*;
pub use whole::{Edge, Whole};
pub use writes::*;
