//! What settlement reads of other mods, as `sandtable kinds --rust` writes them.

use sandtable_sdk::prelude::*;

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
pub struct Owner {
    pub nation: Entity,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "demography")]
pub struct Population {
    pub people: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "demography")]
pub struct Society {
    pub people: f64,
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
#[component(of = "diplomacy")]
pub struct Stance {
    pub wars: u32,
    pub treaties: u32,
}
