//! The JSON form: values as people and other programs write and read them.
//!
//! There is one form, in answers, payloads, exports, scenarios and inputs:
//!
//! | value | JSON |
//! |---|---|
//! | `bool` | `true`, `false` |
//! | an integer from -(2^53 - 1) to 2^53 - 1 | a number |
//! | an integer beyond, which many programs would round | a string of its digits: `"9007199254740993"` |
//! | `f32`, `f64` | the shortest number that reads back as the same; `-0.0` keeps its sign |
//! | a float that is no finite number | `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `entity` | `"12v3"`: index and generation |
//! | `string` | a string |
//! | an array, a list | an array |
//! | an option | the value, or `null` |
//! | a struct, and every kind | an object by field |
//! | an enum | as serde tags it: `"Calm"`, `{"Proud": 1}`, `{"Angry": [1.5, 2]}`, `{"At": {"x": 1.5}}` |
//!
//! What [`to_json`] shows, [`from_json`] reads back as the same value. It also
//! takes any integer as a string of digits or as a number, entities as the number
//! that SQL shows, and the fields of a tuple variant by their numbers.

use rmp::{decode, encode};
use serde_json::{Map, Number, Value as Json};

use super::float::{canonical_f32, canonical_f64};
use super::schema_change::lower;
use super::value::{
    Fields, Problem, fixed, problem, read_array, read_text, read_unsigned, read_variant,
    signed_fits, write_array, write_unsigned,
};
use super::{Bytes, Entity, Kind, Storage, Type};

/// The greatest integer of which every program knows its neighbours.
const SAFE_MAX: u64 = (1 << 53) - 1;

/// A value for people and other programs.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// An option that is empty.
    Absent,
    /// A truth.
    Bool(bool),
    /// An integer.
    Unsigned(u64),
    /// An integer.
    Signed(i64),
    /// A float; of an `f32`, the shortest decimal that reads back as it.
    Real(f64),
    /// An entity.
    Entity(Entity),
    /// A string, or the name of a variant without fields.
    Text(String),
    /// All else.
    Nested(Json),
}

impl From<Plain> for Json {
    fn from(plain: Plain) -> Json {
        match plain {
            Plain::Absent => Json::Null,
            Plain::Bool(value) => value.into(),
            Plain::Unsigned(value) => integer_to_json(value.into()),
            Plain::Signed(value) => integer_to_json(value.into()),
            Plain::Real(value) => real_to_json(value),
            Plain::Entity(entity) => entity.to_string().into(),
            Plain::Text(text) => text.into(),
            Plain::Nested(json) => json,
        }
    }
}

/// An integer in the JSON form.
pub fn integer_to_json(value: i128) -> Json {
    match i64::try_from(value) {
        Ok(value) if value.unsigned_abs() <= SAFE_MAX => value.into(),
        _ => value.to_string().into(),
    }
}

/// A float in the JSON form.
pub fn real_to_json(value: f64) -> Json {
    Number::from_f64(value).map_or_else(|| real_to_text(value).into(), Json::Number)
}

/// The shortest text that reads back as this float, in the words of the JSON
/// form.
pub fn real_to_text(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value => format!("{value:?}"),
    }
}

/// Every field of a value of a kind, in declared order.
pub fn plain(kind: &Kind, value: &[u8]) -> Vec<Plain> {
    let mut rest = value;
    if kind.storage == Storage::Dynamic {
        let _ = read_array(&mut rest);
    }
    let field = |field: &super::Field| match kind.storage {
        Storage::Packed => plain_packed(&field.ty, &value[field.offset..]),
        Storage::Dynamic => plain_dynamic(&field.ty, &mut rest).unwrap_or(Plain::Absent),
    };
    kind.fields.iter().map(field).collect()
}

/// A value of a kind as a JSON object.
pub fn to_json(kind: &Kind, value: &[u8]) -> Json {
    let names = kind.fields.iter().map(|field| field.name.clone());
    Json::Object(names.zip(plain(kind, value).into_iter().map(Json::from)).collect())
}

/// A MessagePack value of a type.
pub fn plain_field(ty: &Type, value: &[u8]) -> Plain {
    plain_dynamic(ty, &mut &value[..]).unwrap_or(Plain::Absent)
}

