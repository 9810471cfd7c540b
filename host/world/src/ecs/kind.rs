//! Kinds: what types of values there are, and who declared them.
//!
//! A kind keeps its id for the life of a save, also while no loaded mod
//! declares it, so that what a mod left behind can be adopted again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Type, float};

/// A kind's number, stable within a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub u32);

/// What values of a kind are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A component of entities, or a resource of the world.
    Component,
    /// A message between systems.
    Event,
    /// A message from outside.
    Input,
    /// The data of an edge between two entities.
    Relation,
}

impl Role {
    /// Every role with its name in saves and messages.
    pub const ALL: [(Role, &'static str); 4] = [
        (Role::Component, "component"),
        (Role::Event, "event"),
        (Role::Input, "input"),
        (Role::Relation, "relation"),
    ];

    /// Its name in saves and messages.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// How values of a kind are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Rows of a fixed size.
    Packed,
    /// One MessagePack value a row.
    Dynamic,
}

/// What becomes of the `from` end of an edge when its `to` end is despawned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDespawn {
    /// It stays; the edge is removed.
    Detach,
    /// It is despawned too.
    Cascade,
}

/// One field of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Unique within the kind.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Where it starts in a packed row, in bytes.
    pub offset: usize,
}

/// Where the floats of a packed row are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Floats {
    None,
    AllF32,
    AllF64,
    Some(Vec<(usize, bool)>),
}

/// A type of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// `<mod>/<Name>`.
    pub name: String,
    /// What its values are used for.
    pub role: Role,
    /// How its values are stored.
    pub storage: Storage,
    /// Bytes in a packed row; zero for tags and dynamic kinds.
    pub size: usize,
    /// In declared order.
    pub fields: Vec<Field>,
    /// Only looked at for relations, and to tell settings from components.
    pub on_despawn: OnDespawn,
    floats: Floats,
    entity_offsets: Vec<usize>,
    bool_offsets: Vec<usize>,
}

impl Kind {
    /// Bytes that a packed row may have.
    pub const SIZE_MAX: usize = 4096;
    /// How many fields a kind may have.
    pub const FIELDS_MAX: usize = 256;

    /// Checks a declaration. The error is a sentence's end: "kind `x` …".
    ///
    /// # Errors
    ///
    /// Says what is wrong with it: more than [`Kind::FIELDS_MAX`] fields, two of one name,
    /// a packed event, fields of a packed kind that have no fixed size or do not lie one
    /// right after the other.
    pub fn new(
        name: String,
        role: Role,
        storage: Storage,
        size: usize,
        fields: Vec<Field>,
        on_despawn: OnDespawn,
    ) -> Result<Self, String> {
        if fields.len() > Self::FIELDS_MAX {
            return Err(format!("has {} fields; the most is {}", fields.len(), Self::FIELDS_MAX));
        }
        if let Some(twice) = (1..fields.len())
            .find(|&at| fields[..at].iter().any(|earlier| earlier.name == fields[at].name))
        {
            return Err(format!("declares field `{}` twice", fields[twice].name));
        }
        if matches!(role, Role::Event | Role::Input) && storage == Storage::Packed {
            return Err("is an event, and events are dynamic".to_owned());
        }
        let mut kind = Self {
            name,
            role,
            storage,
            size,
            fields,
            on_despawn,
            floats: Floats::None,
            entity_offsets: Vec::new(),
            bool_offsets: Vec::new(),
        };
        match storage {
            Storage::Packed => kind.lay_out()?,
            Storage::Dynamic if size != 0 => return Err("is dynamic and has a size".to_owned()),
            Storage::Dynamic => {}
        }
        Ok(kind)
    }

