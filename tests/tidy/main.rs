//! Holds what the documents promise and no compiler sees: layers, paths, limits,
//! guests, sizes of files, words.
//!
//! `cargo test --test tidy` builds nothing but this package and takes seconds. Each
//! rule is data at the top of its file; what it finds is listed all at once. An exception
//! that nothing needs any more is a finding too.
#![allow(clippy::unwrap_used)]

mod circles;
mod documents;
mod guests;
mod layers;
mod limits;
mod modules;
mod repository;
mod sizes;
mod tokens;
mod words;
