//! What the economy owns.

use sandtable_sdk::prelude::*;

/// What a nation produces.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Economy {
    /// Gross domestic product of a year, in US dollars at purchasing power
    /// parity and constant prices.
    pub gdp_usd: f64,
    /// By how much it grows in a year, as a share: 0.03 is 3 %.
    pub growth: f64,
    /// The part of growth that is boom or bust, and passes.
    pub cycle: f64,
}

/// What the state takes.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct TaxRate {
    /// Of GDP: 0 to [`TaxRate::MAX`].
    pub share: f64,
}

impl TaxRate {
    /// No state has taken more of GDP for long.
    pub const MAX: f64 = 0.6;
}

/// What the state has.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Treasury {
    /// US dollars; debt when below zero.
    pub balance_usd: f64,
}

/// A nation's trade with all others.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Commerce {
    /// US dollars a year.
    pub exports_usd: f64,
    /// US dollars a year.
    pub imports_usd: f64,
}

/// How well off a province is.
#[derive(Component, Clone, Copy)]
#[repr(C)]
pub struct Prosperity {
    /// Income as a multiple of what is usual; 1 at the start.
    pub index: f64,
}

/// What one nation sells to another.
#[derive(Relation, Clone, Copy)]
#[repr(C)]
pub struct Trade {
    pub usd_per_year: f64,
}

/// A sender outside decides what a nation takes as taxes.
#[derive(Input, Clone)]
pub struct TaxDecree {
    /// ISO 3166-1 alpha-2, such as `FR`.
    pub nation: String,
    /// Of GDP: 0 to 0.6.
    pub rate: f64,
}

/// A decree was obeyed.
#[derive(Event, Clone)]
pub struct TaxChanged {
    pub nation: Entity,
    pub from: f64,
    pub to: f64,
}

/// A state could not pay its debt, and was forgiven.
#[derive(Event, Clone)]
pub struct Defaulted {
    pub nation: Entity,
    pub debt_usd: f64,
}
