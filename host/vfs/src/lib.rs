//! Layers over the VFS of SQLite, through which it reads and writes files.
//!
//! SQLite calls a VFS as C, and a file of it lies in memory that SQLite has
//! allocated; all of that is fenced in `calls` and `below`. A [`Layer`] is safe Rust:
//! it is asked before what is called reaches the VFS below it, and passes on what it
//! says nothing of. Layers can lie on each other.

mod below;
mod calls;
mod layer;

pub use below::{Below, Reply, WRITE_MAX};
pub use calls::over_default;
pub use layer::{File, Layer, Opened};
