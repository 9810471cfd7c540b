//! How the fields of one declaration of a kind follow from those of another,
//! over all declarations that a save knew.
//!
//! Values of the past stay as they were written. What shows them asks here
//! where each field of today's declaration had its value then: under the name
//! that it has, under one that it had before, or nowhere, so that its default
//! stands for it. It goes both ways, for an earlier tick may be asked about
//! values that were brought up to date since.

use std::sync::Arc;

use super::schema_change::{FieldHistory, FieldOrigin, SchemaChange};
use super::{Bytes, Kind, Role, Type};

/// A kind as it was declared from some tick on.
#[derive(Clone, Debug)]
struct Declaration {
    /// The set of mods that came with it, and the tick after which they did.
    set: i64,
    since: u64,
    kind: Arc<Kind>,
    /// What each field says of the declaration before.
    histories: Vec<FieldHistory>,
}

/// Every declaration of one kind, the first one first.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    declarations: Vec<Declaration>,
}

/// Where a value of one declaration has a field of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In its field at this place.
    Field(usize),
    /// Nowhere: this value of this type stands for it.
    Default(Type, Bytes),
    /// Nowhere.
    Nothing,
}

impl Lineage {
    /// Adds how a kind is declared by a set of mods that came after a tick, if
    /// that is another way than before.
    pub fn declare(
        &mut self,
        (set, since): (i64, u64),
        kind: Arc<Kind>,
        histories: Vec<FieldHistory>,
    ) {
        if self.last().is_none_or(|last| !alike(last, &kind)) {
            self.declarations.push(Declaration { set, since, kind, histories });
        }
    }

    /// The kind as it was declared last.
    fn last(&self) -> Option<&Arc<Kind>> {
        self.declarations.last().map(|declaration| &declaration.kind)
    }

    /// How many declarations there are.
    pub fn count(&self) -> usize {
        self.declarations.len()
    }

    /// The declaration at a place.
    pub fn kind(&self, at: usize) -> Option<&Arc<Kind>> {
        self.declarations.get(at).map(|declaration| &declaration.kind)
    }

    /// The set of mods that a declaration came with, and the tick after which it
    /// did.
    pub fn since(&self, at: usize) -> Option<(i64, u64)> {
        self.declarations.get(at).map(|declaration| (declaration.set, declaration.since))
    }

    /// The last place at which the kind was declared like this.
    pub fn place(&self, kind: &Kind) -> Option<usize> {
        self.declarations.iter().rposition(|it| alike(&it.kind, kind))
    }

    /// The place of the declaration that held in a tick.
    pub fn place_in(&self, tick: u64) -> Option<usize> {
        let held = |it: &Declaration| it.since < tick.max(1);
        self.declarations.iter().rposition(held).or((!self.declarations.is_empty()).then_some(0))
    }

    /// Where a value of the kind `from` has each field of the kind `to`.
    pub fn sources(&self, from: &Kind, to: &Kind) -> Vec<Source> {
        let mut sources = match (self.place(from), self.place(to)) {
            _ if from.fields == to.fields => return places(from),
            (Some(from), Some(to)) if from <= to => self.forward(from, to),
            (Some(from), Some(to)) => {
                let forward = self.forward(to, from);
                let back = |at| forward.iter().position(|source| *source == Source::Field(at));
                let fields = 0..self.declarations[to].kind.fields.len();
                fields.map(|at| back(at).map_or(Source::Nothing, Source::Field)).collect()
            }
            _ => vec![Source::Nothing; to.fields.len()],
        };
        // What is called the same is the same, unless it is another's.
        for (at, field) in to.fields.iter().enumerate() {
            let named = from.fields.iter().position(|old| old.name == field.name);
            let named = named.map(Source::Field).filter(|named| !sources.contains(named));
            if let (Some(named), Source::Nothing | Source::Default(..)) = (named, &sources[at]) {
                sources[at] = named;
            }
        }
        sources
    }

    fn forward(&self, from: usize, to: usize) -> Vec<Source> {
        let mut sources = places(&self.declarations[from].kind);
        for pair in self.declarations[from..=to].windows(2) {
            let [old, new] = pair else { continue };
            let change = SchemaChange::new(old.kind.clone(), new.kind.clone(), &new.histories);
            let fields = change.origins.into_iter().zip(&new.kind.fields);
            let next = fields.map(|(origin, field)| match origin {
                FieldOrigin::Field(at) | FieldOrigin::Unfit(at) => sources[at].clone(),
                FieldOrigin::Default(default) => Source::Default(field.ty.clone(), default),
                FieldOrigin::Missing => Source::Nothing,
            });
            sources = next.collect();
        }
        sources
    }
}

