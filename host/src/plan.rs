//! What other mods would mean for a save, mod by mod, before anything of them
//! runs.
//!
//! Every difference is data; how it reads is in `show`. A difference that the
//! save's values cannot follow is a refusal: one sentence that says what to do.

mod kinds;
mod parts;
mod show;
mod systems;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::Manifest;
use crate::config::Removed;
use crate::declaration::{Declaration, DeclarationError};
use crate::migration::ValueMigration;
use crate::program::ProgramError;
use crate::record::hex;
use crate::save::{StoredMod, read_declaration};
use crate::tables;

use parts::edit;
pub use parts::{Difference, Edit, Facet, FieldChange, ModChange, ModPlan, Saved};

/// What other mods would mean for a save.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// By id.
    pub mods: Vec<ModPlan>,
}

impl Plan {
    /// Compares what a save has with other mods, and finds out what they do to
    /// its values. Both lists ascend by id.
    ///
    /// # Errors
    ///
    /// A declaration that contradicts itself or that of a kind's owner. What the save's
    /// values cannot follow is no error but a refusal in the plan.
    pub fn between(
        saved: &Saved<'_>,
        now: &[StoredMod],
    ) -> Result<(Self, ValueMigration), ProgramError> {
        let described = now.iter().map(described).collect::<Result<Vec<_>, _>>()?;
        let conversions = saved.applied_conversions;
        let migration = ValueMigration::between(saved.world, conversions, &described)?;
        let before: BTreeMap<&str, &StoredMod> =
            saved.mods.iter().map(|stored| (stored.id.as_str(), stored)).collect();
        let mut mods: Vec<ModPlan> = now
            .iter()
            .zip(&described)
            .map(|(stored, declaration)| {
                let before = before.get(stored.id.as_str()).copied();
                ModPlan::of(saved, before, stored, declaration, &migration)
            })
            .collect();
        let ids: BTreeSet<&str> = now.iter().map(|stored| stored.id.as_str()).collect();
        for gone in before.values().filter(|stored| !ids.contains(stored.id.as_str())) {
            mods.push(ModPlan {
                id: gone.id.clone(),
                change: ModChange::Removed,
                versions: (Some(gone.version.clone()), None),
                differences: left_by(&gone.id, saved),
                refusals: Vec::new(),
            });
        }
        mods.sort_by(|one, two| one.id.cmp(&two.id));
        Ok((Self { mods }, migration))
    }

    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.mods.iter().all(|it| it.change == ModChange::Same && it.refusals.is_empty())
    }

    /// Whether the save can follow.
    pub fn is_compatible(&self) -> bool {
        self.refusals().next().is_none()
    }

    /// Why it cannot, each in a sentence that says what to do.
    pub fn refusals(&self) -> impl Iterator<Item = &str> {
        self.mods.iter().flat_map(|it| &it.refusals).map(String::as_str)
    }
}

/// The migrations of tables that a mod declares.
pub(crate) fn migrations_of(declaration: &Declaration) -> Vec<tables::Migration> {
    let migrations = declaration.migrations.iter();
    migrations.map(|it| tables::Migration { name: it.name.clone(), sql: it.sql.clone() }).collect()
}

/// The tables that a mod leaves behind.
fn left_by(id: &str, saved: &Saved<'_>) -> Vec<Difference> {
    let dropped = saved.removed.get(id) == Some(&Removed::DropTables);
    let own = saved.world.tables.iter().filter(|(name, _)| tables::owner(name) == Some(id));
    own.map(|(name, state)| Difference::Table { name: name.clone(), rows: state.rows, dropped })
        .collect()
}

impl ModPlan {
    fn of(
        saved: &Saved<'_>,
        before: Option<&StoredMod>,
        now: &StoredMod,
        declaration: &Declaration,
        migration: &ValueMigration,
    ) -> Self {
        let mut plan = Self {
            id: now.id.clone(),
            change: match before {
                None => ModChange::Added,
                Some(before) if is_same(before, now) => ModChange::Same,
                Some(_) => ModChange::Updated,
            },
            versions: (before.map(|before| before.version.clone()), Some(now.version.clone())),
            differences: Vec::new(),
            refusals: Vec::new(),
        };
        if let Some(before) = before.filter(|_| plan.change == ModChange::Updated) {
            plan.compare_files(before, now);
            plan.compare_manifests(before.manifest.as_ref(), now.manifest.as_ref());
        }
        // A declaration that an older host wrote may be past reading; then all
        // of the mod counts as new.
        let old = before.and_then(|before| described(before).ok());
        plan.compare_systems(old.as_ref(), declaration);
        plan.compare_kinds(saved, old.as_ref(), declaration, migration);
        let declared = migrations_of(declaration);
        match tables::pending(saved.ran, &now.id, &declared) {
            Ok(pending) => plan.differences.extend(
                pending.into_iter().map(|it| Difference::Migration { name: it.name.clone() }),
            ),
            Err(refusal) => plan.refusals.push(refusal.to_string()),
        }
        for conversion in migration.conversions.iter().filter(|it| it.mod_id == now.id) {
            plan.differences.push(Difference::Conversion { name: conversion.name.clone() });
        }
        plan
    }

    fn compare_files(&mut self, before: &StoredMod, now: &StoredMod) {
        if before.hash != now.hash {
            let (from, to) = (hex(&before.hash), hex(&now.hash));
            self.differences.push(Difference::Code { from, to });
        }
        let names: BTreeSet<&String> = before.assets.keys().chain(now.assets.keys()).collect();
        for name in names {
            if let Some(edit) = edit(before.assets.get(name), now.assets.get(name)) {
                self.differences.push(Difference::Asset { name: name.clone(), edit });
            }
        }
    }

    fn compare_manifests(&mut self, before: Option<&Manifest>, now: Option<&Manifest>) {
        let versions = |manifest: Option<&Manifest>| -> BTreeMap<String, String> {
            let dependencies = manifest.iter().flat_map(|manifest| &manifest.dependencies);
            let shown = |it: &crate::catalog::Dependency| match it.optional {
                true => format!("{}, optional", it.version),
                false => it.version.to_string(),
            };
            dependencies.map(|(id, it)| (id.clone(), shown(it))).collect()
        };
        let (old, new) = (versions(before), versions(now));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names.into_iter().filter(|name| old.get(*name) != new.get(*name)) {
            self.differences.push(Difference::Dependency {
                name: name.clone(),
                from: old.get(name).cloned(),
                to: new.get(name).cloned(),
            });
        }
        let rest = |manifest: Option<&Manifest>| {
            manifest.cloned().map(|manifest| Manifest {
                version: semver::Version::new(0, 0, 0),
                dependencies: BTreeMap::new(),
                ..manifest
            })
        };
        if rest(before) != rest(now) {
            self.differences.push(Difference::Manifest);
        }
    }
}

/// What a mod declared when it was loaded.
pub(crate) fn described(stored: &StoredMod) -> Result<Declaration, DeclarationError> {
    read_declaration(&stored.declaration).map_err(|error| {
        DeclarationError::new(&stored.id, format!("its declaration cannot be read: {error}"))
    })
}

/// Whether two mods differ in nothing but where they came from.
fn is_same(before: &StoredMod, now: &StoredMod) -> bool {
    before.hash == now.hash
        && before.version == now.version
        && before.assets == now.assets
        && before.manifest == now.manifest
}