/// A MessagePack value of a type as JSON.
pub fn field_to_json(ty: &Type, value: &[u8]) -> Json {
    plain_dynamic(ty, &mut &value[..]).map_or(Json::Null, Json::from)
}

/// A packed value, with which the bytes begin.
pub fn plain_packed(ty: &Type, bytes: &[u8]) -> Plain {
    let size_of = |ty: &Type| ty.packed_layout().map_or(0, |(size, _)| size);
    match ty {
        Type::Bool => Plain::Bool(bytes[0] != 0),
        Type::Unsigned(1) => Plain::Unsigned(bytes[0].into()),
        Type::Unsigned(2) => Plain::Unsigned(u16::from_le_bytes(fixed(bytes)).into()),
        Type::Unsigned(4) => Plain::Unsigned(u32::from_le_bytes(fixed(bytes)).into()),
        Type::Unsigned(_) => Plain::Unsigned(u64::from_le_bytes(fixed(bytes))),
        Type::Entity => Plain::Entity(Entity::from_bits(u64::from_le_bytes(fixed(bytes)))),
        Type::Signed(1) => Plain::Signed((bytes[0] as i8).into()),
        Type::Signed(2) => Plain::Signed(i16::from_le_bytes(fixed(bytes)).into()),
        Type::Signed(4) => Plain::Signed(i32::from_le_bytes(fixed(bytes)).into()),
        Type::Signed(_) => Plain::Signed(i64::from_le_bytes(fixed(bytes))),
        Type::F32 => Plain::Real(shortest(f32::from_le_bytes(fixed(bytes)))),
        Type::F64 => Plain::Real(f64::from_le_bytes(fixed(bytes))),
        Type::Array(item, len) => {
            let size = size_of(item);
            let items = (0..*len).map(|at| Json::from(plain_packed(item, &bytes[at * size..])));
            Plain::Nested(items.collect())
        }
        Type::Struct(fields) => {
            let mut rest = bytes;
            let parts = fields.iter().map(|(name, ty)| {
                let part = Json::from(plain_packed(ty, rest));
                rest = &rest[size_of(ty)..];
                (name.clone(), part)
            });
            Plain::Nested(Json::Object(parts.collect()))
        }
        _ => Plain::Absent,
    }
}

/// The number that people would write for an `f32`.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// The next value of a type in MessagePack, which is moved past it.
fn plain_dynamic(ty: &Type, from: &mut &[u8]) -> Result<Plain, Problem> {
    Ok(match ty {
        Type::Bool => Plain::Bool(decode::read_bool(from).or_else(broken)?),
        Type::Unsigned(bytes) => Plain::Unsigned(read_unsigned(from, *bytes)?),
        Type::Entity => Plain::Entity(Entity::from_bits(read_unsigned(from, 8)?)),
        Type::Signed(_) => Plain::Signed(decode::read_int(from).or_else(broken)?),
        Type::F32 => Plain::Real(shortest(decode::read_f32(from).or_else(broken)?)),
        Type::F64 => Plain::Real(decode::read_f64(from).or_else(broken)?),
        Type::String => Plain::Text(read_text(from)?.to_owned()),
        Type::Array(item, _) | Type::List(item) => {
            let len = read_array(from)?;
            Plain::Nested(items(std::iter::repeat_n(&**item, len), from)?)
        }
        Type::Option(item) => {
            if from.first() == Some(&0xc0) {
                *from = &from[1..];
                Plain::Absent
            } else {
                plain_dynamic(item, from)?
            }
        }
        Type::Struct(fields) => {
            read_array(from)?;
            Plain::Nested(object(fields, from)?)
        }
        Type::Enum(variants) => {
            let (name, fields) = read_variant(variants, from)?;
            let inner = match fields {
                [] => return Ok(Plain::Text(name.to_owned())),
                [(_, ty)] if Type::is_tuple(fields) => plain_dynamic(ty, from)?.into(),
                fields if Type::is_tuple(fields) => items(fields.iter().map(|(_, ty)| ty), from)?,
                fields => object(fields, from)?,
            };
            Plain::Nested(Json::Object([(name.to_owned(), inner)].into_iter().collect()))
        }
    })
}