    fn lay_out(&mut self) -> Result<(), String> {
        if self.size > Self::SIZE_MAX {
            return Err(format!("takes {} bytes a row; the most is {}", self.size, Self::SIZE_MAX));
        }
        let mut end = 0;
        let mut floats = Vec::new();
        for field in &self.fields {
            let Some((size, _)) = field.ty.packed_layout() else {
                return Err(format!(
                    "is packed, but its field `{}` is a {}: packed fields are numbers, `bool`, \
                     `entity`, and arrays and structs of those",
                    field.name, field.ty
                ));
            };
            if field.offset != end {
                return Err(format!(
                    "puts its field `{}` at byte {}, and the one before ends at {end}",
                    field.name, field.offset
                ));
            }
            end = usize::saturating_add(end, size);
            // Checked before looking at the leaves, of which a type of a few
            // characters can claim any number.
            if end > self.size {
                return Err(format!(
                    "says {} bytes a row, and its field `{}` takes {size} at byte {}",
                    self.size, field.name, field.offset
                ));
            }
            field.ty.leaves(field.offset, &mut |offset, ty| match ty {
                Type::F32 => floats.push((offset, false)),
                Type::F64 => floats.push((offset, true)),
                Type::Entity => self.entity_offsets.push(offset),
                Type::Bool => self.bool_offsets.push(offset),
                _ => {}
            });
        }
        if end != self.size {
            return Err(format!("says {} bytes a row, and its fields take {end}", self.size));
        }
        self.floats = match floats.len() {
            0 => Floats::None,
            n if n * 4 == self.size => Floats::AllF32,
            n if n * 8 == self.size && floats.iter().all(|(_, wide)| *wide) => Floats::AllF64,
            _ => Floats::Some(floats),
        };
        Ok(())
    }

    /// Where another declaration of the same kind differs, in words.
    pub fn difference(&self, other: &Kind) -> Option<String> {
        if self.role != other.role {
            return Some(format!("{} against {}", self.role.name(), other.role.name()));
        }
        if self.storage != other.storage {
            return Some(format!("{:?} against {:?}", self.storage, other.storage).to_lowercase());
        }
        let shown = |fields: &[Field]| {
            let shown: Vec<_> = fields.iter().map(|f| format!("{}: {}", f.name, f.ty)).collect();
            format!("{{{}}}", shown.join(", "))
        };
        if self.fields != other.fields {
            return Some(format!("{} against {}", shown(&self.fields), shown(&other.fields)));
        }
        if self.is_settings() != other.is_settings() {
            let what = |kind: &Kind| if kind.is_settings() { "settings" } else { "a component" };
            return Some(format!("{} against {}", what(self), what(other)));
        }
        (self.role == Role::Relation && self.on_despawn != other.on_despawn).then(|| {
            format!("{:?} against {:?} on despawn", self.on_despawn, other.on_despawn)
                .to_lowercase()
        })
    }

    /// Whether it is the settings of its mod: a resource that only the host sets.
    /// A component has no use for `on_despawn`, so that it says so by cascading.
    pub fn is_settings(&self) -> bool {
        self.role == Role::Component
            && self.on_despawn == OnDespawn::Cascade
            && self.name.ends_with("/Settings")
    }

    /// The part of the name before the slash.
    pub fn owner(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Where the entities of a packed row are, in bytes.
    pub fn entity_offsets(&self) -> &[usize] {
        &self.entity_offsets
    }

    /// The byte of a packed row that must be 0 or 1 for a `bool` and is neither,
    /// if there is one: with its field.
    pub(super) fn broken_bool(&self, rows: &[u8]) -> Option<(&Field, u8)> {
        if self.bool_offsets.is_empty() {
            return None;
        }
        let (row, offset) = rows.chunks_exact(self.size).find_map(|row| {
            Some((row, *self.bool_offsets.iter().find(|offset| row[**offset] > 1)?))
        })?;
        let field = self.fields.iter().rev().find(|field| field.offset <= offset)?;
        Some((field, row[offset]))
    }

    /// Replaces every NaN in packed rows by the canonical one.
    pub(super) fn canonicalise_nan(&self, rows: &mut [u8]) {
        match &self.floats {
            Floats::None => {}
            Floats::AllF32 => float::canonicalise_f32s(rows),
            Floats::AllF64 => float::canonicalise_f64s(rows),
            Floats::Some(offsets) => {
                for row in rows.chunks_exact_mut(self.size) {
                    for &(offset, wide) in offsets {
                        if wide {
                            float::canonicalise_f64s(&mut row[offset..offset + 8]);
                        } else {
                            float::canonicalise_f32s(&mut row[offset..offset + 4]);
                        }
                    }
                }
            }
        }
    }
}

/// Every kind that a save ever knew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    kinds: Vec<Arc<Kind>>,
    by_name: BTreeMap<String, KindId>,
}

