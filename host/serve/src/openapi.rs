//! The OpenAPI document, made of the table of operations and of the kinds of the mods
//! that run.

use sandtable::ecs::Role;
use sandtable::pace::HERTZ;
use sandtable::question::Form;
use serde_json::{Map, Value as Json, json};

use super::operations::{Answer, BASE, Body, Method, OPERATIONS, Operation, Parameter};
use super::reply::Format;
use super::schema;
use super::served::Served;

/// The document of a server, with the kinds of a world where it is about one.
pub fn document(served: Option<&Served>) -> Json {
    let world = served.map(|served| served.now().world);
    let registry = world.as_ref().map(|world| &world.registry);
    let mut schemas = registry.map(|registry| schema::of_kinds(registry)).unwrap_or_default();
    let kinds = registry.into_iter().flat_map(|registry| registry.iter());
    let components = kinds.filter(|(_, kind)| kind.role == Role::Component).map(|(_, kind)| {
        let of = format!("#/components/schemas/{}", schema::name(kind));
        (kind.name.clone(), json!({ "$ref": of }))
    });
    let components: Map<String, Json> = components.collect();
    let title = served.map_or("Sandtable".to_owned(), |it| format!("Sandtable: {}", it.name()));
    schemas.insert("Components".to_owned(), json!({ "type": "object", "properties": components }));
    schemas.insert("Problem".to_owned(), problem());
    schemas.insert("Entity".to_owned(), entity());
    schemas.insert("Questions".to_owned(), questions());
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.name()] = described(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A running world, at any tick. Every answer says of which tick it is, \
                            as `at`, which asks for the same again.",
        },
        "servers": [{ "url": BASE }],
        "security": [{ "token": [] }],
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
        "paths": paths,
    })
}

fn problem() -> Json {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
        },
    })
}

/// What `entity` answers.
fn entity() -> Json {
    let edges = json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["kind", "entity", "label", "data"],
            "properties": {
                "kind": { "type": "string" },
                "entity": { "type": "string" },
                "label": { "type": ["string", "null"] },
                "data": { "type": "object" },
            },
        },
    });
    json!({
        "type": "object",
        "required": ["entity", "label", "at", "components", "outgoing", "incoming"],
        "properties": {
            "entity": { "type": "string" },
            "label": { "type": ["string", "null"] },
            "at": { "type": "string" },
            "components": { "$ref": "#/components/schemas/Components" },
            "outgoing": edges,
            "incoming": edges,
            "outgoing_count": { "type": "integer" },
            "incoming_count": { "type": "integer" },
        },
    })
}

/// What `questions` answers.
fn questions() -> Json {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let named = json!({ "type": "object", "additionalProperties": text });
    let parameter = json!({
        "type": "object",
        "required": ["name", "type", "about"],
        "properties": {
            "name": text, "type": text, "about": text, "default": {},
            "subjects": texts, "clock": text,
        },
    });
    let forms = Form::ALL.map(Form::name);
    let show = json!({
        "type": ["object", "null"],
        "required": ["as"],
        "properties": {
            "as": { "enum": forms }, "time": text, "until": text, "clock": text, "lane": texts, "path": text,
            "text": text, "from": text, "to": text, "weight": texts, "subjects": named,
            "labels": named,
        },
    });
    let row = json!({
        "type": "object",
        "required": ["name", "about", "parameters", "sql", "show"],
        "properties": {
            "name": text, "about": text, "sql": { "type": ["string", "null"] },
            "parameters": { "type": "array", "items": parameter }, "show": show,
        },
    });
    let rows = json!({ "rows": { "type": "array", "items": row } });
    json!({ "type": "object", "required": ["rows"], "properties": rows })
}

fn described(operation: &Operation) -> Json {
    let places = operation.places().map(|name| {
        let text = json!({ "type": "string" });
        json!({ "name": name, "in": "path", "required": true, "schema": text })
    });
    let parameter = |parameter: &Parameter| {
        json!({
            "name": parameter.name,
            "in": "query",
            "required": parameter.is_required,
            "description": parameter.summary,
            "schema": { "type": "string" },
        })
    };
    let parameters: Vec<Json> = places.chain(operation.parameters.iter().map(parameter)).collect();
    let mut described = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses(operation),
    });
    if let Method::Post(body) = operation.method {
        let schema = carried(operation, body);
        described["requestBody"] = json!({ "content": { body.media(): { "schema": schema } } });
    }
    described
}

/// What a request carries.
fn carried(operation: &Operation, body: Body) -> Json {
    match (operation.name, body) {
        ("set-run", _) => object(json!({
            "paused": { "type": "boolean" },
            "hz": { "type": "number", "minimum": 0, "maximum": HERTZ.end() },
        })),
        ("step", _) => object(json!({
            "ticks": { "type": "integer", "minimum": 1, "default": 1 },
        })),
        ("edit" | "undo" | "fork", _) => json!({ "type": ["object", "array"] }),
        (_, Body::Inputs) => json!({ "type": ["object", "array"] }),
        (_, Body::Text) => json!({ "type": "string" }),
        (_, Body::Pack) => json!({ "type": "string", "format": "binary" }),
        (_, Body::Json) => json!({ "type": "object" }),
    }
}

fn object(properties: Json) -> Json {
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn responses(operation: &Operation) -> Json {
    let mut content = Map::new();
    let takes_format = operation.parameters.iter().any(|it| it.name == "format");
    match operation.answer {
        Answer::Stream => {
            content.insert("text/event-stream".to_owned(), json!({}));
        }
        Answer::ColumnStream => {
            content.insert("application/vnd.msgpack".to_owned(), json!({}));
        }
        _ if operation.name == "columns" => {
            content.insert("application/vnd.msgpack".to_owned(), json!({}));
        }
        _ if operation.name == "entity" => {
            let of = json!({ "$ref": "#/components/schemas/Entity" });
            content.insert(Format::Json.media().to_owned(), json!({ "schema": of }));
        }
        _ => {
            let medias =
                Format::ALL.iter().filter(|(format, ..)| takes_format || *format == Format::Json);
            content.extend(medias.map(|(_, _, media)| ((*media).to_owned(), json!({}))));
            if operation.name == "questions" {
                let of = json!({ "$ref": "#/components/schemas/Questions" });
                content.insert(Format::Json.media().to_owned(), json!({ "schema": of }));
            }
        }
    }
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    json!({
        "200": { "description": operation.summary, "content": content },
        "default": {
            "description": "Why not.",
            "content": { "application/problem+json": { "schema": problem } },
        },
    })
}
