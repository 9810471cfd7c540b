//! Columns as the world has them: all values of a packed component as one run of bytes.

use std::io::Read;
use std::sync::Arc;

use rmp_serde::decode;
use serde::Deserialize;
use serde_bytes::ByteBuf;

use super::error::Error;
use super::names::{At, Entity};
use super::operations::ColumnsOf;

/// All values of a packed component at a tick.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Columns {
    /// The tick that they are of.
    pub at: At,
    /// The component.
    pub kind: String,
    /// Its fields.
    pub fields: Vec<ColumnField>,
    /// The entities that have it.
    pub entities: Arc<[Entity]>,
    /// The values in the order of the entities, one right after the other.
    pub data: Vec<u8>,
    /// Bytes of a value.
    pub size: usize,
}

/// A field of a packed component.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ColumnField {
    /// What it is called.
    pub name: String,
    /// Its type, in the words of mods: `f32`, `entity`, `[u8; 4]`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Where it begins in a value.
    pub offset: usize,
}

/// A message as it is sent.
#[derive(Deserialize)]
struct Message {
    at: At,
    kind: String,
    rows: usize,
    size: usize,
    fields: Vec<ColumnField>,
    /// Eight bytes an entity; none where they are those of the message before.
    entities: Option<ByteBuf>,
    data: ByteBuf,
}

/// Why a message cannot be read.
pub(crate) enum Unread {
    /// The connection broke.
    Broken(String),
    /// The message is none.
    Wrong(String),
}

impl Columns {
    /// Reads a message, of which the one before may have the entities.
    pub(crate) fn read(from: impl Read, before: Option<&Self>) -> Result<Self, Unread> {
        let message: Message = decode::from_read(from).map_err(|error| match error {
            decode::Error::InvalidMarkerRead(error) | decode::Error::InvalidDataRead(error) => {
                Unread::Broken(error.to_string())
            }
            error => Unread::Wrong(error.to_string()),
        })?;
        let Message { at, kind, rows, size, fields, entities, data } = message;
        let wrong = |what: &str| Unread::Wrong(format!("a message {what}"));
        let entities: Arc<[Entity]> = match (entities, before) {
            (Some(bytes), _) => {
                let (bits, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(wrong("has a part of an entity"));
                }
                bits.iter().map(|bits| Entity::from_bits(u64::from_le_bytes(*bits))).collect()
            }
            (None, Some(before)) => before.entities.clone(),
            (None, None) => return Err(wrong("has no entities")),
        };
        if entities.len() != rows || rows.checked_mul(size) != Some(data.len()) {
            return Err(wrong("has other values than entities"));
        }
        Ok(Self { at, kind, fields, entities, data: data.into_vec(), size })
    }

    /// The bytes of each value, in the order of the entities.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        // A value without fields has no bytes.
        (0..self.entities.len()).map(|row| &self.data[row * self.size..][..self.size])
    }

    /// One field of every value, in the order of the entities, as the type that it has in
    /// the mod: `f32`, [`Entity`], `[u8; 4]`.
    ///
    /// # Errors
    ///
    /// There is no such field, or it is of another type.
    pub fn field<T: Packed>(&self, name: &str) -> Result<impl Iterator<Item = T>, Error> {
        let found = self.fields.iter().find(|field| field.name == name);
        let Some(field) = found else {
            let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
            let names = names.join(", ");
            return Err(Error::Usage(format!(
                "{} has no field `{name}`: it has {names}",
                self.kind
            )));
        };
        let (of, at) = (T::type_name(), field.offset);
        let is_within = at.checked_add(T::SIZE).is_some_and(|end| end <= self.size);
        if field.ty != of || !is_within {
            let (kind, ty) = (&self.kind, &field.ty);
            return Err(Error::Usage(format!("`{name}` of {kind} is {ty}, and not {of}")));
        }
        Ok(self.values().map(move |value| T::of(&value[at..at + T::SIZE])))
    }
}

impl ColumnsOf {
    /// Asks.
    ///
    /// # Errors
    ///
    /// The server refuses or cannot be reached, or what it answers is none.
    pub fn ask(&self) -> Result<Columns, Error> {
        let body = self.0.answer()?.body;
        Columns::read(body.as_slice(), None).map_err(|unread| match unread {
            Unread::Broken(why) | Unread::Wrong(why) => self.0.misunderstood(why),
        })
    }
}

