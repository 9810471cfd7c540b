//! Declarations, written and refused.

use super::*;
use crate::ecs::{Field, OnDespawn, Role, Storage, Type};

fn kind(name: &str, role: Role, storage: Storage, fields: &[(&str, &str)]) -> Kind {
    let mut size = 0;
    let fields = fields.iter().map(|(name, ty)| {
        let ty = Type::parse(ty).expect("a type");
        let offset = size;
        let packed = ty.packed_layout().filter(|_| storage == Storage::Packed);
        size += packed.map_or(0, |(size, _)| size);
        Field { name: (*name).to_owned(), ty, offset }
    });
    let fields = fields.collect();
    let on_despawn = OnDespawn::Cascade;
    Kind::new(name.to_owned(), role, storage, size, fields, on_despawn).expect("a kind")
}

fn written(kinds: Vec<Kind>, wanted: &[&str]) -> Result<String, String> {
    let mut registry = Registry::default();
    for kind in kinds {
        registry.add(kind);
    }
    let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
    declarations(&registry, &wanted).map_err(|error| error.to_string())
}

#[test]
fn every_role_storage_and_type_is_declared() {
    use Role::{Component, Event, Input, Relation};
    use Storage::{Dynamic, Packed};
    let kinds = vec![
        kind("a/Frozen", Component, Packed, &[]),
        kind("a/Owner", Component, Packed, &[("0", "entity")]),
        kind("a/Body", Component, Packed, &[("at", "[f32; 3]"), ("type", "u32")]),
        kind(
            "a/Door",
            Component,
            Packed,
            &[("lock", "{key: u16, open: bool, rusty: bool}"), ("painted", "[bool; 4]")],
        ),
        kind("a/Loose", Component, Dynamic, &[("mass", "f64")]),
        kind(
            "a/Mind",
            Component,
            Dynamic,
            &[
                ("mood", "Calm | At {x: f32, body: {a: u8}} | Angry(f64, string)"),
                ("old_moods", "list<option<Good | Bad>>"),
                ("text", "string"),
            ],
        ),
        kind("a/Shout", Event, Dynamic, &[("mood", "Loud | Soft"), ("by", "entity")]),
        kind("a/Poke", Input, Dynamic, &[("who", "entity")]),
        kind("a/Part", Relation, Packed, &[("share", "f64")]),
        kind("b/Other", Component, Packed, &[]),
    ];
    let expected = "\
use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\")]
pub struct Frozen;

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\")]
pub struct Owner(pub Entity);

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\")]
pub struct Body {
    pub at: [f32; 3],
    pub r#type: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\", packed)]
pub struct Door {
    pub lock: Lock,
    pub painted: [bool; 4],
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
#[value(packed)]
pub struct Lock {
    pub key: u16,
    pub open: bool,
    pub rusty: bool,
}

#[derive(Component, Clone)]
#[component(of = \"a\", dynamic)]
pub struct Loose {
    pub mass: f64,
}

#[derive(Component, Clone)]
#[component(of = \"a\")]
pub struct Mind {
    pub mood: Mood,
    pub old_moods: Vec<Option<OldMoods>>,
    pub text: String,
}

#[derive(Value, Clone, Debug, PartialEq)]
pub enum Mood {
    Calm,
    At { x: f32, body: MindBody },
    Angry(f64, String),
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldMoods {
    Good,
    Bad,
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub struct MindBody {
    pub a: u8,
}

#[derive(Event, Clone)]
#[event(of = \"a\")]
pub struct Shout {
    pub mood: ShoutMood,
    pub by: Entity,
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShoutMood {
    Loud,
    Soft,
}

#[derive(Input, Clone)]
#[input(of = \"a\")]
pub struct Poke {
    pub who: Entity,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = \"a\", on_despawn = \"cascade\")]
pub struct Part {
    pub share: f64,
}
";
    assert_eq!(written(kinds.clone(), &["a"]).as_deref(), Ok(expected));
    let two = written(kinds, &["a/Part", "b", "a/Part"]).expect("both");
    let items: Vec<&str> = two.lines().filter(|line| line.starts_with("pub")).collect();
    assert_eq!(items, ["pub struct Part {", "pub struct Other;"], "as asked, each once");
}

#[test]
fn what_rust_cannot_say_is_refused() {
    let tag = |name: &str| kind(name, Role::Component, Storage::Packed, &[]);
    assert_eq!(
        written(vec![tag("a/Thing"), tag("b/Thing")], &["a", "b"]),
        Err("`a/Thing` and `b/Thing` have one name in Rust: write them into files of their own"
            .to_owned())
    );
    assert_eq!(
        written(vec![tag("a/Thing")], &["a/Thin"]),
        Err("there is no kind `a/Thin`: give a mod, or one of its kinds; there are `a/Thing`"
            .to_owned())
    );
    for (fields, what) in [
        ([("a", "u8"), ("b", "f32")], "its field `b` is not aligned"),
        ([("b", "f32"), ("a", "u8")], "its rows are not aligned"),
    ] {
        let loose = kind("a/Loose", Role::Component, Storage::Packed, &fields);
        let told = format!("`a/Loose` cannot be declared in Rust: {what}");
        assert_eq!(written(vec![loose], &["a"]), Err(told));
    }
    let own = kind("a/Own", Role::Event, Storage::Dynamic, &[("self", "u8")]);
    assert_eq!(
        written(vec![own], &["a"]),
        Err("`a/Own` cannot be declared in Rust: Rust has no field `self`".to_owned())
    );
}
