//! What becomes of values when their kind is declared anew.
//!
//! Fields are matched by name, or by a name that they had before. A field keeps
//! its value where its new type holds every value of the old one; a new field
//! gets its default. Whether values are packed or dynamic does not matter: each
//! field passes through MessagePack.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmp::{decode, encode};

use super::float::canonical_f64;
use super::value::{copy, read_array, read_variant, write_array};
use super::{Bytes, Entity, Kind, KindId, Registry, Role, Storage, Topic, Type, Values, World};

/// What a field says of older saves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldHistory {
    /// Names it had before.
    pub was: Vec<String>,
    /// What rows get that lack it: a canonical value of its type.
    pub default: Option<Bytes>,
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldOrigin {
    /// From the old field at this place.
    Field(usize),
    /// It is new, and this is its default.
    Default(Bytes),
    /// It is new and has no default.
    Missing,
    /// The old field at this place has values that its type does not hold.
    Unfit(usize),
}

/// The way from one declaration of a kind to another.
#[derive(Clone, Debug)]
pub struct SchemaChange {
    /// The kind as the world knows it.
    pub old: Arc<Kind>,
    /// The kind as it is declared now.
    pub new: Arc<Kind>,
    /// Where each field of the new one gets its value from.
    pub origins: Vec<FieldOrigin>,
}

impl SchemaChange {
    /// Finds the way; `histories` has one for each field of the new kind.
    pub fn new(old: Arc<Kind>, new: Arc<Kind>, histories: &[FieldHistory]) -> Self {
        let origin = |(at, history): (usize, &FieldHistory)| {
            let field = &new.fields[at];
            let named = |name: &String| old.fields.iter().position(|old| old.name == *name);
            let known = named(&field.name).or_else(|| history.was.iter().find_map(named));
            match (known, &history.default) {
                (Some(from), _) if holds(&old.fields[from].ty, &field.ty) => {
                    FieldOrigin::Field(from)
                }
                (Some(from), _) => FieldOrigin::Unfit(from),
                (None, Some(default)) => FieldOrigin::Default(default.clone()),
                (None, None) => FieldOrigin::Missing,
            }
        };
        let origins = histories.iter().take(new.fields.len()).enumerate().map(origin).collect();
        Self { old, new, origins }
    }

    /// Whether every value of the old declaration has one in the new.
    pub fn is_possible(&self) -> bool {
        let found = |origin: &FieldOrigin| {
            matches!(origin, FieldOrigin::Field(_) | FieldOrigin::Default(_))
        };
        self.old.role == self.new.role && self.origins.iter().all(found)
    }

    /// Places of the old fields whose values are dropped.
    pub fn dropped(&self) -> impl Iterator<Item = usize> {
        let taken = |at: &usize| {
            let is_it = |origin: &FieldOrigin| matches!(origin, FieldOrigin::Field(from) | FieldOrigin::Unfit(from) if from == at);
            self.origins.iter().any(is_it)
        };
        (0..self.old.fields.len()).filter(move |at| !taken(at))
    }

    /// Whether values have the same bytes in both declarations.
    fn keeps_bytes(&self) -> bool {
        let same = |(at, origin): (usize, &FieldOrigin)| {
            *origin == FieldOrigin::Field(at) && self.old.fields[at].ty == self.new.fields[at].ty
        };
        self.old.storage == self.new.storage
            && self.old.fields.len() == self.new.fields.len()
            && self.origins.iter().enumerate().all(same)
    }

