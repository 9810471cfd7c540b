//! What a mod consists of, as `export!` writes it down.
//!
//! A [`Manifest`] is a constant. [`Kinds`] gives each kind its index, in the
//! order in which the systems mention them; `describe` and `run` both derive it
//! from the manifest, so that the indices agree.

use crate::bindings::sandtable::guest::types;
use crate::call::Call;
use crate::conversion::ConversionEntry;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::kind::KindEntry;
use crate::kinds::Kinds;
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

impl Manifest {
    /// What the host is told.
    pub(crate) fn describe(&'static self) -> types::Description {
        let mut kinds = Kinds::new(self.id, self.package);
        let systems = self
            .systems
            .iter()
            .map(|entry| SystemDeclaration::made_by(entry.declare, &mut kinds))
            .collect();
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
        let mut kinds = Kinds::new(self.id, self.package);
        for entry in self.systems {
            SystemDeclaration::made_by(entry.declare, &mut kinds);
        }
        kinds.extend(self.kinds);
        kinds
    }
}

#[cfg(test)]
mod tests;
