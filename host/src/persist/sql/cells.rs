//! Values of the world as values of SQL.
//!
//! Numbers are numbers, entities and booleans integers, strings and variants
//! without fields text, what is absent NULL; everything else is JSON.

use rusqlite::types::Value;
use serde_json::Value as Json;

use crate::ecs::{Entity, Field, Kind, Storage, Type, to_json};
use crate::persist::history::{Origin, Value as Past};

/// An entity.
pub(in crate::persist) fn entity(entity: Entity) -> Value {
    Value::Integer(entity.to_bits() as i64)
}

/// One field of a packed row.
pub(in crate::persist) fn packed(kind: &Kind, field: &Field, row: &[u8]) -> Value {
    let bytes = &row[field.offset..];
    match &field.ty {
        Type::F64 => Value::Real(f64::from_le_bytes(first(bytes))),
        Type::F32 => Value::Real(shortest(f32::from_le_bytes(first(bytes)))),
        Type::Unsigned(width @ (1 | 2 | 4)) => Value::Integer(unsigned(bytes, *width) as i64),
        Type::Entity => Value::Integer(unsigned(bytes, 8) as i64),
        Type::Signed(width) => {
            let unused = 64 - u32::from(*width) * 8;
            Value::Integer((unsigned(bytes, *width) as i64) << unused >> unused)
        }
        _ => match to_json(kind, row) {
            Json::Object(mut object) => object.remove(&field.name).map_or(Value::Null, from_json),
            _ => Value::Null,
        },
    }
}

/// Every field of a value, in declared order.
pub(in crate::persist) fn all(kind: &Kind, value: &[u8]) -> Vec<Value> {
    if kind.storage == Storage::Packed {
        return kind.fields.iter().map(|field| packed(kind, field, value)).collect();
    }
    let Json::Object(mut object) = to_json(kind, value) else { return Vec::new() };
    let cell = |field: &Field| {
        let json = object.get_mut(&field.name).map_or(Json::Null, Json::take);
        match (&field.ty, json.as_u64()) {
            // The bits, whichever: they must compare equal to other tables'.
            (Type::Entity, Some(bits)) => Value::Integer(bits as i64),
            _ => from_json(json),
        }
    };
    kind.fields.iter().map(cell).collect()
}

/// One field of a value of an earlier tick; nothing where its kind did not have
/// that one then.
pub(in crate::persist) fn field(value: Option<&Past>, name: &str) -> Value {
    let found = value.and_then(|Past { kind, bytes }| {
        let at = kind.fields.iter().position(|field| field.name == name)?;
        all(kind, bytes).into_iter().nth(at)
    });
    found.unwrap_or(Value::Null)
}

/// All of a value of an earlier tick, as JSON.
pub(in crate::persist) fn json(value: Option<&Past>) -> Value {
    value.map_or(Value::Null, |value| Value::Text(value.to_json().to_string()))
}

/// Who did something: the mod, the system, the kind of step.
pub(in crate::persist) fn by_whom(origin: &Origin, at: usize) -> Value {
    let told = match at {
        0 => origin.mod_id(),
        1 => origin.system.as_deref(),
        _ => Some(origin.step.name()),
    };
    told.map_or(Value::Null, |told| Value::Text(told.to_owned()))
}

/// A JSON value: plain where SQL has such values.
pub(in crate::persist) fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Integer(i64::from(value)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Value::Integer(value),
            (None, Some(value)) => Value::Real(value),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::Text(text),
        json => Value::Text(json.to_string()),
    }
}

fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

fn unsigned(bytes: &[u8], width: u8) -> u64 {
    let bytes = bytes[..usize::from(width)].iter().rev();
    bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The number that people would write for an `f32`.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}