    /// The value in the new declaration; nothing where there is none.
    pub fn value(&self, old: &[u8]) -> Option<Vec<u8>> {
        let mut lifted = Vec::new();
        let mut ends = Vec::with_capacity(self.old.fields.len());
        let mut rest = old;
        if self.old.storage == Storage::Dynamic {
            read_array(&mut rest).ok()?;
        }
        for field in &self.old.fields {
            match self.old.storage {
                Storage::Packed => lift(&field.ty, old.get(field.offset..)?, &mut lifted)?,
                Storage::Dynamic => copy(&field.ty, &mut rest, &mut lifted, &mut Ok).ok()?,
            }
            ends.push(lifted.len());
        }
        let old_field = |at: usize| {
            let start = if at == 0 { 0 } else { ends[at - 1] };
            &lifted[start..ends[at]]
        };
        let mut value = Vec::new();
        if self.new.storage == Storage::Dynamic {
            write_array(&mut value, self.new.fields.len());
        }
        for (field, origin) in self.new.fields.iter().zip(&self.origins) {
            let mut widened = Vec::new();
            match origin {
                FieldOrigin::Field(from) => {
                    let old = &self.old.fields[*from].ty;
                    widen(old, &field.ty, &mut old_field(*from), &mut widened)?;
                }
                FieldOrigin::Default(default) => widened.extend_from_slice(default),
                FieldOrigin::Missing | FieldOrigin::Unfit(_) => return None,
            }
            match self.new.storage {
                Storage::Packed => lower(&field.ty, &mut &widened[..], &mut value)?,
                Storage::Dynamic => value.append(&mut widened),
            }
        }
        Some(value)
    }
}

/// Whether a type holds every value of another.
fn holds(old: &Type, new: &Type) -> bool {
    match (old, new) {
        (old, new) if old == new => true,
        (Type::Unsigned(old), Type::Unsigned(new)) | (Type::Signed(old), Type::Signed(new)) => {
            old <= new
        }
        (Type::Unsigned(old), Type::Signed(new)) => old < new,
        (Type::F32, Type::F64) => true,
        (Type::Option(old), Type::Option(new)) => holds(old, new),
        (old, Type::Option(new)) => holds(old, new),
        (Type::Array(old, many), Type::Array(new, most)) => many == most && holds(old, new),
        (Type::Array(old, _) | Type::List(old), Type::List(new)) => holds(old, new),
        (Type::Struct(old), Type::Struct(new)) => fields_hold(old, new),
        (Type::Enum(old), Type::Enum(new)) => old.iter().all(|(name, fields)| {
            new.iter().any(|(known, into)| known == name && fields_hold(fields, into))
        }),
        _ => false,
    }
}

fn fields_hold(old: &[(String, Type)], new: &[(String, Type)]) -> bool {
    let pair = |((old_name, old), (name, new)): (&(String, Type), &(String, Type))| {
        old_name == name && holds(old, new)
    };
    old.len() == new.len() && old.iter().zip(new).all(pair)
}

/// Appends the value of a type as one of a type that holds it.
fn widen(old: &Type, new: &Type, from: &mut &[u8], into: &mut Vec<u8>) -> Option<()> {
    match (old, new) {
        (Type::F32, Type::F64) => {
            let value = decode::read_f32(from).ok()?;
            encode::write_f64(into, canonical_f64(value.into())).ok()
        }
        (Type::Option(_), Type::Option(_)) if from.first() == Some(&0xc0) => {
            *from = &from[1..];
            into.push(0xc0);
            Some(())
        }
        (Type::Option(old), Type::Option(new)) => widen(old, new, from, into),
        (old, Type::Option(new)) => widen(old, new, from, into),
        (Type::Array(old, _) | Type::List(old), Type::Array(new, _) | Type::List(new)) => {
            let len = read_array(from).ok()?;
            write_array(into, len);
            (0..len).try_for_each(|_| widen(old, new, from, into))
        }
        (Type::Struct(old), Type::Struct(new)) => {
            write_array(into, read_array(from).ok()?);
            widen_fields(old, new, from, into)
        }
        (Type::Enum(old), Type::Enum(new)) => {
            let (name, fields) = read_variant(old, from).ok()?;
            let (_, wide) = new.iter().find(|(known, _)| known == name)?;
            if !fields.is_empty() {
                write_array(into, fields.len() + 1);
            }
            encode::write_str(into, name).ok()?;
            widen_fields(fields, wide, from, into)
        }
        (_, new) => copy(new, from, into, &mut Ok).ok(),
    }
}

