//! Compares the world with what follows from the events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use sandtable_sdk::prelude::*;

use crate::derive::life_of;
use crate::kinds::{At, Feels, Holds, Inconsistent, Item, Life, Pending, Person, Place, Settings};
use crate::truth::{self, Whereabouts};

/// Derives some people and items anew, others in each tick, and tells where the world
/// differs: because it was changed by hand, or by a mistake of this mod.
#[system(whole = "world", before = "record", run_if = Settings.derives && Pending.subjects == 0)]
pub fn audit(
    people: Query<(Entity, &Person, Option<&Life>, Option<&At>)>,
    items: Query<(Entity, &Item, Option<&At>)>,
    places: Query<(Entity, &Place)>,
    feels: Relations<Feels>,
    holds: Relations<Holds>,
    settings: Res<Settings>,
    pending: Res<Pending>,
    tables: Tables,
    mut told: EventWriter<Inconsistent>,
    tick: Tick,
) -> Result<(), TableError> {
    let _ = pending.subjects;
    let place_id = |at: Option<&At>| {
        let (_, place) = places.get(at?.place)?;
        Some(place.id.clone())
    };
    let mut tell = |subject: &str, what: &str, is: &dyn Debug, follows: &dyn Debug| {
        let (is, follows) = (format!("{is:?}"), format!("{follows:?}"));
        if is != follows {
            let (subject, what) = (subject.to_owned(), what.to_owned());
            told.send(Inconsistent { subject, what, is, follows });
        }
    };

    let mut of: Vec<_> = people.iter().collect();
    of.sort_by(|(_, a, ..), (_, b, ..)| a.id.cmp(&b.id));
    let looked_at = window(&of, &settings, &tick);
    let ids: Vec<String> = looked_at.iter().map(|(_, person, ..)| person.id.clone()).collect();
    let names = truth::names(&tables, "person", &ids)?;
    let mut lives = truth::lives(&tables, &ids)?;
    let found = truth::places(&tables, &ids)?;
    let mut sums: BTreeMap<String, BTreeMap<String, Feels>> = BTreeMap::new();
    for ((who, whom), sum) in truth::feelings_of(&tables, &ids)? {
        sums.entry(who).or_default().insert(whom, sum);
    }
    for (entity, person, life, at) in looked_at {
        let id = &person.id;
        tell(id, "name", &&person.name, &names.get(id).unwrap_or(id));
        tell(id, "life", &life, &Some(&life_of(lives.remove(id))));
        tell(id, "place", &place_id(*at), &found.get(id).map(|it| it.what.clone()));
        let is: BTreeMap<&str, Feels> = feels
            .of(*entity)
            .filter_map(|(whom, feels)| Some((people.get(whom)?.1.id.as_str(), *feels)))
            .collect();
        let follows = sums.remove(id).unwrap_or_default();
        let whom: BTreeSet<&str> =
            is.keys().copied().chain(follows.keys().map(String::as_str)).collect();
        for whom in whom {
            let what = format!("feelings for {whom}");
            tell(id, &what, &is.get(whom), &follows.get(whom));
        }
    }

    let mut of: Vec<_> = items.iter().collect();
    of.sort_by(|(_, a, ..), (_, b, ..)| a.id.cmp(&b.id));
    let looked_at = window(&of, &settings, &tick);
    let ids: Vec<String> = looked_at.iter().map(|(_, item, ..)| item.id.clone()).collect();
    let names = truth::names(&tables, "item", &ids)?;
    let whereabouts = truth::whereabouts(&tables, &ids)?;
    for (entity, item, at) in looked_at {
        let id = &item.id;
        tell(id, "name", &&item.name, &names.get(id).unwrap_or(id));
        let holders = holds.to(*entity).filter_map(|(who, _)| Some(people.get(who)?.1.id.clone()));
        let holders: Vec<String> = holders.collect();
        let (mut held_by, mut lies_at) = (Vec::new(), None);
        match whereabouts.get(id).map(|it| it.what.clone()) {
            Some(Whereabouts::Held(by)) => held_by.push(by),
            Some(Whereabouts::Lies(at)) => lies_at = Some(at),
            Some(Whereabouts::Unknown) | None => {}
        }
        tell(id, "holder", &holders, &held_by);
        tell(id, "place", &place_id(*at), &lies_at);
    }
    Ok(())
}

/// Those whose turn it is in this tick, so that all have one after some ticks.
fn window<'a, T>(all: &'a [T], settings: &Settings, tick: &Tick) -> &'a [T] {
    let at_once = settings.audited_at_once.max(1) as usize;
    let windows = all.len().div_ceil(at_once).max(1) as u64;
    let begin = (tick.number() % windows) as usize * at_once;
    &all[begin.min(all.len())..(begin + at_once).min(all.len())]
}
