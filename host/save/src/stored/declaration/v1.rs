//! The first form of a declaration: that of `sandtable:guest` 0.1.0, field by
//! field, in the order of its records.

use serde::{Deserialize, Serialize};

use sandtable_world::declaration as live;
use sandtable_world::ecs;

/// All that a mod declares.
#[derive(Serialize, Deserialize)]
pub struct Declaration {
    id: String,
    version: String,
    kinds: Vec<Kind>,
    systems: Vec<System>,
    migrations: Vec<Migration>,
    conversions: Vec<Conversion>,
}

#[derive(Serialize, Deserialize)]
pub struct Kind {
    name: String,
    role: Role,
    storage: Storage,
    size: u32,
    fields: Vec<Field>,
    on_despawn: OnDespawn,
}

/// It has no settings: those are components that cascade, by the name that they
/// have.
#[derive(Serialize, Deserialize)]
pub enum Role {
    Component,
    Event,
    Input,
    Relation,
}

#[derive(Serialize, Deserialize)]
pub enum Storage {
    Packed,
    Dynamic,
}

#[derive(PartialEq, Serialize, Deserialize)]
pub enum OnDespawn {
    Detach,
    Cascade,
}

#[derive(Serialize, Deserialize)]
pub struct Field {
    name: String,
    ty: String,
    offset: u32,
    was: Vec<String>,
    default: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
pub struct System {
    name: String,
    queries: Vec<Query>,
    span: Span,
    every: u32,
    startup: bool,
    resources: Vec<ResourceUse>,
    lookups: Vec<u32>,
    relations: Vec<u32>,
    reads: Vec<Reading>,
    emits: Vec<u32>,
    tables: bool,
    commands: bool,
    before: Vec<String>,
    after: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Query {
    terms: Vec<Term>,
    entities: bool,
}

#[derive(Serialize, Deserialize)]
pub struct Term {
    kind: u32,
    access: Access,
}

#[derive(Serialize, Deserialize)]
pub enum Access {
    Read,
    Write,
    OptionalRead,
    OptionalWrite,
    Has,
    Lacks,
    Changed,
    Added,
}

#[derive(Serialize, Deserialize)]
pub enum Span {
    Shard,
    Archetype,
    Everything,
}

#[derive(Serialize, Deserialize)]
pub struct ResourceUse {
    kind: u32,
    write: bool,
}

#[derive(Serialize, Deserialize)]
pub enum Reading {
    Event(u32),
    Removed(u32),
    Despawned,
}

#[derive(Serialize, Deserialize)]
pub struct Migration {
    name: String,
    sql: String,
}

#[derive(Serialize, Deserialize)]
pub struct Conversion {
    name: String,
    old: Vec<Kind>,
    new: Vec<u32>,
}

/// Both ways between an enum of this form and a live one, where variants
/// correspond.
macro_rules! alike {
    ($($stored:ident, $live:ty: $($one:ident = $two:ident),+;)+) => {$(
        impl From<$live> for $stored {
            fn from(live: $live) -> Self {
                match live { $(<$live>::$two => Self::$one,)+ }
            }
        }

        impl From<$stored> for $live {
            fn from(stored: $stored) -> Self {
                match stored { $($stored::$one => Self::$two,)+ }
            }
        }
    )+};
}

pub(super) use alike;

alike! {
    Storage, ecs::Storage: Packed = Packed, Dynamic = Dynamic;
    OnDespawn, ecs::OnDespawn: Detach = Detach, Cascade = Cascade;
    Span, live::Span: Shard = Shard, Archetype = Archetype, Everything = World;
    Access, ecs::Access:
        Read = Read, Write = Write, OptionalRead = OptionalRead, OptionalWrite = OptionalWrite,
        Has = Has, Lacks = Lacks, Changed = Changed, Added = Added;
}

impl Declaration {
    /// That of a mod.
    pub fn of(live: &live::Declaration) -> Self {
        Self {
            id: live.id.clone(),
            version: live.version.clone(),
            kinds: live.kinds.iter().map(Kind::of).collect(),
            systems: live.systems.iter().map(System::of).collect(),
            migrations: live.migrations.iter().map(Migration::of).collect(),
            conversions: live.conversions.iter().map(Conversion::of).collect(),
        }
    }

    /// What it says, in the types of today.
    pub fn upgrade(self) -> live::Declaration {
        live::Declaration {
            id: self.id,
            version: self.version,
            kinds: self.kinds.into_iter().map(Kind::upgrade).collect(),
            systems: self.systems.into_iter().map(System::upgrade).collect(),
            migrations: self.migrations.into_iter().map(Migration::upgrade).collect(),
            conversions: self.conversions.into_iter().map(Conversion::upgrade).collect(),
        }
    }
}

impl Kind {
    pub fn of(live: &live::Kind) -> Self {
        let (role, on_despawn) = match live.role {
            live::Role::Component => (Role::Component, live.on_despawn.into()),
            live::Role::Event => (Role::Event, live.on_despawn.into()),
            live::Role::Input => (Role::Input, live.on_despawn.into()),
            live::Role::Relation => (Role::Relation, live.on_despawn.into()),
            live::Role::Settings => (Role::Component, OnDespawn::Cascade),
        };
        Self {
            name: live.name.clone(),
            role,
            storage: live.storage.into(),
            size: live.size,
            fields: live.fields.iter().map(Field::of).collect(),
            on_despawn,
        }
    }