fn widen_fields(
    old: &[(String, Type)],
    new: &[(String, Type)],
    from: &mut &[u8],
    into: &mut Vec<u8>,
) -> Option<()> {
    old.iter().zip(new).try_for_each(|((_, old), (_, new))| widen(old, new, from, into))
}

/// Appends a packed value as MessagePack.
fn lift(ty: &Type, bytes: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let (size, _) = ty.packed_layout()?;
    let bytes = bytes.get(..size)?;
    let mut word = [0; 8];
    if size <= 8 {
        word[..size].copy_from_slice(bytes);
    }
    let bits = u64::from_le_bytes(word);
    match ty {
        Type::Unsigned(_) | Type::Entity => encode::write_uint(into, bits).ok().map(drop),
        Type::Signed(bytes) => {
            let unused = 64 - u32::from(*bytes) * 8;
            encode::write_sint(into, (bits << unused) as i64 >> unused).ok().map(drop)
        }
        Type::F32 => encode::write_f32(into, f32::from_bits(bits as u32)).ok(),
        Type::F64 => encode::write_f64(into, f64::from_bits(bits)).ok(),
        Type::Array(item, len) => {
            let (size, _) = item.packed_layout()?;
            write_array(into, *len);
            (0..*len).try_for_each(|at| lift(item, &bytes[at * size..], into))
        }
        Type::Bool => encode::write_bool(into, bits != 0).ok(),
        Type::Struct(fields) => {
            write_array(into, fields.len());
            let mut rest = bytes;
            fields.iter().try_for_each(|(_, ty)| {
                lift(ty, rest, into)?;
                rest = rest.get(ty.packed_layout()?.0..)?;
                Some(())
            })
        }
        _ => None,
    }
}

/// Appends a MessagePack value as a packed one.
pub(super) fn lower(ty: &Type, from: &mut &[u8], into: &mut Vec<u8>) -> Option<()> {
    match ty {
        Type::Unsigned(bytes) => {
            let value: u64 = decode::read_int(from).ok()?;
            into.extend_from_slice(&value.to_le_bytes()[..usize::from(*bytes)]);
        }
        Type::Entity => {
            let value: u64 = decode::read_int(from).ok()?;
            into.extend_from_slice(&value.to_le_bytes());
        }
        Type::Signed(bytes) => {
            let value: i64 = decode::read_int(from).ok()?;
            into.extend_from_slice(&value.to_le_bytes()[..usize::from(*bytes)]);
        }
        Type::F32 => into.extend_from_slice(&decode::read_f32(from).ok()?.to_le_bytes()),
        Type::F64 => into.extend_from_slice(&decode::read_f64(from).ok()?.to_le_bytes()),
        Type::Array(item, _) => {
            let len = read_array(from).ok()?;
            (0..len).try_for_each(|_| lower(item, from, into))?;
        }
        Type::Bool => into.push(u8::from(decode::read_bool(from).ok()?)),
        Type::Struct(fields) => {
            read_array(from).ok()?;
            fields.iter().try_for_each(|(_, ty)| lower(ty, from, into))?;
        }
        _ => return None,
    }
    Some(())
}

/// Values of rows, for kinds that are declared anew, which a conversion made,
/// so that the change of schema need not.
pub type Converted = BTreeMap<KindId, BTreeMap<Entity, Bytes>>;

impl World {
    /// Takes over a registry in which some kinds are declared anew, and brings
    /// every value along; stamps stay as they are.
    ///
    /// # Errors
    ///
    /// The kind of which a value could not be brought along. The world is of no more
    /// use then.
    pub fn change_schema(
        &mut self,
        registry: Registry,
        schema_changes: &BTreeMap<KindId, SchemaChange>,
        converted: &Converted,
    ) -> Result<(), KindId> {
        let nothing = BTreeMap::new();
        for (kind, change) in schema_changes {
            let made = converted.get(kind).unwrap_or(&nothing);
            if change.keeps_bytes() && made.is_empty() {
                continue;
            }
            let done = match change.old.role {
                Role::Component => self
                    .change_columns(*kind, change, made)
                    .and_then(|()| self.change_resource(*kind, change)),
                Role::Relation => self.relations.map_values(*kind, |data| change.value(data)),
                Role::Event | Role::Input => {
                    self.events.map_values(Topic::Kind(*kind), |payload| change.value(payload))
                }
            };
            done.ok_or(*kind)?;
        }
        self.registry = Arc::new(registry);
        Ok(())
    }

