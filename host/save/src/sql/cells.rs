//! Values of the world as values of SQL, each distinct from every other.
//!
//! Numbers are numbers, entities the integers of their bits, booleans 0 and 1,
//! strings and variants without fields text, what is absent NULL; everything else
//! is text in the JSON form. Two things SQL has no numbers for are text, too: the
//! digits of a `u64` from 2^63 on, and `NaN`, which is neither NULL nor equal to
//! a number.

use rusqlite::types::Value;

use crate::history::{Origin, PastValue};
use sandtable_world::ecs::{Entity, Field, Kind, Plain, Type, plain, plain_packed, real_to_text};

/// An entity.
pub(crate) fn entity(entity: Entity) -> Value {
    Value::Integer(entity.to_bits() as i64)
}

/// One field of a packed row.
pub(crate) fn packed(field: &Field, row: &[u8]) -> Value {
    of(plain_packed(&field.ty, &row[field.offset..]))
}

/// Every field of a value, in declared order.
pub(crate) fn all(kind: &Kind, value: &[u8]) -> Vec<Value> {
    plain(kind, value).into_iter().map(of).collect()
}

fn of(plain: Plain) -> Value {
    match plain {
        Plain::Absent => Value::Null,
        Plain::Bool(value) => Value::Integer(i64::from(value)),
        Plain::Unsigned(value) => {
            i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Integer)
        }
        Plain::Signed(value) => Value::Integer(value),
        Plain::Real(value) if value.is_nan() => Value::Text(real_to_text(value)),
        Plain::Real(value) => Value::Real(value),
        Plain::Entity(it) => entity(it),
        Plain::Text(text) => Value::Text(text),
        Plain::Nested(json) => Value::Text(json.to_string()),
    }
}

/// One field of a value of an earlier tick; nothing where its kind did not have
/// that one then.
pub(crate) fn field(value: Option<&PastValue>, name: &str) -> Value {
    let found = value.and_then(|PastValue { kind, bytes }| {
        let at = kind.fields.iter().position(|field| field.name == name)?;
        all(kind, bytes).into_iter().nth(at)
    });
    found.unwrap_or(Value::Null)
}

/// A cell of this type as people write it: entities as `12v3`.
pub(crate) fn told(cell: Value, ty: &Type) -> Value {
    match (ty, cell) {
        (Type::Option(ty), cell) => told(cell, ty),
        (Type::Entity, Value::Integer(bits)) => {
            Value::Text(Entity::from_bits(bits as u64).to_string())
        }
        (_, cell) => cell,
    }
}

/// All of a value of an earlier tick, as JSON.
pub(crate) fn json(value: Option<&PastValue>) -> Value {
    value.map_or(Value::Null, |value| Value::Text(value.to_json().to_string()))
}

/// Who did something: the mod, the system, the kind of step, the sender of an edit.
pub(crate) fn by_whom(origin: &Origin, at: usize) -> Value {
    let told = match at {
        0 => origin.mod_id(),
        1 => origin.system.as_deref(),
        2 => Some(origin.step.name()),
        _ => origin.sender(),
    };
    told.map_or(Value::Null, |told| Value::Text(told.to_owned()))
}
