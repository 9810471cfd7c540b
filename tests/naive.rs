//! What a save answers about its history, beside a model that kept everything.
//!
//! The model looks at the world after every tick and after every swap, through
//! the front door, and remembers all of it as JSON.

mod model;

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::ecs::Entity;
use sandtable::save::{Answer, Inquiry, Reader, SaveError, Ticks, exact};
use serde_json::{Value as Json, json};

use crate::harness::*;
use model::{Model, Place, Row, Seen, as_read, follow, record, rows};

/// All changes lead from each moment to the next, and nothing else does.
fn changes_are_all(all: &[Row], model: &Model) {
    let mut now = model[&0].1.clone();
    let mut rows = all.iter().peekable();
    for (tick, (left, after)) in model.iter().skip(1) {
        while let Some(row) = rows.next_if(|row| row.tick == *tick && row.step != "swap") {
            assert!(row.system.is_some(), "{row:?}");
            follow(&mut now, row);
        }
        now.is_same(left, &format!("tick {tick}"));
        while let Some(row) = rows.next_if(|row| row.tick == *tick) {
            assert_eq!(row.system, None, "{row:?}");
            follow(&mut now, row);
        }
        now.is_same(after, &format!("after tick {tick}"));
    }
    assert_eq!(rows.next(), None);
}

/// What is asked of one entity or of some ticks is that part of all.
fn filters_say_the_same(asked: &Inquiry, all: &[Row], chosen: &[Entity], last: u64) {
    let of = |keep: &dyn Fn(&Row) -> bool| -> Vec<Row> {
        all.iter().filter(|row| keep(row)).cloned().collect()
    };
    for entity in chosen {
        let filter = format!("WHERE entity = {}", entity.to_bits());
        assert_eq!(rows(asked, &filter), of(&|row| row.entity == Some(*entity)), "{entity}");
        let filter = format!("WHERE entity = {} AND tick >= {}", entity.to_bits(), last / 2);
        let later = of(&|row| row.entity == Some(*entity) && row.tick >= last / 2);
        assert_eq!(rows(asked, &filter), later, "{entity}");
    }
    for (from, to) in [(0, 0), (1, 1), (last / 3, last / 2), (last - 1, last + 9)] {
        let filter = format!("WHERE tick BETWEEN {from} AND {to}");
        assert_eq!(rows(asked, &filter), of(&|row| (from..=to).contains(&row.tick)));
        let filter = format!("WHERE tick > {from} AND tick < {to}.5");
        assert_eq!(rows(asked, &filter), of(&|row| row.tick > from && row.tick <= to));
    }
    let filter = "WHERE component = 'menagerie/Sleepy'";
    let sleepy = |row: &Row| row.place.as_ref().is_some_and(|place| place.1 == "menagerie/Sleepy");
    assert_eq!(rows(asked, filter), of(&sleepy));
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => as_read((*number).into()),
        _ => Json::Null,
    }
}

