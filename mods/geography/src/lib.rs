//! Geography: the Earth as it is found.
//!
//! Reads the assets `nations.csv` and `borders.csv` once and spawns what they
//! tell of; from then on it only makes the weather.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Nation` | nations | code, name, region, language |
//! | `NationStart` | nations | people, GDP and literacy on the first day |
//! | `Province`, `Owner` | provinces | number; whose it is |
//! | `ProvinceStart` | provinces | people on the first day |
//! | `Place` | both | position and area |
//! | `Harvest` | provinces | how good the year's harvest is |
//! | `Border` | nation → nation | length; one edge each way |
//! | `ProvinceOf` | province → nation | cascade: no province without its nation |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `survey` | once | spawns nations, provinces and borders |
//! | `weather` | yearly | draws the harvests |
//!
//! It reads nothing of other mods. What they make of the start values is their
//! affair: each gives an entity its own components as soon as it sees one
//! without.

mod apportion;
mod csv;
mod kinds;
mod layout;
mod source;
mod survey;
mod weather;

sandtable_sdk::export! {
    systems: [survey::survey, weather::weather],
    kinds: [
        kinds::Nation,
        kinds::NationStart,
        kinds::Province,
        kinds::ProvinceStart,
        kinds::Place,
        kinds::Border,
        kinds::ProvinceOf,
    ],
}
