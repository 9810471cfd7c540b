//! What a field may hold, and how it is written as MessagePack.
//!
//! The type's text is the one of the contract. Reading and writing are each
//! other's inverse, and every value has exactly one encoding.

use std::collections::{BTreeMap, BTreeSet};

use crate::Entity;
use crate::codec::{Malformed, Reader, write};

/// A type that a field of a component, event, input or relation may have.
///
/// Derive it for structs and enums of values. The others are, with what the
/// contract and SQL take them for:
///
/// | type | is |
/// |---|---|
/// | `bool`, `u8` to `u64`, `i8` to `i64`, `f32`, `f64`, [`Entity`], `String` | itself |
/// | `usize`, `isize` | a `u64`, an `i64` |
/// | `char` | a `string` of one character |
/// | `[T; N]`, `Vec<T>`, `Option<T>`, `Box<T>` | `[T; N]`, `list<T>`, `option<T>`, `T` |
/// | `(A, B)`, up to six | a struct whose fields are named by number: `{0: A, 1: B}` |
/// | `BTreeSet<T>` | a `list<T>` that ascends |
/// | `BTreeMap<K, V>` | a `list<{key: K, value: V}>` whose keys ascend |
/// | `glam::Vec3` and its kin, with the feature `glam` | `{x: f32, y: f32, z: f32}` |
///
/// `HashMap` and `HashSet` are none, for their order is not the same everywhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a component, event, input or relation",
    label = "not a value",
    note = "values are bool, char, numbers, Entity, String, [T; N], Vec<T>, Option<T>, Box<T>, tuples, BTreeMap and BTreeSet (instead of HashMap and HashSet), and structs and enums with `#[derive(Value)]`"
)]
pub trait Value: Sized {
    /// Appends the type as the contract spells it, such as `list<f32>`.
    fn write_type(out: &mut String);

    /// Appends the value as MessagePack.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads one value.
    ///
    /// # Errors
    ///
    /// There is no such value.
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

macro_rules! integers {
    ($($ty:ident $via:ident),*) => {$(
        impl Value for $ty {
            fn write_type(out: &mut String) {
                out.push_str(stringify!($ty));
            }

            fn write(&self, out: &mut Vec<u8>) {
                write::$via(out, (*self).into());
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                let value = from.$via()?;
                Self::try_from(value).map_err(|_| {
                    Malformed::new(format!(concat!("{} is out of range for ", stringify!($ty)), value))
                })
            }
        }
    )*};
}

integers!(u8 uint, u16 uint, u32 uint, u64 uint, i8 int, i16 int, i32 int, i64 int);

macro_rules! sizes {
    ($($ty:ident $as:ident),*) => {$(
        impl Value for $ty {
            fn write_type(out: &mut String) {
                <$as>::write_type(out);
            }

            fn write(&self, out: &mut Vec<u8>) {
                (*self as $as).write(out);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                let value = <$as>::read(from)?;
                Self::try_from(value).map_err(|_| {
                    Malformed::new(format!(concat!("{} is out of range for ", stringify!($ty)), value))
                })
            }
        }
    )*};
}

sizes!(usize u64, isize i64);

macro_rules! scalars {
    ($($ty:ident),*) => {$(
        impl Value for $ty {
            fn write_type(out: &mut String) {
                out.push_str(stringify!($ty));
            }

            fn write(&self, out: &mut Vec<u8>) {
                write::$ty(out, *self);
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                from.$ty()
            }
        }
    )*};
}

scalars!(bool, f32, f64);

impl Value for Entity {
    fn write_type(out: &mut String) {
        out.push_str("entity");
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::uint(out, self.to_bits());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.uint().map(Self::from_bits)
    }
}

impl Value for String {
    fn write_type(out: &mut String) {
        out.push_str("string");
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::str(out, self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.str().map(str::to_owned)
    }
}

impl Value for char {
    fn write_type(out: &mut String) {
        out.push_str("string");
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::str(out, self.encode_utf8(&mut [0; 4]));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let text = from.str()?;
        let mut all = text.chars();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Malformed::new(format!("expected one character, found {text:?}"))),
        }
    }
}

impl<T: Value> Value for Vec<T> {
    fn write_type(out: &mut String) {
        wrapped::<T>("list<", out);
        out.push('>');
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::array(out, self.len());
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let length = from.array()?;
        let mut items = Vec::with_capacity(from.at_most(length));
        for _ in 0..length {
            items.push(T::read(from)?);
        }
        Ok(items)
    }
}

impl<T: Value> Value for Option<T> {
    fn write_type(out: &mut String) {
        wrapped::<T>("option<", out);
        out.push('>');
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => write::nil(out),
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        if from.take_nil() {
            return Ok(None);
        }
        T::read(from).map(Some)
    }
}

impl<T: Value> Value for Box<T> {
    fn write_type(out: &mut String) {
        T::write_type(out);
    }

    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        T::read(from).map(Box::new)
    }
}

impl<T: Value, const N: usize> Value for [T; N] {
    fn write_type(out: &mut String) {
        wrapped::<T>("[", out);
        out.push_str("; ");
        out.push_str(&N.to_string());
        out.push(']');
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::array(out, N);
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let items = Vec::<T>::read(from)?;
        let found = items.len();
        Self::try_from(items)
            .map_err(|_| Malformed::new(format!("expected an array of {N}, found one of {found}")))
    }
}

impl<T: Value + Ord> Value for BTreeSet<T> {
    fn write_type(out: &mut String) {
        Vec::<T>::write_type(out);
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::array(out, self.len());
        self.iter().for_each(|item| item.write(out));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut items = Self::new();
        for place in 0..from.array()? {
            if !items.insert(T::read(from)?) {
                return Err(Malformed::new(format!("item {place} is in the set already")));
            }
        }
        Ok(items)
    }
}

