//! What becomes of a mod's kinds and of the values that a save has of them.

use super::parts::{Difference, Edit, Facet, FieldChange, ModPlan, Saved};
use crate::declaration::Declaration;
use crate::ecs::{
    FieldOrigin, Kind, KindId, OnDespawn, Role, SchemaChange, Storage, field_to_json,
};
use crate::migration::ValueMigration;

impl ModPlan {
    pub(super) fn compare_kinds(
        &mut self,
        saved: &Saved<'_>,
        old: Option<&Declaration>,
        new: &Declaration,
        migration: &ValueMigration,
    ) {
        for declared in &new.kinds {
            let Some(id) = migration.registry.find(&declared.name) else { continue };
            let kind = migration.registry.get(id);
            if kind.owner() != new.id {
                continue;
            }
            match migration.schema_changes.get(&id) {
                Some(change) => self.declared_anew(saved, migration, id, change),
                None if saved.world.registry.find(&declared.name).is_none() => {
                    self.differences.push(kind_difference(kind, Edit::Added, Counts::default()));
                }
                None => {}
            }
        }
        let gone = old.iter().flat_map(|old| &old.kinds).filter(|kind| {
            kind.name.split('/').next() == Some(&new.id)
                && new.kinds.iter().all(|declared| declared.name != kind.name)
        });
        for declared in gone {
            if let Some(id) = saved.world.registry.find(&declared.name) {
                let kind = saved.world.registry.get(id);
                let counts = Counts::of(saved, migration, id);
                self.differences.push(kind_difference(kind, Edit::Removed, counts));
            }
        }
    }

    fn declared_anew(
        &mut self,
        saved: &Saved<'_>,
        migration: &ValueMigration,
        id: KindId,
        change: &SchemaChange,
    ) {
        let (old, new) = (&change.old, &change.new);
        let counts = Counts::of(saved, migration, id);
        let left_over = counts.left_over;
        let mut difference = kind_difference(new, Edit::Changed, counts);
        if let Difference::Kind { facets, fields, .. } = &mut difference {
            facets.extend(facet("role", old.role.name(), new.role.name()));
            facets.extend(facet("storage", storage(old), storage(new)));
            if new.role == Role::Relation {
                facets.extend(facet("on despawn", on_despawn(old), on_despawn(new)));
            }
            *fields = field_changes(change);
        }
        self.differences.push(difference);
        if old.role != new.role {
            self.refusals.push(format!(
                "`{}` is declared as {} and is {} in the save: give it another name",
                new.name,
                new.role.name(),
                old.role.name()
            ));
            return;
        }
        if left_over > 0 {
            self.refuse_unfit(change, left_over);
        }
    }

    fn refuse_unfit(&mut self, change: &SchemaChange, values: u64) {
        let name = &change.new.name;
        let role = change.new.role.name();
        for (field, origin) in change.new.fields.iter().zip(&change.origins) {
            match origin {
                FieldOrigin::Missing => self.refusals.push(format!(
                    "`{name}` gets the field `{}: {}`, which {values} in the save lack: give it a \
                     default, as in `#[{role}(default = ..)]`, say what it was with \
                     `#[{role}(was = \"..\")]`, or write a conversion",
                    field.name,
                    field.ty,
                    values = counted(values),
                )),
                FieldOrigin::Unfit(from) => self.refusals.push(format!(
                    "field `{}` of `{name}` becomes {}, which does not hold every {} that {values} \
                     in the save have: write a conversion, or give the field another name and a \
                     default",
                    field.name,
                    field.ty,
                    change.old.fields[*from].ty,
                    values = counted(values),
                )),
                FieldOrigin::Field(_) | FieldOrigin::Default(_) => {}
            }
        }
    }
}

fn counted(values: u64) -> String {
    if values == 1 { "1 value".to_owned() } else { format!("{values} values") }
}

/// The values of a kind that a save has, and the conversions that take them.
#[derive(Default)]
struct Counts {
    values: u64,
    converted: Vec<String>,
    left_over: u64,
}

impl Counts {
    fn of(saved: &Saved<'_>, migration: &ValueMigration, id: KindId) -> Self {
        let taking = migration.conversions.iter().filter(|made| made.old.contains(&id));
        Self {
            values: migration.values(saved.world, saved.inputs, id),
            converted: taking.map(|made| made.name.clone()).collect(),
            left_over: migration.left_over(saved.world, saved.inputs, id),
        }
    }
}

fn kind_difference(kind: &Kind, edit: Edit, counts: Counts) -> Difference {
    let Counts { values, converted, left_over } = counts;
    Difference::Kind {
        name: kind.name.clone(),
        role: kind.role.name().to_owned(),
        edit,
        values,
        converted,
        left_over,
        facets: Vec::new(),
        fields: Vec::new(),
    }
}

fn facet(what: &'static str, from: &str, to: &str) -> Option<Facet> {
    (from != to).then(|| Facet { what, from: from.to_owned(), to: to.to_owned() })
}

fn storage(kind: &Kind) -> &'static str {
    match kind.storage {
        Storage::Packed => "packed",
        Storage::Dynamic => "dynamic",
    }
}

fn on_despawn(kind: &Kind) -> &'static str {
    match kind.on_despawn {
        OnDespawn::Detach => "detach",
        OnDespawn::Cascade => "cascade",
    }
}

fn field_changes(change: &SchemaChange) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (field, origin) in change.new.fields.iter().zip(&change.origins) {
        let (from, default) = match origin {
            FieldOrigin::Field(at) | FieldOrigin::Unfit(at) => {
                (Some(&change.old.fields[*at]), None)
            }
            FieldOrigin::Default(default) => (None, Some(field_to_json(&field.ty, default))),
            FieldOrigin::Missing => (None, None),
        };
        let was = from.map(|old| old.name.clone()).filter(|was| *was != field.name);
        if was.is_some() || from.is_none_or(|old| old.ty != field.ty) {
            changes.push(FieldChange {
                name: field.name.clone(),
                was,
                from: from.map(|old| old.ty.to_string()),
                to: Some(field.ty.to_string()),
                default,
            });
        }
    }
    for at in change.dropped() {
        let old = &change.old.fields[at];
        changes.push(FieldChange {
            name: old.name.clone(),
            was: None,
            from: Some(old.ty.to_string()),
            to: None,
            default: None,
        });
    }
    changes
}