    fn change_columns(
        &mut self,
        kind: KindId,
        change: &SchemaChange,
        made: &BTreeMap<Entity, Bytes>,
    ) -> Option<()> {
        let rows_per_page = self.rows_per_page();
        let concerned = self.archetypes().iter().enumerate();
        let concerned: Vec<usize> =
            concerned.filter(|(_, it)| it.find(kind).is_some()).map(|(at, _)| at).collect();
        for at in concerned {
            let archetype = self.archetypes()[at].clone();
            let old = &archetype.column(kind)?.values;
            let value = |row: usize| match made.get(&archetype.entities().row(row)[0]) {
                Some(made) => Some(made.clone()),
                None => change.value(old.row(row)).map(Bytes::from),
            };
            let mut values = Values::new(&change.new, rows_per_page);
            for row in 0..archetype.len() {
                values.push(&value(row)?);
            }
            let column = self.column_mut(super::ArchetypeId(at as u32), kind)?;
            column.values = values;
        }
        Some(())
    }

    fn change_resource(&mut self, kind: KindId, change: &SchemaChange) -> Option<()> {
        if let Some(value) = self.resources.get(&kind) {
            let value = change.value(value)?;
            Arc::make_mut(&mut self.resources).insert(kind, value.into());
        }
        Some(())
    }
}

