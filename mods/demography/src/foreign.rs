//! What demography reads of other mods, as `sandtable kinds --rust` writes them.

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
pub struct Owner {
    pub nation: Entity,
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
#[component(of = "economy")]
pub struct Economy {
    pub gdp_usd: f64,
    pub growth: f64,
    pub cycle: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "economy")]
pub struct Prosperity {
    pub index: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "diplomacy")]
pub struct Stance {
    pub wars: u32,
    pub treaties: u32,
}
