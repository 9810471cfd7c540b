//! The form in which values of a kind are shown, whenever they were written.
//!
//! It has the fields of one declaration, and behind them those that others had
//! and it has not, so that nothing of an older value stays unseen. A field that
//! was renamed shows its older values; one that came later its default.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::types::Value as Cell;
use serde_json::{Map, Value as Json};

use sandtable_world::ecs::{
    Field, Kind, Lineage, OnDespawn, Registry, Role, Source, Storage, Type, field_to_json,
};

use super::history::PastValue;
use super::sql::cells;

/// The form of values of one kind.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    kind: Arc<Kind>,
    lineage: Arc<Lineage>,
    gone: Vec<Gone>,
    /// For each declaration, where its values have each field of the shape.
    plans: Vec<Vec<Place>>,
}

/// A field that the kind has no more.
#[derive(Clone, Debug)]
struct Gone {
    /// As it was called last, with a number behind where another is so.
    name: String,
    /// The last declaration that had it, and its place there.
    of: Arc<Kind>,
    at: usize,
}

/// Where a value has a field of the shape.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Field(usize),
    /// As a single, which is one of twice the width now.
    Single(usize),
    Default(Json, Cell),
    Nothing,
}

impl Shape {
    /// That of a kind as it is declared at the time from which is looked.
    pub(super) fn new(kind: Arc<Kind>, lineage: Arc<Lineage>) -> Self {
        let mut shape = Self { kind, lineage, gone: Vec::new(), plans: Vec::new() };
        let own = shape.lineage.place(&shape.kind);
        for at in (0..own.unwrap_or_else(|| shape.lineage.count())).rev() {
            if let Some(other) = shape.lineage.kind(at).cloned() {
                shape.add_gone(&other);
            }
        }
        let all = (0..shape.lineage.count()).filter_map(|at| shape.lineage.kind(at));
        shape.plans = all.map(|kind| shape.plan(kind)).collect();
        shape
    }

    /// Adds the fields of another declaration that are nowhere yet.
    fn add_gone(&mut self, other: &Arc<Kind>) {
        let plan = self.plan(other);
        for (at, field) in other.fields.iter().enumerate() {
            let shown =
                |place: &Place| matches!(place, Place::Field(it) | Place::Single(it) if *it == at);
            if plan.iter().any(shown) {
                continue;
            }
            let taken: BTreeSet<String> = self.names().map(str::to_lowercase).collect();
            let numbered = (2..).map(|number| format!("{}_{number}", field.name));
            let mut names = std::iter::once(field.name.clone()).chain(numbered);
            let free = names.find(|name| !taken.contains(&name.to_lowercase()));
            let name = free.unwrap_or_default();
            self.gone.push(Gone { name, of: other.clone(), at });
        }
    }

    /// The kind as it is declared at the time from which is looked.
    pub(super) fn kind(&self) -> &Arc<Kind> {
        &self.kind
    }

    /// All its declarations.
    pub(super) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Whether any declaration had a field of this name.
    pub(super) fn was_there(&self, name: &str) -> bool {
        let mut all = (0..self.lineage.count()).filter_map(|at| self.lineage.kind(at));
        all.any(|kind| kind.fields.iter().any(|field| field.name == name))
    }

