//! What a story owns.

use sandtable_sdk::prelude::*;

/// Something that happened, as it is told. What is left out did not happen.
#[derive(Input, Clone)]
#[input(name = "Event")]
pub struct Told {
    /// By which it counts once.
    pub id: String,
    /// `1815`, `1815-10`, `1815-10-16` or `1815-10-16T06:00`.
    pub time: String,
    /// Orders what happened at the same time.
    pub seq: Option<u32>,
    pub action: String,
    pub actors: Option<Vec<Actor>>,
    pub place: Option<String>,
    pub items: Option<Vec<Move>>,
    pub valence: Option<Vec<Valence>>,
    pub status: Option<Vec<Status>>,
    pub names: Option<Vec<Naming>>,
    pub text: Option<String>,
    pub source: Option<String>,
}

/// Who takes part, as what.
#[derive(Value, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor {
    pub who: String,
    /// Any word; with those of [`NOT_THERE`] one is not at the place.
    pub role: String,
}

/// Roles of those who take part and are not there, or do nothing more.
pub const NOT_THERE: [&str; 2] = ["mentioned", "body"];

/// An item that goes from one to another.
#[derive(Value, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    pub what: String,
    /// None: it is found or made.
    pub from: Option<String>,
    /// None: it is left at the place.
    pub to: Option<String>,
}

/// How one's feelings for another change, in thousandths.
#[derive(Value, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Valence {
    pub from: String,
    pub to: String,
    pub trust: Option<i32>,
    pub affection: Option<i32>,
    pub respect: Option<i32>,
    pub fear: Option<i32>,
}

/// Who is `dead` from here on, or `alive`.
#[derive(Value, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status {
    pub who: String,
    pub is: String,
}

/// What a person, place or item is called from here on.
#[derive(Value, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naming {
    /// `person`, `place` or `item`.
    pub kind: String,
    pub id: String,
    pub name: String,
}

/// Derives everything anew from the events.
#[derive(Input, Clone)]
pub struct Rebuild {}

/// One of those whom events name.
#[derive(Component, Clone, PartialEq, Eq, Debug)]
pub struct Person {
    pub id: String,
    pub name: String,
}

/// Where something happens.
#[derive(Component, Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub id: String,
    pub name: String,
}

/// What goes from hand to hand.
#[derive(Component, Clone, PartialEq, Eq, Debug)]
pub struct Item {
    pub id: String,
    pub name: String,
}

/// Whether a person lives, and by which event that is known.
#[derive(Component, Clone, PartialEq, Eq, Debug)]
pub struct Life {
    pub is_alive: bool,
    pub since: String,
    pub event: String,
}

/// Where a person was last, or where an item lies that is in no hands.
#[derive(Component, Clone, PartialEq, Eq, Debug)]
pub struct At {
    pub place: Entity,
    pub since: String,
    pub event: String,
}

/// What one feels for another: the sum of all changes, in thousandths. It is read as if
/// it ended at -1000 and 1000.
#[derive(Relation, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Feels {
    pub trust: i64,
    pub affection: i64,
    pub respect: i64,
    pub fear: i64,
}

/// Who holds an item.
#[derive(Relation, Clone, PartialEq, Eq, Debug)]
pub struct Holds {
    pub since: String,
    pub event: String,
}

/// How much has to be derived anew.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Pending {
    pub subjects: u64,
}

/// An event that was not taken.
#[derive(Event, Clone)]
pub struct Refused {
    pub id: String,
    pub why: String,
}

/// Two events that cannot both be true.
#[derive(Event, Clone)]
pub struct Contradiction {
    pub what: String,
    pub subject: String,
    pub event: String,
    pub other: String,
}

/// Something in the world is not what follows from the events.
#[derive(Event, Clone)]
pub struct Inconsistent {
    pub subject: String,
    pub what: String,
    pub is: String,
    pub follows: String,
}

/// What a world chooses.
#[derive(Settings)]
pub struct Settings {
    /// Whether an event is refused that names people, places or items which no event
    /// has given a name.
    #[settings(default = false)]
    pub refuses_unknown: bool,
    /// Whether the world follows what is told. If not, it is only recorded.
    #[settings(default = true)]
    pub derives: bool,
    /// People, places, items and pairs that a tick derives anew at most.
    #[settings(default = 10000)]
    pub derived_at_once: u32,
    /// People and items that a tick audits.
    #[settings(default = 16)]
    pub audited_at_once: u32,
}
