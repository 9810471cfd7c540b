//! Reads the rows of an answer. They hold what SQLite has, which is numbers, texts,
//! bytes and nothing, so that each value is read in one step.

use rmp_serde::decode::Error;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// The rows of an answer, in MessagePack.
pub(crate) fn rows<R: DeserializeOwned>(answer: &[u8]) -> Result<Vec<R>, Error> {
    Vec::deserialize(&mut Reader { from: answer })
}

struct Reader<'de> {
    from: &'de [u8],
}

fn cut_off() -> Error {
    Error::Syntax("the answer is cut off".to_owned())
}

impl<'de> Reader<'de> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (bytes, rest) = self.from.split_first_chunk().ok_or_else(cut_off)?;
        self.from = rest;
        Ok(*bytes)
    }

    fn bytes(&mut self, length: usize) -> Result<&'de [u8], Error> {
        let (bytes, rest) = self.from.split_at_checked(length).ok_or_else(cut_off)?;
        self.from = rest;
        Ok(bytes)
    }

    fn text<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let text = std::str::from_utf8(self.bytes(length)?).map_err(Error::Utf8Error)?;
        visitor.visit_borrowed_str(text)
    }

    fn items<V: Visitor<'de>>(&mut self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let mut items = Items { reader: self, left: length };
        let value = visitor.visit_seq(&mut items)?;
        match items.left {
            0 => Ok(value),
            left => Err(Error::LengthMismatch((length - left) as u32)),
        }
    }

    /// A length of one, two or four bytes, as a marker's last bits say.
    fn length(&mut self, size: u8) -> Result<usize, Error> {
        Ok(match size {
            0 => usize::from(u8::from_be_bytes(self.take()?)),
            1 => usize::from(u16::from_be_bytes(self.take()?)),
            _ => u32::from_be_bytes(self.take()?) as usize,
        })
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let [marker] = self.take()?;
        match marker {
            0x00..=0x7f => visitor.visit_u64(u64::from(marker)),
            0x90..=0x9f => self.items(usize::from(marker & 0x0f), visitor),
            0xa0..=0xbf => self.text(usize::from(marker & 0x1f), visitor),
            0xc0 => visitor.visit_unit(),
            0xc2 | 0xc3 => visitor.visit_bool(marker == 0xc3),
            0xc4..=0xc6 => {
                let length = self.length(marker - 0xc4)?;
                visitor.visit_borrowed_bytes(self.bytes(length)?)
            }
            0xca => visitor.visit_f32(f32::from_be_bytes(self.take()?)),
            0xcb => visitor.visit_f64(f64::from_be_bytes(self.take()?)),
            0xcc => visitor.visit_u64(u64::from(u8::from_be_bytes(self.take()?))),
            0xcd => visitor.visit_u64(u64::from(u16::from_be_bytes(self.take()?))),
            0xce => visitor.visit_u64(u64::from(u32::from_be_bytes(self.take()?))),
            0xcf => visitor.visit_u64(u64::from_be_bytes(self.take()?)),
            0xd0 => visitor.visit_i64(i64::from(i8::from_be_bytes(self.take()?))),
            0xd1 => visitor.visit_i64(i64::from(i16::from_be_bytes(self.take()?))),
            0xd2 => visitor.visit_i64(i64::from(i32::from_be_bytes(self.take()?))),
            0xd3 => visitor.visit_i64(i64::from_be_bytes(self.take()?)),
            0xd9..=0xdb => {
                let length = self.length(marker - 0xd9)?;
                self.text(length, visitor)
            }
            0xdc | 0xdd => {
                let length = self.length(marker - 0xdb)?;
                self.items(length, visitor)
            }
            0xe0..=0xff => visitor.visit_i64(i64::from(marker as i8)),
            _ => Err(Error::Syntax(format!("the answer holds {marker:#x}, which no table does"))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.from.split_first() {
            Some((0xc0, rest)) => {
                self.from = rest;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A variant without fields, by its name or its number.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.from.first() {
            Some(0xa0..=0xbf | 0xd9..=0xdb) => {
                visitor.visit_enum(BorrowedStrDeserializer::new(Deserialize::deserialize(self)?))
            }
            _ => visitor.visit_enum(u32::deserialize(self)?.into_deserializer()),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The rows of an answer, or the values of a row.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entity;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    enum Ware {
        Bread,
        Rent,
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Bill {
        to: Entity,
        gold: f64,
        ware: Ware,
        note: Option<String>,
        number: i32,
        is_paid: bool,
    }

    #[test]
    fn rows_are_read_as_what_they_were_written_as() {
        let bill = |to, ware, note: Option<&str>, number| Bill {
            to: Entity::from_bits(to),
            gold: 2.5,
            ware,
            note: note.map(str::to_owned),
            number,
            is_paid: true,
        };
        let bills = vec![
            bill(3, Ware::Bread, None, -1),
            bill(u64::MAX, Ware::Rent, Some(&"ä".repeat(300)), i32::MIN),
            bill(1 << 40, Ware::Rent, Some(""), 70_000),
        ];
        let written = rmp_serde::to_vec(&bills).expect("written");
        assert_eq!(rows::<Bill>(&written).expect("read"), bills);
        let all: Vec<_> =
            (0..70_000_u32).map(|number| (number, f32::from(number as u16))).collect();
        let written = rmp_serde::to_vec(&all).expect("written");
        assert_eq!(rows::<(u32, f32)>(&written).expect("read"), all);
        for cut in 0..written.len().min(100) {
            assert!(rows::<(u32, f32)>(&written[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        let written = rmp_serde::to_vec(&[(1, "a", -1)]).expect("written");
        fn refused<R: DeserializeOwned + std::fmt::Debug>(written: &[u8]) -> String {
            assert!(rmp_serde::from_slice::<Vec<R>>(written).is_err(), "by any reader");
            rows::<R>(written).expect_err("does not fit").to_string()
        }
        let why = [
            refused::<(u8, String)>(&written),
            refused::<(u8, String, i8, u8)>(&written),
            refused::<(u8, u64, i8)>(&written),
            refused::<(u8, String, u8)>(&written),
            refused::<(bool, String, i8)>(&written),
            refused::<u8>(&written),
        ];
        let expected = [
            "array had incorrect length, expected 2",
            "invalid length 3, expected a tuple of size 4",
            "invalid type: string \"a\", expected u64",
            "invalid value: integer `-1`, expected u8",
            "invalid type: integer `1`, expected a boolean",
            "invalid type: sequence, expected u8",
        ];
        assert_eq!(why, expected);
    }
}
