//! What the chronicle reads of other mods, as `sandtable kinds --rust` writes them.

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
pub struct Owner {
    pub nation: Entity,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "demography")]
pub struct Humanity {
    pub people: f64,
    pub births_per_year: f64,
    pub deaths_per_year: f64,
    pub migrants_per_year: f64,
}

#[derive(Event, Clone)]
#[event(of = "demography")]
pub struct Exodus {
    pub from: Entity,
    pub to: Entity,
    pub people: f64,
}

#[derive(Event, Clone)]
#[event(of = "economy")]
pub struct TaxChanged {
    pub nation: Entity,
    pub from: f64,
    pub to: f64,
}

#[derive(Event, Clone)]
#[event(of = "economy")]
pub struct Defaulted {
    pub nation: Entity,
    pub debt_usd: f64,
}

#[derive(Event, Clone)]
#[event(of = "diplomacy")]
pub struct TreatySigned {
    pub a: Entity,
    pub b: Entity,
}

#[derive(Event, Clone)]
#[event(of = "diplomacy")]
pub struct TreatyEnded {
    pub a: Entity,
    pub b: Entity,
}

#[derive(Event, Clone)]
#[event(of = "diplomacy")]
pub struct WarDeclared {
    pub by: Entity,
    pub on: Entity,
}

#[derive(Event, Clone)]
#[event(of = "diplomacy")]
pub struct PeaceSigned {
    pub winner: Entity,
    pub loser: Entity,
    pub days: u64,
}

#[derive(Event, Clone)]
#[event(of = "diplomacy")]
pub struct ProvinceCeded {
    pub province: Entity,
    pub from: Entity,
    pub to: Entity,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "settlement")]
pub struct Ledger {
    pub founded: u64,
    pub lost: u64,
    pub standing: u64,
}

#[derive(Event, Clone)]
#[event(of = "settlement")]
pub struct CityFounded {
    pub province: Entity,
    pub name: String,
    pub on_ruin: Option<String>,
}

#[derive(Event, Clone)]
#[event(of = "settlement")]
pub struct CityAbandoned {
    pub province: Entity,
    pub name: String,
    pub cause: Cause,
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Decline,
    War,
}