    pub fn upgrade(self) -> live::Kind {
        let cascades = self.on_despawn == OnDespawn::Cascade;
        let role = match self.role {
            Role::Component if cascades && self.name.ends_with("/Settings") => live::Role::Settings,
            Role::Component => live::Role::Component,
            Role::Event => live::Role::Event,
            Role::Input => live::Role::Input,
            Role::Relation => live::Role::Relation,
        };
        live::Kind {
            name: self.name,
            role,
            storage: self.storage.into(),
            size: self.size,
            fields: self.fields.into_iter().map(Field::upgrade).collect(),
            on_despawn: self.on_despawn.into(),
        }
    }
}

impl Field {
    fn of(live: &live::Field) -> Self {
        let live::Field { name, ty, offset, was, default } = live.clone();
        Self { name, ty, offset, was, default }
    }

    fn upgrade(self) -> live::Field {
        let Self { name, ty, offset, was, default } = self;
        live::Field { name, ty, offset, was, default }
    }
}

impl System {
    pub fn of(live: &live::System) -> Self {
        Self {
            name: live.name.clone(),
            queries: live.queries.iter().map(Query::of).collect(),
            span: live.span.into(),
            every: live.every,
            startup: live.startup,
            resources: live.resources.iter().map(ResourceUse::of).collect(),
            lookups: live.lookups.clone(),
            relations: live.relations.clone(),
            reads: live.reads.iter().map(Reading::of).collect(),
            emits: live.emits.clone(),
            tables: live.tables,
            commands: live.commands,
            before: live.before.clone(),
            after: live.after.clone(),
        }
    }

    pub fn upgrade(self) -> live::System {
        live::System {
            name: self.name,
            queries: self.queries.into_iter().map(Query::upgrade).collect(),
            span: self.span.into(),
            every: self.every,
            phase: 0,
            run_if: Vec::new(),
            startup: self.startup,
            resources: self.resources.into_iter().map(ResourceUse::upgrade).collect(),
            lookups: self.lookups,
            relations: self.relations,
            reads: self.reads.into_iter().map(Reading::upgrade).collect(),
            emits: self.emits,
            tables: self.tables,
            commands: self.commands,
            before: self.before,
            after: self.after,
        }
    }
}

impl Query {
    fn of(live: &live::Query) -> Self {
        Self { terms: live.terms.iter().map(Term::of).collect(), entities: live.entities }
    }

    fn upgrade(self) -> live::Query {
        let terms = self.terms.into_iter().map(Term::upgrade).collect();
        live::Query { terms, alternatives: Vec::new(), entities: self.entities }
    }
}

impl Term {
    pub fn of(live: &live::Term) -> Self {
        Self { kind: live.kind, access: live.access.into() }
    }

    pub fn upgrade(self) -> live::Term {
        live::Term { kind: self.kind, access: self.access.into() }
    }
}

impl ResourceUse {
    fn of(live: &live::ResourceUse) -> Self {
        Self { kind: live.kind, write: live.write }
    }

    fn upgrade(self) -> live::ResourceUse {
        live::ResourceUse { kind: self.kind, write: self.write }
    }
}

impl Reading {
    fn of(live: &live::Reading) -> Self {
        match live {
            live::Reading::Event(kind) => Self::Event(*kind),
            live::Reading::Removed(kind) => Self::Removed(*kind),
            live::Reading::Despawned => Self::Despawned,
        }
    }

    fn upgrade(self) -> live::Reading {
        match self {
            Self::Event(kind) => live::Reading::Event(kind),
            Self::Removed(kind) => live::Reading::Removed(kind),
            Self::Despawned => live::Reading::Despawned,
        }
    }
}

impl Migration {
    pub fn of(live: &live::Migration) -> Self {
        Self { name: live.name.clone(), sql: live.sql.clone() }
    }

    pub fn upgrade(self) -> live::Migration {
        live::Migration { name: self.name, sql: self.sql }
    }
}

impl Conversion {
    pub fn of(live: &live::Conversion) -> Self {
        Self {
            name: live.name.clone(),
            old: live.old.iter().map(Kind::of).collect(),
            new: live.new.clone(),
        }
    }

    pub fn upgrade(self) -> live::Conversion {
        live::Conversion {
            name: self.name,
            old: self.old.into_iter().map(Kind::upgrade).collect(),
            new: self.new,
        }
    }
}
