//! Runs systems in a plain `cargo test`, without a host.
//!
//! A [`Trial`] gives a system some rows and shows what it did with them. It
//! ships what the system declares and matches rows as a host would, but checks
//! no limits and applies nothing.
//!
//! ```
//! use sandtable_sdk::prelude::*;
//! use sandtable_sdk::testing::{Rows, Trial};
//!
//! #[derive(Component, Clone, Copy, Debug, PartialEq)]
//! #[repr(C)]
//! struct Health { points: i32 }
//!
//! #[system]
//! fn suffer(mut bodies: Query<(Entity, &mut Health)>, mut commands: Commands) {
//!     for (entity, health) in &mut bodies {
//!         health.points -= 1;
//!         if health.points == 0 {
//!             commands.despawn(entity);
//!         }
//!     }
//! }
//!
//! let [first, second] = [1, 2].map(Entity::from_bits);
//! let bodies = Rows::new([first, second]).with([Health { points: 1 }, Health { points: 9 }]);
//! let outcome = Trial::of::<suffer>().rows(bodies).run()?;
//!
//! assert_eq!(outcome.after::<Health>(0), Some(vec![Health { points: 0 }, Health { points: 8 }]));
//! assert!(outcome.commands()[0].despawns(first));
//! # Ok::<(), String>(())
//! ```

mod commands;
mod outcome;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::any::TypeId;
use std::collections::BTreeMap;

use crate::bindings::sandtable::guest::shards::Shard;
use crate::bindings::sandtable::guest::types::{self, Reading, Span};
use crate::codec::write;
use crate::column::Store;
use crate::condition::Condition;
use crate::declaration::Schedule;
use crate::event::Readable;
use crate::kind::{Component, Kind, KindEntry, Relation, Storage};
use crate::kinds::Kinds;
use crate::manifest::{Entry, Manifest};
use crate::sys::double::{self, Double};
use crate::system::System;
use crate::value::Value;
use crate::{Entity, export};

pub use commands::{Action, Command, Data};
pub use outcome::Outcome;
pub use rows::Rows;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

/// A system, and what it is run with.
pub struct Trial {
    entry: fn() -> Entry,
    schedule: &'static Schedule,
    tick: u64,
    dt: f64,
    seed: u64,
    rows: Vec<Rows>,
    resources: BTreeMap<TypeId, Vec<u8>>,
    events: BTreeMap<Happened, Vec<Vec<u8>>>,
    edges: BTreeMap<(TypeId, u64, u64), Vec<u8>>,
    assets: BTreeMap<String, Vec<u8>>,
    kinds: Vec<KindEntry>,
    #[cfg(feature = "sqlite")]
    tables: Option<Sqlite>,
}

/// What an event reader can ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happened {
    Event(TypeId),
    Removed(TypeId),
    Despawned,
}

impl Trial {
    /// Of a system, in tick 1 of an empty world, which is the first there is.
    pub fn of<S: System>() -> Self {
        Self {
            entry: || const { Entry::of::<S>() },
            schedule: const { &S::SCHEDULE },
            tick: 1,
            dt: 1.0,
            seed: 0,
            rows: Vec::new(),
            resources: BTreeMap::new(),
            events: BTreeMap::new(),
            edges: BTreeMap::new(),
            assets: BTreeMap::new(),
            kinds: Vec::new(),
            #[cfg(feature = "sqlite")]
            tables: None,
        }
    }

    /// In another tick, of so many seconds.
    #[must_use]
    pub fn tick(mut self, number: u64, dt: f64) -> Self {
        self.tick = number;
        self.dt = dt;
        self
    }

    /// In a world with another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With these rows, which queries and lookups find. Each call adds an
    /// archetype, numbered from 0 on.
    #[must_use]
    pub fn rows(mut self, rows: Rows) -> Self {
        self.rows.push(rows);
        self
    }

