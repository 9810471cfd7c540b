//! What a field may hold, and how it is written as MessagePack.
//!
//! The type's text is the one of the contract. Reading and writing are each
//! other's inverse, and every value has exactly one encoding.

use crate::Entity;
use crate::codec::{Malformed, Reader, write};

/// A type that a field of a component, event, input or relation may have.
///
/// Numbers, `bool`, `String`, [`Entity`], `Vec<T>`, `Option<T>`, `Box<T>` and
/// arrays are values. Derive it for structs and enums of values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a component, event, input or relation",
    label = "not a value",
    note = "values are bool, u8 to u64, i8 to i64, f32, f64, Entity, String, Vec<T>, Option<T>, Box<T>, [T; N], and structs and enums with `#[derive(Value)]`"
)]
pub trait Value: Sized {
    /// Appends the type as the contract spells it, such as `list<f32>`.
    fn write_type(out: &mut String);

    /// Appends the value as MessagePack.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads one value.
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