/// A type that fields of packed components have.
pub trait Packed {
    /// Bytes of a value.
    const SIZE: usize;

    /// What it is called in mods.
    fn type_name() -> String;

    /// From so many bytes, little-endian.
    fn of(bytes: &[u8]) -> Self;
}

macro_rules! packed_numbers {
    ($($number:ident)*) => {
        $(
            impl Packed for $number {
                const SIZE: usize = size_of::<Self>();

                fn type_name() -> String {
                    stringify!($number).to_owned()
                }

                fn of(bytes: &[u8]) -> Self {
                    let mut whole = [0; size_of::<Self>()];
                    whole.copy_from_slice(bytes);
                    Self::from_le_bytes(whole)
                }
            }
        )*
    };
}
packed_numbers! { u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 }

impl Packed for bool {
    const SIZE: usize = 1;

    fn type_name() -> String {
        "bool".to_owned()
    }

    fn of(bytes: &[u8]) -> Self {
        bytes != [0]
    }
}

impl Packed for Entity {
    const SIZE: usize = 8;

    fn type_name() -> String {
        "entity".to_owned()
    }

    fn of(bytes: &[u8]) -> Self {
        Self::from_bits(u64::of(bytes))
    }
}

impl<T: Packed, const N: usize> Packed for [T; N] {
    const SIZE: usize = N * T::SIZE;

    fn type_name() -> String {
        format!("[{}; {N}]", T::type_name())
    }

    fn of(bytes: &[u8]) -> Self {
        std::array::from_fn(|at| T::of(&bytes[at * T::SIZE..][..T::SIZE]))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Sent {
        at: &'static str,
        kind: &'static str,
        rows: u64,
        size: u64,
        fields: Vec<Field>,
        entities: Option<ByteBuf>,
        data: ByteBuf,
        newer: u8,
    }

    #[derive(Serialize)]
    struct Field {
        name: &'static str,
        #[serde(rename = "type")]
        ty: &'static str,
        offset: u64,
    }

    fn sent(entities: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
        let fields = vec![
            Field { name: "hot", ty: "bool", offset: 0 },
            Field { name: "near", ty: "[u16; 2]", offset: 1 },
        ];
        let entities = entities.map(ByteBuf::from);
        let data = ByteBuf::from(data);
        let (at, kind) = ("3~6db9a168", "a/B");
        let sent = Sent { at, kind, rows: 2, size: 5, fields, entities, data, newer: 7 };
        rmp_serde::to_vec_named(&sent).unwrap()
    }

    const ENTITIES: [u8; 16] = [1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0];
    const DATA: [u8; 10] = [1, 1, 0, 2, 0, 0, 3, 0, 4, 1];

    #[test]
    fn fields_are_read_as_what_they_are() {
        let message = sent(Some(&ENTITIES), &DATA);
        let Ok(columns) = Columns::read(message.as_slice(), None) else { panic!("it is read") };
        assert_eq!(columns.entities[..], [Entity::new(1, 3), Entity::new(2, 1)]);
        let hot: Vec<bool> = columns.field("hot").unwrap().collect();
        let near: Vec<[u16; 2]> = columns.field("near").unwrap().collect();
        assert_eq!((hot, near), (vec![true, false], vec![[1, 2], [3, 260]]));
        let wrong = columns.field::<u32>("near").err().unwrap().to_string();
        assert_eq!(wrong, "`near` of a/B is [u16; 2], and not u32");
        assert!(columns.field::<u8>("cold").err().unwrap().to_string().contains("hot, near"));
        let message = sent(None, &DATA);
        let Ok(next) = Columns::read(message.as_slice(), Some(&columns)) else { panic!("read") };
        assert_eq!(next, columns, "with the entities of the one before");
    }

    #[test]
    fn a_message_that_is_none_is_refused() {
        let whole = sent(Some(&ENTITIES), &DATA);
        for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
            let read = Columns::read(&whole[..cut], None);
            assert!(matches!(read, Err(Unread::Broken(_))), "cut at {cut}");
        }
        for wrong in [
            sent(None, &DATA),
            sent(Some(&ENTITIES[..9]), &DATA),
            sent(Some(&ENTITIES[..8]), &DATA),
            sent(Some(&ENTITIES), &DATA[1..]),
            vec![0x07],
        ] {
            assert!(matches!(Columns::read(wrong.as_slice(), None), Err(Unread::Wrong(_))));
        }
    }
}
