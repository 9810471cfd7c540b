//! Chronicle: the book of what happened, for people to read.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Entry` | entries, each an entity | a day and a line of text |
//! | `Tally` | the world | how often each thing happened |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `record` | weekly | writes entries about what the events of the week tell |
//! | `yearbook` | yearly | writes an entry about the year |
//! | `prune` | every 91 days | forgets the oldest entries |
//!
//! It changes nothing that others own, and reads the events of `economy`
//! (`TaxChanged`, `Defaulted`), `diplomacy` (all), `settlement` (`CityFounded`,
//! `CityAbandoned`) and `demography` (`Exodus`), with the names of geography's
//! `Nation`, and the resources `Humanity` and `Ledger`.

mod foreign;
mod kinds;
mod prune;
mod record;
mod text;
mod yearbook;

sandtable_sdk::export! {
    systems: [record::record, yearbook::yearbook, prune::prune],
}
