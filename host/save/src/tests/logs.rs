//! What a save tells people: its log, and SQL over its world.

use rusqlite::types::Value;

use super::*;

fn saved(ticks: u64) -> (Folder, Sample, Save) {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    for _ in 0..ticks {
        let record = sample.step();
        save.commit(&[record], &sample.world).expect("committed");
    }
    (folder, sample, save)
}

#[track_caller]
fn one(folder: &Folder, sql: &str) -> Value {
    let table = query(&folder.save(), sql).expect(sql);
    assert_eq!((table.columns.len(), table.rows.len()), (1, 1), "{sql}");
    table.rows[0][0].clone()
}

#[track_caller]
fn number(folder: &Folder, sql: &str) -> i64 {
    match one(folder, sql) {
        Value::Integer(number) => number,
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn every_table_of_the_listing_answers_with_its_columns() {
    let (folder, sample, _save) = saved(20);
    let listing = query(&folder.save(), "SELECT name, columns FROM tables").expect("answered");
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let names: Vec<String> = listing.rows.iter().map(|row| text(&row[0])).collect();
    for name in [
        "entities",
        "resources",
        "events",
        "inputs",
        "ticks",
        "systems",
        "faults",
        "kinds",
        "mods",
        "tables",
        "test_body",
        "test_note_of_things",
        "test_near",
        "test_owns",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
    }
    for row in &listing.rows {
        let table = query(&folder.save(), &format!("SELECT * FROM {}", text(&row[0])));
        assert_eq!(table.expect("answered").columns.join(", "), text(&row[1]));
    }
    let alive = i64::from(sample.world.entities.alive());
    assert_eq!(number(&folder, "SELECT count(*) FROM entities"), alive);
}

#[test]
fn cells_are_what_the_world_has() {
    let (folder, sample, _save) = saved(25);
    let world = &sample.world;
    let bodies = query(&folder.save(), "SELECT entity, at, mass, who, age FROM test_body");
    let bodies = bodies.expect("answered");
    let expected = world.values(sample.kinds.body).count();
    assert!(expected > 8 && bodies.rows.len() == expected);
    for row in &bodies.rows {
        let [Value::Integer(entity), Value::Text(at), mass, who, age] = &row[..] else {
            panic!("{row:?}");
        };
        let entity = Entity::from_bits(*entity as u64);
        let bytes = world.component(entity, sample.kinds.body).expect("has a body");
        let json = to_json(world.registry.get(sample.kinds.body), bytes);
        assert_eq!(*at, json["at"].to_string());
        assert_eq!(*mass, Value::Text("NaN".to_owned()));
        let named = json["who"].as_str().and_then(Entity::parse).expect("an entity");
        assert_eq!(*who, Value::Integer(named.to_bits() as i64));
        assert_eq!(*age, Value::Integer(json["age"].as_i64().expect("a number")));
    }
    let sun = query(&folder.save(), "SELECT entity, light FROM test_sun").expect("answered");
    let resource = &world.resources[&sample.kinds.sun];
    let light = to_json(world.registry.get(sample.kinds.sun), resource)["light"].as_i64();
    assert_eq!(sun.rows, [[Value::Null, Value::Integer(light.expect("a number"))]]);
    let notes = query(
        &folder.save(),
        "SELECT entity, text, mood, friends, entity_2 FROM test_note_of_things",
    )
    .expect("answered");
    for row in &notes.rows {
        let Value::Integer(entity) = row[0] else { panic!("{row:?}") };
        let value = world.component(Entity::from_bits(entity as u64), sample.kinds.note);
        let json = to_json(world.registry.get(sample.kinds.note), value.expect("has a note"));
        assert_eq!(row[1], Value::Text(json["text"].as_str().expect("text").to_owned()));
        let mood = match &json["mood"] {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::String(text) => Value::Text(text.clone()),
            other => Value::Text(other.to_string()),
        };
        assert_eq!(row[2], mood);
        assert_eq!(row[3], Value::Text(json["friends"].to_string()));
        assert_eq!(row[4], Value::Integer(i64::from(json["entity"] == true)));
    }
}

#[test]
fn an_entity_is_found_without_a_scan() {
    let (folder, _, _save) = saved(25);
    let plan = |sql: &str| -> String {
        let plan = query(&folder.save(), &format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
        plan.rows.iter().map(|row| format!("{:?}\n", row[3])).collect()
    };
    assert!(plan("SELECT * FROM test_body WHERE entity = 4294967297").contains("INDEX 1"));
    assert!(plan("SELECT * FROM test_near WHERE source = 1").contains("INDEX 1"));
    assert!(plan("SELECT * FROM test_near WHERE target = 1").contains("INDEX 2"));
    for (sql, same) in [
        (
            "SELECT count(*) FROM test_body a JOIN test_body b USING (entity)",
            "SELECT count(*) FROM test_body",
        ),
        (
            "SELECT count(*) FROM test_near r JOIN entities e ON e.entity = r.source",
            "SELECT count(*) FROM test_near",
        ),
        (
            "SELECT count(*) FROM entities e JOIN test_near r ON r.target = e.entity",
            "SELECT count(*) FROM test_near",
        ),
        (
            "SELECT count(*) FROM test_body WHERE entity IN (SELECT entity FROM entities)",
            "SELECT count(*) FROM test_body",
        ),
        ("SELECT count(*) FROM test_body WHERE entity = 'nobody'", "SELECT 0"),
        ("SELECT count(*) FROM test_body WHERE entity = 1.5", "SELECT 0"),
        ("SELECT count(*) FROM test_body WHERE entity = NULL", "SELECT 0"),
    ] {
        assert_eq!(number(&folder, sql), number(&folder, same), "{sql}");
    }
}

#[test]
fn the_log_says_what_happened() {
    let (folder, sample, _save) = saved(20);
    assert_eq!(number(&folder, "SELECT max(tick) FROM ticks"), 20);
    // Six ticks are kept, and of events all that is unread.
    assert_eq!(number(&folder, "SELECT min(tick) FROM ticks"), 15);
    assert_eq!(number(&folder, "SELECT count(*) FROM ticks"), 6);
    assert_eq!(number(&folder, "SELECT count(*) FROM inputs WHERE name = 'test/Decree'"), 2);
    assert_eq!(one(&folder, "SELECT payload ->> 'rate' FROM inputs LIMIT 1"), Value::Real(0.5));
    assert_eq!(number(&folder, "SELECT runs FROM systems WHERE name = 'test/ring'"), 20);
    assert_eq!(number(&folder, "SELECT last_tick FROM systems WHERE name = 'test/ring'"), 20);
    assert_eq!(number(&folder, "SELECT faults FROM systems WHERE name = 'test/rest'"), 4);
    assert_eq!(number(&folder, "SELECT count(*) FROM faults WHERE cause = 'trapped'"), 2);
    assert_eq!(number(&folder, "SELECT count(*) FROM exclusions WHERE mod = 'slow'"), 2);
    assert_eq!(number(&folder, "SELECT min(tick) FROM system_runs"), 15);
    assert_eq!(number(&folder, "SELECT min(tick) FROM events WHERE name = 'test/Rang'"), 15);
    assert_eq!(number(&folder, "SELECT count(*) FROM events WHERE name = 'test/Rang'"), 6);
    assert!(number(&folder, "SELECT count(*) FROM events WHERE name = 'despawned'") > 0);
    let state = one(&folder, "SELECT state FROM ticks ORDER BY tick DESC LIMIT 1");
    assert_eq!(state, Value::Text(hex(&digest(&sample.world))));
    let info = Reader::open(&folder.save()).expect("opens").info().expect("read");
    assert_eq!((info.tick, info.hash), (20, digest(&sample.world)));
    assert_eq!(info.entities, u64::from(sample.world.entities.alive()));
    assert_eq!(info.archetypes.iter().map(|a| a.entities).sum::<u64>(), info.entities);
    assert_eq!(info.faults, 4);
    assert_eq!(info.name, "sample");
}

#[test]
fn only_questions_are_answered() {
    let (folder, _, save) = saved(3);
    save.close().expect("closes");
    let before = std::fs::read(folder.save()).expect("read");
    for sql in [
        "DELETE FROM st_ticks",
        "UPDATE ticks SET tick = 0",
        "INSERT INTO test_body (entity) VALUES (1)",
        "DROP TABLE st_world",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "PRAGMA user_version = 9",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "BEGIN",
        "ROLLBACK",
        "SELECT 1; DELETE FROM st_ticks",
        "WITH x AS (SELECT 1) DELETE FROM st_ticks",
        "",
        "   -- nothing",
    ] {
        let refused = query(&folder.save(), sql).expect_err(sql).to_string();
        assert!(refused.contains("only one SELECT is answered"), "{sql}: {refused}");
    }
    for (sql, expected) in [
        (
            "SELECT * FROM nowhere",
            "no such table: nowhere; there are entities, resources, relations, kinds, changes, test_body",
        ),
        ("SELECT x FROM test_body", "no such column: x; `SELECT * FROM tables` says"),
        ("SELEKT 1", "the query cannot be answered: near \"SELEKT\": syntax error"),
        ("SELECT load_extension('x')", "not authorized to use function: load_extension"),
        ("SELECT json('{')", "the query cannot be answered: malformed JSON"),
    ] {
        let refused = query(&folder.save(), sql).expect_err(sql).to_string();
        assert!(refused.contains(expected), "{sql}: {refused}");
    }
    assert_eq!(std::fs::read(folder.save()).expect("read"), before);
    assert_eq!(folder.names(), ["world.db"]);
}

#[test]
fn a_reader_sees_one_commit_and_keeps_no_writer_from_the_next() {
    let (folder, mut sample, mut save) = saved(3);
    let reader = Reader::open(&folder.save()).expect("opens");
    let before = digest(&sample.world);
    for _ in 0..3 {
        let record = sample.step();
        save.commit(&[record], &sample.world).expect("committed");
    }
    assert_eq!(digest(&reader.world().expect("read").0), before);
    save.close().expect("closes");
    assert_eq!(digest(&reader.world().expect("read").0), before);
    drop(reader);
    opens_as(&folder.save(), &sample.world);
    assert_eq!(folder.names(), ["world.db"]);
}

#[test]
fn a_reader_answers_many_questions() {
    let (folder, _, _save) = saved(5);
    let inquiry = Reader::open(&folder.save()).and_then(Reader::inquiry).expect("opens");
    for _ in 0..3 {
        assert_eq!(inquiry.query("SELECT 1 + 1").expect("answered").rows, [[Value::Integer(2)]]);
        inquiry.query("SELECT * FROM nowhere").expect_err("no such table");
        assert_eq!(inquiry.query("SELECT * FROM ticks").expect("answered").rows.len(), 5);
    }
}

#[test]
fn a_save_in_a_folder_that_cannot_be_written_is_read() {
    let (folder, sample, save) = saved(3);
    save.close().expect("closes");
    let copy = folder.folder.path().join("a %20?#folder");
    std::fs::create_dir(&copy).expect("made");
    std::fs::copy(folder.save(), copy.join("world.db")).expect("copied");
    let mut permissions = std::fs::metadata(&copy).expect("there").permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&copy, permissions.clone()).expect("set");
    let info = Reader::open(&copy.join("world.db")).and_then(|reader| reader.info());
    #[expect(clippy::permissions_set_readonly_false, reason = "so that the folder can be removed")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&copy, permissions).expect("set");
    assert_eq!(info.expect("read").hash, digest(&sample.world));
}

#[test]
fn an_edge_that_two_conditions_find_is_one_row() {
    let (folder, _, _save) = saved(5);
    let inquiry = Reader::open(&folder.save()).and_then(Reader::inquiry).expect("opens");
    let ask = |sql: &str| inquiry.query(sql).expect("answered").rows;
    let ends = ask("SELECT source, target FROM test_near ORDER BY source, target");
    assert!(ends.len() > 2, "there are edges");
    for edge in &ends {
        let (Value::Integer(source), Value::Integer(other)) = (&edge[0], &ends[0][1]) else {
            panic!("{edge:?}");
        };
        let found = ask(&format!(
            "SELECT source, target FROM test_near WHERE source = {source} OR target = {other}
             ORDER BY source, target"
        ));
        let expected = ends.iter().filter(|it| it[0] == edge[0] || it[1] == ends[0][1]);
        assert_eq!(found, expected.cloned().collect::<Vec<_>>());
    }
}

#[test]
fn events_leave_the_log_however_late_they_were_read() {
    for log_ticks in [1, 2, 6] {
        let folder = Folder::new();
        let mut sample = Sample::new();
        sample.config.world.log_ticks = log_ticks;
        sample.step();
        let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
        for _ in 0..40 {
            let record = sample.step();
            save.commit(&[record], &sample.world).expect("committed");
            let count = |so: &str| -> i64 {
                let sql =
                    format!("SELECT count(*) FROM st_events JOIN st_topics USING (topic) {so}");
                save.connection().query_row(&sql, [], |row| row.get(0)).expect("counted")
            };
            let oldest = sample.world.tick().saturating_sub(log_ticks);
            assert_eq!(count(&format!("WHERE number <= passed AND tick <= {oldest}")), 0);
            let unread: usize = sample.world.events.iter().map(|(_, _, it)| it.count()).sum();
            assert_eq!(count("WHERE number > passed"), unread as i64);
        }
        save.close().expect("closes");
        opens_as(&folder.save(), &sample.world);
    }
}

#[test]
fn a_world_with_the_first_state_hash_comes_back_and_gets_the_newest_with_settings() {
    let folder = Folder::new();
    let mut sample = Sample::new();
    sample.config.hash_version = HashVersion::First;
    sample.world.hash_version = HashVersion::First;
    sample.step();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    for _ in 0..5 {
        let record = sample.step();
        save.commit(&[record], &sample.world).expect("committed");
    }
    let settings = |save: &Save| -> Vec<String> {
        let connection = save.connection();
        let mut select = connection.prepare("SELECT config FROM st_settings").expect("SQL");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("texts")
    };
    assert!(settings(&save)[0].contains("\"hash_version\":1"));
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
    let first = digest(&sample.world);

    let (mut save, _, world) = Save::open(&folder.save()).expect("opens");
    assert_eq!((world.hash_version, digest(&world)), (HashVersion::First, first));
    let newest = WorldConfig { hash_version: HashVersion::Blocks, ..sample.config.clone() };
    sample.world.hash_version = HashVersion::Blocks;
    sample.adopt(&mut save, &newest, &[], 6).expect("adopted");
    assert!(settings(&save)[1].contains("\"hash_version\":2"));
    assert_ne!(digest(&sample.world), first);
    let record = sample.step();
    save.commit(&[record], &sample.world).expect("committed");
    save.close().expect("closes");
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn a_state_hash_of_a_later_version_is_told() {
    let folder = Folder::new();
    let sample = Sample::new();
    let save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let sql = "UPDATE st_settings SET config = json_set(config, '$.hash_version', 99)";
    save.connection().execute(sql, []).expect("changed");
    save.close().expect("closes");
    let told = Save::open(&folder.save()).map(drop).expect_err("it is unknown").to_string();
    assert!(told.contains("a state hash of version 99"), "{told}");
}