/// `history` has the value of each tick, and `blame` what led from one to the
/// next.
fn histories_are_right(reader: &Reader, all: &[Row], model: &Model, chosen: &[Entity]) {
    let last = *model.keys().last().unwrap();
    let mut asked = 0;
    for entity in chosen {
        for (kind, field) in [
            ("menagerie/Age", "ticks"),
            ("menagerie_weight", "kilograms"),
            ("menagerie/Name", "text"),
            ("watcher/Value", "number"),
        ] {
            let name = if kind == "menagerie_weight" { "menagerie/Weight" } else { kind };
            let place = (Some(*entity), name.to_owned(), None);
            let of_place = |row: &&Row| row.place.as_ref() == Some(&place);
            let expected: Vec<&Row> = all.iter().filter(of_place).collect();
            let (from, to) = (last / 4, last - last / 4);
            for ticks in [Ticks::default(), Ticks { from: Some(from), to: Some(to) }] {
                let component = format!("{kind}.{field}");
                let answer = reader.history(&entity.to_string(), &component, ticks);
                let first = ticks.from.unwrap_or(0);
                let range = first + 1..=ticks.to.unwrap_or(last);
                let inside: Vec<&&Row> =
                    expected.iter().filter(|row| range.contains(&row.tick)).collect();
                let start = model[&first].0.values.get(&place);
                let Ok(Answer { table, .. }) = answer else {
                    assert!(inside.is_empty() && start.is_none());
                    continue;
                };
                asked += 1;
                let mut found: Vec<(u64, Json)> = table
                    .rows
                    .iter()
                    .map(|row| (exact(&row[0]).parse().unwrap(), shown(&row[1])))
                    .collect();
                let value =
                    |json: Option<&Json>| json.map_or(Json::Null, |json| json[field].clone());
                if start.is_some() {
                    assert_eq!(found.remove(0), (first, value(start)));
                }
                let became: Vec<(u64, Json)> =
                    inside.iter().map(|row| (row.tick, value(row.new.as_ref()))).collect();
                assert_eq!(found, became, "{entity} {component}");
                let answer = reader.blame(&entity.to_string(), kind, ticks).unwrap();
                let blamed: Vec<(u64, Json, Json, Json)> = answer
                    .table
                    .rows
                    .iter()
                    .map(|row| {
                        let tick = exact(&row[0]).parse().unwrap();
                        (tick, shown(&row[2]), shown(&row[5]), shown(&row[6]))
                    })
                    .collect();
                let json = |json: &Option<Json>| json.clone().unwrap_or(Json::Null);
                let done = |row: &&&Row| {
                    let system = row.system.as_deref().map_or(Json::Null, Json::from);
                    (row.tick, system, json(&row.old), json(&row.new))
                };
                assert_eq!(blamed, inside.iter().map(done).collect::<Vec<_>>());
            }
        }
    }
    assert!(asked > 10, "entities with a history were chosen");
}

/// `<component>_history` has what was so at first, and each value since.
fn tables_of_history_are_right(asked: &Inquiry, all: &[Row], model: &Model) {
    for (table, kind, field) in [
        ("menagerie_weight_history", "menagerie/Weight", "kilograms"),
        ("menagerie_census_history", "menagerie/Census", "born"),
        ("menagerie_sleepy_history", "menagerie/Sleepy", "NULL"),
    ] {
        let sql = format!("SELECT tick, entity, {field}, action FROM {table}");
        let found = asked.query(&sql).unwrap().rows;
        let found: Vec<_> = found
            .iter()
            .map(|row| (exact(&row[0]).parse().unwrap(), shown(&row[1]), shown(&row[2])))
            .collect();
        let bits = |entity: Option<Entity>| entity.map_or(Json::Null, |it| it.to_bits().into());
        let of_kind = |row: &&Row| row.place.as_ref().is_some_and(|place| place.1 == kind);
        let value = |row: &Row| row.new.as_ref().map_or(Json::Null, |new| new[field].clone());
        let at_first = model[&0].1.values.iter().filter(|(place, _)| place.1 == kind);
        let mut expected: Vec<(u64, Json, Json)> =
            at_first.map(|(place, value)| (0, bits(place.0), value[field].clone())).collect();
        let since = all.iter().filter(of_kind);
        expected.extend(since.map(|row| (row.tick, bits(row.entity), value(row))));
        assert_eq!(found, expected, "{table}");
        assert!(!found.is_empty());
    }
}

