//! What a mod declares about itself, whichever version of the interface it
//! speaks.
//!
//! The adapters of `guest` make it of what a component says, and a save keeps it
//! in forms of its own; everything between the two knows these types alone, so
//! that neither a new version of the interface nor an old save changes them.
//!
//! Nothing in here is checked: an index may point past a list, a type may be
//! none. [`resolve`] checks a kind; systems are resolved where programs are made.

mod kinds;

use crate::ecs::{Access, OnDespawn, Storage};

pub use kinds::{ResolvedKind, resolve};

/// All that a mod declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declaration {
    /// The mod's id.
    pub id: String,
    /// The mod's version, a semantic version.
    pub version: String,
    /// Every kind that the mod owns or refers to. What follows names them by their
    /// place in this list.
    pub kinds: Vec<Kind>,
    /// In the order of their declaration, which breaks ties in the schedule.
    pub systems: Vec<System>,
    /// Changes of the mod's tables, in ascending order of their names.
    pub migrations: Vec<Migration>,
    /// Changes of its components, in ascending order of their names.
    pub conversions: Vec<Conversion>,
}

/// A type of value that a mod owns or refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// `<mod>/<Name>`.
    pub name: String,
    /// What its values are used for.
    pub role: Role,
    /// How its values are stored.
    pub storage: Storage,
    /// Bytes in a packed row; zero for tags and dynamic kinds.
    pub size: u32,
    /// In the order of their declaration.
    pub fields: Vec<Field>,
    /// Only looked at for relations.
    pub on_despawn: OnDespawn,
}

/// What values of a kind are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A component of entities, or a resource of the world.
    Component,
    /// A message between systems.
    Event,
    /// A message from outside.
    Input,
    /// The data of an edge between two entities.
    Relation,
    /// What a world file may say of the mod: a resource that only the host sets.
    Settings,
}

/// One field of a kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Unique within its kind.
    pub name: String,
    /// How its type is spelled.
    pub ty: String,
    /// Where it starts in a packed row, in bytes.
    pub offset: u32,
    /// Names that it had before.
    pub was: Vec<String>,
    /// What values of a save get that lack it: one MessagePack value of its type.
    pub default: Option<Vec<u8>>,
}

/// One system: a function that runs over matching rows.
#[derive(Clone, Debug, PartialEq)]
pub struct System {
    /// Unique within its mod.
    pub name: String,
    /// What is shipped to it.
    pub queries: Vec<Query>,
    /// How much is shipped at once.
    pub span: Span,
    /// It runs on ticks that leave `phase` when they are divided by this. Zero
    /// counts as one.
    pub every: u32,
    /// Below `every`.
    pub phase: u32,
    /// What must hold in the world for it to run.
    pub run_if: Vec<Condition>,
    /// Whether it runs once, in the first tick that the mod takes part in.
    pub startup: bool,
    /// Resources that it reads or sets.
    pub resources: Vec<ResourceUse>,
    /// Components of other entities that it may look up, by the place of their
    /// kind.
    pub lookups: Vec<u32>,
    /// Relations that it may read, by the place of their kind.
    pub relations: Vec<u32>,
    /// What it reads as events.
    pub reads: Vec<Reading>,
    /// Events that it may emit, by the place of their kind.
    pub emits: Vec<u32>,
    /// Whether it asks or changes tables.
    pub tables: bool,
    /// Whether it may send commands.
    pub commands: bool,
    /// Full names of systems that run after it.
    pub before: Vec<String>,
    /// Full names of systems that run before it.
    pub after: Vec<String>,
}

/// A condition on a field of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The place of the resource's kind.
    pub kind: u32,
    /// The name of the field.
    pub field: String,
    /// How it compares.
    pub compares: Comparison,
    /// With what: one MessagePack value of its type.
    pub value: Vec<u8>,
}

/// How much of the world one batch of shards holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Some rows.
    Shard,
    /// Every matching row of one archetype.
    Archetype,
    /// Every matching row.
    World,
}

/// How a field compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Both are the same.
    Equal,
    /// They are not the same.
    Unequal,
    /// The field is less.
    Less,
    /// The field is less or the same.
    AtMost,
    /// The field is greater.
    Greater,
    /// The field is greater or the same.
    AtLeast,
}

impl Comparison {
    /// As people write it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// Which rows a system runs over.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// In the order in which their columns are shipped.
    pub terms: Vec<Term>,
    /// Terms that hold together; where there are any, those of one must hold too.
    pub alternatives: Vec<Vec<Term>>,
    /// Whether the entity of each row is shipped.
    pub entities: bool,
}

impl Query {
    /// Its terms, and those of its alternatives.
    pub fn all_terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().chain(self.alternatives.iter().flatten())
    }
}

/// One part of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The place of the kind.
    pub kind: u32,
    /// What the query does with it.
    pub access: Access,
}

/// What a system does with a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResourceUse {
    /// The place of the kind.
    pub kind: u32,
    /// Whether the system may set it.
    pub write: bool,
}

/// What a system reads as events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Events or inputs, by the place of their kind.
    Event(u32),
    /// Removals of a component, by the place of its kind.
    Removed(u32),
    /// Despawns.
    Despawned,
}

/// A numbered change of a mod's tables, made once in each save.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// Such as `0001_ledger`.
    pub name: String,
    /// Its statements.
    pub sql: String,
}

/// A change of components that field names and defaults cannot express, made
/// once in each save.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// Such as `0001_split_name`.
    pub name: String,
    /// The components as they were.
    pub old: Vec<Kind>,
    /// What takes their place, by the place of their kind.
    pub new: Vec<u32>,
}

/// A mod's declaration contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mod `{mod_id}` cannot be loaded: {what}")]
pub struct DeclarationError {
    /// Which mod.
    pub mod_id: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl DeclarationError {
    /// Of a mod, with the end of a sentence.
    pub fn new(mod_id: &str, what: impl Into<String>) -> Self {
        Self { mod_id: mod_id.to_owned(), what: what.into() }
    }
}