    /// With a resource.
    #[must_use]
    pub fn resource<C: Component>(mut self, value: C) -> Self {
        let mut bytes = Vec::new();
        C::Store::write(&value, &mut bytes);
        self.resources.insert(TypeId::of::<C>(), bytes);
        self
    }

    /// With an event or input that happened.
    #[must_use]
    pub fn event<E: Kind + Value + Readable>(self, event: E) -> Self {
        self.happened(Happened::Event(TypeId::of::<E>()), &event)
    }

    /// With a despawn that happened.
    #[must_use]
    pub fn despawned(self, entity: Entity) -> Self {
        self.happened(Happened::Despawned, &entity)
    }

    /// With a removal that happened.
    #[must_use]
    pub fn removed<C: Component>(self, entity: Entity) -> Self {
        self.happened(Happened::Removed(TypeId::of::<C>()), &entity)
    }

    /// With an edge.
    #[must_use]
    pub fn edge<K: Relation>(mut self, from: Entity, to: Entity, data: K) -> Self {
        let mut bytes = Vec::new();
        K::Store::write(&data, &mut bytes);
        let edge = (TypeId::of::<K>(), from.to_bits(), to.to_bits());
        self.edges.insert(edge, bytes);
        self
    }

    /// With an asset.
    #[must_use]
    pub fn asset(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.assets.insert(name.to_owned(), bytes.into());
        self
    }

    /// With a kind that no system mentions, as in the `kinds` of
    /// [`export!`](crate::export).
    #[must_use]
    pub fn kind<K: Kind>(mut self) -> Self {
        self.kinds.push(KindEntry::of::<K>());
        self
    }

