//! Demography: how many people live where.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Population` | provinces | people |
//! | `Society` | nations | people, the sum over provinces |
//! | `Vitals` | nations | births and deaths for every 1000 people |
//! | `Literacy` | nations | the share of adults who can read |
//! | `Migration` | nations | net immigration |
//! | `Humanity` | the world | people, births, deaths, migrants |
//! | `Exodus` | event | many leave one nation for another |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `settle_provinces`, `settle_nations` | when there are new ones | gives them their components |
//! | `transition` | yearly | literacy and income decide births and deaths |
//! | `live` | every 30 days | people are born and die |
//! | `migrate` | every 91 days | people move to where life is better |
//! | `census` | every 30 days | counts nations and the world |
//!
//! It reads `geography` (`Nation`, `NationStart`, `ProvinceStart`, `Owner`,
//! `Harvest`, `Border`), `economy` (`Economy`, `Prosperity`) and `diplomacy`
//! (`Stance`).

mod census;
mod curve;
mod foreign;
mod kinds;
mod live;
mod migrate;
mod settle;
mod transition;

use sandtable_sdk::prelude::Tick;

/// Seconds in a mean Gregorian year.
const SECONDS_PER_YEAR: f64 = 365.2425 * 86_400.0;

/// The years that pass between two runs of a system that runs every so many
/// ticks.
fn years(tick: &Tick, every: u32) -> f64 {
    f64::from(every) * tick.dt() / SECONDS_PER_YEAR
}

sandtable_sdk::export! {
    systems: [
        settle::settle_provinces,
        settle::settle_nations,
        transition::transition,
        live::live,
        migrate::migrate,
        census::census,
    ],
}
