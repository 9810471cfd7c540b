//! What a mod consists of, as `export!` writes it down.
//!
//! A [`Manifest`] is a constant. [`Kinds`] gives each kind its index, in the
//! order in which the systems mention them; `describe` and `run` both derive it
//! from the manifest, so that the indices agree.

use std::any::TypeId;

use crate::bindings::sandtable::guest::types;
use crate::call::{Call, Fault};
use crate::conversion::ConversionEntry;
use crate::declaration::SystemDeclaration;
use crate::kind::{Info, Kind};
use crate::system::{self, System};

/// What a mod consists of.
#[doc(hidden)]
pub struct Manifest {
    /// The mod's id.
    pub id: &'static str,
    /// The package that exports it.
    pub package: &'static str,
    /// Its semantic version.
    pub version: &'static str,
    /// Its systems, in order.
    pub systems: &'static [Entry],
    /// Kinds that no system mentions.
    pub kinds: &'static [KindEntry],
    /// The files of its migrations, each with its path and its text.
    pub migrations: &'static [(&'static str, &'static str)],
    /// Its conversions, in any order.
    pub conversions: &'static [ConversionEntry],
}

/// One system of a mod.
#[doc(hidden)]
pub struct Entry {
    pub(crate) declare: fn(&mut SystemDeclaration<'_>),
    pub(crate) run: fn(&Call) -> Result<(), Fault>,
}

impl Entry {
    /// That of a function with `#[system]`.
    pub const fn of<S: System>() -> Self {
        Self { declare: system::declare::<S>, run: system::run::<S> }
    }
}

/// One kind, and which Rust type it is.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct KindEntry {
    id: Id,
    pub(crate) info: Info,
}

/// A type's id, also before it can be asked for in a constant.
#[derive(Clone, Copy)]
enum Id {
    Of(fn() -> TypeId),
    Known(TypeId),
}

impl Id {
    fn get(self) -> TypeId {
        match self {
            Self::Of(ask) => ask(),
            Self::Known(id) => id,
        }
    }
}

impl KindEntry {
    /// That of a type with a derive.
    pub const fn of<K: Kind>() -> Self {
        Self { id: Id::Of(TypeId::of::<K>), info: K::INFO }
    }

    /// The type's id.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn id(&self) -> TypeId {
        self.id.get()
    }

    /// That of a type that is known by its id.
    pub(crate) fn new(id: TypeId, info: Info) -> Self {
        Self { id: Id::Known(id), info }
    }
}

impl Manifest {
    /// What the host is told.
    pub(crate) fn describe(&'static self) -> types::Description {
        let mut kinds = Kinds::new(self);
        let systems =
            self.systems.iter().map(|entry| SystemDeclaration::of(entry, &mut kinds)).collect();
        kinds.extend(self.kinds);
        let conversions = self.conversions(&mut kinds);
        types::Description {
            id: self.id.to_owned(),
            version: self.version.to_owned(),
            kinds: kinds.describe(),
            systems,
            migrations: self.migrations(),
            conversions,
        }
    }

    /// Its migrations, each named as its file.
    fn migrations(&self) -> Vec<types::Migration> {
        let migration = |(path, sql): &(&str, &str)| {
            let file = path.rsplit('/').next().unwrap_or(path);
            let name = file.strip_suffix(".sql").unwrap_or(file);
            types::Migration { name: name.to_owned(), sql: (*sql).to_owned() }
        };
        self.migrations.iter().map(migration).collect()
    }

    /// Its conversions by name, which the numbers in front put into order.
    fn conversions(&'static self, kinds: &mut Kinds) -> Vec<types::Conversion> {
        let describe = |entry: &ConversionEntry| {
            let old = entry.old.iter().map(|kind| kinds.declaration(&kind.info)).collect();
            let mut new = Vec::new();
            (entry.new)(&mut |kind| new.push(kinds.index(kind)));
            types::Conversion { name: entry.name.to_owned(), old, new }
        };
        self.sorted_conversions().into_iter().map(describe).collect()
    }

    /// Its conversions in the order in which the host knows them.
    pub(crate) fn sorted_conversions(&self) -> Vec<&'static ConversionEntry> {
        let mut sorted: Vec<_> = self.conversions.iter().collect();
        sorted.sort_by_key(|entry| entry.name);
        sorted
    }

    /// Every kind, by index.
    pub(crate) fn kinds(&'static self) -> Kinds {
        let mut kinds = Kinds::new(self);
        for entry in self.systems {
            SystemDeclaration::of(entry, &mut kinds);
        }
        kinds.extend(self.kinds);
        kinds
    }
}

/// The kinds of a mod, by index.
pub(crate) struct Kinds {
    manifest: &'static Manifest,
    known: Vec<Known>,
}

struct Known {
    /// The Rust types that declare it; mostly one.
    types: Vec<TypeId>,
    info: Info,
}

impl Kinds {
    fn new(manifest: &'static Manifest) -> Self {
        Self { manifest, known: Vec::new() }
    }

    /// The mod that exports these kinds.
    pub(crate) fn manifest(&self) -> &'static Manifest {
        self.manifest
    }

    /// The index of a kind, which is new if it was not mentioned before.
    pub(crate) fn index(&mut self, entry: KindEntry) -> u32 {
        let id = entry.id.get();
        if let Some(index) = self.find(id) {
            return index;
        }
        let owner = self.owner(&entry.info);
        let same = self.known.iter().position(|known| {
            known.info.name == entry.info.name && self.owner(&known.info) == owner
        });
        let index = same.unwrap_or(self.known.len());
        match self.known.get_mut(index) {
            Some(known) => known.types.push(id),
            None => self.known.push(Known { types: vec![id], info: entry.info }),
        }
        index as u32
    }

    /// The index of a kind that was mentioned.
    pub(crate) fn find(&self, id: TypeId) -> Option<u32> {
        let index = self.known.iter().position(|known| known.types.contains(&id))?;
        Some(index as u32)
    }

    /// What is known of the kind of an index that was given out.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn info(&self, index: u32) -> &Info {
        &self.known[index as usize].info
    }

    /// The name of a kind with that of its mod, as people see it.
    pub(crate) fn name(&self, info: &Info) -> String {
        [self.owner(info), "/", info.name].concat()
    }

    fn extend(&mut self, entries: &[KindEntry]) {
        for entry in entries {
            self.index(*entry);
        }
    }

    fn owner(&self, info: &Info) -> &'static str {
        match info.of {
            Some(owner) => owner,
            None if info.package == self.manifest.package => self.manifest.id,
            None => info.package,
        }
    }

    fn describe(&self) -> Vec<types::Kind> {
        self.known.iter().map(|known| self.declaration(&known.info)).collect()
    }

    fn declaration(&self, info: &Info) -> types::Kind {
        types::Kind {
            name: self.name(info),
            role: info.role,
            storage: info.storage,
            size: info.size as u32,
            fields: (info.fields)(),
            on_despawn: info.on_despawn,
        }
    }
}

#[cfg(test)]
mod tests;
