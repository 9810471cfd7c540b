//! Entities of users, and of none: each has a text that names whom it is for, and all
//! that happens tells of it.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone)]
struct Owner {
    user: String,
}

#[derive(Component, Clone)]
struct Secret {
    text: String,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Weight {
    kilograms: f64,
}

#[derive(Relation, Clone)]
struct Guards {
    why: String,
}

#[derive(Event, Clone)]
struct Whisper {
    about: Entity,
    text: String,
}

/// What was another's is one's own from then on.
#[derive(Input, Clone)]
struct Swap {
    why: String,
}

#[system(startup)]
fn hide(mut commands: Commands) {
    for (user, word) in [("ada", "open"), ("ada", "open"), ("bob", "canary"), ("bob", "canary")] {
        let owner = Owner { user: user.to_owned() };
        let secret = Secret { text: format!("{word}-of-{user}") };
        let hidden = commands.spawn((owner, secret, Weight { kilograms: 4096.5 }));
        let secret = Secret { text: "open-to-all".to_owned() };
        let seen = commands.spawn((secret, Weight { kilograms: 2.5 }));
        commands.relate(seen, hidden, Guards { why: format!("{word}-edge") });
        commands.relate(hidden, seen, Guards { why: format!("{word}-edge") });
    }
}

#[system]
fn go_on(
    mut secrets: Query<(Entity, &mut Secret, Option<&Owner>)>,
    tick: Tick,
    mut whispers: EventWriter<Whisper>,
) {
    for (entity, mut secret, owner) in secrets.iter_mut() {
        let word = match owner.map(|owner| owner.user.as_str()) {
            Some("ada") | None => "open",
            Some(_) => "canary",
        };
        secret.text = format!("{word}-in-{}", tick.number());
        info!("{}", secret.text);
        whispers.send(Whisper { about: entity, text: secret.text.clone() });
    }
}

#[system]
fn change_hands(owners: Query<(Entity, &Owner)>, swaps: EventReader<Swap>, mut commands: Commands) {
    for swap in &swaps {
        info!("{}", swap.why);
        for (entity, owner) in owners.iter() {
            let user = if owner.user == "ada" { "bob" } else { "ada" };
            commands.insert(entity, Owner { user: user.to_owned() });
        }
    }
}

sandtable_sdk::export! {
    id: "secrets",
    systems: [hide, go_on, change_hands],
    kinds: [Guards, Weight],
}