fn broken<T, E>(_: E) -> Result<T, Problem> {
    problem("not canonical")
}

fn items<'t>(types: impl Iterator<Item = &'t Type>, from: &mut &[u8]) -> Result<Json, Problem> {
    types.map(|ty| plain_dynamic(ty, from).map(Json::from)).collect()
}

fn object(fields: &Fields, from: &mut &[u8]) -> Result<Json, Problem> {
    let mut object = Map::new();
    for (name, ty) in fields {
        object.insert(name.clone(), plain_dynamic(ty, from)?.into());
    }
    Ok(Json::Object(object))
}

/// Reads a dynamic value from a JSON object with exactly the kind's fields.
///
/// # Errors
///
/// Says what does not fit: no object, a field that lacks or is too much, a value that
/// its type does not hold.
pub fn from_json(kind: &Kind, json: &Json) -> Result<Vec<u8>, Problem> {
    let mut into = Vec::new();
    let fields: Vec<_> =
        kind.fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
    write_array(&mut into, fields.len());
    encode_fields(&fields, json, &mut into)?;
    Ok(into)
}

/// Reads one field's value, as it stands in a dynamic value.
///
/// # Errors
///
/// Says why the type does not hold it.
pub fn field_from_json(ty: &Type, json: &Json) -> Result<Vec<u8>, Problem> {
    let mut into = Vec::new();
    encode(ty, json, &mut into)?;
    Ok(into)
}

/// As [`from_json`], in the form that the world keeps values of the kind in.
///
/// # Errors
///
/// As [`from_json`].
pub fn stored_from_json(kind: &Kind, json: &Json) -> Result<Bytes, Problem> {
    let value = from_json(kind, json)?;
    if kind.storage == Storage::Dynamic {
        return Ok(value.into());
    }
    let (mut rest, mut packed) = (&value[..], Vec::with_capacity(kind.size));
    read_array(&mut rest)?;
    for field in &kind.fields {
        if lower(&field.ty, &mut rest, &mut packed).is_none() {
            let what = format!("field `{}` ({}) cannot be packed", field.name, field.ty);
            return problem(what);
        }
    }
    Ok(packed.into())
}

fn encode_fields(fields: &Fields, json: &Json, into: &mut Vec<u8>) -> Result<(), Problem> {
    let Json::Object(object) = json else {
        return problem(format!("expected an object with {}, found {json}", listed(fields)));
    };
    if let Some(unknown) = object.keys().find(|key| fields.iter().all(|(name, _)| name != *key)) {
        let known = listed(fields);
        return problem(format!("there is no field `{unknown}`; the fields are {known}"));
    }
    for (name, ty) in fields {
        let value = object.get(name).unwrap_or(&Json::Null);
        if value.is_null() && !matches!(ty, Type::Option(_)) {
            return problem(format!("field `{name}` ({ty}) is missing"));
        }
        encode(ty, value, into)
            .map_err(|Problem(what)| Problem(format!("field `{name}`: {what}")))?;
    }
    Ok(())
}

fn listed(fields: &Fields) -> String {
    if fields.is_empty() {
        return "no fields".to_owned();
    }
    fields.iter().map(|(name, ty)| format!("`{name}` ({ty})")).collect::<Vec<_>>().join(", ")
}

