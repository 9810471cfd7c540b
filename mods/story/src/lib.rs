//! Story: what happened, as it is told, and what follows from it.
//!
//! An event is an input. `record` keeps it in tables and `derive` makes the world of
//! them: who is where, who lives, who holds what, who feels what for whom. The order in
//! which events come does not matter: feelings are sums, and where one is, who holds an
//! item and who lives is said by the last event in the order of the story, which is
//! `(time, seq, id)`. So all that something is follows from its own rows, by
//! `truth`; `derive` works it out for whatever was told of since, `audit` for some of
//! those there are, to compare, and `Rebuild` for all.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Person`, `Place`, `Item` | entities of their own | by which id events name them, and what they are called |
//! | `Life` | people | whether they live |
//! | `At` | people, and items in no hands | where they are |
//! | `Feels` | person → person | trust, affection, respect and fear |
//! | `Holds` | person → item | who has it |
//! | `Pending` | the world | how much has to be derived anew |
//! | `story__events`, `story__parts`, `story__valence`, `story__moves`, `story__lives`, `story__names` | tables | what was told |
//! | `story__pending`, `story__checkpoints` | tables | what has to be derived anew; up to where it is told and derived |
//! | `story__contradictions` | table | what cannot all be true |
//! | `Event`, `Rebuild` | inputs | something that happened; derive everything anew |
//! | `Refused`, `Contradiction`, `Inconsistent` | events | an event that was not taken; two that cannot both be true; what is not as it follows |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `audit` | where nothing is pending | derives some people and items anew and compares |
//! | `record` | every tick | keeps what is told |
//! | `check` | where something is pending | looks for what cannot be true |
//! | `derive` | where something is pending | makes the world follow |
//! | `rebuild` | every tick | lets everything be derived anew, when it is told to |
//!
//! Tables know people, places and items by the ids that events name, and neither
//! entities nor ticks, so that the same events make the same rows. The manifest has
//! what they are asked.

mod accept;
mod audit;
mod check;
mod checkpoint;
mod content;
mod derive;
mod kinds;
mod list;
mod pending;
mod rebuild;
mod record;
mod time;
mod truth;

sandtable_sdk::export! {
    systems: [audit::audit, record::record, check::check, derive::derive, rebuild::rebuild],
    migrations: ["migrations/0001_story.sql", "migrations/0002_by_subject.sql"],
}
