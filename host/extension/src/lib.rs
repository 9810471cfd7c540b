//! A loadable extension for any SQLite from 3.37 on, with which the plain
//! `sqlite3` shell, Python and Datasette read the saves of Sandtable.
//!
//! There are two SQLites in the process then, which know nothing of each other:
//! the outer one, which loaded the extension and has the save open, and the
//! inner one, which the host brings along and which makes tables of a world.
//! Never may both have the same file open: whichever closes it first takes the
//! other's locks away. So the inner one gets a copy, which the outer one makes
//! of what it sees in one commit ([`image`]). Every table over that becomes a
//! temporary virtual table of the outer one ([`loaded`]), and a search in it a
//! SELECT of the inner one, conditions and order included ([`plan`], [`scan`]).
//!
//! All that is unsafe is in [`outer`].

mod image;
mod loaded;
mod outer;
mod plan;
mod scan;