fn encode(ty: &Type, json: &Json, into: &mut Vec<u8>) -> Result<(), Problem> {
    let wrong = || Problem(format!("expected {ty}, found {json}"));
    match ty {
        Type::Bool => {
            // Writing to a vector does not fail.
            let _ = encode::write_bool(into, json.as_bool().ok_or_else(wrong)?);
        }
        Type::Entity => {
            let entity = entity_from_json(json).ok_or_else(|| {
                Problem(format!("expected an entity, such as \"12v3\", found {json}"))
            })?;
            write_unsigned(into, entity.to_bits());
        }
        Type::Unsigned(bytes) => {
            let value = integer_from_json(json).and_then(|value| u64::try_from(value).ok());
            let fits = |value: &u64| *bytes == 8 || value >> (bytes * 8) == 0;
            write_unsigned(into, value.filter(fits).ok_or_else(wrong)?);
        }
        Type::Signed(bytes) => {
            let value = integer_from_json(json).and_then(|value| i64::try_from(value).ok());
            let value = value.filter(|value| signed_fits(*value, *bytes)).ok_or_else(wrong)?;
            let _ = encode::write_sint(into, value);
        }
        Type::F32 => {
            let value = real_from_json(json).ok_or_else(wrong)?;
            let near = value as f32;
            if near.is_infinite() && value.is_finite() {
                return Err(wrong());
            }
            let _ = encode::write_f32(into, canonical_f32(near));
        }
        Type::F64 => {
            let value = real_from_json(json).ok_or_else(wrong)?;
            let _ = encode::write_f64(into, canonical_f64(value));
        }
        Type::String => {
            let _ = encode::write_str(into, json.as_str().ok_or_else(wrong)?);
        }
        Type::Array(item, len) => {
            let items = json.as_array().filter(|items| items.len() == *len).ok_or_else(wrong)?;
            encode_list(item, items, into)?;
        }
        Type::List(item) => encode_list(item, json.as_array().ok_or_else(wrong)?, into)?,
        Type::Option(item) => {
            if json.is_null() {
                into.push(0xc0);
            } else {
                encode(item, json, into)?;
            }
        }
        Type::Struct(fields) => {
            write_array(into, fields.len());
            encode_fields(fields, json, into)?;
        }
        Type::Enum(variants) => {
            let (name, inner) = match json {
                Json::String(name) => (name, None),
                Json::Object(object) if object.len() == 1 => object
                    .iter()
                    .next()
                    .map(|(name, inner)| (name, Some(inner)))
                    .ok_or_else(wrong)?,
                _ => return Err(wrong()),
            };
            let (_, fields) = variants.iter().find(|(known, _)| known == name).ok_or_else(wrong)?;
            if inner.is_none() != fields.is_empty() {
                return Err(wrong());
            }
            if !fields.is_empty() {
                write_array(into, fields.len() + 1);
            }
            let _ = encode::write_str(into, name);
            if let Some(inner) = inner {
                encode_variant(fields, inner, into)
                    .map_err(|Problem(what)| Problem(format!("`{name}`: {what}")))?;
            }
        }
    }
    Ok(())
}

/// What a variant has: its fields by name, or those of a tuple in order, of
/// which an only one stands alone.
fn encode_variant(fields: &Fields, json: &Json, into: &mut Vec<u8>) -> Result<(), Problem> {
    let by_number = || json.as_object().is_some_and(|object| object.contains_key("0"));
    match (fields, json) {
        (fields, _) if !Type::is_tuple(fields) || by_number() => encode_fields(fields, json, into),
        ([(_, ty)], json) => encode(ty, json, into),
        (fields, Json::Array(items)) if items.len() == fields.len() => {
            let mut pairs = fields.iter().zip(items);
            pairs.try_for_each(|((_, ty), item)| encode(ty, item, into))
        }
        (fields, _) => {
            let types: Vec<String> = fields.iter().map(|(_, ty)| ty.to_string()).collect();
            problem(format!("expected [{}], found {json}", types.join(", ")))
        }
    }
}

fn encode_list(item: &Type, items: &[Json], into: &mut Vec<u8>) -> Result<(), Problem> {
    write_array(into, items.len());
    items.iter().try_for_each(|json| encode(item, json, into))
}

fn integer_from_json(json: &Json) -> Option<i128> {
    match json {
        Json::Number(number) => number.as_i128(),
        Json::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn real_from_json(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(word) => {
            let words = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            words.into_iter().find(|value| real_to_text(*value) == *word)
        }
        _ => None,
    }
}

/// An entity as `12v3`, or as the number that SQL shows.
fn entity_from_json(json: &Json) -> Option<Entity> {
    if let Some(entity) = json.as_str().and_then(Entity::parse) {
        return Some(entity);
    }
    let bits = integer_from_json(json)?;
    let bits = u64::try_from(bits).or_else(|_| i64::try_from(bits).map(|bits| bits as u64));
    bits.ok().map(Entity::from_bits)
}

#[cfg(test)]
mod tests;