impl Values {
    /// Appends one row: its packed bytes, or its MessagePack value.
    pub fn push(&mut self, value: &Bytes) {
        match self {
            Values::Packed(rows) => rows.grow(1, value),
            Values::Dynamic(rows) => rows.grow(1, std::slice::from_ref(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{Field, OnDespawn, from_json, stored_from_json, to_json};
    use serde_json::{Value as Json, json};

    fn kind(storage: Storage, fields: &[(&str, &str)]) -> Arc<Kind> {
        let mut size = 0;
        let mut field = |(name, ty): &(&str, &str)| {
            let ty = Type::parse(ty).expect("a type");
            let offset = size;
            if storage == Storage::Packed {
                size += ty.packed_layout().expect("packed").0;
            }
            Field { name: (*name).to_owned(), ty, offset }
        };
        let fields = fields.iter().map(&mut field).collect();
        let (name, role) = ("test/Kind".to_owned(), Role::Component);
        let kind = Kind::new(name, role, storage, size, fields, OnDespawn::Detach);
        Arc::new(kind.expect("a kind"))
    }

    fn schema_change(old: &Arc<Kind>, new: &Arc<Kind>, histories: &[FieldHistory]) -> SchemaChange {
        let mut histories = histories.to_vec();
        histories.resize(new.fields.len(), FieldHistory::default());
        SchemaChange::new(old.clone(), new.clone(), &histories)
    }

    /// What a value of one type becomes as one of another, if it is held.
    fn widened(old: &str, value: Json, new: &str) -> Option<Json> {
        let (old, new) =
            (kind(Storage::Dynamic, &[("x", old)]), kind(Storage::Dynamic, &[("x", new)]));
        let value = from_json(&old, &json!({ "x": value })).expect("a value");
        let change = schema_change(&old, &new, &[]);
        assert_eq!(change.is_possible(), change.value(&value).is_some());
        Some(to_json(&new, &change.value(&value)?)["x"].clone())
    }

    #[test]
    fn a_type_that_holds_every_value_takes_them() {
        for (old, value, new) in [
            ("u8", json!(255), "u64"),
            ("u8", json!(255), "i16"),
            ("i8", json!(-128), "i64"),
            ("f32", json!(0.5), "f64"),
            ("string", json!("x"), "option<string>"),
            ("option<u8>", json!(null), "option<u32>"),
            ("[f32; 2]", json!([0.5, 1.5]), "list<f64>"),
            ("{a: u8, b: string}", json!({"a": 1, "b": ""}), "{a: u16, b: string}"),
            ("A | B(f32)", json!({"B": 0.25}), "Z | B(f64) | A"),
            ("list<A | B>", json!(["B", "A"]), "list<B | A | C>"),
        ] {
            assert_eq!(widened(old, value.clone(), new), Some(value), "{old} to {new}");
        }
        for (old, value, new) in [
            ("u16", json!(1), "u8"),
            ("u8", json!(1), "i8"),
            ("i8", json!(1), "u64"),
            ("f64", json!(1.0), "f32"),
            ("u8", json!(1), "f64"),
            ("option<u8>", json!(1), "u8"),
            ("[u8; 2]", json!([1, 2]), "[u8; 3]"),
            ("list<u8>", json!([1]), "[u8; 1]"),
            ("{a: u8}", json!({"a": 1}), "{b: u8}"),
            ("A | B", json!("A"), "A"),
        ] {
            assert_eq!(widened(old, value, new), None, "{old} to {new}");
        }
    }

    #[test]
    fn fields_move_between_storages_and_back() {
        let fields = [
            ("a", "i16"),
            ("b", "[f32; 2]"),
            ("c", "entity"),
            ("d", "[{open: bool, of: {who: entity, rank: u8}}; 2]"),
            ("e", "bool"),
        ];
        let packed = kind(Storage::Packed, &fields);
        let mut reversed = fields;
        reversed.reverse();
        let dynamic = kind(Storage::Dynamic, &reversed);
        let row = [
            &(-2i16).to_le_bytes()[..],
            &[0; 4],
            &1.5f32.to_le_bytes(),
            &[7, 0, 0, 0, 1, 0, 0, 0],
            &[1, 5, 0, 0, 0, 0, 0, 0, 0, 9],
            &[0; 10],
            &[1],
        ];
        let row = row.concat();
        let value = schema_change(&packed, &dynamic, &[]).value(&row).expect("a value");
        let gate = |open, who, rank| json!({"open": open, "of": {"who": who, "rank": rank}});
        let expected = json!({
            "a": -2, "b": [0.0, 1.5], "c": "7v1",
            "d": [gate(true, "5v0", 9), gate(false, "0v0", 0)], "e": true,
        });
        assert_eq!(to_json(&dynamic, &value), expected);
        assert_eq!(to_json(&packed, &row), expected);
        assert_eq!(schema_change(&dynamic, &packed, &[]).value(&value), Some(row.clone()));
        let stored = stored_from_json(&packed, &expected).expect("it is packed");
        assert_eq!(stored[..], row[..]);
    }

    #[test]
    fn names_of_before_and_defaults_are_looked_at_in_order() {
        let old = kind(Storage::Packed, &[("gold", "u8"), ("silver", "u8")]);
        let new = kind(Storage::Packed, &[("silver", "u8"), ("coins", "u16"), ("debt", "u8")]);
        let was = |names: &[&str]| FieldHistory {
            was: names.iter().map(|&name| name.to_owned()).collect(),
            default: None,
        };
        let debt = FieldHistory { default: Some([9][..].into()), ..was(&["loan"]) };
        let change = schema_change(&old, &new, &[was(&["gold"]), was(&["purse", "gold"]), debt]);
        assert_eq!(change.value(&[3, 4]), Some(vec![4, 3, 0, 9]), "its own name comes first");
        assert_eq!(change.dropped().count(), 0);
        let lacking = SchemaChange::new(old, new, &vec![FieldHistory::default(); 3]);
        assert_eq!(lacking.origins[1..], [FieldOrigin::Missing, FieldOrigin::Missing]);
        assert_eq!((lacking.is_possible(), lacking.value(&[3, 4])), (false, None));
        assert_eq!(lacking.dropped().collect::<Vec<_>>(), [0]);
    }
}
