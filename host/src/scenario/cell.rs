//! Cells of SQL as scenarios write them.

use rusqlite::types::Value;
use serde_json::Value as Json;

use crate::ecs::Entity;

/// A JSON value as one of SQL.
pub(super) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Integer(i64::from(*value)),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Value::Integer(value),
            (None, Some(bits)) => Value::Integer(bits as i64),
            _ => Value::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.clone()),
        json => Value::Text(json.to_string()),
    }
}

/// Whether a value that was found is the one that is wanted, or as near as `tolerance`.
pub(super) fn meets(wanted: &Value, found: &Value, tolerance: f64) -> bool {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        _ => None,
    };
    // Columns have entities as numbers, payloads as texts.
    let entity = |value: &Value| match value {
        Value::Integer(bits) => Some(Entity::from_bits(*bits as u64)),
        Value::Text(text) => Entity::parse(text),
        _ => None,
    };
    match (number(wanted), number(found)) {
        (Some(one), Some(two)) => wanted == found || (one - two).abs() <= tolerance,
        (None, None) => wanted == found,
        _ => entity(wanted).is_some_and(|wanted| entity(found) == Some(wanted)),
    }
}
