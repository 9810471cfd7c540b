//! Columns and values from outside, held against their kind.
//!
//! What a guest gives becomes canonical here; what a save has must be canonical
//! already. Nothing else lets values into a world.

use super::value::{canonical_copy, canonical_packed, canonical_value, problem, read_array};
use super::{Bytes, Kind, Problem, Remap, Storage};

/// The rows of a column that came from outside, canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckedColumn {
    /// Rows of a fixed size, one after the other.
    Packed(Vec<u8>),
    /// One MessagePack value a row.
    Dynamic(Vec<Bytes>),
}

/// Checks a column of so many rows, as it crosses the boundary: packed rows one
/// after the other, or a MessagePack array of values. A dynamic value that is
/// as it was in `known`, in the same row, is kept as that.
///
/// # Errors
///
/// Says what is wrong, as a sentence that names the kind: another number of rows
/// or bytes, a value that does not fit its type, an entity that `remap` refuses.
pub fn check_column(
    kind: &Kind,
    rows: usize,
    bytes: &[u8],
    known: &[Bytes],
    remap: &mut Remap<'_>,
) -> Result<CheckedColumn, Problem> {
    if kind.storage == Storage::Packed {
        return Ok(CheckedColumn::Packed(check_packed_column(kind, rows, bytes, remap)?));
    }
    let mut from = bytes;
    let values = check_dynamic_column(kind, rows, &mut from, known, remap)?;
    match from {
        [] => Ok(CheckedColumn::Dynamic(values)),
        _ => problem(format!("bytes after the last value of `{}`", kind.name)),
    }
}

/// As [`check_column`], of a packed kind.
///
/// # Errors
///
/// As [`check_column`].
pub fn check_packed_column(
    kind: &Kind,
    rows: usize,
    bytes: &[u8],
    remap: &mut Remap<'_>,
) -> Result<Vec<u8>, Problem> {
    let expected = rows * kind.size;
    if bytes.len() != expected {
        return problem(format!(
            "{} bytes for a column of `{}`, which has {expected}",
            bytes.len(),
            kind.name
        ));
    }
    canonical_copy(kind, bytes, remap).map_err(|problem| of_kind(kind, problem))
}

/// As [`check_column`], of a dynamic kind; `from` is moved past the column.
///
/// # Errors
///
/// As [`check_column`].
pub fn check_dynamic_column(
    kind: &Kind,
    rows: usize,
    from: &mut &[u8],
    known: &[Bytes],
    remap: &mut Remap<'_>,
) -> Result<Vec<Bytes>, Problem> {
    let found = read_array(from).map_err(|problem| of_kind(kind, problem))?;
    if found != rows {
        return problem(format!("{found} values of `{}` for {rows} rows", kind.name));
    }
    let mut values = Vec::with_capacity(rows);
    let mut value = Vec::new();
    for row in 0..rows {
        value.clear();
        canonical_value(kind, from, &mut value, remap).map_err(|problem| of_kind(kind, problem))?;
        values.push(match known.get(row) {
            Some(known) if **known == *value => known.clone(),
            _ => value.as_slice().into(),
        });
    }
    Ok(values)
}

/// Checks packed rows that a save has: they must be canonical already.
///
/// # Errors
///
/// Says that a value is not, as a sentence that names the kind.
pub fn check_stored_rows(kind: &Kind, rows: &[u8]) -> Result<(), Problem> {
    let mut canonical = rows.to_vec();
    let checked = canonical_packed(kind, &mut canonical, &mut Ok);
    if checked.is_err() || canonical != rows { not_canonical(kind) } else { Ok(()) }
}

