//! Keeps what is told.

use std::collections::{BTreeMap, BTreeSet};

use sandtable_sdk::prelude::*;

use crate::accept::Accepted;
use crate::content::digest;
use crate::kinds::{NOT_THERE, Pending, Refused, Settings, Told};
use crate::{checkpoint, list, pending};

/// Keeps each event once, and nothing of it follows yet. The same event again is passed
/// over; another one with the same id, and one that cannot be read, are refused.
#[system]
pub fn record(
    told: EventReader<Told>,
    settings: Res<Settings>,
    mut pending: ResMut<Pending>,
    mut refused: EventWriter<Refused>,
    mut tables: Tables,
) -> Result<(), TableError> {
    if told.is_empty() {
        return Ok(());
    }
    let mut refuse = |told: &Told, why: String| {
        refused.send(Refused { id: told.id.clone(), why });
    };
    let mut accepted: Vec<(&Told, Accepted)> = Vec::with_capacity(told.len());
    for told in &told {
        match Accepted::of(told) {
            Ok(event) => accepted.push((told, event)),
            Err(why) => refuse(told, why),
        }
    }
    let mut known = recorded(&tables, &accepted)?;
    let mut named = match settings.refuses_unknown {
        true => Some(named(&tables, &accepted)?),
        false => None,
    };
    let mut news: Vec<(Accepted, String)> = Vec::with_capacity(accepted.len());
    for (told, event) in accepted {
        let content = digest(&event);
        if let Some(before) = known.get(&event.id) {
            if *before != content {
                let why = format!(
                    "{} was told before, with other content: what was told stays, so give this \
                     event an id of its own",
                    event.id
                );
                refuse(told, why);
            }
            continue;
        }
        if let Some(named) = &mut named {
            let own = event.names.iter().map(|it| (it.kind.clone(), it.id.clone()));
            let own: BTreeSet<(String, String)> = own.collect();
            let mut subjects = event.subjects().map(|(kind, id)| (kind.to_owned(), id.to_owned()));
            if let Some((kind, id)) = subjects.find(|it| !own.contains(it) && !named.contains(it)) {
                let why = format!(
                    "no event has given the {kind} {id:?} a name: send one that does first, or \
                     leave `refuses_unknown` out of the settings of the world"
                );
                refuse(told, why);
                continue;
            }
            named.extend(own);
        }
        known.insert(event.id.clone(), content.clone());
        news.push((event, content));
    }
    if news.is_empty() {
        return Ok(());
    }
    keep(&mut tables, &news)?;
    pending.subjects = pending::count(&tables)?;
    Ok(())
}

/// Which of these events there are, and the digest of each.
fn recorded(
    tables: &Tables,
    events: &[(&Told, Accepted)],
) -> Result<BTreeMap<String, String>, TableError> {
    let ids = list::of(events.iter().map(|(_, event)| event.id.as_str()));
    let mut known = BTreeMap::new();
    for ids in ids {
        known.extend(tables.query::<(String, String)>(
            "SELECT id, digest FROM story__events WHERE id IN (SELECT value FROM json_each(?1))",
            (ids,),
        )?);
    }
    Ok(known)
}

/// Which of those whom events name have a name.
fn named(
    tables: &Tables,
    events: &[(&Told, Accepted)],
) -> Result<BTreeSet<(String, String)>, TableError> {
    let subjects: BTreeSet<_> = events.iter().flat_map(|(_, event)| event.subjects()).collect();
    let mut named = BTreeSet::new();
    for subjects in list::of_pairs(subjects) {
        named.extend(tables.query::<(String, String)>(
            "SELECT DISTINCT names.kind, names.subject
             FROM json_each(?1) AS given
             JOIN story__names AS names
             ON names.kind = given.value ->> 0 AND names.subject = given.value ->> 1",
            (subjects,),
        )?);
    }
    Ok(named)
}

fn keep(tables: &mut Tables, news: &[(Accepted, String)]) -> Result<(), TableError> {
    let events = || news.iter().map(|(event, _)| event);
    tables.execute_many(
        "INSERT INTO story__events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        news.iter().map(|(it, digest)| {
            (&it.id, &it.time, it.seq, &it.action, &it.place, &it.text, &it.source, digest)
        }),
    )?;
    tables.execute_many(
        "INSERT INTO story__parts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        events().flat_map(|of| {
            of.actors.iter().map(|it| {
                let is_there = !NOT_THERE.contains(&it.role.as_str());
                let place = of.place.as_ref().filter(|_| is_there);
                (&it.who, &of.time, of.seq, &of.id, &it.role, place, is_there)
            })
        }),
    )?;
    tables.execute_many(
        "INSERT INTO story__valence VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        events().flat_map(|of| {
            of.valence.iter().map(|it| {
                let [trust, affection, respect, fear] = it.changes().map(|(_, change)| change);
                let (time, seq) = (&of.time, of.seq);
                (&it.from, &it.to, time, seq, &of.id, trust, affection, respect, fear)
            })
        }),
    )?;
    tables.execute_many(
        "INSERT INTO story__moves VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        events().flat_map(|of| {
            of.items
                .iter()
                .map(|it| (&it.what, &of.time, of.seq, &of.id, &it.from, &it.to, &of.place))
        }),
    )?;
    tables.execute_many(
        "INSERT INTO story__lives VALUES (?1, ?2, ?3, ?4, ?5)",
        events().flat_map(|of| {
            of.status.iter().map(|it| (&it.who, &of.time, of.seq, &of.id, it.is == "alive"))
        }),
    )?;
    tables.execute_many(
        "INSERT INTO story__names VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        events().flat_map(|of| {
            of.names.iter().map(|it| (&it.kind, &it.id, &of.time, of.seq, &of.id, &it.name))
        }),
    )?;
    pend(tables, news)?;
    if let Some(last) = events().max_by_key(|it| (&it.time, it.seq, &it.id)) {
        checkpoint::advance(tables, news.len() as u64, (&last.time, last.seq, &last.id))?;
    }
    Ok(())
}

/// Says of whom and of what something was told.
fn pend(tables: &mut Tables, news: &[(Accepted, String)]) -> Result<(), TableError> {
    let mut subjects: BTreeSet<(u8, &str, &str)> = BTreeSet::new();
    for (event, _) in news {
        subjects.extend(event.subjects().map(|(kind, id)| (pending::number(kind), id, "")));
        subjects.extend(event.valence.iter().map(|it| (pending::PAIR, &*it.from, &*it.to)));
    }
    pending::add(tables, subjects)
}
