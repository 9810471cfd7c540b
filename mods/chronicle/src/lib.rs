//! Chronicle: the book of what happened, for people to read.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Entry` | entries, each an entity | a day and a line of text |
//! | `Tally` | the world | how often each thing happened |
//! | `chronicle__wars`, `chronicle__treaties` | tables | who fought and who agreed, from when to when |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `record` | weekly | writes entries about what the events of the week tell |
//! | `archive` | weekly | files wars and treaties |
//! | `yearbook` | yearly | writes an entry about the year |
//! | `prune` | every 91 days | forgets the oldest entries |
//!
//! It changes nothing that others own, and reads the events of `economy`
//! (`TaxChanged`, `Defaulted`), `diplomacy` (all), `settlement` (`CityFounded`,
//! `CityAbandoned`) and `demography` (`Exodus`), with the names of geography's
//! `Nation`, the resources `Humanity` and `Ledger`, and the table
//! `economy__trades`.

mod archive;
mod foreign;
mod kinds;
mod prune;
mod record;
mod text;
mod yearbook;

sandtable_sdk::export! {
    systems: [record::record, archive::archive, yearbook::yearbook, prune::prune],
    migrations: ["migrations/0001_wars.sql"],
}
