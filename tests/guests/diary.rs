//! Dynamic components of every type, rewritten each tick.

use sandtable_sdk::prelude::*;

#[derive(Value, Clone, Debug, PartialEq)]
enum Mood {
    Calm,
    Angry(f32),
    At { x: f32, y: f32 },
}

#[derive(Component, Clone)]
struct Diary {
    title: String,
    pages: Vec<String>,
    friend: Option<Entity>,
    mood: Mood,
    moods: Vec<Mood>,
    finished: bool,
    luck: [i16; 3],
    secret: f64,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for n in 0..20 {
        commands.spawn(Diary {
            title: format!("Diary {n}"),
            pages: Vec::new(),
            friend: None,
            mood: Mood::Calm,
            moods: Vec::new(),
            finished: false,
            luck: [-1, 0, n],
            secret: 0.0,
        });
    }
}

#[system]
fn write(mut diaries: Query<(Entity, &mut Diary)>, tick: Tick) {
    for (entity, mut diary) in diaries.iter_mut() {
        if entity.index() % 2 == 1 {
            continue;
        }
        diary.pages.push(format!("Dear diary, it is tick {} – „grüße“", tick.number()));
        diary.friend = Some(entity);
        let mood = match tick.number() % 3 {
            0 => Mood::Calm,
            1 => Mood::Angry(0.5),
            _ => Mood::At { x: 1.0, y: -2.5 },
        };
        let before = std::mem::replace(&mut diary.mood, mood);
        diary.moods.push(before);
        diary.finished = tick.number() > 3;
        diary.secret = f64::from_bits(0xfff8_0000_0000_1234);
    }
}

sandtable_sdk::export! {
    id: "diary",
    systems: [populate, write],
}
