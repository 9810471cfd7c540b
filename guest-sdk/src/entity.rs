//! The name of one entity.
//!
//! An [`Entity`] is the same 64 bits here, in packed columns and in the host,
//! so that a column of entities is viewed in place.

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use bytemuck::{Pod, Zeroable};

/// Names one entity of the world.
///
/// It is an index together with a generation, which grows when the index is
/// used again; a despawned entity's name never comes to mean another.
///
/// Within the call that spawned it, an entity has a preliminary name. It may
/// be used in later commands of the same call, inside components too, but not
/// be written to a column or a resource.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Entity(u64);

/// The generation that marks an entity which this call spawned.
const PRELIMINARY: u32 = u32::MAX;

impl Entity {
    /// Names no entity. It is also the default.
    pub const NONE: Self = Self(0);

    /// The entity that [`Entity::to_bits`] gave these bits for.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// All of the name: the index in the low 32 bits, the generation in the
    /// high 32.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// Where the entity is found; unique among the entities that are alive.
    pub const fn index(self) -> u32 {
        self.0 as u32
    }

    /// How often its index has been given out.
    pub const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether it is [`Entity::NONE`].
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The preliminary name of the call's `number`th spawn.
    pub(crate) const fn preliminary(number: u32) -> Self {
        Self(((PRELIMINARY as u64) << 32) | number as u64)
    }

    /// Whether the host can be asked about it: it names an entity, and not one
    /// that only this call knows.
    pub(crate) const fn is_askable(self) -> bool {
        !self.is_none() && self.generation() != PRELIMINARY
    }
}

#[expect(unsafe_code, reason = "a transparent u64, for which zero is valid")]
unsafe impl Zeroable for Entity {}

#[expect(unsafe_code, reason = "a transparent u64 has no padding and no invalid bits")]
unsafe impl Pod for Entity {}

/// Its bits, as a number.
impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(self.0 as i64)
    }
}

/// From its bits, as SQL has them: a number that may be negative.
impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        i64::deserialize(from).map(|bits| Self(bits as u64))
    }
}

/// Index, `v`, generation: `12v3`.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index(), self.generation())
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_into_index_and_generation() {
        let entity = Entity::from_bits((3 << 32) | 12);
        assert_eq!((entity.index(), entity.generation()), (12, 3));
        assert_eq!(entity.to_string(), "12v3");
    }

    #[test]
    fn asks_only_for_what_the_host_knows() {
        assert!(!Entity::NONE.is_askable());
        assert!(!Entity::preliminary(4).is_askable());
        assert!(Entity::from_bits(4).is_askable());
    }
}
