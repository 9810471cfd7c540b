//! Values as PostgreSQL has them.
//!
//! | in the world | in PostgreSQL |
//! |---|---|
//! | `bool` | `boolean` |
//! | `u8`, `i8`, `i16` | `smallint` |
//! | `u16`, `i32` | `integer` |
//! | `u32`, `i64` | `bigint` |
//! | `u64` | `numeric(20)`, which holds all of them |
//! | `f32`, `f64` | `real`, `double precision`, with NaN, infinities and -0.0 |
//! | `entity` | `bigint`, the number that SQL shows elsewhere too |
//! | `string`, an enum none of whose variants has fields | `text` |
//! | an option of one of these | the same, `NULL` where it is empty |
//! | all else | `jsonb`, in the JSON form |
//!
//! PostgreSQL has no text with the character U+0000: `␀` (U+2400) stands for it, in
//! `jsonb` too. Its `jsonb` has no -0.0, which becomes 0.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use sandtable_world::ecs::{Plain, Type as Declared};
use serde_json::{Number, Value as Json};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Bool,
    Small,
    Integer,
    Big,
    Numeric,
    Real,
    Double,
    Text,
    Bytes,
    Time,
    Json,
}

impl ColumnType {
    const ALL: [(Self, &'static str, Type); 11] = [
        (Self::Bool, "boolean", Type::BOOL),
        (Self::Small, "smallint", Type::INT2),
        (Self::Integer, "integer", Type::INT4),
        (Self::Big, "bigint", Type::INT8),
        (Self::Numeric, "numeric(20)", Type::NUMERIC),
        (Self::Real, "real", Type::FLOAT4),
        (Self::Double, "double precision", Type::FLOAT8),
        (Self::Text, "text", Type::TEXT),
        (Self::Bytes, "bytea", Type::BYTEA),
        (Self::Time, "timestamp with time zone", Type::TIMESTAMPTZ),
        (Self::Json, "jsonb", Type::JSONB),
    ];

    /// Its name in SQL.
    pub fn sql(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// As the protocol has it.
    pub fn wire(self) -> Type {
        Self::ALL[self as usize].2.clone()
    }

    /// The type of this name.
    pub fn named(sql: &str) -> Option<Self> {
        Self::ALL.into_iter().find_map(|(ty, name, _)| (name == sql).then_some(ty))
    }

    /// That of a field.
    pub fn of(declared: &Declared) -> Self {
        match declared {
            Declared::Bool => Self::Bool,
            Declared::Unsigned(1) | Declared::Signed(1 | 2) => Self::Small,
            Declared::Unsigned(2) | Declared::Signed(4) => Self::Integer,
            Declared::Unsigned(4) | Declared::Signed(_) | Declared::Entity => Self::Big,
            Declared::Unsigned(_) => Self::Numeric,
            Declared::F32 => Self::Real,
            Declared::F64 => Self::Double,
            Declared::String => Self::Text,
            Declared::Enum(variants) if variants.iter().all(|(_, fields)| fields.is_empty()) => {
                Self::Text
            }
            Declared::Option(item) if !matches!(**item, Declared::Option(_)) => Self::of(item),
            _ => Self::Json,
        }
    }

    /// That of a column of a table of a mod, as SQLite names its type.
    pub fn of_sqlite(declared: &str) -> Self {
        match declared.to_ascii_uppercase().as_str() {
            "INT" | "INTEGER" => Self::Big,
            "REAL" => Self::Double,
            "TEXT" => Self::Text,
            "BLOB" => Self::Bytes,
            _ => Self::Json,
        }
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Milliseconds since 1970.
    Time(i64),
    Json(Json),
    /// In the form of [`comparable`].
    Wire(Vec<u8>),
}

impl Cell {
    /// A field's value, for a column of this type.
    pub fn of(value: Plain, ty: ColumnType) -> Self {
        match (value, ty) {
            (Plain::Absent, _) => Self::Null,
            (value, ColumnType::Json) => Self::Json(value.into()),
            (Plain::Bool(value), _) => Self::Bool(value),
            (Plain::Unsigned(value), _) => Self::Unsigned(value),
            (Plain::Signed(value), _) => Self::Signed(value),
            (Plain::Real(value), _) => Self::Real(value),
            (Plain::Entity(entity), _) => Self::Signed(entity.to_bits().cast_signed()),
            (Plain::Text(text), _) => Self::Text(text),
            (Plain::Nested(json), _) => Self::Json(json),
        }
    }

    /// A value of SQLite, for a column of this type.
    pub fn of_sqlite(value: rusqlite::types::Value, ty: ColumnType) -> Self {
        use rusqlite::types::Value;
        match (value, ty) {
            (Value::Null, _) => Self::Null,
            (Value::Integer(value), ColumnType::Time) => Self::Time(value),
            (Value::Integer(value), ColumnType::Json) => Self::Json(value.into()),
            // Columns of any type: what JSON has no words for is told from texts.
            (Value::Real(value), ColumnType::Json) => Self::Json(match Number::from_f64(value) {
                Some(number) => Json::Number(number),
                None if value > 0.0 => serde_json::json!({ "real": "Infinity" }),
                None => serde_json::json!({ "real": "-Infinity" }),
            }),
            (Value::Blob(value), ColumnType::Json) => {
                let digits: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
                Self::Json(serde_json::json!({ "bytes": digits }))
            }
            (Value::Text(text), ColumnType::Json) => Self::Json(text.into()),
            (Value::Integer(value), _) => Self::Signed(value),
            (Value::Real(value), _) => Self::Real(value),
            (Value::Text(text), _) => Self::Text(text),
            (Value::Blob(value), _) => Self::Bytes(value),
        }
    }
}

/// As the protocol has it.
impl ToSql for Cell {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let integer = match self {
            Self::Signed(value) => Some(i128::from(*value)),
            Self::Unsigned(value) => Some(i128::from(*value)),
            _ => None,
        };
        match (self, ty.clone()) {
            (Self::Null, _) => return Ok(IsNull::Yes),
            (Self::Wire(bytes), ty) => {
                if ty == Type::JSONB {
                    out.put_u8(1);
                }
                out.put_slice(bytes);
            }
            (Self::Bool(value), Type::BOOL) => out.put_u8(u8::from(*value)),
            (Self::Real(value), Type::FLOAT4) if value.is_nan() => out.put_f32(f32::NAN),
            (Self::Real(value), Type::FLOAT4) => out.put_f32(*value as f32),
            (Self::Real(value), Type::FLOAT8) if value.is_nan() => out.put_f64(f64::NAN),
            (Self::Real(value), Type::FLOAT8) => out.put_f64(*value),
            (Self::Text(text), Type::TEXT) => out.put_slice(without_nul(text).as_bytes()),
            (Self::Bytes(bytes), Type::BYTEA) => out.put_slice(bytes),
            (Self::Time(millis), Type::TIMESTAMPTZ) => {
                const SECONDS_TO_2000: i64 = 946_684_800;
                out.put_i64(millis.saturating_sub(SECONDS_TO_2000 * 1000).saturating_mul(1000));
            }
            (Self::Json(json), Type::JSONB) => {
                out.put_u8(1);
                let mut text = json.to_string();
                if text.contains("\\u0000") {
                    text = json_without_nul(json).to_string();
                }
                out.put_slice(text.as_bytes());
            }
            (_, ty) => match (integer, ty) {
                (Some(value), Type::INT2) => out.put_i16(value.try_into()?),
                (Some(value), Type::INT4) => out.put_i32(value.try_into()?),
                (Some(value), Type::INT8) => out.put_i64(value.try_into()?),
                (Some(value), Type::NUMERIC) => put_numeric(value.try_into()?, out),
                (_, ty) => return Err(format!("{self:?} is no {ty}").into()),
            },
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A number in the form of `numeric`: its digits by ten thousands, the greatest first,
/// without those at the end that are zero.
fn put_numeric(value: u64, out: &mut BytesMut) {
    let (mut digits, mut rest) = (Vec::new(), value);
    while rest > 0 {
        digits.push((rest % 10_000) as i16);
        rest /= 10_000;
    }
    let weight = i16::try_from(digits.len()).unwrap_or_default().max(1) - 1;
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let kept = &digits[zeros..];
    out.put_u16(kept.len() as u16);
    out.put_i16(weight);
    out.put_u16(0);
    out.put_u16(0);
    kept.iter().rev().for_each(|digit| out.put_i16(*digit));
}

fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{2400}").into(),
        false => text.into(),
    }
}

fn json_without_nul(json: &Json) -> Json {
    match json {
        Json::String(text) => without_nul(text).into(),
        Json::Array(items) => items.iter().map(json_without_nul).collect(),
        Json::Object(fields) => {
            let fields = fields.iter();
            fields
                .map(|(name, it)| (without_nul(name).into_owned(), json_without_nul(it)))
                .collect()
        }
        other => other.clone(),
    }
}

/// The bytes of a value in the form in which both sides have the same: those of the
/// protocol, but for JSON, of which PostgreSQL keeps what it says and not how it was
/// written.
pub(crate) fn comparable(ty: ColumnType, bytes: &[u8]) -> Vec<u8> {
    match (ty, bytes.split_first()) {
        (ColumnType::Json, Some((1, text))) => match serde_json::from_slice::<Json>(text) {
            Ok(json) => sorted(&json).to_string().into_bytes(),
            Err(_) => text.to_vec(),
        },
        _ => bytes.to_vec(),
    }
}

/// JSON with its names in order, and each number in one form.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(name, it)| (name, sorted(it))).collect();
            fields.sort_by_key(|(name, _)| *name);
            fields.into_iter().map(|(name, it)| (name.clone(), it)).collect()
        }
        // PostgreSQL writes a float without an exponent, by the digits that tell it from
        // others, which of a whole one reads as an integer.
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 => {
                let digits = float.to_string();
                let signed = digits.parse::<i64>().map(Json::from);
                let whole = signed.or_else(|_| digits.parse::<u64>().map(Json::from));
                whole.unwrap_or_else(|_| json.clone())
            }
            _ => json.clone(),
        },
        other => other.clone(),
    }
}

