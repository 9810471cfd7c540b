//! Values by their type: checked and made canonical on their way in.
//!
//! One value has one form. Integers take their shortest MessagePack encoding, a
//! float that is not a number becomes the one quiet NaN with a clear sign, and
//! a value that does not fit its type never enters the world. So equal worlds
//! have equal bytes on every machine.
//!
//! Lengths are checked against what is there before anything is allocated.

use rmp::decode;
use rmp::encode;

use super::float::{canonical_f32, canonical_f64};
use super::{Entity, Kind, Type};

/// What is wrong with a value, in words that follow "the value".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub(super) String);

pub(super) fn problem<T>(what: impl Into<String>) -> Result<T, Problem> {
    Err(Problem(what.into()))
}

/// Maps each entity that a value names, or says why it must not.
pub type Remap<'a> = dyn FnMut(Entity) -> Result<Entity, String> + 'a;

/// Appends the canonical form of the next value in `from`, which is moved past
/// it.
///
/// # Errors
///
/// Says which field is wrong and how: it does not fit its type, is cut short, or names
/// an entity that `remap` refuses. What was appended until then is no value.
pub fn canonical_value(
    kind: &Kind,
    from: &mut &[u8],
    into: &mut Vec<u8>,
    remap: &mut Remap<'_>,
) -> Result<(), Problem> {
    expect_array(from, kind.fields.len())?;
    write_array(into, kind.fields.len());
    for field in &kind.fields {
        copy(&field.ty, from, into, remap)
            .map_err(|Problem(what)| Problem(format!("field `{}`: {what}", field.name)))?;
    }
    Ok(())
}

/// The canonical form of one value of a type.
///
/// # Errors
///
/// Says what is wrong with it; something behind it is wrong, too.
pub fn canonical_field(ty: &Type, value: &[u8], remap: &mut Remap<'_>) -> Result<Vec<u8>, Problem> {
    let (mut rest, mut into) = (value, Vec::with_capacity(value.len()));
    copy(ty, &mut rest, &mut into, remap)?;
    match rest {
        [] => Ok(into),
        rest => problem(format!("{} bytes are left over", rest.len())),
    }
}

/// Makes packed rows canonical in place. Their length must already fit.
///
/// # Errors
///
/// Says which field holds a bool that is none, or names an entity that `remap` refuses.
/// Rows before that one may be canonical already.
pub fn canonical_packed(
    kind: &Kind,
    rows: &mut [u8],
    remap: &mut Remap<'_>,
) -> Result<(), Problem> {
    if let Some((field, byte)) = kind.broken_bool(rows) {
        return problem(format!("field `{}`: a bool is 0 or 1, not {byte}", field.name));
    }
    kind.canonicalise_nan(rows);
    if kind.entity_offsets().is_empty() {
        return Ok(());
    }
    for row in rows.chunks_exact_mut(kind.size.max(1)) {
        for &offset in kind.entity_offsets() {
            let bytes: &mut [u8] = &mut row[offset..offset + 8];
            let named = Entity::from_bits(u64::from_le_bytes(fixed(bytes)));
            let mapped = remap(named).map_err(Problem)?;
            bytes.copy_from_slice(&mapped.to_bits().to_le_bytes());
        }
    }
    Ok(())
}

/// A canonical copy of packed rows.
///
/// # Errors
///
/// As [`canonical_packed`].
pub fn canonical_copy(kind: &Kind, rows: &[u8], remap: &mut Remap<'_>) -> Result<Vec<u8>, Problem> {
    // A piece is still in the nearest cache when it is looked at.
    const PIECE_BYTES: usize = 8 << 10;
    let size = kind.size.max(1);
    let mut copy = Vec::with_capacity(rows.len());
    for piece in rows.chunks((PIECE_BYTES / size).max(1) * size) {
        let start = copy.len();
        copy.extend_from_slice(piece);
        canonical_packed(kind, &mut copy[start..], remap)?;
    }
    Ok(copy)
}

pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

