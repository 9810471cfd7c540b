//! What geography owns.

use sandtable_sdk::prelude::*;

/// Who a nation is.
#[derive(Component, Clone)]
pub struct Nation {
    /// ISO 3166-1 alpha-2, such as `FR`; unique.
    pub iso: String,
    /// In English.
    pub name: String,
    /// The part of the world.
    pub region: Region,
    /// The main language, as a BCP 47 tag; `und` if there is none.
    pub language: String,
}

/// A part of the world.
#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    Africa,
    Americas,
    Asia,
    Europe,
    Oceania,
    /// In none of the others, as Antarctica is.
    Elsewhere,
}

/// A nation on the first day.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct NationStart {
    pub people: f64,
    /// Gross domestic product of a year, in US dollars at purchasing power
    /// parity.
    pub gdp_usd: f64,
    /// Of the adults, who can read: 0 to 1.
    pub literacy: f64,
}

/// A part of a nation.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Province {
    /// Counts from 1 within the nation that the province began in. The first
    /// is the largest.
    pub number: u32,
}

/// A province on the first day.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct ProvinceStart {
    pub people: f64,
}

/// The nation that a province belongs to; the same as its `ProvinceOf` edge,
/// within reach of a lookup.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Owner {
    pub nation: Entity,
}

/// Where something is, and how large.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Place {
    pub latitude_deg: f64,
    pub longitude_deg: f64,
    pub area_km2: f64,
}

/// The harvest of the year.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Harvest {
    /// 1 is a normal year, 0.8 is a fifth less.
    pub ratio: f64,
}

/// Two nations touch. Every border is two edges, one each way.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
pub struct Border {
    /// Along the outline of the map, so shorter than a surveyor would say.
    pub length_km: f64,
}

/// From a province to its nation.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(on_despawn = "cascade")]
pub struct ProvinceOf;
