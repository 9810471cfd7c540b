//! What diplomacy reads of other mods, and the `Owner` and `ProvinceOf` that a
//! peace changes, as `sandtable kinds --rust` writes them.

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
pub struct Place {
    pub latitude_deg: f64,
    pub longitude_deg: f64,
    pub area_km2: f64,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = "geography")]
pub struct Owner {
    pub nation: Entity,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = "geography")]
pub struct Border {
    pub length_km: f64,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = "geography", on_despawn = "cascade")]
pub struct ProvinceOf;

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

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = "economy")]
pub struct Trade {
    pub usd_per_year: f64,
}