impl<K: Value + Ord, V: Value> Value for BTreeMap<K, V> {
    fn write_type(out: &mut String) {
        wrapped::<K>("list<{key: ", out);
        wrapped::<V>(", value: ", out);
        out.push_str("}>");
    }

    fn write(&self, out: &mut Vec<u8>) {
        write::array(out, self.len());
        for (key, value) in self {
            write::array(out, 2);
            key.write(out);
            value.write(out);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut entries = Self::new();
        for place in 0..from.array()? {
            from.array_of(2)?;
            let key = K::read(from)?;
            if entries.insert(key, V::read(from)?).is_some() {
                return Err(Malformed::new(format!("entry {place} has the key of another")));
            }
        }
        Ok(entries)
    }
}

macro_rules! tuples {
    ($count:literal $($item:ident $place:tt $before:literal)*) => {
        impl<$($item: Value),*> Value for ($($item,)*) {
            fn write_type(out: &mut String) {
                $(wrapped::<$item>(concat!($before, stringify!($place), ": "), out);)*
                out.push('}');
            }

            fn write(&self, out: &mut Vec<u8>) {
                write::array(out, $count);
                $(self.$place.write(out);)*
            }

            fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                from.array_of($count)?;
                Ok(($($item::read(from)?,)*))
            }
        }
    };
}

tuples!(1 A 0 "{");
tuples!(2 A 0 "{" B 1 ", ");
tuples!(3 A 0 "{" B 1 ", " C 2 ", ");
tuples!(4 A 0 "{" B 1 ", " C 2 ", " D 3 ", ");
tuples!(5 A 0 "{" B 1 ", " C 2 ", " D 3 ", " E 4 ", ");
tuples!(6 A 0 "{" B 1 ", " C 2 ", " D 3 ", " E 4 ", " F 5 ", ");

fn wrapped<T: Value>(prefix: &str, out: &mut String) {
    out.push_str(prefix);
    T::write_type(out);
}

/// The mistake of an enum's derived [`Value::read`].
#[doc(hidden)]
#[cold]
pub fn unknown_variant(name: &str, found: &str) -> Malformed {
    Malformed::new(format!("{name} has no variant {found:?} with these fields"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round<T: Value + PartialEq + core::fmt::Debug>(value: T, ty: &str) {
        let mut text = String::new();
        T::write_type(&mut text);
        assert_eq!(text, ty);
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(T::read(&mut reader), Ok(value));
        assert_eq!(reader.position(), bytes.len());
    }

    #[test]
    fn values_come_back() {
        round(true, "bool");
        round(-5i8, "i8");
        round(u64::MAX, "u64");
        round(1.25f32, "f32");
        round(Entity::from_bits(1 << 40), "entity");
        round("schön".to_owned(), "string");
        round(vec![Some(1u16), None], "list<option<u16>>");
        round([[1.0f64, 2.0], [3.0, 4.0]], "[[f64; 2]; 2]");
        round(Box::new(7u8), "u8");
        round(usize::MAX, "u64");
        round(-3isize, "i64");
        round('ß', "string");
        round((1u8, "x".to_owned()), "{0: u8, 1: string}");
        round(vec![(true,)], "list<{0: bool}>");
        round(BTreeSet::from([3u8, 1]), "list<u8>");
        round(
            BTreeMap::from([("b".to_owned(), vec![1u8]), ("a".to_owned(), vec![])]),
            "list<{key: string, value: list<u8>}>",
        );
    }

    #[test]
    fn entries_of_any_order_are_read_and_ascend_when_written() {
        let mut bytes = Vec::new();
        vec![(3u8, 'c'), (1, 'a'), (2, 'b')].write(&mut bytes);
        let map = BTreeMap::<u8, char>::read(&mut Reader::new(&bytes)).expect("entries");
        let mut written = Vec::new();
        map.write(&mut written);
        let entries = Vec::<(u8, char)>::read(&mut Reader::new(&written));
        assert_eq!(entries, Ok(vec![(1, 'a'), (2, 'b'), (3, 'c')]));

        let mut bytes = Vec::new();
        vec![(1u8, 'a'), (1, 'b')].write(&mut bytes);
        let error = BTreeMap::<u8, char>::read(&mut Reader::new(&bytes)).expect_err("twice");
        assert_eq!(error.to_string(), "entry 1 has the key of another");
        let mut bytes = Vec::new();
        vec![1u8, 1].write(&mut bytes);
        assert!(BTreeSet::<u8>::read(&mut Reader::new(&bytes)).is_err());
    }

    #[test]
    fn a_character_is_one() {
        for text in ["", "ab", "e\u{301}"] {
            let mut bytes = Vec::new();
            text.to_owned().write(&mut bytes);
            let error = char::read(&mut Reader::new(&bytes)).expect_err(text);
            assert_eq!(error.to_string(), format!("expected one character, found {text:?}"));
        }
    }

    #[test]
    fn range_is_checked() {
        let mut bytes = Vec::new();
        300u16.write(&mut bytes);
        let error = u8::read(&mut Reader::new(&bytes)).expect_err("too large");
        assert_eq!(error.to_string(), "300 is out of range for u8");
    }

    #[test]
    fn array_length_is_checked() {
        let mut bytes = Vec::new();
        vec![1u8, 2].write(&mut bytes);
        let error = <[u8; 3]>::read(&mut Reader::new(&bytes)).expect_err("too short");
        assert_eq!(error.to_string(), "expected an array of 3, found one of 2");
    }

    #[test]
    fn a_made_up_length_allocates_nothing() {
        assert!(Vec::<u64>::read(&mut Reader::new(&[0xdd, 255, 255, 255, 255])).is_err());
    }
}
