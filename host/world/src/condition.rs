//! Conditions on the world, by which systems say in which ticks they run.

use std::cmp::Ordering;

use crate::declaration::{self, Comparison};
use crate::ecs::{Kind, KindId, Plain, Type, World, canonical_field, plain, plain_field};

/// What a field of a resource must be. Of a resource that is not set it never
/// holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The resource.
    pub resource: KindId,
    field: usize,
    compares: Comparison,
    value: Plain,
}

impl Condition {
    /// Checks a declared condition on a resource of this kind.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that follow the system's name.
    pub fn new(
        resource: KindId,
        kind: &Kind,
        declared: &declaration::Condition,
    ) -> Result<Self, String> {
        let declaration::Condition { field: name, compares, value, .. } = declared;
        let place = format!("`{}.{name}`", kind.name);
        let Some(at) = kind.fields.iter().position(|field| field.name == *name) else {
            let known: Vec<_> = kind.fields.iter().map(|it| format!("`{}`", it.name)).collect();
            return Err(format!(
                "runs only by {place}, and there is no such field: `{}` has {}",
                kind.name,
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            ));
        };
        let ty = &kind.fields[at].ty;
        let (is_number, is_plain) = match ty {
            Type::Unsigned(_) | Type::Signed(_) | Type::F32 | Type::F64 => (true, true),
            Type::Bool | Type::Entity | Type::String => (false, true),
            Type::Enum(variants) => (false, variants.iter().all(|(_, fields)| fields.is_empty())),
            _ => (false, false),
        };
        if !is_plain {
            return Err(format!(
                "runs only by {place}, which is a {ty}: a condition looks at a bool, a number, an \
                 entity, a string or an enum without fields"
            ));
        }
        if !is_number && !matches!(compares, Comparison::Equal | Comparison::Unequal) {
            return Err(format!(
                "runs only if {place} is {} some value, and it is a {ty}: only numbers have an \
                 order",
                compares.sign()
            ));
        }
        let value = canonical_field(ty, value, &mut Ok).map_err(|why| {
            format!("runs only if {place} compares with a value that is no {ty}: {why}")
        })?;
        Ok(Self { resource, field: at, compares: *compares, value: plain_field(ty, &value) })
    }

    /// Whether it holds in a world.
    pub fn holds(&self, world: &World) -> bool {
        let Some(value) = world.resources.get(&self.resource) else { return false };
        let fields = plain(world.registry.get(self.resource), value);
        let Some(found) = fields.get(self.field) else { return false };
        let order = || order(found, &self.value);
        match self.compares {
            Comparison::Equal => *found == self.value,
            Comparison::Unequal => *found != self.value,
            Comparison::Less => order() == Some(Ordering::Less),
            Comparison::AtMost => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
            Comparison::Greater => order() == Some(Ordering::Greater),
            Comparison::AtLeast => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// How two numbers of one type compare; a NaN with none.
fn order(one: &Plain, two: &Plain) -> Option<Ordering> {
    match (one, two) {
        (Plain::Unsigned(one), Plain::Unsigned(two)) => Some(one.cmp(two)),
        (Plain::Signed(one), Plain::Signed(two)) => Some(one.cmp(two)),
        (Plain::Real(one), Plain::Real(two)) => one.partial_cmp(two),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ecs::{Field, OnDespawn, Role, Storage};

    fn kind(storage: Storage, size: usize, fields: &[(&str, &str, usize)]) -> Kind {
        let field = |&(name, ty, offset): &(&str, &str, usize)| Field {
            name: name.to_owned(),
            ty: Type::parse(ty).expect("a type"),
            offset,
        };
        let fields = fields.iter().map(field).collect();
        let (role, detach) = (Role::Component, OnDespawn::Detach);
        Kind::new("a/Weather".to_owned(), role, storage, size, fields, detach).expect("a kind")
    }

    fn declared(field: &str, compares: Comparison, value: &[u8]) -> declaration::Condition {
        declaration::Condition { kind: 0, field: field.to_owned(), compares, value: value.to_vec() }
    }

    /// Whether a condition holds where the resource has this value.
    fn holds(kind: &Kind, value: &[u8], condition: &declaration::Condition) -> bool {
        let mut world = World::new(8);
        let id = Arc::make_mut(&mut world.registry).add(kind.clone());
        let condition = Condition::new(id, kind, condition).expect("a condition");
        assert!(!condition.holds(&world), "not of one that is not set");
        Arc::make_mut(&mut world.resources).insert(id, value.into());
        condition.holds(&world)
    }

    #[test]
    fn numbers_compare_as_numbers_in_either_storage() {
        use Comparison::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
        let packed = kind(Storage::Packed, 8, &[("calm", "u32", 0), ("wind", "f32", 4)]);
        let dynamic = kind(Storage::Dynamic, 0, &[("calm", "u32", 0), ("wind", "f32", 0)]);
        for wind in [-1.0_f32, 29.9, 30.0, 30.1, f32::INFINITY, f32::NAN] {
            let row = [7_u32.to_le_bytes(), wind.to_le_bytes()].concat();
            let value = [&[0x92, 7, 0xca], &wind.to_be_bytes()[..]].concat();
            let most = [&[0xca], &30.0_f32.to_be_bytes()[..]].concat();
            for (compares, expected) in [
                (Equal, wind == 30.0),
                (Unequal, wind != 30.0),
                (Less, wind < 30.0),
                (AtMost, wind <= 30.0),
                (Greater, wind > 30.0),
                (AtLeast, wind >= 30.0),
            ] {
                let condition = declared("wind", compares, &most);
                assert_eq!(holds(&packed, &row, &condition), expected, "{wind} {compares:?}");
                assert_eq!(holds(&dynamic, &value, &condition), expected, "{wind} {compares:?}");
            }
        }
    }

    #[test]
    fn texts_truths_and_variants_are_the_same_or_not() {
        use Comparison::{Equal, Unequal};
        let fields = [("sky", "Clear | Storm", 0), ("name", "string", 0), ("open", "bool", 0)];
        let kind = kind(Storage::Dynamic, 0, &fields);
        let value = b"\x93\xa5Storm\xa1a\xc3";
        assert!(holds(&kind, value, &declared("sky", Equal, b"\xa5Storm")));
        assert!(holds(&kind, value, &declared("sky", Unequal, b"\xa5Clear")));
        assert!(holds(&kind, value, &declared("open", Equal, b"\xc3")));
        assert!(!holds(&kind, value, &declared("name", Equal, b"\xa1b")));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let fields = [("many", "list<u8>", 0), ("name", "string", 0), ("n", "u8", 0)];
        let kind = kind(Storage::Dynamic, 0, &fields);
        let told = |field: &str, compares, value: &[u8]| {
            Condition::new(KindId(0), &kind, &declared(field, compares, value))
                .expect_err("refused")
        };
        assert_eq!(
            told("wind", Comparison::Equal, b"\x01"),
            "runs only by `a/Weather.wind`, and there is no such field: `a/Weather` has `many`, \
             `name`, `n`"
        );
        assert!(told("many", Comparison::Equal, b"\x90").contains("which is a list<u8>: a"));
        assert!(told("name", Comparison::Less, b"\xa1a").contains("only numbers have an order"));
        assert!(told("n", Comparison::Less, b"\xcd\x01\x00").contains("that is no u8: "));
    }
}
