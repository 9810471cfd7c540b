//! Diplomacy: what nations think of each other, and what comes of it.
//!
//! | owns | on | holds |
//! |---|---|---|
//! | `Power` | nations | the share of the world's weight |
//! | `GreatPower` | the eight most powerful | nothing |
//! | `Outlook` | nations | how kindly it looks at others |
//! | `Stance` | nations | how many wars and treaties it has |
//! | `Opinion` | nation → nation | from -100 to 100; of neighbours and great powers |
//! | `Treaty` | nation → nation | since when; one edge, from the elder entity |
//! | `War` | nation → nation | since when; from the attacker |
//! | `TreatySigned`, `TreatyEnded`, `WarDeclared`, `PeaceSigned`, `ProvinceCeded` | events | |
//!
//! | system | runs | does |
//! |---|---|---|
//! | `found` | when there are new nations | gives them their components |
//! | `rank` | every 91 days | power, and who is great |
//! | `drift` | every 91 days | opinions follow language, trade, treaties and wars |
//! | `negotiate` | every 30 days | treaties begin and end, wars break out |
//! | `campaign` | every 30 days | wars end, and borders move |
//! | `muster` | weekly | counts each nation's wars and treaties |
//!
//! It reads `geography` (`Nation`, `Place`, `Border`, `ProvinceOf`),
//! `demography` (`Society`) and `economy` (`Economy`, `Trade`). When a province
//! is ceded it sets geography's `Owner` and moves its `ProvinceOf` edge.

mod campaign;
mod drift;
mod foreign;
mod found;
mod kinds;
mod muster;
mod negotiate;
mod opinion;
mod rank;

sandtable_sdk::export! {
    systems: [
        found::found,
        rank::rank,
        drift::drift,
        negotiate::negotiate,
        campaign::campaign,
        muster::muster,
    ],
    kinds: [kinds::Power, kinds::Outlook, kinds::Opinion, foreign::Owner],
}