/// As [`Kind::difference`], without words.
fn alike(one: &Kind, two: &Kind) -> bool {
    one.role == two.role
        && one.storage == two.storage
        && one.fields == two.fields
        && (one.role != Role::Relation || one.on_despawn == two.on_despawn)
}

fn places(kind: &Kind) -> Vec<Source> {
    (0..kind.fields.len()).map(Source::Field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{Field, OnDespawn, Storage};

    fn kind(fields: &[(&str, &str)]) -> Arc<Kind> {
        let field = |(name, ty): &(&str, &str)| {
            let ty = Type::parse(ty).expect("a type");
            Field { name: (*name).to_owned(), ty, offset: 0 }
        };
        let (fields, dynamic) = (fields.iter().map(field).collect(), Storage::Dynamic);
        let name = "shop/Purse".to_owned();
        let kind = Kind::new(name, Role::Component, dynamic, 0, fields, OnDespawn::Detach);
        Arc::new(kind.expect("a kind"))
    }

    fn was(name: &str) -> FieldHistory {
        FieldHistory { was: vec![name.to_owned()], default: None }
    }

    fn default(value: u8) -> FieldHistory {
        FieldHistory { was: Vec::new(), default: Some([value][..].into()) }
    }

    /// One after another, each by a set of mods ten ticks after the one before.
    fn lineage(declarations: &[(&Arc<Kind>, &[FieldHistory])]) -> Lineage {
        let mut lineage = Lineage::default();
        for (at, (kind, histories)) in (0..).zip(declarations) {
            let mut histories = histories.to_vec();
            histories.resize(kind.fields.len(), FieldHistory::default());
            lineage.declare((at, at as u64 * 10), (*kind).clone(), histories);
        }
        lineage
    }

    #[test]
    fn fields_are_followed_through_every_name_and_back() {
        use Source::{Field, Nothing};
        let gold = kind(&[("gold", "u32"), ("silver", "u32")]);
        let coins = kind(&[("silver", "u32"), ("coins", "u64")]);
        let money = kind(&[("money", "u64"), ("debt", "u8")]);
        let lineage = lineage(&[
            (&gold, &[]),
            (&coins, &[FieldHistory::default(), was("gold")]),
            (&money, &[was("coins"), default(7)]),
        ]);
        let seven = Source::Default(Type::Unsigned(1), [7][..].into());
        assert_eq!(lineage.sources(&gold, &money), [Field(0), seven.clone()]);
        assert_eq!(lineage.sources(&coins, &money), [Field(1), seven]);
        assert_eq!(lineage.sources(&money, &gold), [Field(0), Nothing]);
        assert_eq!(lineage.sources(&coins, &coins), [Field(0), Field(1)]);
    }

    #[test]
    fn names_that_are_exchanged_are_not_taken_for_each_other() {
        let one = kind(&[("a", "u8"), ("b", "u16")]);
        let two = kind(&[("x", "u8"), ("y", "u16")]);
        let three = kind(&[("a", "u16"), ("b", "u8")]);
        let lineage =
            lineage(&[(&one, &[]), (&two, &[was("a"), was("b")]), (&three, &[was("y"), was("x")])]);
        assert_eq!(lineage.sources(&one, &three), [Source::Field(1), Source::Field(0)]);
    }

    #[test]
    fn what_was_taken_out_and_came_back_is_the_same_again() {
        let with = kind(&[("a", "u8")]);
        let without = kind(&[]);
        let wide = kind(&[("a", "u16")]);
        let lineage = lineage(&[(&with, &[]), (&without, &[]), (&wide, &[default(3)])]);
        assert_eq!(lineage.sources(&with, &wide), [Source::Field(0)]);
        let three = Source::Default(Type::Unsigned(2), [3][..].into());
        assert_eq!(lineage.sources(&without, &wide), [three]);
        let unknown = kind(&[("b", "string"), ("a", "string")]);
        assert_eq!(lineage.sources(&unknown, &wide), [Source::Field(1)], "by name");
    }

    #[test]
    fn a_tick_runs_with_what_was_declared_before_it() {
        let (one, two) = (kind(&[("a", "u8")]), kind(&[("b", "u8")]));
        let lineage = lineage(&[(&one, &[]), (&one, &[]), (&two, &[])]);
        assert_eq!(lineage.count(), 2, "the same again is nothing new");
        let places = [0, 1, 20, 21].map(|tick| lineage.place_in(tick));
        assert_eq!(places, [Some(0), Some(0), Some(0), Some(1)]);
        assert_eq!(lineage.since(1), Some((2, 20)));
        assert_eq!(Lineage::default().place_in(5), None);
    }
}