    /// How the kind differs from how another registry has it, in words.
    pub(super) fn became(&self, before: &Registry) -> Option<String> {
        let old = before.known(before.find(&self.kind.name)?)?;
        old.difference(&self.kind)?;
        let sources = self.lineage.sources(old, &self.kind);
        let of_field = |(field, source): (&Field, &Source)| {
            let name = &field.name;
            match source {
                Source::Field(at) => {
                    let Field { name: was, ty, .. } = &old.fields[*at];
                    let renamed = (was != name).then(|| format!("`{was}` became `{name}`"));
                    renamed.or_else(|| (*ty != field.ty).then(|| format!("`{name}` was {ty}")))
                }
                Source::Default(..) | Source::Nothing => Some(format!("`{name}` is new")),
            }
        };
        let mut all: Vec<String> =
            self.kind.fields.iter().zip(&sources).filter_map(of_field).collect();
        let gone = (0..).zip(&old.fields).filter(|(at, _)| !sources.contains(&Source::Field(*at)));
        all.extend(gone.map(|(_, field)| format!("`{}` is gone", field.name)));
        let all = if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) };
        Some(format!("{} was declared anew in between{all}", self.kind.name))
    }

    /// The names of its fields, first those of the kind.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.kind.fields.iter().map(|field| field.name.as_str());
        own.chain(self.gone.iter().map(|gone| gone.name.as_str()))
    }

    /// Their types; of those that are gone the last one.
    pub(super) fn types(&self) -> impl Iterator<Item = &Type> {
        let own = self.kind.fields.iter().map(|field| &field.ty);
        own.chain(self.gone.iter().map(|gone| &gone.of.fields[gone.at].ty))
    }

    /// What a value has of each field.
    pub(super) fn cells(&self, value: &PastValue) -> Vec<Cell> {
        let all = cells::all(&value.kind, &value.bytes);
        let get = |at: &usize| all.get(*at).cloned().unwrap_or(Cell::Null);
        self.with_plan(&value.kind, |places| {
            let cell = |place: &Place| match place {
                Place::Field(at) => get(at),
                Place::Single(at) => match get(at) {
                    Cell::Real(number) => Cell::Real(f64::from(number as f32)),
                    cell => cell,
                },
                Place::Default(_, cell) => cell.clone(),
                Place::Nothing => Cell::Null,
            };
            places.iter().map(cell).collect()
        })
    }

    /// As [`Shape::cells`], for people, who write entities as `12v3`.
    pub(super) fn told(&self, value: &PastValue) -> Vec<Cell> {
        let cells = self.cells(value).into_iter().zip(self.types());
        cells.map(|(cell, ty)| cells::told(cell, ty)).collect()
    }

    /// What a value has of one field, by its place in the shape.
    pub(super) fn cell(&self, value: Option<&PastValue>, at: usize) -> Cell {
        value.and_then(|value| self.cells(value).into_iter().nth(at)).unwrap_or(Cell::Null)
    }

    /// A value, with the fields that it has.
    pub(super) fn json(&self, value: &PastValue) -> Json {
        let Json::Object(all) = value.to_json() else { return Json::Null };
        let fields = &value.kind.fields;
        let get = |at: &usize| all.get(&fields.get(*at)?.name).cloned();
        let found: Map<String, Json> = self.with_plan(&value.kind, |places| {
            let named = self.names().zip(places).filter_map(|(name, place)| {
                let json = match place {
                    Place::Field(at) | Place::Single(at) => get(at),
                    Place::Default(json, _) => Some(json.clone()),
                    Place::Nothing => None,
                };
                Some((name.to_owned(), json?))
            });
            named.collect()
        });
        Json::Object(found)
    }

    fn with_plan<T>(&self, of: &Kind, then: impl FnOnce(&[Place]) -> T) -> T {
        match self.lineage.place(of).and_then(|at| self.plans.get(at)) {
            Some(plan) => then(plan),
            None => then(&self.plan(of)),
        }
    }

    fn plan(&self, of: &Kind) -> Vec<Place> {
        let own = self.lineage.sources(of, &self.kind).into_iter().zip(&self.kind.fields);
        let mut plan: Vec<Place> = own.map(|(source, field)| place(source, of, field)).collect();
        for gone in &self.gone {
            let source = self.lineage.sources(of, &gone.of).into_iter().nth(gone.at);
            let place = match source {
                Some(Source::Field(at)) => Place::Field(at),
                // It was not there yet.
                _ => Place::Nothing,
            };
            // What is shown already is not shown again.
            plan.push(if plan.contains(&place) { Place::Nothing } else { place });
        }
        plan
    }
}

fn place(source: Source, of: &Kind, field: &Field) -> Place {
    match source {
        Source::Field(at) if of.fields[at].ty == Type::F32 && field.ty == Type::F64 => {
            Place::Single(at)
        }
        Source::Field(at) => Place::Field(at),
        Source::Default(ty, default) => {
            let json = field_to_json(&ty, &default);
            Place::Default(json, only_cell(ty, &default))
        }
        Source::Nothing => Place::Nothing,
    }
}

/// The cell of a MessagePack value: that of a kind which has no other field.
fn only_cell(ty: Type, value: &[u8]) -> Cell {
    let fields = vec![Field { name: String::new(), ty, offset: 0 }];
    let (role, storage) = (Role::Component, Storage::Dynamic);
    let Ok(kind) = Kind::new(String::new(), role, storage, 0, fields, OnDespawn::Detach) else {
        return Cell::Null;
    };
    // An array of one.
    let bytes = [&[0x91], value].concat();
    cells::all(&kind, &bytes).into_iter().next().unwrap_or(Cell::Null)
}
