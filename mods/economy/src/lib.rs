//! Economy: what nations earn, tax and trade.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Economy` | nations | GDP and how fast it grows |
//! | `TaxRate` | nations | the state's share of GDP |
//! | `Treasury` | nations | what the state has, or owes |
//! | `Commerce` | nations | exports and imports |
//! | `Prosperity` | provinces | how well off, against the nation |
//! | `Trade` | nation → nation | exports a year |
//! | `economy__trades` | table | who sold how much to whom, by quarter |
//! | `TaxDecree` | input | sets a nation's tax rate |
//! | `TaxChanged`, `Defaulted` | events | a new rate; a state that cannot pay |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `found_nations`, `found_provinces` | when there are new ones | gives them their components |
//! | `decree` | daily | obeys tax decrees |
//! | `budget` | daily | collects taxes, pays for the state |
//! | `grow` | every 30 days | GDP grows or shrinks |
//! | `prosper` | every 91 days | provinces rise and decline |
//! | `book` | every 91 days | writes the quarter's trade into the ledger |
//! | `trade` | every 91 days | trade follows size, distance and peace |
//!
//! It reads `geography` (`Nation`, `NationStart`, `ProvinceStart`, `Place`,
//! `Harvest`, `Border`), `demography` (`Society`, `Vitals`, `Literacy`),
//! `diplomacy` (`Stance`, `War`, `Treaty`) and `settlement` (`Urban`, `Seat`).
//!
//! Send it a decree: `sandtable send earth.db economy/TaxDecree
//! '{"nation": "FR", "rate": 0.4}'`.

mod book;
mod budget;
mod decree;
mod foreign;
mod found;
mod gravity;
mod grow;
mod kinds;
mod prosper;
mod trade;

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
        found::found_nations,
        found::found_provinces,
        decree::decree,
        budget::budget,
        grow::grow,
        prosper::prosper,
        book::book,
        trade::trade,
    ],
    migrations: ["migrations/0001_trades.sql"],
}
