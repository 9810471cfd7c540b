//! What the economy reads of other mods, as `sandtable kinds --rust` writes them.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone)]
#[component(of = "geography")]
pub struct Nation {
    pub iso: String,
    pub name: String,
    pub region: Region,
    pub language: String,
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    Africa,
    Americas,
    Asia,
    Europe,
    Oceania,
    Elsewhere,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "geography")]
pub struct NationStart {
    pub people: f64,
    pub gdp_usd: f64,
    pub literacy: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "geography")]
pub struct ProvinceStart {
    pub people: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "geography")]
pub struct Place {
    pub latitude_deg: f64,
    pub longitude_deg: f64,
    pub area_km2: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "geography")]
pub struct Harvest {
    pub ratio: f64,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = "geography")]
pub struct Border {
    pub length_km: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "demography")]
pub struct Society {
    pub people: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "demography")]
pub struct Vitals {
    pub births_per_1000: f64,
    pub deaths_per_1000: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "demography")]
pub struct Literacy {
    pub share: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "diplomacy")]
pub struct Stance {
    pub wars: u32,
    pub treaties: u32,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = "diplomacy")]
pub struct War {
    pub since_tick: u64,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = "diplomacy")]
pub struct Treaty {
    pub since_tick: u64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "settlement")]
pub struct Urban {
    pub cities: u64,
    pub people: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "settlement")]
pub struct Seat {
    pub city: Entity,
}