    /// With tables.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn tables(mut self, tables: &Sqlite) -> Self {
        self.tables = Some(tables.clone());
        self
    }

    /// Whether a host would run the system in this tick and with these resources,
    /// by `every`, `phase` and `run_if`; a startup system in its first tick.
    /// [`run`](Self::run) runs it either way.
    ///
    /// ```
    /// # use sandtable_sdk::prelude::*;
    /// # use sandtable_sdk::testing::Trial;
    /// #[derive(Component, Clone, Copy)]
    /// #[repr(C)]
    /// struct Weather { wind: f32 }
    ///
    /// #[system(every = 10, phase = 3, run_if = Weather.wind >= 30.0)]
    /// fn storm() {}
    ///
    /// let storm = |tick, wind| {
    ///     Trial::of::<storm>().tick(tick, 1.0).resource(Weather { wind }).is_due()
    /// };
    /// assert!(storm(13, 30.0));
    /// assert!(!storm(13, 29.0) && !storm(14, 30.0));
    /// ```
    pub fn is_due(&self) -> bool {
        let Schedule { every, phase, run_if, startup, .. } = self.schedule;
        let value = |condition: &Condition| self.resources.get(&condition.kind.id());
        (*startup || self.tick % u64::from(*every) == u64::from(*phase))
            && run_if.iter().all(|it| (it.holds)(value(it).map(Vec::as_slice)))
    }

    /// Runs the system. An error is the text of its fault.
    ///
    /// # Errors
    ///
    /// The sentence with which the system faults.
    pub fn run(self) -> Result<Outcome, String> {
        // A manifest is a constant everywhere else. Tests are short-lived.
        let manifest: &'static Manifest = Box::leak(Box::new(Manifest {
            id: "trial",
            package: "trial",
            version: "0.0.0",
            systems: Box::leak(Box::new([(self.entry)()])),
            kinds: self.kinds.clone().leak(),
            migrations: &[],
            conversions: &[],
        }));
        let kinds = manifest.kinds();
        let system = manifest.describe().systems.remove(0);
        let call = self.call(&system, &kinds);
        let batches = self.batches(&system, &kinds);
        let columns = batches
            .iter()
            .enumerate()
            .flat_map(|(number, batch)| rows::columns_of(number as u32, batch, &system))
            .collect();
        #[cfg(feature = "sqlite")]
        if let Some(tables) = &self.tables {
            tables.begin()?;
        }
        let before = double::exchange(Double {
            batches: batches.into_iter().map(rows::shards_of).collect(),
            components: self.components(&system, &kinds),
            edges: self.edges_of(&system, &kinds),
            assets: self.assets,
            #[cfg(feature = "sqlite")]
            tables: self.tables.as_ref().map(|tables| tables.0.clone() as _),
            ..Double::default()
        });
        let result = export::run(manifest, call);
        let after = double::exchange(before);
        #[cfg(feature = "sqlite")]
        if let Some(tables) = &self.tables {
            tables.end(result.is_ok())?;
        }
        result?;
        Outcome::new(after, self.rows, columns, system, kinds)
    }

    fn happened(mut self, what: Happened, value: &impl Value) -> Self {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        self.events.entry(what).or_default().push(bytes);
        self
    }

    fn call(&self, system: &types::System, kinds: &Kinds) -> Vec<u8> {
        let mut out = Vec::new();
        write::array(&mut out, 7);
        write::uint(&mut out, self.tick);
        write::f64(&mut out, self.dt);
        write::uint(&mut out, self.seed);
        write::uint(&mut out, 0);
        write::uint(&mut out, 1);
        write::array(&mut out, system.resources.len());
        for resource in &system.resources {
            let found =
                self.resources.iter().find(|(id, _)| kinds.find(**id) == Some(resource.kind));
            match found {
                None => write::nil(&mut out),
                Some((_, value)) => match kinds.info(resource.kind).storage {
                    Storage::Packed => write::bin(&mut out, value),
                    Storage::Dynamic => out.extend_from_slice(value),
                },
            }
        }
        write::array(&mut out, system.reads.len());
        for reading in &system.reads {
            let wanted = |what: &Happened| match (what, reading) {
                (Happened::Event(id), Reading::Event(kind))
                | (Happened::Removed(id), Reading::Removed(kind)) => kinds.find(*id) == Some(*kind),
                (Happened::Despawned, Reading::Despawned) => true,
                _ => false,
            };
            let events = self.events.iter().find(|(what, _)| wanted(what));
            let events = events.map_or(&[][..], |(_, events)| events);
            write::array(&mut out, events.len());
            events.iter().for_each(|event| out.extend_from_slice(event));
        }
        out
    }

    /// For each batch, the matching rows: the query, and the shard.
    fn batches(&self, system: &types::System, kinds: &Kinds) -> Vec<Vec<rows::Matched>> {
        let mut found = Vec::new();
        for (number, query) in system.queries.iter().enumerate() {
            for (archetype, rows) in self.rows.iter().enumerate() {
                let shard = rows.matched(number as u32, query, archetype as u32, kinds);
                found.extend(shard);
            }
        }
        match system.span {
            Span::Everything if found.is_empty() => Vec::new(),
            Span::Everything => vec![found],
            Span::Shard | Span::Archetype => found.into_iter().map(|shard| vec![shard]).collect(),
        }
    }

    fn components(&self, system: &types::System, kinds: &Kinds) -> BTreeMap<(u32, u64), Vec<u8>> {
        let mut components = BTreeMap::new();
        for (lookup, kind) in system.lookups.iter().enumerate() {
            for rows in &self.rows {
                for (entity, value) in rows.values(*kind, kinds) {
                    components.insert((lookup as u32, entity.to_bits()), value);
                }
            }
        }
        components
    }

    fn edges_of(
        &self,
        system: &types::System,
        kinds: &Kinds,
    ) -> BTreeMap<(u32, u64, u64), Vec<u8>> {
        let mut edges = BTreeMap::new();
        for (relation, kind) in system.relations.iter().enumerate() {
            for ((id, from, to), data) in &self.edges {
                if kinds.find(*id) == Some(*kind) {
                    edges.insert((relation as u32, *from, *to), data.clone());
                }
            }
        }
        edges
    }
}

#[cfg(test)]
mod tests;
