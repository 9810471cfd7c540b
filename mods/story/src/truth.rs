//! What follows from the events, for some of those whom they name. All of it is read
//! from the tables alone, so that it does not matter in which order they were filled.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;
use serde::de::DeserializeOwned;

use crate::kinds::Feels;
use crate::list;

/// What is known of a subject, since when, and by which event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known<T> {
    pub what: T,
    pub since: String,
    pub event: String,
}

/// What is known of each, by id. Of those who are not in it nothing is told.
pub type KnownOf<T> = BTreeMap<String, Known<T>>;

/// Whose hands an item is in, or else where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    Held(String),
    Lies(String),
    Unknown,
}

/// The name that each was given last.
///
/// # Errors
///
/// The tables cannot be read.
pub fn names(
    tables: &Tables,
    kind: &str,
    ids: &[String],
) -> Result<BTreeMap<String, String>, TableError> {
    let listed = list::of_pairs(ids.iter().map(|id| (kind, id.as_str())));
    let rows = of_each::<(String, String)>(
        tables,
        listed,
        "SELECT named.subject, named.name
         FROM json_each(?1) AS given
         JOIN story__names AS named
            ON named.kind = given.value ->> 0 AND named.subject = given.value ->> 1
            AND (named.time, named.seq, named.event) = (
                SELECT time, seq, event FROM story__names
                WHERE kind = given.value ->> 0 AND subject = given.value ->> 1
                ORDER BY time DESC, seq DESC, event DESC LIMIT 1)",
    )?;
    Ok(rows.into_iter().collect())
}

/// Whether each lives: who is not in it is not known to have died.
///
/// # Errors
///
/// The tables cannot be read.
pub fn lives(tables: &Tables, people: &[String]) -> Result<KnownOf<bool>, TableError> {
    let rows = of_each::<(String, u8, String, String)>(
        tables,
        listed(people),
        "SELECT given.value, last.is_alive, last.time, last.event
         FROM json_each(?1) AS given
         JOIN story__lives AS last ON last.who = given.value
            AND (last.time, last.seq, last.event) = (
                SELECT time, seq, event FROM story__lives WHERE who = given.value
                ORDER BY time DESC, seq DESC, event DESC LIMIT 1)",
    )?;
    Ok(known(
        rows.into_iter().map(|(id, is_alive, since, event)| (id, is_alive != 0, since, event)),
    ))
}

/// Where each was last.
///
/// # Errors
///
/// The tables cannot be read.
pub fn places(tables: &Tables, people: &[String]) -> Result<KnownOf<String>, TableError> {
    let rows = of_each::<(String, String, String, String)>(
        tables,
        listed(people),
        "SELECT given.value, last.place, last.time, last.event
         FROM json_each(?1) AS given
         JOIN story__parts AS last ON last.who = given.value AND last.place IS NOT NULL
            AND (last.time, last.seq, last.event) = (
                SELECT time, seq, event FROM story__parts
                WHERE who = given.value AND place IS NOT NULL
                ORDER BY time DESC, seq DESC, event DESC LIMIT 1)",
    )?;
    Ok(known(rows.into_iter()))
}

/// Where each item is.
///
/// # Errors
///
/// The tables cannot be read.
pub fn whereabouts(tables: &Tables, items: &[String]) -> Result<KnownOf<Whereabouts>, TableError> {
    type Row = (String, Option<String>, Option<String>, String, String);
    let rows = of_each::<Row>(
        tables,
        listed(items),
        "SELECT given.value, last.taker, last.place, last.time, last.event
         FROM json_each(?1) AS given
         JOIN story__moves AS last ON last.item = given.value
            AND (last.time, last.seq, last.event) = (
                SELECT time, seq, event FROM story__moves WHERE item = given.value
                ORDER BY time DESC, seq DESC, event DESC LIMIT 1)",
    )?;
    Ok(known(rows.into_iter().map(|(id, taker, place, since, event)| {
        let what = match (taker, place) {
            (Some(taker), _) => Whereabouts::Held(taker),
            (None, Some(place)) => Whereabouts::Lies(place),
            (None, None) => Whereabouts::Unknown,
        };
        (id, what, since, event)
    })))
}

/// What each first feels for the second.
///
/// # Errors
///
/// The tables cannot be read.
pub fn feelings(
    tables: &Tables,
    pairs: &[(String, String)],
) -> Result<BTreeMap<(String, String), Feels>, TableError> {
    let listed = list::of_pairs(pairs.iter().map(|(who, whom)| (who.as_str(), whom.as_str())));
    summed(
        tables,
        "SELECT sums.who, sums.whom,
            sum(sums.trust), sum(sums.affection), sum(sums.respect), sum(sums.fear)
         FROM json_each(?1) AS given
         JOIN story__valence AS sums
         ON sums.who = given.value ->> 0 AND sums.whom = given.value ->> 1
         GROUP BY sums.who, sums.whom",
        listed,
    )
}

/// What each of these feels for whomever.
///
/// # Errors
///
/// The tables cannot be read.
pub fn feelings_of(
    tables: &Tables,
    people: &[String],
) -> Result<BTreeMap<(String, String), Feels>, TableError> {
    summed(
        tables,
        "SELECT who, whom, sum(trust), sum(affection), sum(respect), sum(fear)
         FROM story__valence WHERE who IN (SELECT value FROM json_each(?1))
         GROUP BY who, whom",
        listed(people),
    )
}

fn summed(
    tables: &Tables,
    sql: &str,
    lists: Vec<String>,
) -> Result<BTreeMap<(String, String), Feels>, TableError> {
    let rows = of_each::<(String, String, i64, i64, i64, i64)>(tables, lists, sql)?;
    let sums = rows.into_iter().map(|(who, whom, trust, affection, respect, fear)| {
        ((who, whom), Feels { trust, affection, respect, fear })
    });
    Ok(sums.collect())
}

/// The rows for each of some lists, one after another.
fn of_each<R: DeserializeOwned>(
    tables: &Tables,
    lists: Vec<String>,
    sql: &str,
) -> Result<Vec<R>, TableError> {
    let mut rows = Vec::new();
    for list in lists {
        rows.extend(tables.query::<R>(sql, (list,))?);
    }
    Ok(rows)
}

fn listed(ids: &[String]) -> Vec<String> {
    list::of(ids.iter().map(String::as_str))
}

fn known<T>(rows: impl Iterator<Item = (String, T, String, String)>) -> KnownOf<T> {
    rows.map(|(id, what, since, event)| (id, Known { what, since, event })).collect()
}
