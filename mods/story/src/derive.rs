//! Makes the world follow from what is told.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;

use crate::kinds::{At, Feels, Holds, Item, Life, Pending, Person, Place, Settings};
use crate::pending::Batch;
use crate::truth::{self, Known, Whereabouts};
use crate::{checkpoint, pending};

/// Derives anew whatever was told of since, some of it where that is much. What is
/// derived is set whole, so that events which come late count as if they had not.
#[system(whole = "world", after = "check", run_if = Settings.derives && Pending.subjects > 0)]
pub fn derive(
    people: Query<(Entity, &Person)>,
    places: Query<(Entity, &Place)>,
    items: Query<(Entity, &Item)>,
    lying: Query<Entity, (With<Item>, With<At>)>,
    holders: Relations<Holds>,
    settings: Res<Settings>,
    mut to_do: ResMut<Pending>,
    mut tables: Tables,
    mut commands: Commands,
) -> Result<(), TableError> {
    let most = settings.derived_at_once.max(1);
    let batch = pending::first(&tables, most)?;
    let entity_of_place = {
        let known = places.iter().map(|(entity, place)| (place.id.clone(), entity));
        let mut known: BTreeMap<String, Entity> = known.collect();
        let names = truth::names(&tables, "place", &batch.places)?;
        for id in &batch.places {
            let name = names.get(id).unwrap_or(id).clone();
            set(&mut known, &mut commands, id, Place { id: id.clone(), name });
        }
        known
    };
    let known = people.iter().map(|(entity, person)| (person.id.clone(), entity));
    let mut person: BTreeMap<String, Entity> = known.collect();
    derive_people(&batch, &mut person, &entity_of_place, &tables, &mut commands)?;

    let known = items.iter().map(|(entity, item)| (item.id.clone(), entity));
    let mut item: BTreeMap<String, Entity> = known.collect();
    let names = truth::names(&tables, "item", &batch.items)?;
    let whereabouts = truth::whereabouts(&tables, &batch.items)?;
    for id in &batch.items {
        let name = names.get(id).unwrap_or(id).clone();
        let entity = set(&mut item, &mut commands, id, Item { id: id.clone(), name });
        let known = whereabouts.get(id);
        let holder = known.and_then(|it| match &it.what {
            Whereabouts::Held(by) => person.get(by).map(|holder| (*holder, it)),
            _ => None,
        });
        for (before, _) in holders.to(entity) {
            if holder.is_none_or(|(holder, _)| holder != before) {
                commands.unrelate::<Holds>(before, entity);
            }
        }
        if let Some((holder, Known { since, event, .. })) = holder {
            let holds = Holds { since: since.clone(), event: event.clone() };
            commands.relate(holder, entity, holds);
        }
        let place = known.and_then(|it| match &it.what {
            Whereabouts::Lies(at) => entity_of_place.get(at).map(|place| at_of(*place, it)),
            _ => None,
        });
        match place {
            Some(at) => commands.insert(entity, at),
            None if lying.iter().any(|it| it == entity) => commands.remove::<At>(entity),
            None => {}
        }
    }

    for ((who, whom), feels) in truth::feelings(&tables, &batch.pairs)? {
        if let (Some(who), Some(whom)) = (person.get(&who), person.get(&whom)) {
            commands.relate::<Feels>(*who, *whom, feels);
        }
    }
    pending::done(&mut tables, most)?;
    to_do.subjects = pending::count(&tables)?;
    if to_do.subjects == 0 {
        checkpoint::catch_up(&mut tables)?;
    }
    Ok(())
}

fn derive_people(
    batch: &Batch,
    person: &mut BTreeMap<String, Entity>,
    places: &BTreeMap<String, Entity>,
    tables: &Tables,
    commands: &mut Commands,
) -> Result<(), TableError> {
    let names = truth::names(tables, "person", &batch.people)?;
    let mut lives = truth::lives(tables, &batch.people)?;
    let found = truth::places(tables, &batch.people)?;
    for id in &batch.people {
        let name = names.get(id).unwrap_or(id).clone();
        let life = life_of(lives.remove(id));
        let entity = set(person, commands, id, (Person { id: id.clone(), name }, life));
        let at = found.get(id).and_then(|it| Some(at_of(*places.get(&it.what)?, it)));
        if let Some(at) = at {
            commands.insert(entity, at);
        }
    }
    Ok(())
}

/// The life of a person, of whom this is known.
pub fn life_of(known: Option<Known<bool>>) -> Life {
    match known {
        Some(Known { what: is_alive, since, event }) => Life { is_alive, since, event },
        None => Life { is_alive: true, since: String::new(), event: String::new() },
    }
}

fn at_of<T>(place: Entity, known: &Known<T>) -> At {
    At { place, since: known.since.clone(), event: known.event.clone() }
}

/// Gives an entity what it has, and makes it first where there is none of this id.
fn set<B: sandtable_sdk::Bundle>(
    known: &mut BTreeMap<String, Entity>,
    commands: &mut Commands,
    id: &str,
    components: B,
) -> Entity {
    if let Some(entity) = known.get(id) {
        commands.insert(*entity, components);
        return *entity;
    }
    let entity = commands.spawn(components);
    known.insert(id.to_owned(), entity);
    entity
}
