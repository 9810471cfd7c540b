//! Every kind of place where a value can be, with the values that are hard to
//! show: the greatest and least, what is no number, texts that look like one.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Packed {
    whole: u64,
    signed: i64,
    real: f64,
    who: Entity,
    single: f32,
    small: u32,
}

#[derive(Component, Clone)]
struct Loose {
    whole: u64,
    signed: i64,
    real: f64,
    who: Entity,
    single: f32,
    small: u32,
    text: String,
    flag: bool,
    maybe_whole: Option<u64>,
    maybe_real: Option<f64>,
    maybe_text: Option<String>,
    many: Vec<f64>,
    mood: Mood,
}

#[derive(Value, Clone)]
enum Mood {
    Calm,
    Proud(u64),
    Angry(f32, Entity),
    At { real: f64 },
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Link {
    whole: u64,
    real: f64,
}

#[derive(Event, Clone)]
struct Told {
    place: u32,
    whole: u64,
    signed: i64,
    real: f64,
    single: f32,
    who: Entity,
}

/// What is said is kept.
#[derive(Input, Clone)]
struct Say {
    whole: u64,
    signed: i64,
    real: f64,
    who: Entity,
    mood: Mood,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Packet {
    whole: u64,
    real: f64,
    single: f32,
    small: u32,
}

#[derive(Component, Clone, Default)]
struct Letter {
    whole: u64,
    real: f64,
    said: Vec<Mood>,
}

const COUNT: usize = 12;

const WHOLE: [u64; COUNT] = [
    0,
    5,
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    (1 << 63) - 1,
    1 << 63,
    (1 << 63) + 1,
    9_999_999_999_999_999_999,
    10_000_000_000_000_000_000,
    u64::MAX - 1,
    u64::MAX,
];

const SIGNED: [i64; COUNT] = [
    0,
    5,
    -5,
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53) - 1,
    7,
    i64::MAX - 1,
    i64::MAX,
    i64::MIN + 1,
    i64::MIN,
];

const REAL: [f64; COUNT] = [
    0.0,
    -0.0,
    5.0,
    5e-324,
    -5e-324,
    2.225_073_858_507_201e-308,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    0.1,
];

const SINGLE: [f32; COUNT] = [
    0.0,
    -0.0,
    5.0,
    1e-45,
    -1e-45,
    1.175_494_2e-38,
    f32::MAX,
    f32::MIN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    0.1,
];

const TEXT: [&str; COUNT] = [
    "",
    "5",
    "5.0",
    " 5",
    "05",
    "1e1",
    "five",
    "FIVE",
    "NaN",
    "9223372036854775808",
    "a,\"b\"\r\n",
    "0v1",
];

fn mood(at: usize, who: Entity) -> Mood {
    match at % 4 {
        0 => Mood::Calm,
        1 => Mood::Proud(WHOLE[at]),
        2 => Mood::Angry(SINGLE[at], who),
        _ => Mood::At { real: REAL[at] },
    }
}

fn loose(at: usize, who: Entity) -> Loose {
    Loose {
        whole: WHOLE[at],
        signed: SIGNED[at],
        real: REAL[at],
        who,
        single: SINGLE[at],
        small: at as u32,
        text: TEXT[at].to_owned(),
        flag: at.is_multiple_of(2),
        maybe_whole: (!at.is_multiple_of(3)).then_some(WHOLE[at]),
        maybe_real: (at % 3 != 1).then_some(REAL[at]),
        maybe_text: (at % 3 != 2).then(|| TEXT[at].to_owned()),
        many: REAL[..at].to_vec(),
        mood: mood(at, who),
    }
}

fn packed(at: usize, who: Entity) -> Packed {
    Packed {
        whole: WHOLE[at],
        signed: SIGNED[at],
        real: REAL[at],
        who,
        single: SINGLE[at],
        small: at as u32,
    }
}

#[system(startup)]
fn begin(mut commands: Commands, mut tables: Tables) -> Result<(), TableError> {
    let mut before: Option<Entity> = None;
    for at in 0..COUNT {
        // The first two name themselves, the others the one before.
        let next = commands.spawn(());
        let who = before.unwrap_or(next);
        commands.insert(next, packed(at, who));
        if at != 3 {
            commands.insert(next, loose(at, who));
        }
        if let Some(before) = before.replace(next) {
            commands.relate(next, before, Link { whole: WHOLE[at], real: REAL[at] });
        }
    }
    let insert = "INSERT INTO values__kept VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let kept = |at: usize| {
        let number = Some(REAL[at]).filter(|real| !real.is_nan());
        (at, TEXT[at], TEXT[at], number, SIGNED[at], TEXT[COUNT - 1 - at])
    };
    tables.execute_many(insert, (0..COUNT).map(kept))?;
    let more = "INSERT INTO values__kept SELECT 100 + place, word, code, number, whole, whole
                FROM values__kept";
    tables.execute(more, ())?;
    let bytes = "UPDATE values__kept SET loose = CAST(word AS BLOB) WHERE place % 5 = 2";
    tables.execute(bytes, ())?;
    Ok(())
}

/// Every row gets the values of the next.
#[system]
fn turn(mut rows: Query<(Entity, &mut Packed, Option<&mut Loose>)>) {
    for (entity, row, other) in rows.iter_mut() {
        let at = (row.small as usize + 1) % COUNT;
        *row = packed(at, entity);
        if let Some(mut other) = other {
            *other = loose(at, entity);
        }
    }
}

#[system(whole = "world")]
fn tell(
    rows: Query<(Entity, &Packed)>,
    said: EventReader<Say>,
    mut told: EventWriter<Told>,
    mut packet: ResMut<Packet>,
    mut letter: ResMut<Letter>,
    tick: Tick,
) {
    for (who, row) in rows.iter() {
        told.send(Told {
            place: row.small,
            whole: row.whole,
            signed: row.signed,
            real: row.real,
            single: row.single,
            who,
        });
    }
    let at = (tick.number() as usize + 9) % COUNT;
    *packet = Packet { whole: WHOLE[at], real: REAL[at], single: SINGLE[at], small: at as u32 };
    letter.whole = WHOLE[at];
    letter.real = REAL[at];
    for say in said.iter() {
        letter.said.push(say.mood.clone());
        told.send(Told {
            place: u32::MAX,
            whole: say.whole,
            signed: say.signed,
            real: say.real,
            single: say.real as f32,
            who: say.who,
        });
    }
}

sandtable_sdk::export! {
    id: "values",
    systems: [begin, turn, tell],
    kinds: [Link],
    migrations: ["migrations/0001_values.sql"],
}
