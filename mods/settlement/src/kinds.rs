//! What settlement owns.

use sandtable_sdk::prelude::*;

/// A city.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct City {
    /// Where it lies.
    pub province: Entity,
    pub people: f64,
    pub founded_tick: u64,
}

/// What a city is called.
#[derive(Component, Clone)]
pub struct CityName {
    pub name: String,
    pub rank: Rank,
    /// What people say about it, oldest first.
    pub epithets: Vec<String>,
}

/// How large a city is.
#[derive(Value, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    City,
    Metropolis,
    Megacity,
}

/// On a province: its city.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Seat {
    pub city: Entity,
}

/// On a province: the city that was there.
#[derive(Component, Clone)]
pub struct Ruin {
    pub name: String,
    pub cause: Cause,
    /// When it was given up.
    pub since_tick: u64,
}

/// Why a city was given up.
#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Too few people were left.
    Decline,
    /// It was sacked in a war.
    War,
}

/// Who lives in cities.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Urbanity {
    /// Of a province's people: 0 to 1.
    pub share: f64,
}

/// The cities of a nation.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Urban {
    pub cities: u64,
    /// Who lives in them.
    pub people: f64,
}

/// From a city to its province.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(on_despawn = "cascade")]
pub struct CityOf;

/// The cities of the world.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Ledger {
    /// Ever founded, those of the first day included.
    pub founded: u64,
    /// Ever lost, for whatever reason.
    pub lost: u64,
    /// There now.
    pub standing: u64,
}

/// A city was founded.
#[derive(Event, Clone)]
pub struct CityFounded {
    pub province: Entity,
    pub name: String,
    /// The name of the ruin that it was built on.
    pub on_ruin: Option<String>,
}

/// A city was given up.
#[derive(Event, Clone)]
pub struct CityAbandoned {
    pub province: Entity,
    pub name: String,
    pub cause: Cause,
}
