//! What names an entity, and what names a tick.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names one entity: an index, and a generation that tells it from earlier entities of
/// the same index. Its text is `12v3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    generation: u32,
    index: u32,
}

impl Entity {
    /// From an index and a generation.
    pub fn new(index: u32, generation: u32) -> Self {
        Self { generation, index }
    }

    /// From the number that SQL and packed columns have for it.
    pub fn from_bits(bits: u64) -> Self {
        Self { generation: (bits >> 32) as u32, index: bits as u32 }
    }

    /// The number that SQL and packed columns have for it.
    pub fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The slot that it occupies.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Tells it from earlier entities of the same index.
    pub fn generation(self) -> u32 {
        self.generation
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index, self.generation)
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no entity, or no tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoName(&'static str);

impl fmt::Display for NoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoName {}

/// Digits and nothing else.
fn number<N: FromStr>(digits: &str) -> Option<N> {
    digits.parse().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

impl FromStr for Entity {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let parts = text
            .split_once('v')
            .and_then(|(index, generation)| Some(Self::new(number(index)?, number(generation)?)));
        // Numbers past 2^53 are texts in JSON.
        let named = parts.or_else(|| number(text).map(Self::from_bits));
        named.ok_or(NoName("an entity is written as 12v3"))
    }
}

impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OfEntity;

        impl Visitor<'_> for OfEntity {
            type Value = Entity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entity, as 12v3 or as its number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Entity, E> {
                text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_u64<E: de::Error>(self, bits: u64) -> Result<Entity, E> {
                Ok(Entity::from_bits(bits))
            }

            fn visit_i64<E: de::Error>(self, bits: i64) -> Result<Entity, E> {
                // SQLite has no unsigned numbers: these are the same bits.
                Ok(Entity::from_bits(bits as u64))
            }
        }

        from.deserialize_any(OfEntity)
    }
}

/// A tick, and of which course of the world it is, where that is said: `1200`, or
/// `1200~6db9a168` with the first digits of the tick's chain hash. Answers say of which
/// tick they are in the second form, and asked so an answer is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct At {
    tick: u64,
    chain: Option<String>,
}

impl At {
    /// A tick, whatever course the world has taken to it.
    pub fn tick_alone(tick: u64) -> Self {
        Self { tick, chain: None }
    }

    /// The tick.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// The first digits of the tick's chain hash.
    pub fn chain(&self) -> Option<&str> {
        self.chain.as_deref()
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.chain {
            Some(chain) => write!(f, "{}~{chain}", self.tick),
            None => write!(f, "{}", self.tick),
        }
    }
}

impl FromStr for At {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let (tick, chain) = match text.split_once('~') {
            None => (text, None),
            Some((tick, chain)) => (tick, Some(chain.to_owned())),
        };
        let tick = number(tick).ok_or(NoName("a tick is written as 1200 or 1200~6db9a168"))?;
        Ok(Self { tick, chain })
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_is_read_in_each_of_its_forms() {
        let entity = Entity::new(12, 3);
        let forms = ["\"12v3\"", "12884901900", "\"12884901900\""];
        for form in forms {
            assert_eq!(serde_json::from_str::<Entity>(form).unwrap(), entity, "{form}");
        }
        assert_eq!(serde_json::to_string(&entity).unwrap(), "\"12v3\"");
        assert_eq!(Entity::from_bits(entity.to_bits()), entity);
        for wrong in ["\"\"", "\"v\"", "\"+1v2\"", "\"Ada\"", "1.5", "null"] {
            assert!(serde_json::from_str::<Entity>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tick_keeps_its_course() {
        let at: At = "1200~6db9a168".parse().unwrap();
        assert_eq!((at.tick(), at.chain()), (1200, Some("6db9a168")));
        assert_eq!(at.to_string(), "1200~6db9a168");
        assert_eq!("7".parse::<At>().unwrap(), At::tick_alone(7));
        assert!("".parse::<At>().is_err() && "-1".parse::<At>().is_err());
    }
}
