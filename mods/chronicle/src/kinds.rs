//! What the chronicle owns.

use sandtable_sdk::prelude::*;

/// A line of the book.
#[derive(Component, Clone)]
pub struct Entry {
    /// The tick in which it was written, at most a week after it happened.
    pub tick: u64,
    pub subject: Subject,
    pub text: String,
}

/// What an entry is about.
#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    War,
    Treaty,
    Money,
    City,
    People,
    Year,
}

/// How often things happened since the world began.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Tally {
    pub wars: u64,
    pub peaces: u64,
    pub cessions: u64,
    pub treaties_signed: u64,
    pub treaties_ended: u64,
    pub tax_changes: u64,
    pub defaults: u64,
    pub cities_founded: u64,
    pub cities_abandoned: u64,
    pub exoduses: u64,
}
