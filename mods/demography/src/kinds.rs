//! What demography owns.

use sandtable_sdk::prelude::*;

/// The people of a province. A fraction is a chance of one more.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Population {
    pub people: f64,
}

/// The people of a nation, when they were last counted.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Society {
    pub people: f64,
}

/// Births and deaths of a nation in a year without hunger and war.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Vitals {
    pub births_per_1000: f64,
    pub deaths_per_1000: f64,
}

/// Who can read in a nation.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Literacy {
    /// Of the adults: 0 to 1.
    pub share: f64,
}

/// Who comes to a nation and stays.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Migration {
    /// People in a year, as of the last quarter; negative when more leave.
    pub net_per_year: f64,
}

/// The whole world, when it was last counted.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Humanity {
    pub people: f64,
    pub births_per_year: f64,
    pub deaths_per_year: f64,
    /// People who move to another nation in a year.
    pub migrants_per_year: f64,
}

/// Many people leave one nation for another.
#[derive(Event, Clone)]
pub struct Exodus {
    pub from: Entity,
    pub to: Entity,
    /// In the last quarter.
    pub people: f64,
}
