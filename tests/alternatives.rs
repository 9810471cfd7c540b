//! Queries with alternatives match the rows for which one of them holds, whatever
//! the number of threads and the size of shards.

use std::collections::BTreeMap;

use sandtable::ecs::{Entity, World};
use serde_json::Value as Json;

use crate::harness::*;

/// What a row has, by the name of the component.
type Row = BTreeMap<&'static str, Json>;

const NAMES: [&str; 5] = ["A", "B", "C", "Place", "Seen"];

fn rows(world: &World) -> BTreeMap<Entity, Row> {
    let mut rows: BTreeMap<Entity, Row> = BTreeMap::new();
    for name in NAMES {
        for (entity, value) in values(world, &format!("choosy/{name}")) {
            rows.entry(entity).or_default().insert(name, value);
        }
    }
    rows
}

/// Which of the guest's queries match a row that was `before` when their systems
/// last ran, and is `now`.
fn matches(before: Option<&Row>, now: &Row) -> [bool; 5] {
    let with = |name: &str| now.contains_key(name);
    let changed = |name: &str| with(name) && before.and_then(|row| row.get(name)) != now.get(name);
    let added = |name: &str| with(name) && !before.is_some_and(|row| row.contains_key(name));
    [
        with("B") || changed("A"),
        !with("B") || added("C"),
        with("A") && (with("B") && changed("A") || !with("B") && added("A") || changed("C")),
        (with("A") || with("B")) && (changed("C") || changed("A")),
        changed("Place") && (changed("A") || added("B") || changed("C")),
    ]
}

fn counts(row: &Row) -> [u64; 5] {
    let counts = row["Seen"]["counts"].as_array().unwrap();
    std::array::from_fn(|at| counts[at].as_u64().unwrap())
}

#[test]
fn rows_match_for_which_an_alternative_holds() {
    for (threads, shard_rows) in [(1, 4096), (1, 1), (3, 7), (4, 64)] {
        let text = format!("{WORLD}shard_rows = {shard_rows}\n");
        let mut world = world_of(&text, vec![guest("choosy")], threads);
        let (mut before, mut now) = (BTreeMap::new(), BTreeMap::new());
        let (mut yes, mut no) = ([0; 5], [0; 5]);
        for tick in 1..=25 {
            assert_eq!(faults(&world.tick().unwrap()), []);
            let after = rows(world.world());
            for (entity, row) in &now {
                let so = matches(before.get(entity), row);
                let expected = counts(row);
                for (at, so) in so.into_iter().enumerate() {
                    *if so { &mut yes[at] } else { &mut no[at] } += 1;
                    assert_eq!(
                        counts(&after[entity])[at],
                        expected[at] + u64::from(so),
                        "query {at} in tick {tick}, {threads} threads, {shard_rows} rows: {row:?}"
                    );
                }
            }
            (before, now) = (now, after);
        }
        assert!(yes.into_iter().chain(no).all(|rows| rows > 100), "{yes:?} {no:?}");
    }
}
