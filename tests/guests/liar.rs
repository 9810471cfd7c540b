//! Says of itself what its asset `lie` names, past the SDK.

#![cfg(target_arch = "wasm32")]

use sandtable_sdk::bindings::sandtable::guest::assets;
use sandtable_sdk::bindings::sandtable::guest::types::{
    Access, Comparison, Condition, Description, Field, Kind, OnDespawn, Query, Role, Span, Storage,
    System, Term,
};

#[used]
#[unsafe(link_section = "sandtable:interface")]
static INTERFACE: [u8; 5] = *b"0.2.0";

fn kind(name: &str, role: Role, ty: &str) -> Kind {
    let number = "number".to_owned();
    let field =
        Field { name: number, ty: ty.to_owned(), offset: 0, was: Vec::new(), default: None };
    Kind {
        name: name.to_owned(),
        role,
        storage: Storage::Packed,
        size: 4,
        fields: vec![field],
        on_despawn: OnDespawn::Detach,
    }
}

fn system(name: &str, kind: u32) -> System {
    let terms = vec![Term { kind, access: Access::Read }];
    System {
        name: name.to_owned(),
        queries: vec![Query { terms, alternatives: Vec::new(), entities: false }],
        span: Span::Shard,
        every: 1,
        phase: 0,
        run_if: Vec::new(),
        startup: false,
        resources: Vec::new(),
        lookups: Vec::new(),
        relations: Vec::new(),
        reads: Vec::new(),
        emits: Vec::new(),
        commands: false,
        tables: false,
        before: Vec::new(),
        after: Vec::new(),
    }
}

fn condition(field: &str, value: &[u8]) -> Condition {
    let (field, compares) = (field.to_owned(), Comparison::Equal);
    Condition { kind: 0, field, compares, value: value.to_vec() }
}

fn settings(name: &str) -> Kind {
    let kind = kind(name, Role::Settings, "u32");
    Kind { storage: Storage::Dynamic, size: 0, ..kind }
}

fn describe(lie: &str) -> Description {
    let thing = || kind("liar/Thing", Role::Component, "u32");
    let mut told = Description {
        id: "liar".to_owned(),
        version: "0.1.0".to_owned(),
        kinds: vec![thing()],
        systems: vec![system("first", 0), system("second", 0)],
        migrations: Vec::new(),
        conversions: Vec::new(),
    };
    match lie {
        "another id" => told.id = "another".to_owned(),
        "an id with lines and colours" => told.id = "some\nbody\u{1b}[31m".to_owned(),
        "one kind twice" => told.kinds.push(thing()),
        "a kind of another mod" => {
            told.kinds.push(kind("drift/Position", Role::Component, "f32"));
        }
        "a kind without a mod" => told.kinds.push(kind("Thing", Role::Component, "u32")),
        "a type that is none" => told.kinds.push(kind("liar/Other", Role::Component, "u33")),
        "a field past its kind" => told.kinds.push(kind("liar/Other", Role::Component, "f64")),
        "one system twice" => told.systems.push(system("first", 0)),
        "a system named like a type" => told.systems.push(system("First", 0)),
        "a kind that is not there" => told.systems.push(system("third", 9)),
        "an event as a component" => {
            let noise = kind("liar/Noise", Role::Event, "u32");
            told.kinds.push(Kind { storage: Storage::Dynamic, size: 0, ..noise });
            told.systems.push(system("third", 1));
        }
        "a cycle" => {
            told.systems[0].after.push("liar/second".to_owned());
            told.systems[0].before.push("liar/second".to_owned());
        }
        "before itself" => told.systems[0].before.push("liar/first".to_owned()),
        "after no system" => told.systems[0].after.push("liar/frist".to_owned()),
        "a phase past its ticks" => {
            told.systems[0].every = 3;
            told.systems[0].phase = 3;
        }
        "a condition on no field" => told.systems[0].run_if.push(condition("nmber", &[1])),
        "a condition on another type" => told.systems[0].run_if.push(condition("number", &[0xff])),
        "an alternative that ships" => {
            let terms = vec![Term { kind: 0, access: Access::Read }];
            told.systems[0].queries[0].alternatives.push(terms);
        }
        "settings by another name" => told.kinds.push(settings("liar/Rules")),
        "settings without a default" => told.kinds.push(settings("liar/Settings")),
        "a resource in parts" => told.systems[0].queries.clear(),
        "a panic" => panic!("I will not say"),
        "no end" => loop {
            std::hint::black_box(lie);
        },
        _ => {}
    }
    told
}

struct Liar;

impl sandtable_sdk::bindings::Guest for Liar {
    fn describe() -> Description {
        let lie = assets::read("lie").unwrap_or_default();
        describe(&String::from_utf8_lossy(&lie))
    }

    fn run(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    fn convert(_: u32, _: u32, _: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
        Ok(Vec::new())
    }
}

sandtable_sdk::bindings::export_guest!(Liar with_types_in sandtable_sdk::bindings);