impl Registry {
    /// Adds a kind; its name must be new.
    pub fn add(&mut self, kind: Kind) -> KindId {
        let id = KindId(self.kinds.len() as u32);
        self.by_name.insert(kind.name.clone(), id);
        self.kinds.push(Arc::new(kind));
        id
    }

    /// Declares a kind anew under the id it has.
    pub fn replace(&mut self, id: KindId, kind: Kind) {
        debug_assert_eq!(self.get(id).name, kind.name);
        self.kinds[id.0 as usize] = Arc::new(kind);
    }

    /// The kind with this id.
    pub fn get(&self, id: KindId) -> &Arc<Kind> {
        &self.kinds[id.0 as usize]
    }

    /// The kind with this id, which may be of none.
    pub fn known(&self, id: KindId) -> Option<&Arc<Kind>> {
        self.kinds.get(id.0 as usize)
    }

    /// The kind with this name.
    pub fn find(&self, name: &str) -> Option<KindId> {
        self.by_name.get(name).copied()
    }

    /// The kind with this name, where it has one of these roles.
    pub fn find_as(&self, name: &str, roles: &[Role]) -> Option<KindId> {
        self.find(name).filter(|id| roles.contains(&self.get(*id).role))
    }

    /// Why this is the name of no input, as the beginning of a sentence.
    pub fn why_no_input(&self, name: &str) -> String {
        match self.find(name).map(|id| self.get(id).role) {
            None | Some(Role::Input) => "no mod declares it".to_owned(),
            Some(Role::Event) => "it is an event, which only systems send".to_owned(),
            Some(role) => format!("it is a {}, and no input", role.name()),
        }
    }

    /// Every kind, by id.
    pub fn iter(&self) -> impl Iterator<Item = (KindId, &Arc<Kind>)> {
        self.kinds.iter().enumerate().map(|(at, kind)| (KindId(at as u32), kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::canonical_packed;

    fn packed(size: usize, fields: &[(&str, &str, usize)]) -> Result<Kind, String> {
        let field = |(name, ty, offset): &(&str, &str, usize)| Field {
            name: (*name).to_owned(),
            ty: Type::parse(ty).expect("a type"),
            offset: *offset,
        };
        let fields = fields.iter().map(field).collect();
        let name = "test/Kind".to_owned();
        Kind::new(name, Role::Component, Storage::Packed, size, fields, OnDespawn::Detach)
    }

    #[test]
    fn a_packed_bool_is_0_or_1_wherever_it_stands() {
        let fields = [("at", "[f32; 2]", 0), ("gates", "[{by: u16, open: bool}; 2]", 8)];
        let kind = packed(14, &fields).expect("a kind");
        let mut rows = [[0; 14], [0; 14]].concat();
        rows[10] = 1;
        rows[14 + 13] = 1;
        assert_eq!(canonical_packed(&kind, &mut rows, &mut Ok), Ok(()));
        rows[14 + 13] = 2;
        let refused = canonical_packed(&kind, &mut rows, &mut Ok).expect_err("it is no bool");
        assert_eq!(refused.to_string(), "field `gates`: a bool is 0 or 1, not 2");
    }

    #[test]
    fn what_a_struct_holds_is_found_inside_a_row() {
        let kind = packed(25, &[("a", "u8", 0), ("b", "[{x: f32, who: entity}; 2]", 1)]);
        let kind = kind.expect("a kind");
        assert_eq!(kind.entity_offsets(), [5, 17]);
        let mut row = vec![0; 25];
        row[1..5].copy_from_slice(&f32::from_bits(0xffc0_0001).to_le_bytes());
        kind.canonicalise_nan(&mut row);
        assert_eq!(row[1..5], 0x7fc0_0000_u32.to_le_bytes());
    }

    #[test]
    fn every_part_of_a_packed_row_takes_bytes() {
        for ty in ["{}", "[u8; 0]", "[{}; 65536]", "{a: u8, b: [[{}; 65536]; 65536]}", "string"] {
            let refused = packed(1, &[("a", ty, 0)]).expect_err(ty);
            assert!(refused.starts_with("is packed, but its field `a` is a "), "{ty}: {refused}");
        }
    }
}