/// `diff` says how two moments differ, whatever lies between.
fn differences_are_right(reader: &Reader, model: &Model, from: u64, to: u64) {
    let Answer { table, .. } =
        reader.diff(Ticks { from: Some(from), to: Some(to) }).expect("an answer");
    let (before, after) = (&model[&from].0, &model[&to].0);
    let whose = |row: &[Value]| shown(&row[1]).as_str().map(str::to_owned);
    let of = |actions: &[&str]| -> BTreeSet<(Option<String>, Option<String>, Option<String>)> {
        let rows = table.rows.iter().filter(|row| {
            let name = exact(&row[2]);
            actions.contains(&exact(&row[0]).as_str()) && name != "ledger__entries"
        });
        let text = |value: &Value| shown(value).as_str().map(str::to_owned);
        rows.map(|row| (whose(row), text(&row[2]), text(&row[3]))).collect()
    };
    let name = |entity: &Entity| (Some(entity.to_string()), None, None);
    assert_eq!(of(&["spawned"]), after.alive.difference(&before.alive).map(name).collect());
    assert_eq!(of(&["despawned"]), before.alive.difference(&after.alive).map(name).collect());
    let place = |place: &Place| {
        let text = |entity: Option<Entity>| entity.map(|entity| entity.to_string());
        (text(place.0), Some(place.1.clone()), text(place.2))
    };
    let only = |one: &Seen, two: &Seen| {
        let places = one.values.keys().filter(|key| !two.values.contains_key(*key));
        places.map(place).collect::<BTreeSet<_>>()
    };
    assert_eq!(of(&["inserted", "related"]), only(after, before));
    assert_eq!(of(&["removed", "unrelated"]), only(before, after));
    let differ = before
        .values
        .iter()
        .filter(|(key, old)| after.values.get(*key).is_some_and(|new| new != *old));
    assert_eq!(of(&["changed"]), differ.map(|(key, _)| place(key)).collect());
    for row in table.rows.iter().filter(|row| exact(&row[2]) == "menagerie/Age") {
        if exact(&row[0]) == "changed" {
            let value = |seen: &Seen| {
                let found = seen.values.iter().find(|((entity, kind, _), _)| {
                    kind == "menagerie/Age" && entity.map(|it| it.to_string()) == whose(row)
                });
                found.unwrap().1["ticks"].clone()
            };
            assert_eq!((shown(&row[5]), shown(&row[6])), (value(before), value(after)));
        }
    }
    let rows = table.rows.iter().filter(|row| exact(&row[2]) == "ledger__entries");
    let rows: Vec<_> = rows.collect();
    if from != to {
        assert_eq!(
            (shown(&rows[0][5]), shown(&rows[0][6])),
            (before.entries.into(), after.entries.into())
        );
        assert_eq!(rows.len() as i64, 1 + after.entries - before.entries);
    }
}

/// `timeline` has each coming and going of an entity, and who its events name.
fn timelines_are_right(reader: &Reader, asked: &Inquiry, all: &[Row], chosen: &[Entity]) {
    for entity in chosen {
        let Answer { table, .. } =
            reader.timeline(&entity.to_string(), Ticks::default()).expect("an answer");
        let lines = |action: &str| -> Vec<(u64, Json)> {
            let rows = table.rows.iter().filter(|row| exact(&row[1]) == action);
            rows.map(|row| (exact(&row[0]).parse().unwrap(), shown(&row[2]))).collect()
        };
        for action in ["spawned", "inserted", "removed", "related", "unrelated", "despawned"] {
            let own = all.iter().filter(|row| row.entity == Some(*entity) && row.action == action);
            let name =
                |row: &Row| row.place.as_ref().map_or(Json::Null, |place| place.1.clone().into());
            let expected: Vec<(u64, Json)> = own.map(|row| (row.tick, name(row))).collect();
            assert_eq!(lines(action), expected, "{entity} {action}");
        }
        let incoming = all.iter().filter(|row| {
            let end = row.place.as_ref().and_then(|place| place.2);
            end == Some(*entity) && row.entity != Some(*entity) && row.action == "related"
        });
        assert_eq!(lines("related by").len(), incoming.count());
        let changes = all.iter().filter(|row| {
            let age = row.place.as_ref().is_some_and(|place| place.1 == "menagerie/Age");
            row.entity == Some(*entity) && age && row.action == "changed"
        });
        let ticks: Vec<u64> = changes.map(|row| row.tick).collect();
        let age = |action: &str| {
            let of = lines(action).into_iter().find(|line| line.1 == "menagerie/Age");
            of.map(|line| line.0)
        };
        assert_eq!(age("first changed"), ticks.first().copied());
        assert_eq!(age("last changed"), ticks.get(1).and(ticks.last()).copied());
        let sql = format!(
            "SELECT tick FROM events WHERE name = 'menagerie/Born' AND payload ->> 'who' = '{entity}'"
        );
        let born = asked.query(&sql).unwrap().rows.len();
        assert_eq!(lines("event").len(), born);
    }
}

