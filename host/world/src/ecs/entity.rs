//! The names of entities.

use std::fmt;

/// Names one entity: an index and a generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity(u64);

impl Entity {
    /// The generation that marks an entity spawned earlier in the same call,
    /// named by its number before it has an index of its own.
    pub const SPAWNED_IN_CALL: u32 = u32::MAX;

    /// From an index and a generation.
    pub fn new(index: u32, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | u64::from(index))
    }

    /// Below and above every other, for ranges.
    pub const FIRST: Entity = Entity(0);
    pub(super) const LAST: Entity = Entity(u64::MAX);

    /// From the form that crosses the boundary and is stored.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The form that crosses the boundary and is stored.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// From its text, as [`Display`](fmt::Display) has it: `12v3`.
    pub fn parse(text: &str) -> Option<Self> {
        let (index, generation) = text.split_once('v')?;
        let number = |digits: &str| {
            let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        };
        Some(Self::new(number(index)?, number(generation)?))
    }

    /// The slot it occupies.
    pub fn index(self) -> u32 {
        self.0 as u32
    }

    /// Tells it from earlier entities of the same index.
    pub fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

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
