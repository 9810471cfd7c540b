//! What new mods do to the values of a world: kinds that are declared anew, and
//! conversions that are made once.
//!
//! A migration is found out first and carried out on a clone, so that whatever
//! goes wrong, the world from before is still there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::declaration::{self, Declaration, DeclarationError};
use crate::ecs::{
    Archetype, Bytes, CheckedColumn, Command, Converted, Edit, Entity, Kind, KindId, Registry,
    Role, SchemaChange, Stamp, Storage, Topic, Values, World, check_column,
};
use crate::program::ProgramError;
use crate::record::{Conversions, Input};

/// Why a migration could not be carried out; the world is as it was.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A conversion failed or gave what it must not.
    #[error("conversion `{conversion}` of mod `{mod_id}` {why}; nothing was changed")]
    Conversion {
        /// Whose.
        mod_id: String,
        /// Which.
        conversion: String,
        /// What happened.
        why: String,
    },
    /// A value has none in the new declaration.
    #[error("a value of `{kind}` has none in its new declaration; nothing was changed")]
    NoValue {
        /// Which kind.
        kind: String,
    },
}

/// A conversion that is to be made.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Whose it is.
    pub mod_id: String,
    /// Its place among the mod's conversions.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// What it takes.
    pub old: Vec<KindId>,
    /// What takes its place.
    pub new: Vec<KindId>,
}

/// What new mods do to the values of a world.
#[derive(Debug)]
pub struct ValueMigration {
    /// Every kind, as the new mods declare it.
    pub registry: Registry,
    /// Kinds that are declared anew.
    pub schema_changes: BTreeMap<KindId, SchemaChange>,
    /// Conversions to be made, in order.
    pub conversions: Vec<Conversion>,
    /// Conversions that were made in the save, afterwards: those that are made now,
    /// and those that there was nothing for.
    pub applied_conversions: Conversions,
}

impl ValueMigration {
    /// Finds out what mods, which come in ascending order of their ids, do to a
    /// world in which some conversions were made.
    ///
    /// # Errors
    ///
    /// A declaration that contradicts itself or that of a kind's owner.
    pub fn between(
        world: &World,
        applied_conversions: &Conversions,
        mods: &[Declaration],
    ) -> Result<Self, ProgramError> {
        let mut migration = Self {
            registry: (*world.registry).clone(),
            schema_changes: BTreeMap::new(),
            conversions: Vec::new(),
            applied_conversions: applied_conversions.clone(),
        };
        for declaration in mods {
            for kind in &declaration.kinds {
                migration.declare(world, declaration, kind)?;
            }
        }
        for declaration in mods {
            migration.check_foreign(declaration)?;
            let names = declaration.conversions.iter().map(|conversion| &conversion.name);
            if !names.is_sorted_by(|one, two| one < two) {
                let what = "its conversions are not in ascending order of their names";
                return Err(DeclarationError::new(&declaration.id, what).into());
            }
            for (index, conversion) in declaration.conversions.iter().enumerate() {
                migration.convert(world, declaration, index as u32, conversion)?;
            }
        }
        Ok(migration)
    }

    /// Whether values change, so that there is no way back.
    pub fn is_needed(&self) -> bool {
        !self.schema_changes.is_empty() || !self.conversions.is_empty()
    }

    fn declare(
        &mut self,
        world: &World,
        of: &Declaration,
        declared: &declaration::Kind,
    ) -> Result<(), ProgramError> {
        let declared = declaration::resolve(&of.id, declared)?;
        let Some(id) = self.registry.find(&declared.kind.name) else {
            self.registry.add(declared.kind);
            return Ok(());
        };
        let is_owner = declared.kind.owner() == of.id;
        let known = world.registry.find(&declared.kind.name).is_some();
        if !is_owner || self.registry.get(id).difference(&declared.kind).is_none() {
            return Ok(());
        }
        // The value of settings is made anew, and nothing of the old one is kept.
        if known && !declared.kind.is_settings() {
            let old = self.registry.get(id).clone();
            let change =
                SchemaChange::new(old, Arc::new(declared.kind.clone()), &declared.histories);
            self.schema_changes.insert(id, change);
        }
        self.registry.replace(id, declared.kind);
        Ok(())
    }