/// SQL as of a tick sees the world, the tables and the log as they were.
fn other_ticks_are_right(save: &Path, model: &Model, tick: u64) {
    let asked = Reader::open(save).unwrap().inquiry_at(tick).unwrap();
    let seen = &model[&tick].0;
    let number = |sql: &str| -> i64 {
        match asked.query(sql).unwrap().rows[0][0] {
            Value::Integer(number) => number,
            _ => panic!("{sql}"),
        }
    };
    assert_eq!(number("SELECT count(*) FROM entities"), seen.alive.len() as i64);
    assert_eq!(number("SELECT count(*) FROM ledger__entries"), seen.entries);
    assert_eq!(number("SELECT coalesce(max(tick), 0) FROM ticks"), tick as i64);
    assert_eq!(number("SELECT coalesce(max(tick), 0) FROM changes"), tick as i64);
    let ages = seen.values.iter().filter(|(place, _)| place.1 == "menagerie/Age");
    let ages: i64 = ages.map(|(_, age)| age["ticks"].as_i64().unwrap()).sum();
    assert_eq!(number("SELECT coalesce(sum(ticks), 0) FROM menagerie_age"), ages);
    let edges = seen.values.keys().filter(|place| place.2.is_some()).count();
    assert_eq!(number("SELECT count(*) FROM relations"), edges as i64);
    let of_mods = asked.query("SELECT id FROM mods ORDER BY id").unwrap().rows.len();
    assert!((3..=4).contains(&of_mods));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_that_of_a_naive_recording(
        seed in any::<u32>(),
        threads in 1_usize..4,
        swap in 12_u64..16,
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let save = folder.path().join("naive.db");
        let ticks = 40;
        let model = record(&save, u64::from(seed), threads, swap, ticks);
        let reader = Reader::open(&save).unwrap();
        let asked = Reader::open(&save).unwrap().inquiry().unwrap();
        let all = rows(&asked, "");
        changes_are_all(&all, &model);

        let entities: Vec<Entity> = all.iter().filter_map(|row| row.entity).collect();
        let moved = all.iter().filter(|row| row.action == "despawned" || row.action == "removed");
        let moved: Vec<Entity> = moved.filter_map(|row| row.entity).collect();
        let (some, others) = picks.split_at(6);
        let mut chosen: Vec<Entity> = some.iter().map(|pick| *pick.get(&entities)).collect();
        chosen.extend(others.iter().map(|pick| *pick.get(&moved)));
        chosen.sort();
        chosen.dedup();
        filters_say_the_same(&asked, &all, &chosen, ticks);
        histories_are_right(&reader, &all, &model, &chosen);
        tables_of_history_are_right(&asked, &all, &model);
        timelines_are_right(&reader, &asked, &all, &chosen);
        for (from, to) in [(0, ticks), (swap - 3, swap + 7), (5, 6), (9, 9)] {
            differences_are_right(&reader, &model, from, to);
        }
        for tick in [0, 1, swap, swap + 1, ticks] {
            other_ticks_are_right(&save, &model, tick);
        }
    }
}

