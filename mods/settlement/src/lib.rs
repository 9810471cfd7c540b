//! Settlement: cities come and go.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `City` | cities | its province, its people, when it was founded |
//! | `CityName` | cities | name, rank, epithets |
//! | `Seat` | provinces with a city | which city |
//! | `Ruin` | provinces that lost one | what was there |
//! | `Urbanity` | provinces | the share of people who live in cities |
//! | `Urban` | nations | how many cities, and people in them |
//! | `CityOf` | city → province | cascade: no city without its province |
//! | `Ledger` | the world | cities founded, gone and standing |
//! | `CityFounded`, `CityAbandoned` | events | |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `urbanise_provinces`, `urbanise_nations` | when there are new ones | gives them their components, and the cities of the first day |
//! | `gather` | every 91 days | more people move to cities where incomes rise |
//! | `found` | every 30 days | large provinces found cities |
//! | `abandon` | every 30 days | cities that shrink or are sacked are given up |
//! | `measure` | every 91 days | cities grow, and rise in rank |
//! | `tally` | every 30 days | counts |
//!
//! It reads `geography` (`NationStart`, `Owner`), `demography` (`Population`,
//! `Society`), `economy` (`Economy`) and `diplomacy` (`Stance`).

mod abandon;
mod foreign;
mod found;
mod gather;
mod kinds;
mod measure;
mod names;
mod rules;
mod tally;
mod urbanise;

sandtable_sdk::export! {
    systems: [
        urbanise::urbanise_provinces,
        urbanise::urbanise_nations,
        gather::gather,
        found::found,
        abandon::abandon,
        measure::measure,
        tally::tally,
    ],
    kinds: [kinds::CityOf],
}