    /// A mod that repeats the declaration of another's kind must have it right.
    fn check_foreign(&self, of: &Declaration) -> Result<(), ProgramError> {
        for declared in &of.kinds {
            let kind = declaration::resolve(&of.id, declared)?.kind;
            let known = self.registry.find(&kind.name).map(|id| self.registry.get(id));
            let known = known.filter(|_| kind.owner() != of.id);
            let difference = known.and_then(|known| kind.difference(known));
            if let Some(difference) = difference {
                return Err(ProgramError::KindDiffers {
                    mod_id: of.id.clone(),
                    other: format!("what the world knows of mod `{}`", kind.owner()),
                    kind: kind.name,
                    difference,
                });
            }
        }
        Ok(())
    }

    fn convert(
        &mut self,
        world: &World,
        of: &Declaration,
        index: u32,
        conversion: &declaration::Conversion,
    ) -> Result<(), ProgramError> {
        let (mod_id, name) = (&of.id, &conversion.name);
        if !self.applied_conversions.insert((mod_id.clone(), name.clone())) {
            return Ok(());
        }
        let wrong = |what: &str| {
            let what = format!("its conversion `{name}` {what}");
            ProgramError::from(DeclarationError::new(mod_id, what))
        };
        let mut old = Vec::with_capacity(conversion.old.len());
        for declared in &conversion.old {
            let kind = declaration::resolve(mod_id, declared)?.kind;
            if kind.owner() != mod_id || kind.role != Role::Component {
                return Err(wrong("takes what is no component of this mod"));
            }
            let known = world.registry.find(&kind.name);
            let is_it = |id: &KindId| world.registry.get(*id).difference(&kind).is_none();
            match known.filter(is_it) {
                Some(id) => old.push(id),
                None => return Ok(()),
            }
        }
        let mut new = Vec::with_capacity(conversion.new.len());
        for index in &conversion.new {
            let declared = of.kinds.get(*index as usize);
            let id = declared.and_then(|kind| self.registry.find(&kind.name));
            let Some(id) = id.filter(|id| {
                let kind = self.registry.get(*id);
                kind.owner() == mod_id && kind.role == Role::Component
            }) else {
                return Err(wrong("makes what is no component of this mod"));
            };
            new.push(id);
        }
        if old.is_empty() {
            return Err(wrong("takes no component"));
        }
        let (mod_id, name) = (mod_id.clone(), name.clone());
        self.conversions.push(Conversion { mod_id, index, name, old, new });
        Ok(())
    }

    /// How many values of a kind there are.
    pub fn values(&self, world: &World, inputs: &[Input], kind: KindId) -> u64 {
        count(world, inputs, kind, &|_| false)
    }

    /// How many of them no conversion takes.
    pub fn left_over(&self, world: &World, inputs: &[Input], kind: KindId) -> u64 {
        count(world, inputs, kind, &|has| {
            let all = |conversion: &&Conversion| conversion.old.iter().all(|old| has(*old));
            let takes_it = |conversion: &Conversion| conversion.old.contains(&kind);
            self.conversions.iter().filter(all).any(takes_it)
        })
    }

