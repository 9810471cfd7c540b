//! What the host is told about a mod.

use super::*;
use crate::bindings::sandtable::guest::types::{
    Access, Comparison, OnDespawn, Reading, ResourceUse, Role, Span, Storage, Term,
};
use crate::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Body {
    owner: Entity,
    mass: f64,
    speed: [f32; 3],
    kind: u16,
    flags: [[u8; 1]; 2],
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Tag;

#[derive(Component, Clone)]
struct Profile {
    r#type: String,
    mood: Mood,
    open: bool,
    past: Vec<Option<Mood>>,
}

#[derive(Value, Clone)]
enum Mood {
    Calm,
    Angry(f32, u8),
    At { x: i64 },
}

#[derive(Component, Clone, Copy)]
#[component(of = "economy", name = "Treasury")]
#[repr(C)]
struct Gold(f64);

mod again {
    use crate::prelude::*;

    #[derive(Component, Clone, Copy)]
    #[component(of = "economy")]
    #[repr(C)]
    pub struct Treasury(f64);
}

#[derive(Event, Clone)]
struct Paid {
    by: Entity,
}

#[derive(Input, Clone)]
#[input(of = "state")]
struct Decree(f64);

#[derive(Relation, Clone, Copy)]
#[relation(on_despawn = "cascade", dynamic)]
struct PartOf;

#[system(every = 30, after = "first", before = ["economy/tax", "last"], whole = "world")]
fn census(
    _: Query<(&mut Body, Entity, Option<&mut Gold>), (With<Tag>, Without<Profile>)>,
    _: Query<Option<&Profile>, (Changed<Body>, Added<again::Treasury>)>,
    _: Res<Gold>,
    _: ResMut<Tag>,
    _: Lookup<&Profile>,
    _: Relations<PartOf>,
    _: EventReader<Decree>,
    _: EventReader<Despawned>,
    _: EventReader<Removed<Gold>>,
    _: EventWriter<Paid>,
    _: Commands,
) {
}

#[system(startup)]
fn first() {}

#[derive(Settings)]
struct Rules {
    #[settings(default = true)]
    open: bool,
    #[settings(default = 5)]
    level: u16,
}

#[system(every = 10, phase = 3, run_if = Rules.open && !Rules.open && (Gold.0 >= 30.5 && Profile.r#type != "x"))]
fn storm() {}

#[system(run_if = Body.kind < 7)]
fn idle(_: Res<Rules>) {}

const TIMED: Manifest = Manifest {
    id: "motion",
    package: env!("CARGO_PKG_NAME"),
    version: "1.2.3",
    systems: &[Entry::of::<storm>(), Entry::of::<idle>()],
    kinds: &[],
    migrations: &[],
    conversions: &[],
};

static MANIFEST: Manifest = Manifest {
    id: "motion",
    package: env!("CARGO_PKG_NAME"),
    version: "1.2.3",
    systems: &[Entry::of::<census>(), Entry::of::<first>()],
    kinds: &[KindEntry::of::<Paid>(), KindEntry::of::<Gold>()],
    migrations: &[],
    conversions: &[],
};

fn field(name: &str, ty: &str, offset: u32) -> types::Field {
    let (name, ty) = (name.to_owned(), ty.to_owned());
    types::Field { name, ty, offset, was: Vec::new(), default: None }
}

fn kind(name: &str) -> types::Kind {
    let kinds = MANIFEST.describe().kinds;
    kinds.into_iter().find(|kind| kind.name == name).expect("is declared")
}

#[test]
fn kinds_are_declared_once() {
    let kinds = MANIFEST.describe().kinds;
    let names: Vec<_> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "motion/Body",
            "economy/Treasury",
            "motion/Tag",
            "motion/Profile",
            "motion/PartOf",
            "state/Decree",
            "motion/Paid",
        ]
    );
}

#[test]
fn packed_kinds_have_offsets() {
    let body = kind("motion/Body");
    assert_eq!((body.role, body.storage, body.size), (Role::Component, Storage::Packed, 32));
    let expected = [
        field("owner", "entity", 0),
        field("mass", "f64", 8),
        field("speed", "[f32; 3]", 16),
        field("kind", "u16", 28),
        field("flags", "[[u8; 1]; 2]", 30),
    ];
    assert_eq!(body.fields, expected);
    let tag = kind("motion/Tag");
    assert_eq!((tag.storage, tag.size, tag.fields.len()), (Storage::Packed, 0, 0));
    assert_eq!(kind("economy/Treasury").fields, [field("0", "f64", 0)]);
}

