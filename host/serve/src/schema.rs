//! Kinds of mods as JSON Schemas: what their values look like in answers.

use sandtable::ecs::{Kind, Registry, Type};
use serde_json::{Map, Value as Json, json};

/// The name of a kind among the schemas of a document, which may have no slash.
pub fn name(kind: &Kind) -> String {
    kind.name.replace('/', ".")
}

/// A schema for each kind.
pub fn of_kinds(registry: &Registry) -> Map<String, Json> {
    let of = |kind: &Kind| {
        let fields: Map<String, Json> =
            kind.fields.iter().map(|field| (field.name.clone(), of_type(&field.ty))).collect();
        let required: Vec<&str> = kind.fields.iter().map(|field| field.name.as_str()).collect();
        let description = format!("The {} {}", kind.role.name(), kind.name);
        json!({
            "type": "object", "description": description, "required": required,
            "properties": fields, "additionalProperties": false,
        })
    };
    registry.iter().map(|(_, kind)| (name(kind), of(kind))).collect()
}

/// The values of a type.
fn of_type(ty: &Type) -> Json {
    // Past 2^53 JSON has no numbers that all programs read alike.
    let integer = || json!({ "oneOf": [{ "type": "integer" }, { "type": "string", "pattern": "^-?[0-9]+$" }] });
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Unsigned(bytes) => match bytes {
            1..=4 => {
                json!({ "type": "integer", "minimum": 0, "maximum": (1_u64 << (8 * bytes)) - 1 })
            }
            _ => integer(),
        },
        Type::Signed(bytes) => match bytes {
            1..=4 => {
                let half = 1_i64 << (8 * bytes - 1);
                json!({ "type": "integer", "minimum": -half, "maximum": half - 1 })
            }
            _ => integer(),
        },
        Type::F32 | Type::F64 => json!({
            "oneOf": [{ "type": "number" }, { "enum": ["NaN", "Infinity", "-Infinity"] }],
        }),
        Type::Entity => json!({ "type": "string", "pattern": "^[0-9]+v[0-9]+$" }),
        Type::String => json!({ "type": "string" }),
        Type::Array(item, len) => {
            json!({ "type": "array", "items": of_type(item), "minItems": len, "maxItems": len })
        }
        Type::List(item) => json!({ "type": "array", "items": of_type(item) }),
        Type::Option(item) => json!({ "oneOf": [of_type(item), { "type": "null" }] }),
        Type::Struct(fields) => object(fields),
        Type::Enum(variants) => {
            let bare = variants.iter().filter(|(_, fields)| fields.is_empty());
            let bare: Vec<&str> = bare.map(|(name, _)| name.as_str()).collect();
            let full = variants.iter().filter(|(_, fields)| !fields.is_empty());
            let full = full.map(|(name, fields)| {
                let inner = match &fields[..] {
                    [(_, ty)] if Type::is_tuple(fields) => of_type(ty),
                    fields if Type::is_tuple(fields) => {
                        let items: Vec<Json> = fields.iter().map(|(_, ty)| of_type(ty)).collect();
                        json!({ "type": "array", "prefixItems": items, "items": false })
                    }
                    fields => object(fields),
                };
                json!({
                    "type": "object", "required": [name], "properties": { name: inner },
                    "additionalProperties": false,
                })
            });
            let bare = (!bare.is_empty()).then(|| json!({ "enum": bare }));
            json!({ "oneOf": bare.into_iter().chain(full).collect::<Vec<_>>() })
        }
    }
}

fn object(fields: &[(String, Type)]) -> Json {
    let required: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let properties: Map<String, Json> =
        fields.iter().map(|(name, ty)| (name.clone(), of_type(ty))).collect();
    json!({
        "type": "object", "required": required, "properties": properties,
        "additionalProperties": false,
    })
}