/// The bytes of a value, as [`comparable`] has them; nothing where it is null.
pub(crate) fn comparable_cell(cell: &Cell, ty: ColumnType) -> Option<Vec<u8>> {
    let mut bytes = BytesMut::new();
    match cell.to_sql(&ty.wire(), &mut bytes) {
        Ok(IsNull::No) => Some(comparable(ty, &bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_ten_thousands() {
        let of = |value| {
            let mut out = BytesMut::new();
            put_numeric(value, &mut out);
            out.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect::<Vec<_>>()
        };
        assert_eq!(of(0), [0, 0, 0, 0]);
        assert_eq!(of(7), [1, 0, 0, 0, 7]);
        assert_eq!(of(10_000), [1, 1, 0, 0, 1]);
        assert_eq!(of(u64::MAX), [5, 4, 0, 0, 1844, 6744, 737, 955, 1615]);
    }

    #[test]
    fn no_nul_is_sent() {
        let json = serde_json::json!({ "a\u{0}": ["\u{0}", "\\u0000"] });
        let of = |cell: Cell, ty: ColumnType| {
            String::from_utf8(comparable_cell(&cell, ty).expect("a value")).expect("text")
        };
        let sent = of(Cell::Json(json), ColumnType::Json);
        assert_eq!(sent, "{\"a\u{2400}\":[\"\u{2400}\",\"\\\\u0000\"]}");
        assert_eq!(of(Cell::Text("\u{0}".to_owned()), ColumnType::Text), "\u{2400}");
    }

    #[test]
    fn what_is_no_finite_number_is_no_null_and_no_text() {
        let of = |value: f64| {
            let cell = Cell::of_sqlite(rusqlite::types::Value::Real(value), ColumnType::Json);
            comparable_cell(&cell, ColumnType::Json)
        };
        let infinite = of(f64::INFINITY).expect("a value");
        assert_eq!(infinite, br#"{"real":"Infinity"}"#);
        assert_ne!(of(f64::NEG_INFINITY), Some(infinite));
    }

    #[test]
    fn json_is_the_same_however_it_is_written() {
        let of = |text: &str| comparable(ColumnType::Json, format!("\u{1}{text}").as_bytes());
        assert_eq!(of(r#"{"b":1.0,"a":[1e20]}"#), of(r#"{"a": [100000000000000000000], "b": 1}"#));
        assert_eq!(of("-0.0"), of("0"));
        assert_ne!(of("0.1"), of("0.2"));
        // Integers beyond what floats tell apart, and floats there as PostgreSQL writes them.
        assert_ne!(of("9007199254740992"), of("9007199254740993"));
        assert_ne!(of("9223372036854775807"), of("9223372036854775806"));
        for float in [2_f64.powi(53), 1.2345678901234567e19, -9.3e18, 2_f64.powi(64), 1e300] {
            let digits = float.to_string();
            assert_eq!(of(&digits), of(&serde_json::json!(float).to_string()), "{float}");
        }
        assert_ne!(of(r#""1""#), of("1"));
    }
}