pub(super) fn copy(
    ty: &Type,
    from: &mut &[u8],
    into: &mut Vec<u8>,
    remap: &mut Remap<'_>,
) -> Result<(), Problem> {
    match ty {
        Type::Bool => {
            let value = decode::read_bool(from).or_else(|_| problem("expected true or false"))?;
            // Writing to a vector does not fail.
            let _ = encode::write_bool(into, value);
        }
        Type::Unsigned(bytes) => write_unsigned(into, read_unsigned(from, *bytes)?),
        Type::Signed(bytes) => {
            let value: i64 = decode::read_int(from)
                .or_else(|_| problem(format!("expected an i{}", bytes * 8)))?;
            if !signed_fits(value, *bytes) {
                return problem(format!("{value} does not fit an i{}", bytes * 8));
            }
            let _ = encode::write_sint(into, value);
        }
        Type::F32 => {
            let value = decode::read_f32(from).or_else(|_| problem("expected an f32"))?;
            let _ = encode::write_f32(into, canonical_f32(value));
        }
        Type::F64 => {
            let value = decode::read_f64(from).or_else(|_| problem("expected an f64"))?;
            let _ = encode::write_f64(into, canonical_f64(value));
        }
        Type::Entity => {
            let named = Entity::from_bits(read_unsigned(from, 8)?);
            write_unsigned(into, remap(named).map_err(Problem)?.to_bits());
        }
        Type::String => {
            let text = read_text(from)?;
            let _ = encode::write_str(into, text);
        }
        Type::Array(item, len) => {
            expect_array(from, *len)?;
            write_array(into, *len);
            for _ in 0..*len {
                copy(item, from, into, remap)?;
            }
        }
        Type::List(item) => {
            let len = read_array(from)?;
            write_array(into, len);
            for _ in 0..len {
                copy(item, from, into, remap)?;
            }
        }
        Type::Option(item) => {
            if from.first() == Some(&0xc0) {
                *from = &from[1..];
                into.push(0xc0);
            } else {
                copy(item, from, into, remap)?;
            }
        }
        Type::Struct(fields) => {
            expect_array(from, fields.len())?;
            write_array(into, fields.len());
            for (name, ty) in fields {
                copy(ty, from, into, remap)
                    .map_err(|Problem(what)| Problem(format!("field `{name}`: {what}")))?;
            }
        }
        Type::Enum(variants) => {
            let (name, fields) = read_variant(variants, from)?;
            if !fields.is_empty() {
                write_array(into, fields.len() + 1);
            }
            let _ = encode::write_str(into, name);
            for (field, ty) in fields {
                copy(ty, from, into, remap)
                    .map_err(|Problem(what)| Problem(format!("`{name}.{field}`: {what}")))?;
            }
        }
    }
    Ok(())
}

pub(super) fn read_unsigned(from: &mut &[u8], bytes: u8) -> Result<u64, Problem> {
    let value: u64 =
        decode::read_int(from).or_else(|_| problem(format!("expected a u{}", bytes * 8)))?;
    if bytes < 8 && value >> (bytes * 8) != 0 {
        return problem(format!("{value} does not fit a u{}", bytes * 8));
    }
    Ok(value)
}

pub(super) fn signed_fits(value: i64, bytes: u8) -> bool {
    let unused = 64 - u32::from(bytes) * 8;
    value << unused >> unused == value
}

pub(super) fn write_unsigned(into: &mut Vec<u8>, value: u64) {
    let _ = encode::write_uint(into, value);
}

/// Begins a MessagePack array of so many items.
pub fn write_array(into: &mut Vec<u8>, len: usize) {
    let _ = encode::write_array_len(into, len as u32);
}

/// The length of an array, each item of which takes a byte at least.
///
/// # Errors
///
/// There is no array at the start of the bytes.
pub fn read_array(from: &mut &[u8]) -> Result<usize, Problem> {
    let len = decode::read_array_len(from).or_else(|_| problem("expected an array"))? as usize;
    if len > from.len() {
        return problem(format!("an array claims {len} items in {} bytes", from.len()));
    }
    Ok(len)
}

fn expect_array(from: &mut &[u8], len: usize) -> Result<(), Problem> {
    match read_array(from)? {
        found if found == len => Ok(()),
        found => problem(format!("expected {len} items, found {found}")),
    }
}

pub(super) fn read_text<'a>(from: &mut &'a [u8]) -> Result<&'a str, Problem> {
    let all: &'a [u8] = from;
    match decode::read_str_from_slice(all) {
        Ok((text, rest)) => {
            *from = rest;
            Ok(text)
        }
        Err(_) => problem("expected a string"),
    }
}

pub(super) type Fields = [(String, Type)];

/// Reads the name of a variant and, where it has fields, the array around them.
pub(super) fn read_variant<'t>(
    variants: &'t [(String, Vec<(String, Type)>)],
    from: &mut &[u8],
) -> Result<(&'t str, &'t Fields), Problem> {
    let is_array = matches!(from.first(), Some(0x90..=0x9f | 0xdc | 0xdd));
    let items = if is_array { read_array(from)? } else { 1 };
    let name = read_text(from)?;
    let Some((name, fields)) = variants.iter().find(|(known, _)| known == name) else {
        return problem(format!("`{name}` is no variant"));
    };
    if items != fields.len() + 1 || is_array == fields.is_empty() {
        return problem(format!("variant `{name}` has {} fields", fields.len()));
    }
    Ok((name, fields))
}

/// Reads a `bin`, borrowed from the bytes around it.
///
/// # Errors
///
/// There are no bytes of MessagePack at the start, or fewer than they say.
pub fn read_bin<'a>(from: &mut &'a [u8]) -> Result<&'a [u8], Problem> {
    let mut rest = *from;
    let len = decode::read_bin_len(&mut rest).or_else(|_| problem("expected a bin"))? as usize;
    if len > rest.len() {
        return problem(format!("a bin claims {len} bytes of {}", rest.len()));
    }
    let (bytes, rest) = rest.split_at(len);
    *from = rest;
    Ok(bytes)
}