/// A small world that has a history.
fn small(save: &Path, text: &str) {
    let mods = vec![guest("watcher")];
    let mut world = Simulation::create(Some(save), config(text, &mods), mods, quiet(1)).unwrap();
    for tick in 1..=20_u64 {
        let input = json!({"number": tick, "to": 500 + tick});
        world.send("watcher/Poke", &input, "test").unwrap();
        world.tick().unwrap();
    }
    world.close().unwrap();
}

#[test]
fn a_tampered_delta_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("small.db");
    small(&save, WORLD);
    let entity = "5v1";
    let whole = Reader::open(&save).unwrap().history(entity, "watcher/Value", Ticks::default());
    let whole = whole.unwrap();
    let connection = rusqlite::Connection::open(&save).unwrap();
    let select = "SELECT id, data FROM st_deltas";
    let frames: Vec<(i64, Vec<u8>)> = connection
        .prepare(select)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let put = |id: i64, data: &[u8]| {
        let update = "UPDATE st_deltas SET data = ?2 WHERE id = ?1";
        connection.execute(update, rusqlite::params![id, data]).unwrap();
    };
    let mut refused = 0;
    for (id, data) in &frames {
        for at in (0..data.len()).step_by(data.len() / 9 + 1) {
            let mut other = data.clone();
            other[at] ^= 0x11;
            put(*id, &other);
            let reader = Reader::open(&save).unwrap();
            let told = [
                reader.history(entity, "watcher/Value", Ticks::default()),
                reader.diff(Ticks { from: Some(0), to: Some(20) }),
            ];
            for (told, whole) in told.into_iter().zip([Some(&whole), None]) {
                match told {
                    Err(SaveError::Damaged { what, .. }) => {
                        assert!(what.contains("history of tick"), "{what}");
                        refused += 1;
                    }
                    Err(error) => panic!("{error}"),
                    Ok(answer) => assert!(whole.is_none_or(|whole| *whole == answer), "byte {at}"),
                }
            }
        }
        put(*id, data);
    }
    assert!(refused > 2 * frames.len(), "{refused} of {}", frames.len());
    put(10 << 16, b"");
    let asked = Reader::open(&save).unwrap().inquiry().unwrap();
    let error = asked.query("SELECT count(*) FROM changes").unwrap_err().to_string();
    assert!(error.contains("the history of tick 10"), "{error}");
    let delete = "DELETE FROM st_deltas WHERE id = ?1";
    connection.execute(delete, [10 << 16]).unwrap();
    let told = Reader::open(&save).unwrap().history(entity, "watcher/Value", Ticks::default());
    assert!(told.unwrap_err().to_string().contains("tick 10 is missing"));
}