/// Checks one value that a save has, of any storage: it must be canonical
/// already.
///
/// # Errors
///
/// Says what is wrong with it, as a sentence that names the kind.
pub fn check_stored_value(kind: &Kind, value: &[u8]) -> Result<(), Problem> {
    if kind.storage == Storage::Packed {
        return match value.len() == kind.size {
            true => check_stored_rows(kind, value),
            false => problem(format!("a value of `{}` has {} bytes", kind.name, value.len())),
        };
    }
    let mut canonical = Vec::with_capacity(value.len());
    let mut rest = value;
    canonical_value(kind, &mut rest, &mut canonical, &mut Ok)
        .map_err(|problem| of_kind(kind, problem))?;
    if !rest.is_empty() || canonical != value { not_canonical(kind) } else { Ok(()) }
}

fn of_kind(kind: &Kind, Problem(what): Problem) -> Problem {
    Problem(format!("a value of `{}`: {what}", kind.name))
}

fn not_canonical<T>(kind: &Kind) -> Result<T, Problem> {
    problem(format!("a value of `{}` is not canonical", kind.name))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ecs::tests::world;

    fn text(value: &str) -> Vec<u8> {
        let mut bytes = vec![0x91];
        rmp::encode::write_str(&mut bytes, value).expect("written");
        bytes
    }

    fn refusal(checked: Result<CheckedColumn, Problem>) -> String {
        checked.expect_err("refused").to_string()
    }

    #[test]
    fn a_packed_column_has_as_many_bytes_as_its_rows_take() {
        let (world, kinds) = world();
        let (number, tag) = (world.registry.get(kinds.a), world.registry.get(kinds.b));
        let check = |kind, rows, bytes: &[u8]| check_column(kind, rows, bytes, &[], &mut Ok);
        assert_eq!(check(number, 2, &[7; 8]), Ok(CheckedColumn::Packed(vec![7; 8])));
        assert_eq!(check(tag, 9, &[]), Ok(CheckedColumn::Packed(Vec::new())));
        let (short, tagged) = (refusal(check(number, 2, &[7; 7])), refusal(check(tag, 9, &[0])));
        assert_eq!(short, "7 bytes for a column of `test/A`, which has 8");
        assert_eq!(tagged, "1 bytes for a column of `test/B`, which has 0");
    }

    #[test]
    fn a_dynamic_column_keeps_what_is_as_it_was() {
        let (world, kinds) = world();
        let kind = world.registry.get(kinds.c);
        let known: Vec<Bytes> = [text("one"), text("two")].map(Bytes::from).to_vec();
        let column = [&[0x92][..], &text("one"), &text("new")].concat();
        let checked = check_column(kind, 2, &column, &known, &mut Ok).expect("a column");
        let CheckedColumn::Dynamic(values) = checked else { panic!("it is dynamic") };
        assert!(Arc::ptr_eq(&values[0], &known[0]));
        assert_eq!(values[1][..], text("new"));
        let check = |rows, bytes: &[u8]| refusal(check_column(kind, rows, bytes, &[], &mut Ok));
        assert_eq!(check(3, &column), "2 values of `test/C` for 3 rows");
        assert_eq!(
            check(2, &[&column[..], &[0]].concat()),
            "bytes after the last value of `test/C`"
        );
        assert!(check(1, &[0x91, 0x91, 7]).starts_with("a value of `test/C`: field `value`: "));
    }

    #[test]
    fn what_a_save_has_is_canonical_or_refused() {
        let (world, kinds) = world();
        let (number, words) = (world.registry.get(kinds.a), world.registry.get(kinds.c));
        assert_eq!(check_stored_value(number, &[1, 2, 3, 4]), Ok(()));
        assert_eq!(check_stored_value(words, &text("one")), Ok(()));
        let long_form = [&[0x91, 0xd9, 3][..], b"one"].concat();
        for (kind, value, why) in [
            (number, &[1, 2, 3][..], "a value of `test/A` has 3 bytes"),
            (words, &long_form, "a value of `test/C` is not canonical"),
            (words, &[&text("one")[..], &[0]].concat(), "a value of `test/C` is not canonical"),
            (words, &[0x90], "a value of `test/C`: expected 1 items, found 0"),
        ] {
            assert_eq!(check_stored_value(kind, value).expect_err(why).to_string(), why);
        }
    }
}
