//! Values of a fixed number of bytes: fields of packed kinds, and their rows.
//!
//! Parts lie one right after the other, as C would lay them out, without
//! padding; the derive checks this when the mod is compiled. Rows of numbers
//! alone have no invalid bits either, so that bytes are viewed as rows and rows
//! as bytes. All others are copied, part by part.

use bytemuck::Pod;

use crate::Entity;
use crate::kind::Kind;

/// What a field of a packed kind may be.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a packed component",
    label = "not a packed field",
    note = "packed fields are bool, u8 to u64, i8 to i64, f32, f64, Entity, arrays of those, and structs with `#[derive(Value)] #[value(packed)]`; say #[component(dynamic)] to allow any value"
)]
pub trait Field: Sized {
    /// How many bytes it takes.
    const SIZE: usize;
    /// At a multiple of how many bytes C would put it.
    const ALIGN: usize;
    /// Whether values name entities.
    const NAMES_ENTITIES: bool = false;

    /// The value of these bytes, of which there are `SIZE`.
    fn unpack(bytes: &[u8]) -> Self;

    /// Appends the value's bytes.
    fn pack(&self, out: &mut Vec<u8>);

    /// Adds the entities that the value names.
    fn name_entities(&self, names: &mut Vec<Entity>) {
        let _ = names;
    }
}

/// Whether parts with these sizes and alignments need no padding between and
/// after them.
#[doc(hidden)]
pub const fn fits(parts: &[(usize, usize)]) -> bool {
    let (mut end, mut align, mut at) = (0_usize, 1, 0);
    while at < parts.len() {
        if !end.is_multiple_of(parts[at].1) {
            return false;
        }
        end += parts[at].0;
        if parts[at].1 > align {
            align = parts[at].1;
        }
        at += 1;
    }
    end.is_multiple_of(align)
}

/// The largest of some alignments.
#[doc(hidden)]
pub const fn widest(alignments: &[usize]) -> usize {
    let (mut most, mut at) = (1, 0);
    while at < alignments.len() {
        if alignments[at] > most {
            most = alignments[at];
        }
        at += 1;
    }
    most
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(
        impl Field for $ty {
            const SIZE: usize = size_of::<$ty>();
            const ALIGN: usize = size_of::<$ty>();

            #[inline]
            fn unpack(bytes: &[u8]) -> Self {
                Self::from_le_bytes(fixed(bytes))
            }

            #[inline]
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

/// A byte that is 0 or 1, as the host makes sure.
impl Field for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;

    #[inline]
    fn unpack(bytes: &[u8]) -> Self {
        u8::unpack(bytes) != 0
    }

    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Field for Entity {
    const SIZE: usize = 8;
    const ALIGN: usize = 8;
    const NAMES_ENTITIES: bool = true;

    #[inline]
    fn unpack(bytes: &[u8]) -> Self {
        Self::from_bits(u64::unpack(bytes))
    }

    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        self.to_bits().pack(out);
    }

    fn name_entities(&self, names: &mut Vec<Entity>) {
        if self.is_askable() {
            names.push(*self);
        }
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    const SIZE: usize = T::SIZE * N;
    const ALIGN: usize = T::ALIGN;
    const NAMES_ENTITIES: bool = T::NAMES_ENTITIES;

    #[inline]
    fn unpack(bytes: &[u8]) -> Self {
        core::array::from_fn(|at| T::unpack(&bytes[at * T::SIZE..][..T::SIZE]))
    }

    #[inline]
    fn pack(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.pack(out));
    }

    fn name_entities(&self, names: &mut Vec<Entity>) {
        self.iter().for_each(|item| item.name_entities(names));
    }
}

/// A packed kind whose fields are all of one number type.
///
/// Its rows can be viewed as one long slice of numbers, over which loops
/// vectorise. Every derive that can be, is flat.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are not plain numbers, so there is no flat view of them",
    label = "expected a packed component whose fields all have the same number type",
    note = "take dynamic components, and packed ones with other fields, row by row: `for .. in &mut query`"
)]
pub trait Flat: Pod + Kind {
    /// The number type of all its fields.
    type Scalar: Pod;
}

#[cfg(test)]
mod tests {
    use super::{fits, widest};

    #[test]
    fn parts_fit_where_c_would_put_them() {
        assert!(fits(&[]) && fits(&[(1, 1), (1, 1)]) && fits(&[(8, 8), (12, 4), (4, 4)]));
        assert!(!fits(&[(1, 1), (4, 4)]), "a gap between");
        assert!(!fits(&[(4, 4), (1, 1)]), "a gap after");
        assert_eq!((widest(&[]), widest(&[1, 8, 4])), (1, 8));
    }
}