#[test]
fn what_is_not_kept_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let ask = |name: &str, entity: &str, component: &str, ticks: Ticks| {
        let reader = Reader::open(&path(name)).unwrap();
        match reader.history(entity, component, ticks) {
            Ok(answer) => answer.notes.join("; "),
            Err(error) => error.to_string().split_once(".db ").unwrap().1.to_owned(),
        }
    };
    let all = Ticks::default();
    small(&path("all.db"), WORLD);
    assert_eq!(ask("all.db", "5v1", "watcher/Value", all), "");
    assert_eq!(
        ask("all.db", "5v1", "watcher/Vlaue", all),
        "has no component `watcher/Vlaue`: it has watcher/Value"
    );
    assert_eq!(
        ask("all.db", "5v1", "watcher_value.nmber", all),
        "has watcher/Value without a field `nmber`: it has number"
    );
    assert_eq!(ask("all.db", "5v7", "watcher/Value", all), "never had an entity 5v7");
    assert_eq!(
        ask("all.db", "5v1", "watcher/Counts", all),
        "has 5v1, which had no watcher/Counts in these ticks"
    );
    assert_eq!(
        ask("all.db", "five", "watcher/Value", all),
        "has no entity `five`: entities are written as 12v3, and `label` in [world] of a world file \
         says by what else they are known"
    );
    let later = Ticks { from: Some(30), to: Some(40) };
    assert_eq!(
        ask("all.db", "5v1", "watcher/Value", later),
        "has no history from tick 30 to 40: it keeps that of 0 to 20"
    );
    let backwards = Ticks { from: Some(9), to: Some(4) };
    assert_eq!(
        ask("all.db", "5v1", "watcher/Value", backwards),
        "has no ticks from 9 to 4: give the earlier one first"
    );
    small(&path("none.db"), &format!("{WORLD}[history]\nevery_ticks = 0\n"));
    assert_eq!(
        ask("none.db", "5v1", "watcher/Value", all),
        "keeps no history: set `every_ticks` in [history] to 1 or more"
    );
    small(&path("some.db"), &format!("{WORLD}[history]\ncomponents = [\"watcher/Counts\"]\n"));
    assert_eq!(
        ask("some.db", "5v1", "watcher/Value", all),
        "keeps no history of watcher/Value: add it to `components` in [history]"
    );
    small(&path("few.db"), &format!("{WORLD}[history]\nevery_ticks = 5\n"));
    assert_eq!(
        ask("few.db", "5v1", "watcher/Value", all),
        "not every tick is kept, so that it is not known which system changed what: set \
         `every_ticks` in [history] to 1"
    );
}

#[test]
fn the_verbs_print_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("small.db");
    small(&save, WORLD);
    let ask =
        |verb: &str, arguments: &[&str]| told(sandtable().arg(verb).arg(&save).args(arguments));
    let number = "watcher/Value.number";
    assert_eq!(
        ask("history", &["5v1", number, "--format", "csv"]),
        "tick,number,action,mod,system,step\r\n\
         1,5,inserted,watcher,watcher/populate,commands\r\n\
         5,505,changed,watcher,watcher/poke,run\n"
    );
    let table = ask("history", &["4294967301", "watcher_value"]);
    assert!(table.starts_with("number ▁▁▁▁█ 5 to 505\n┌"), "{table}");
    let blamed = ask("blame", &["5v1", number, "--from", "3", "--to", "6", "--format", "json"]);
    let blamed: Json = serde_json::from_str(&blamed).unwrap();
    let expected = json!([{
        "tick": 5, "mod": "watcher", "system": "watcher/poke", "step": "run",
        "action": "changed", "old": 5, "new": 505,
    }]);
    assert_eq!(blamed, expected);
    let diff = ask("diff", &["--from", "5", "--to", "6", "--format", "csv"]);
    assert!(diff.contains("changed,6v1,watcher/Value,,number,6,506"), "{diff}");
    let timeline = ask("timeline", &["5v1", "--format", "csv"]);
    let lines: Vec<&str> = timeline.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "1,spawned,,,,,watcher,watcher/populate,commands",
            "1,inserted,watcher/Tag,,{},,watcher,watcher/populate,commands",
            "1,inserted,watcher/Value,,\"{\"\"number\"\":5}\",,watcher,watcher/populate,commands",
            "5,first changed,watcher/Value,,\"{\"\"number\"\":505}\",,watcher,watcher/poke,run",
        ]
    );
    let select = "SELECT number FROM watcher_value WHERE entity = 4294967301";
    assert_eq!(ask("sql", &[select, "--at", "4", "--format", "csv"]), "number\r\n5\n");
    assert_eq!(ask("sql", &[select, "--at", "5", "--format", "csv"]), "number\r\n505\n");
    let then = folder.path().join("then");
    told(
        sandtable()
            .arg("export")
            .arg(&save)
            .args(["--at", "4", "--format", "csv", "-o"])
            .arg(&then),
    );
    let ticks = std::fs::read_to_string(then.join("ticks.csv")).unwrap();
    assert_eq!(ticks.lines().count(), 5);
}
