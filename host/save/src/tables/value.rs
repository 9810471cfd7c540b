//! Parameters and rows, between MessagePack and SQLite.

use rmp::Marker;
use rmp::decode;
use rmp::encode;
use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// Bytes of a value or a statement, for mods. SQLite looks at no guard while it
/// is in one function, and some take the square of the length.
pub(super) const LENGTH_MAX: i32 = 64 << 10;

/// Why bytes are no parameters, as a sentence for the mod's author.
type Told<T> = Result<T, String>;

fn malformed<E>(_: E) -> String {
    "the parameters are not MessagePack".to_owned()
}

/// Reads the length of an array; nil is an empty one.
pub(super) fn array(from: &mut &[u8]) -> Told<u32> {
    if from.first() == Some(&Marker::Null.to_u8()) {
        *from = &from[1..];
        return Ok(0);
    }
    let length = decode::read_array_len(from)
        .map_err(|_| "the parameters must be an array or a tuple".to_owned())?;
    if length as usize > from.len() {
        return Err(malformed(()));
    }
    Ok(length)
}

/// Reads how many parameters a row has, which must be as many as the statement has.
pub(super) fn count(from: &mut &[u8], wanted: usize) -> Told<()> {
    match array(from)? as usize {
        given if given == wanted => Ok(()),
        given => Err(format!("the statement has {wanted} parameters, and {given} were given")),
    }
}

/// Checks that nothing is left.
pub(super) fn ended(rest: &[u8]) -> Told<()> {
    match rest {
        [] => Ok(()),
        _ => Err("there is something behind the parameters".to_owned()),
    }
}

/// Whether a row is so long that the bounds of SQLite may tell in which form it is kept
/// on its way into a table. Rows are looked at as far as they can be read.
pub(super) fn has_long_row(mut rows: &[u8], count: u32) -> bool {
    const LONG: usize = LENGTH_MAX as usize / 2;
    if rows.len() < LONG {
        return false;
    }
    let skip = |rows: &mut &[u8]| -> Told<()> {
        (0..array(rows)?).try_for_each(|_| value(rows).map(drop))
    };
    (0..count).any(|_| {
        let before = rows.len();
        if skip(&mut rows).is_err() {
            rows = &[];
        }
        before - rows.len() >= LONG
    })
}

/// Binds one row of parameters.
pub(super) fn bind(statement: &mut Statement<'_>, from: &mut &[u8]) -> Told<()> {
    let parameters = statement.parameter_count();
    count(from, parameters)?;
    for place in 1..=parameters {
        let value = ToSqlOutput::Borrowed(value(from)?);
        statement.raw_bind_parameter(place, value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

pub(super) fn value<'a>(from: &mut &'a [u8]) -> Told<ValueRef<'a>> {
    let marker = decode::read_marker(from).map_err(malformed)?;
    let mut bytes = |length: u64| -> Told<&'a [u8]> {
        let (taken, rest) = from
            .split_at_checked(usize::try_from(length).map_err(malformed)?)
            .ok_or_else(|| malformed(()))?;
        *from = rest;
        Ok(taken)
    };
    let mut number = |length: u64| -> Told<u64> {
        Ok(bytes(length)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    };
    let whole = |number: i64| Ok(ValueRef::Integer(number));
    match marker {
        Marker::Null => Ok(ValueRef::Null),
        Marker::False => whole(0),
        Marker::True => whole(1),
        Marker::FixPos(number) => whole(i64::from(number)),
        Marker::FixNeg(number) => whole(i64::from(number)),
        Marker::U8 => whole(number(1)? as i64),
        Marker::U16 => whole(number(2)? as i64),
        Marker::U32 => whole(number(4)? as i64),
        // An entity may have its highest bit set, and stays itself either way.
        Marker::U64 | Marker::I64 => whole(number(8)? as i64),
        Marker::I8 => whole(i64::from(number(1)? as i8)),
        Marker::I16 => whole(i64::from(number(2)? as i16)),
        Marker::I32 => whole(i64::from(number(4)? as i32)),
        Marker::F32 => Ok(ValueRef::Real(f64::from(f32::from_bits(number(4)? as u32)))),
        Marker::F64 => Ok(ValueRef::Real(f64::from_bits(number(8)?))),
        Marker::FixStr(length) => Ok(ValueRef::Text(text(bytes(u64::from(length))?)?)),
        Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let length = number(width(marker))?;
            Ok(ValueRef::Text(text(bytes(length)?)?))
        }
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
            let length = number(width(marker))?;
            Ok(ValueRef::Blob(bytes(length)?))
        }
        _ => Err("a parameter is nil, a truth, a number, a text or bytes, and nothing with parts"
            .to_owned()),
    }
}

/// Bytes of the length that follows a marker.
fn width(marker: Marker) -> u64 {
    match marker {
        Marker::Str8 | Marker::Bin8 => 1,
        Marker::Str16 | Marker::Bin16 => 2,
        _ => 4,
    }
}

fn text(bytes: &[u8]) -> Told<&[u8]> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err("a text is not UTF-8".to_owned()),
    }
}

/// Adds a value of a row.
pub(super) fn write(value: ValueRef<'_>, into: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = match value {
        ValueRef::Null => encode::write_nil(into).map_err(drop),
        ValueRef::Integer(number) => encode::write_sint(into, number).map(drop).map_err(drop),
        ValueRef::Real(number) => encode::write_f64(into, number).map_err(drop),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => encode::write_str(into, text).map_err(drop),
            Err(_) => encode::write_bin(into, text).map_err(drop),
        },
        ValueRef::Blob(bytes) => encode::write_bin(into, bytes).map_err(drop),
    };
}

/// Room for the length that stands before rows, which is known behind them.
const HEAD: usize = 5;

/// Rows that are being written.
pub(super) struct Rows {
    bytes: Vec<u8>,
    count: u32,
}

impl Rows {
    /// None as yet.
    pub fn new() -> Self {
        Self { bytes: vec![0; HEAD], count: 0 }
    }

    /// Begins a row of so many values, and gives what they are added to.
    pub fn begin(&mut self, values: usize) -> &mut Vec<u8> {
        self.count = self.count.saturating_add(1);
        let _ = encode::write_array_len(&mut self.bytes, values as u32);
        &mut self.bytes
    }

    /// How many bytes they have.
    pub fn bytes(&self) -> u64 {
        (self.bytes.len() - HEAD) as u64
    }

    /// All of them, as one array.
    pub fn end(mut self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD);
        let _ = encode::write_array_len(&mut head, self.count);
        let start = HEAD - head.len();
        self.bytes[start..HEAD].copy_from_slice(&head);
        self.bytes.drain(..start);
        self.bytes
    }
}
