//! The kinds of a mod, each with its index.

use std::any::TypeId;

use crate::bindings::sandtable::guest::types;
use crate::kind::{Info, KindEntry};

/// The kinds of a mod, by index.
pub(crate) struct Kinds {
    id: &'static str,
    package: &'static str,
    known: Vec<Known>,
}

struct Known {
    /// The Rust types that declare it; mostly one.
    types: Vec<TypeId>,
    info: Info,
}

impl Kinds {
    /// None yet, of the mod with this id, which this package exports.
    pub(crate) fn new(id: &'static str, package: &'static str) -> Self {
        Self { id, package, known: Vec::new() }
    }

    /// The id of the mod that exports these kinds.
    pub(crate) fn id(&self) -> &'static str {
        self.id
    }

    /// The index of a kind, which is new if it was not mentioned before.
    pub(crate) fn index(&mut self, entry: KindEntry) -> u32 {
        let id = entry.id();
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

    /// Mentions these.
    pub(crate) fn extend(&mut self, entries: &[KindEntry]) {
        for entry in entries {
            self.index(*entry);
        }
    }

    fn owner(&self, info: &Info) -> &'static str {
        match info.of {
            Some(owner) => owner,
            None if info.package == self.package => self.id,
            None => info.package,
        }
    }

    /// What the host is told of all of them.
    pub(crate) fn describe(&self) -> Vec<types::Kind> {
        self.known.iter().map(|known| self.declaration(&known.info)).collect()
    }

    /// What the host is told of one.
    pub(crate) fn declaration(&self, info: &Info) -> types::Kind {
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