#[test]
fn dynamic_kinds_spell_their_types() {
    let profile = kind("motion/Profile");
    assert_eq!((profile.storage, profile.size), (Storage::Dynamic, 0));
    let mood = "Calm | Angry(f32, u8) | At{x: i64}";
    let expected = [
        field("type", "string", 0),
        field("mood", mood, 0),
        field("open", "bool", 0),
        field("past", &format!("list<option<{mood}>>"), 0),
    ];
    assert_eq!(profile.fields, expected);
    let part_of = kind("motion/PartOf");
    assert_eq!((part_of.role, part_of.storage), (Role::Relation, Storage::Dynamic));
    assert_eq!(part_of.on_despawn, OnDespawn::Cascade);
    assert_eq!((kind("state/Decree").role, kind("motion/Paid").role), (Role::Input, Role::Event));
}

#[test]
fn systems_declare_what_they_take() {
    let description = MANIFEST.describe();
    assert_eq!((description.id.as_str(), description.version.as_str()), ("motion", "1.2.3"));
    let [census, first] = description.systems.try_into().expect("two systems");
    let term = |kind, access| Term { kind, access };
    let queries = [
        types::Query {
            terms: vec![
                term(0, Access::Write),
                term(1, Access::OptionalWrite),
                term(2, Access::Has),
                term(3, Access::Lacks),
            ],
            alternatives: Vec::new(),
            entities: true,
        },
        types::Query {
            terms: vec![
                term(3, Access::OptionalRead),
                term(0, Access::Changed),
                term(1, Access::Added),
            ],
            alternatives: Vec::new(),
            entities: false,
        },
    ];
    assert_eq!(census.queries, queries);
    assert_eq!((census.name.as_str(), census.span, census.every), ("census", Span::Everything, 30));
    let uses = [(1, false), (2, true)].map(|(kind, write)| ResourceUse { kind, write });
    assert_eq!(census.resources, uses);
    assert_eq!((census.lookups, census.relations, census.emits), (vec![3], vec![4], vec![6]));
    assert_eq!(census.reads, [Reading::Event(5), Reading::Despawned, Reading::Removed(1)]);
    assert!(census.commands && !census.startup);
    assert_eq!(census.after, ["motion/first"]);
    assert_eq!(census.before, ["economy/tax", "motion/last"]);
    assert!(first.startup && first.queries.is_empty() && !first.commands);
    assert_eq!(first.span, Span::Everything);
}

#[test]
fn systems_declare_in_which_ticks_they_run() {
    let described = TIMED.describe();
    let [storm, idle] = described.systems.try_into().expect("two systems");
    assert_eq!((storm.every, storm.phase), (10, 3));
    assert_eq!((idle.every, idle.phase), (1, 0));
    let condition = |kind, field: &str, compares, value: &[u8]| types::Condition {
        kind,
        field: field.to_owned(),
        compares,
        value: value.to_vec(),
    };
    let expected = [
        condition(0, "open", Comparison::Equal, b"\xc3"),
        condition(0, "open", Comparison::Equal, b"\xc2"),
        condition(1, "0", Comparison::AtLeast, b"\xcb\x40\x3e\x80\0\0\0\0\0"),
        condition(2, "type", Comparison::Unequal, b"\xa1x"),
    ];
    assert_eq!(storm.run_if, expected);
    assert_eq!(idle.run_if, [condition(3, "kind", Comparison::Less, b"\x07")]);
    let names: Vec<_> = described.kinds.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names, ["motion/Settings", "economy/Treasury", "motion/Profile", "motion/Body"]);
    let settings = &described.kinds[0];
    assert_eq!((settings.role, settings.on_despawn), (Role::Settings, OnDespawn::Detach));
    assert_eq!(settings.fields[1].default.as_deref(), Some(&b"\x05"[..]));
}

#[system(whole = "world")]
fn choose(
    _: Query<&Body, (With<Tag>, Or<(Changed<Gold>, (Without<Gold>, Added<Body>))>)>,
    _: Query<Entity, (Or<(With<Tag>, With<Gold>)>, Or<(Changed<Body>, Added<Body>)>)>,
    _: Query<Entity, Or<(With<Body>, (With<Tag>, With<Body>))>>,
) {
}