    /// Carries it out. `call` makes one call of a conversion with so many rows.
    ///
    /// # Errors
    ///
    /// A conversion that failed or gave what it must not, or a value that has none in
    /// its new declaration. The world must be dropped.
    pub fn carry_out(
        self,
        world: &mut World,
        mut call: impl FnMut(&Conversion, usize, Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String>,
    ) -> Result<(), MigrationError> {
        let before = world.clone();
        let mut made = Made::default();
        for conversion in &self.conversions {
            let done = self
                .convert_rows(&before, conversion, &mut made, &mut call)
                .and_then(|()| self.convert_resources(&before, conversion, &mut made, &mut call));
            done.map_err(|why| MigrationError::Conversion {
                mod_id: conversion.mod_id.clone(),
                conversion: conversion.name.clone(),
                why,
            })?;
        }
        let Made { converted, removals, insertions, resources, .. } = made;
        let now = Stamp::commands(world.tick());
        let mut kept = (*before.resources).clone();
        let is_made_anew = |kind: KindId| {
            let now = self.registry.get(kind);
            now.is_settings() && before.registry.get(kind) != now
        };
        kept.retain(|kind, _| !resources.contains_key(kind) && !is_made_anew(*kind));
        world.resources = Arc::new(kept);
        let no_value =
            |kind| MigrationError::NoValue { kind: before.registry.get(kind).name.clone() };
        // What is taken away has no value in the new declaration, and needs none.
        world.unwatch();
        world.apply(removals, now);
        world.change_schema(self.registry, &self.schema_changes, &converted).map_err(no_value)?;
        world.apply(insertions, now);
        let made = resources.into_iter().filter_map(|(kind, value)| Some((kind, value?)));
        Arc::make_mut(&mut world.resources).extend(made);
        Ok(())
    }

    fn convert_rows(
        &self,
        world: &World,
        conversion: &Conversion,
        made: &mut Made,
        call: &mut impl FnMut(&Conversion, usize, Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String>,
    ) -> Result<(), String> {
        for archetype in world.archetypes() {
            let columns = conversion.old.iter().map(|kind| archetype.column(*kind));
            let Some(columns) = columns.collect::<Option<Vec<_>>>() else { continue };
            let all: Vec<usize> = (0..archetype.len()).collect();
            for rows in all.chunks(world.rows_per_page()) {
                let entity = |row: &usize| archetype.entities().row(*row)[0];
                let rows: Vec<usize> = rows
                    .iter()
                    .filter(|row| made.takes(Some(entity(row)), &conversion.old))
                    .copied()
                    .collect();
                if rows.is_empty() {
                    continue;
                }
                let entities: Vec<Entity> = rows.iter().map(entity).collect();
                let mut convert = |rows: &[usize]| {
                    let value = |values: &Values, row: usize| values.row(row).to_vec();
                    let shipped = columns.iter().map(|column| {
                        let values = rows.iter().map(|row| value(&column.values, *row));
                        ship(world.registry.get(column.kind), values)
                    });
                    let given = call(conversion, rows.len(), shipped.collect())?;
                    self.check(world, conversion, rows.len(), given)
                };
                let columns = convert(&rows).map_err(|why| {
                    let (row, why) = first_to_blame(&rows, why, &mut convert);
                    let at = row.map(|row| format!("at entity {} ", entity(&row)));
                    at.unwrap_or_default() + &why
                })?;
                for (kind, values) in conversion.new.iter().zip(columns) {
                    if self.schema_changes.contains_key(kind) && archetype.find(*kind).is_some() {
                        let rows = entities.iter().copied().zip(values);
                        made.converted.entry(*kind).or_default().extend(rows);
                    } else {
                        let mut column = Values::new(self.registry.get(*kind), rows.len());
                        values.iter().for_each(|value| column.push(value));
                        let edit = Edit::Insert(*kind);
                        made.insertions.push(command(edit, entities.clone(), vec![column]));
                    }
                }
                for gone in conversion.old.iter().filter(|old| !conversion.new.contains(old)) {
                    made.removals.push(command(Edit::Remove(*gone), entities.clone(), Vec::new()));
                }
            }
        }
        Ok(())
    }

    /// The world's own components are one more row.
    fn convert_resources(
        &self,
        world: &World,
        conversion: &Conversion,
        made: &mut Made,
        call: &mut impl FnMut(&Conversion, usize, Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String>,
    ) -> Result<(), String> {
        let values = conversion.old.iter().map(|kind| Some((*kind, world.resources.get(kind)?)));
        let Some(values) = values.collect::<Option<Vec<_>>>() else { return Ok(()) };
        if !made.takes(None, &conversion.old) {
            return Ok(());
        }
        let shipped = values
            .iter()
            .map(|(kind, value)| ship(world.registry.get(*kind), std::iter::once(value.to_vec())));
        let columns = call(conversion, 1, shipped.collect())
            .and_then(|columns| self.check(world, conversion, 1, columns))
            .map_err(|why| format!("at the resources of the world {why}"))?;
        made.resources.extend(conversion.old.iter().map(|kind| (*kind, None)));
        for (kind, values) in conversion.new.iter().zip(columns) {
            made.resources.insert(*kind, values.into_iter().next());
        }
        Ok(())
    }

    /// Takes apart and checks what a conversion gave.
    fn check(
        &self,
        world: &World,
        conversion: &Conversion,
        rows: usize,
        columns: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<Bytes>>, String> {
        let wanted = conversion.new.len();
        if columns.len() != wanted {
            return Err(format!("gave {} columns for {wanted} components", columns.len()));
        }
        let check = |(kind, column): (&KindId, Vec<u8>)| {
            let kind = self.registry.get(*kind);
            unship(kind, rows, &column, world)
                .map_err(|why| format!("gave a malformed column of `{}`: {why}", kind.name))
        };
        conversion.new.iter().zip(columns).map(check).collect()
    }
}

/// Of rows that could not be converted together the first that cannot be alone,
/// where one cannot, and why.
fn first_to_blame<T>(
    mut rows: &[usize],
    mut why: String,
    convert: &mut impl FnMut(&[usize]) -> Result<T, String>,
) -> (Option<usize>, String) {
    while rows.len() > 1 {
        let (first, second) = rows.split_at(rows.len() / 2);
        (rows, why) = match (convert(first), second) {
            (Err(why), _) => (first, why),
            (Ok(_), second) => match convert(second) {
                Err(why) => (second, why),
                Ok(_) => return (None, why),
            },
        };
    }
    (rows.first().copied(), why)
}

/// Whether an entity has a kind.
type Has<'a> = dyn Fn(KindId) -> bool + 'a;

/// How many values of a kind there are. `out` leaves an entity out, by the kinds
/// that it has.
fn count(world: &World, inputs: &[Input], kind: KindId, out: &dyn Fn(&Has<'_>) -> bool) -> u64 {
    let rows = |archetype: &Arc<Archetype>| {
        let has = |kind| archetype.find(kind).is_some();
        if has(kind) && !out(&has) { archetype.len() } else { 0 }
    };
    let set = |kind| world.resources.contains_key(&kind);
    let values = world.archetypes().iter().map(rows).sum::<usize>()
        + usize::from(set(kind) && !out(&set))
        + world.relations.of_kind(kind).count()
        + world.events.after(Topic::Kind(kind), 0).count()
        + inputs.iter().filter(|input| input.kind == kind).count();
    values as u64
}

/// What conversions have made so far.
#[derive(Default)]
struct Made {
    /// Values that take the place of others of their kind.
    converted: Converted,
    removals: Vec<Command>,
    insertions: Vec<Command>,
    /// Resources that are set, or gone.
    resources: BTreeMap<KindId, Option<Bytes>>,
    /// Values that an earlier conversion took; no entity stands for the world.
    taken: BTreeSet<(Option<Entity>, KindId)>,
}

impl Made {
    /// Takes old values, unless an earlier conversion has.
    fn takes(&mut self, entity: Option<Entity>, old: &[KindId]) -> bool {
        let free = old.iter().all(|kind| !self.taken.contains(&(entity, *kind)));
        if free {
            self.taken.extend(old.iter().map(|kind| (entity, *kind)));
        }
        free
    }
}

fn command(edit: Edit, entities: Vec<Entity>, columns: Vec<Values>) -> Command {
    Command { edit, at: vec![0; entities.len()], entities, others: Vec::new(), columns }
}

/// A column as it crosses the boundary.
fn ship(kind: &Kind, values: impl ExactSizeIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut column = Vec::new();
    if kind.storage == Storage::Dynamic {
        let _ = rmp::encode::write_array_len(&mut column, values.len() as u32);
    }
    values.for_each(|value| column.extend(value));
    column
}

/// The values of a column that a guest gave, checked and canonical.
fn unship(kind: &Kind, rows: usize, column: &[u8], world: &World) -> Result<Vec<Bytes>, String> {
    let mut remap = |entity: Entity| {
        if entity.to_bits() == 0 || world.entities.was_issued(entity) {
            Ok(entity)
        } else {
            Err(format!("it names entity {entity}, which never existed"))
        }
    };
    let checked = check_column(kind, rows, column, &[], &mut remap);
    Ok(match checked.map_err(|problem| problem.to_string())? {
        CheckedColumn::Packed(column) => {
            let row = |row| Bytes::from(&column[row * kind.size..(row + 1) * kind.size]);
            (0..rows).map(row).collect()
        }
        CheckedColumn::Dynamic(values) => values,
    })
}
