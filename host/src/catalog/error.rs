//! What can go wrong between a world file and the bytes of its mods.

use std::io;
use std::path::PathBuf;

/// One sentence that names what is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("{} cannot be read: {cause}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// There is no world where one was expected.
    #[error(
        "{} is not there: give a world.toml or the folder that holds one, or make one with \
         `sandtable new`",
        .path.display()
    )]
    NoWorld {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A save where a world was expected.
    #[error(
        "{} is a save and no world: `sandtable run --save {}` goes on with it, and a world is a \
         world.toml or the folder that holds one",
        .path.display(), .path.display()
    )]
    IsSave {
        /// The save.
        path: PathBuf,
    },
    /// A world file is malformed or asks for what cannot be.
    #[error("{}:{line}:{column}: {what}", .file.display())]
    World {
        /// The world file.
        file: PathBuf,
        /// Counted from one.
        line: usize,
        /// In characters, counted from one.
        column: usize,
        /// Which key is wrong, how, and the remedy.
        what: String,
    },
    /// A mod is not what a world can use.
    #[error("mod `{id}`: {what}")]
    Mod {
        /// Its id in the world.
        id: String,
        /// What is wrong, and the remedy.
        what: String,
    },
    /// A file that was to be a component is none.
    #[error("{} {what}", .path.display())]
    Component {
        /// The file.
        path: PathBuf,
        /// What it is instead, and the remedy.
        what: String,
    },
    /// An asset that cannot be shipped.
    #[error("asset {} {what}", .path.display())]
    Asset {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        what: String,
    },
    /// The Rust toolchain lacks something, or could not be started.
    #[error("{what}")]
    Toolchain {
        /// What it lacks, and the remedy.
        what: String,
    },
    /// Sources cannot be watched.
    #[error("{} cannot be watched: {what}", .path.display())]
    Watch {
        /// The world's folder.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// Cargo did not build the mods.
    #[error("{what}")]
    Build {
        /// Which did not build.
        what: String,
        /// The compiler's and cargo's messages, as they wrote them. They were
        /// also reported while they came.
        output: String,
    },
}