#[test]
fn alternatives_are_declared_beside_what_all_have_in_common() {
    static CHOOSING: Manifest = Manifest { systems: &[Entry::of::<choose>()], ..TIMED };
    let term = |kind, access| Term { kind, access };
    let (body, tag, gold) = (0, 1, 2);
    let (has, changed, added) = (Access::Has, Access::Changed, Access::Added);
    let pair = |one, two| vec![term(one, has), term(body, two)];
    let expected = [
        types::Query {
            terms: vec![term(body, Access::Read), term(tag, has)],
            alternatives: vec![
                vec![term(gold, changed)],
                vec![term(gold, Access::Lacks), term(body, added)],
            ],
            entities: false,
        },
        types::Query {
            terms: Vec::new(),
            alternatives: vec![
                pair(tag, changed),
                pair(tag, added),
                pair(gold, changed),
                pair(gold, added),
            ],
            entities: true,
        },
        types::Query { terms: vec![term(body, has)], alternatives: Vec::new(), entities: true },
    ];
    assert_eq!(CHOOSING.describe().systems[0].queries, expected);
}

mod conversions {
    use super::*;

    #[derive(Component)]
    #[component(name = "Name")]
    struct OldName {
        text: String,
    }

    #[derive(Component, Clone, Copy)]
    #[component(name = "Weight")]
    #[repr(C)]
    struct OldWeight {
        grams: u32,
    }

    #[derive(Component)]
    struct First {
        #[component(was = ["text", "0"], default = "unnamed")]
        name: String,
    }

    #[derive(Component, Clone, Copy)]
    #[repr(C)]
    struct Weight {
        kilos: f64,
    }

    #[crate::conversion(name = "0002_weigh")]
    fn weigh(name: OldName, weight: OldWeight) -> Result<(Weight, First), String> {
        let name = name.text.split(' ').next().filter(|it| !it.is_empty()).ok_or("no name")?;
        let kilos = f64::from(weight.grams) / 1000.0;
        Ok((Weight { kilos }, First { name: name.to_owned() }))
    }

    #[crate::conversion(name = "0001_first")]
    fn first(name: OldName) -> First {
        First { name: name.text }
    }

    static MANIFEST: Manifest = Manifest {
        id: "names",
        package: env!("CARGO_PKG_NAME"),
        version: "1.0.0",
        systems: &[],
        kinds: &[],
        migrations: &[],
        conversions: &[ConversionEntry::of::<weigh>(), ConversionEntry::of::<first>()],
    };

    #[test]
    fn they_are_described_by_number_with_what_they_take_and_make() {
        let described = MANIFEST.describe();
        let names: Vec<_> = described.conversions.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["0001_first", "0002_weigh"]);
        let weigh = &described.conversions[1];
        let old: Vec<_> = weigh.old.iter().map(|kind| (kind.name.as_str(), kind.size)).collect();
        assert_eq!(old, [("names/Name", 0), ("names/Weight", 4)]);
        let new: Vec<_> =
            weigh.new.iter().map(|&at| described.kinds[at as usize].name.as_str()).collect();
        assert_eq!(new, ["names/Weight", "names/First"]);
        assert_eq!(described.kinds.len(), 2, "older shapes are no kinds of the mod");
        let name = &described.kinds[weigh.new[1] as usize].fields[0];
        assert_eq!(name.was, ["text", "0"]);
        assert_eq!(name.default.as_deref(), Some(&b"\xa7unnamed"[..]));
    }

    #[test]
    fn rows_become_rows() {
        let columns =
            || vec![b"\x92\x91\xa5Ada L\x91\xa1B".to_vec(), vec![0, 1, 0, 0, 232, 3, 0, 0]];
        let converted = crate::export::convert(&MANIFEST, 1, 2, columns()).expect("converted");
        let kilos: Vec<u8> = [0.256f64, 1.0].iter().flat_map(|it| it.to_le_bytes()).collect();
        assert_eq!(converted, [kilos, b"\x92\x91\xa3Ada\x91\xa1B".to_vec()]);
        let mut nameless = columns();
        nameless[0] = b"\x92\x91\xa0\x91\xa1B".to_vec();
        let told = crate::export::convert(&MANIFEST, 1, 2, nameless).expect_err("refused");
        assert_eq!(told, "no name");
        let told = crate::export::convert(&MANIFEST, 7, 0, Vec::new()).expect_err("none");
        assert_eq!(told, "the host asked for conversion 7 of 2");
        crate::export::convert(&MANIFEST, 1, 3, columns()).expect_err("too few rows");
    }
}
