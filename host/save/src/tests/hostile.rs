//! Saves that are broken, foreign or made to harm: each opens as the world that
//! was committed, or is refused with a sentence.

use std::path::Path;

use rusqlite::Connection;

use super::*;

/// A closed save of a sample world, and that world.
pub fn closed() -> (Folder, Sample) {
    let folder = Folder::new();
    let mut sample = Sample::new();
    let mut save = Save::create(&folder.save(), &sample.config, &sample.world).expect("made");
    let component = StoredMod {
        id: "test".to_owned(),
        version: "0.1.0".to_owned(),
        hash: *blake3::hash(b"component").as_bytes(),
        component: b"component".to_vec(),
        assets: BTreeMap::new(),
        manifest: None,
        source: "mods/test".to_owned(),
        declaration: "{}".to_owned(),
    };
    sample.adopt(&mut save, &sample.config, &[component], 0).expect("recorded");
    for _ in 0..30 {
        let record = sample.step();
        save.commit(&[record], &sample.world).expect("committed");
    }
    save.close().expect("closes");
    send(&folder.save(), "test/Decree", &json!({"rate": 1}), "me").expect("sent");
    (folder, sample)
}

/// Opens whatever is there. What opens must be the expected world.
#[track_caller]
pub fn opens_equal_or_is_refused(path: &Path, expected: &World, what: &str) -> bool {
    // A caller that asks gets an answer or a sentence, also about what is broken.
    match Reader::open(path).and_then(Reader::inquiry) {
        Err(error) => assert_sentence(&error, what),
        Ok(inquiry) => {
            for table in ["events", "ticks", "systems", "mods", "test_body", "test_near", "inputs"]
            {
                if let Err(error) = inquiry.query(&format!("SELECT * FROM {table}")) {
                    assert_sentence(&error, what);
                    break;
                }
            }
        }
    }
    match Save::open(path) {
        Err(error) => {
            assert_sentence(&error, what);
            false
        }
        Ok((mut save, _, world)) => {
            assert_eq!(digest(&world), digest(expected), "{what}");
            let _ = save.mods(&Contents::new());
            let _ = save.take_inbox();
            true
        }
    }
}

/// Repairs whatever is there. What is repaired is sound, and the save is as it
/// was.
#[track_caller]
pub fn is_repaired_or_refused(path: &Path, what: &str) -> Option<Repaired> {
    let before = std::fs::read(path).expect("read");
    let target = path.with_file_name("repaired.db");
    let _ = std::fs::remove_file(&target);
    let repaired = repair(path, &target);
    assert_eq!(std::fs::read(path).expect("read"), before, "{what}");
    match repaired {
        Err(error) => {
            assert_sentence(&error, what);
            assert!(!target.exists(), "{what}");
            None
        }
        Ok(repaired) => {
            assert!(!repaired.findings.is_empty(), "{what}");
            let checked = check(&target).expect(what);
            assert_eq!(checked.findings, Vec::<String>::new(), "{what}");
            let (save, _, world) = Save::open(&target).expect(what);
            assert_eq!((world.tick(), digest(&world)), (repaired.tick, repaired.hash), "{what}");
            save.close().expect("closes");
            Some(repaired)
        }
    }
}

#[track_caller]
fn assert_sentence(error: &SaveError, what: &str) {
    let text = error.to_string();
    assert!(text.len() > 20 && text.len() < 600 && !text.contains('\n'), "{what}: {text}");
}

fn flips(count: u64, seed: u64) {
    let (folder, sample) = closed();
    let whole = std::fs::read(folder.save()).expect("read");
    let mut random = seed | 1;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut opened, mut repaired) = (0, 0);
    for _ in 0..count {
        let mut broken = whole.clone();
        let flips = 1 + next(3);
        let mut places = Vec::new();
        for _ in 0..flips {
            // The head of the file decides most, so it is hit more often.
            let at = if next(4) == 0 { next(4096) } else { next(broken.len()) };
            let bit = next(8);
            broken[at] ^= 1 << bit;
            places.push((at, bit));
        }
        let _ = std::fs::remove_file(folder.save());
        for leftover in ["world.db-wal", "world.db-shm"] {
            let _ = std::fs::remove_file(folder.save().with_file_name(leftover));
        }
        std::fs::write(folder.save(), &broken).expect("written");
        let what = format!("seed {seed}, bits {places:?}");
        opened += u64::from(opens_equal_or_is_refused(&folder.save(), &sample.world, &what));
        if let Err(error) = check(&folder.save()) {
            assert_sentence(&error, &what);
        }
        repaired += u64::from(is_repaired_or_refused(&folder.save(), &what).is_some());
    }
    assert!(opened < count, "no flip was noticed");
    assert!(repaired > 0, "nothing was repaired");
    println!("of {count}, {opened} opened and {repaired} were repaired");
}

#[test]
fn flipped_bits_are_noticed_or_do_no_harm() {
    flips(250, 1);
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn flipped_bits_are_noticed_or_do_no_harm_long() {
    for seed in 0..100 {
        flips(1000, seed * 2 + 3);
    }
}

#[test]
fn a_truncated_save_is_refused_as_such() {
    let (folder, sample) = closed();
    let whole = std::fs::read(folder.save()).expect("read");
    let steps = (0..64).map(|step| whole.len() * step / 64);
    for len in steps.chain([1, 15, 16, 31, 32, 99, 100, 511, 512, whole.len() - 1]) {
        std::fs::write(folder.save(), &whole[..len]).expect("written");
        let what = format!("{len} of {} bytes", whole.len());
        assert!(!opens_equal_or_is_refused(&folder.save(), &sample.world, &what), "{what}");
        is_repaired_or_refused(&folder.save(), &what);
        let refused = Save::open(&folder.save()).map(drop).expect_err(&what);
        match len {
            0..32 => assert!(matches!(refused, SaveError::NotSqlite { .. }), "{what}: {refused}"),
            _ => assert!(matches!(refused, SaveError::Truncated { .. }), "{what}: {refused}"),
        }
    }
    std::fs::write(folder.save(), &whole).expect("written");
    opens_as(&folder.save(), &sample.world);
}

#[test]
fn what_is_no_save_is_told_apart() {
    let folder = Folder::new();
    let path = folder.save();
    let refused = |path: &Path| Save::open(path).map(drop).expect_err("refused").to_string();
    let shown = path.display().to_string();
    assert_eq!(refused(&path), format!("there is no save at {shown}"));
    assert_eq!(query(&path, "SELECT 1").expect_err("refused").to_string(), refused(&path));
    std::fs::write(&path, "").expect("written");
    assert_eq!(refused(&path), format!("{shown} is not a save: it is no SQLite file"));
    std::fs::write(&path, "hello ".repeat(1000)).expect("written");
    assert_eq!(refused(&path), format!("{shown} is not a save: it is no SQLite file"));
    let text = std::fs::read(&path).expect("read");
    assert_eq!(text, "hello ".repeat(1000).as_bytes(), "refusing changes nothing");
    std::fs::remove_file(&path).expect("removed");

    let other = Connection::open(&path).expect("made");
    other.execute_batch("CREATE TABLE songs (title TEXT); PRAGMA application_id = 7;").expect("");
    drop(other);
    let expected = format!("{shown} is not a save: it is an SQLite file of another application");
    assert_eq!(refused(&path), expected);
    std::fs::remove_file(&path).expect("removed");

    std::fs::create_dir(&path).expect("made");
    assert_eq!(refused(&path), format!("{shown} is not a save: it is no SQLite file"));
    std::fs::remove_dir(&path).expect("removed");
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[test]
fn a_newer_save_is_refused_and_left_alone() {
    let (folder, _) = closed();
    let newer = Connection::open(folder.save()).expect("opens");
    newer.pragma_update(None, "user_version", 1000).expect("set");
    drop(newer);
    let before = std::fs::read(folder.save()).expect("read");
    let shown = folder.save().display().to_string();
    for refused in [
        Save::open(&folder.save()).map(drop),
        Reader::open(&folder.save()).map(drop),
        send(&folder.save(), "test/Decree", &json!({"rate": 1}), "me"),
    ] {
        assert_eq!(
            refused.expect_err("newer").to_string(),
            format!(
                "{shown} was written by a newer Sandtable (its format is 1000, this one reads up to {}): update Sandtable to open it",
                schema::FORMAT
            )
        );
    }
    assert_eq!(std::fs::read(folder.save()).expect("read"), before);
    assert_eq!(folder.names(), ["world.db"]);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let (folder, sample) = closed();
    let whole = std::fs::read(folder.save()).expect("read");
    let stamps = |rows: u32| {
        let bytes = [&[0; 8][..], &rows.to_le_bytes()].concat();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let huge_stamps = format!("UPDATE st_chunks SET data = x'{}' WHERE part = 3", stamps(u32::MAX));
    for (sql, expected) in [
        ("UPDATE st_settings SET config = '{}'", "its settings cannot be read"),
        (
            "UPDATE st_settings SET config = replace(config, 'sample', 'other')",
            "not those that were committed",
        ),
        (
            "UPDATE st_settings SET config = replace(config, '\"shard_rows\":8', '\"shard_rows\":0')",
            "its pages have 0 rows",
        ),
        (
            "UPDATE st_settings SET config = replace(config, '\"shard_rows\":8', '\"shard_rows\":9')",
            "page",
        ),
        ("DELETE FROM st_settings", "no rows"),
        ("DELETE FROM st_world", "no rows"),
        ("UPDATE st_world SET tick = -1", "it stands at tick -1"),
        ("UPDATE st_world SET tick = 9223372036854775807", "it stands at tick"),
        ("UPDATE st_world SET tick = tick + 1", "not those that were committed"),
        ("UPDATE st_world SET chain = zeroblob(32)", "not those that were committed"),
        ("UPDATE st_world SET chain = zeroblob(31)", ""),
        ("UPDATE st_world SET state = zeroblob(32)", "not those that were committed"),
        ("UPDATE st_world SET first_free = 0", "contradict"),
        ("UPDATE st_world SET first_free = 4000000000", "contradict"),
        ("UPDATE st_world SET first_free = -1", "contradict"),
        ("UPDATE st_kinds SET role = 'boss' WHERE id = 0", "`boss` is nothing that a kind can be"),
        ("UPDATE st_kinds SET role = 'event' WHERE id = 0", "kind `test/Body` is an event"),
        ("UPDATE st_kinds SET size = 4000 WHERE id = 0", "kind `test/Body` says 4000 bytes a row"),
        ("UPDATE st_kinds SET size = -1 WHERE id = 0", ""),
        ("UPDATE st_kinds SET name = 'test/Near' WHERE id = 0", "stands twice"),
        ("UPDATE st_kinds SET id = 70 WHERE id = 0", "in the wrong place"),
        (
            "UPDATE st_fields SET type = replace(hex(zeroblob(20000)), '0', 'A(') WHERE kind = 0",
            "is none",
        ),
        (
            "UPDATE st_fields SET type = replace(hex(zeroblob(9000)), '0', 'A(') WHERE kind = 0",
            "field `at` of kind 0: `A(A(",
        ),
        ("UPDATE st_fields SET type = '[[u8; 65536]; 65536]' WHERE kind = 0", "kind `test/Body`"),
        (
            "UPDATE st_fields SET type = '[[[u8; 0]; 65536]; 65536]' WHERE kind = 0",
            "kind `test/Body`",
        ),
        ("UPDATE st_fields SET name = 'y' WHERE name = 'mass'", "not those that were committed"),
        ("INSERT INTO st_fields VALUES (99, 0, 'x', 'u8', 0)", "fields of a kind 99"),
        ("UPDATE st_archetypes SET kinds = x'' WHERE id = 0", "archetype 0"),
        (
            "UPDATE st_archetypes SET kinds = x'ffffffff', tracked = x'00' WHERE id = 0",
            "is no component",
        ),
        (
            "UPDATE st_archetypes SET kinds = (SELECT kinds FROM st_archetypes WHERE id = 1), tracked = (SELECT tracked FROM st_archetypes WHERE id = 1) WHERE id = 0",
            "archetype 1 is none",
        ),
        ("DELETE FROM st_archetypes WHERE id = 0", "there is no archetype before 1"),
        ("UPDATE st_chunks SET part = 9 WHERE id = 1", "a page is of part 9"),
        ("UPDATE st_chunks SET archetype = archetype + 99 WHERE part = 1", "a page of nothing"),
        (
            "UPDATE st_chunks SET page = page + 1 WHERE part = 1 AND archetype = 0 AND page = (SELECT max(page) FROM st_chunks WHERE part = 1 AND archetype = 0)",
            "",
        ),
        ("UPDATE st_chunks SET data = x'' WHERE part = 1", "cannot hold"),
        ("UPDATE st_chunks SET data = zeroblob(13) WHERE part = 0", "cannot hold"),
        ("UPDATE st_chunks SET data = zeroblob(12) WHERE part = 0", ""),
        ("UPDATE st_chunks SET data = zeroblob(100000000) WHERE part = 1", "cannot hold"),
        ("UPDATE st_chunks SET data = x'ddffffffff' WHERE part = 2", ""),
        ("UPDATE st_chunks SET data = x'91c7ff00' WHERE part = 2 AND kind = 2", "ends too early"),
        ("UPDATE st_chunks SET data = x'81' WHERE part = 2 AND kind = 2", "no array"),
        (&huge_stamps, "a page of stamps claims 4294967295 rows"),
        ("UPDATE st_chunks SET since = -9223372036854775808", ""),
        ("UPDATE st_chunks SET since = 9223372036854775807", "patches have come to"),
        ("UPDATE st_patches SET data = x'00'", "ends too early"),
        (
            "UPDATE st_patches SET data = x'09000000000000000000000000000000000000000000000000'",
            "a patch is of part 9",
        ),
        ("UPDATE st_patches SET data = zeroblob(25)", ""),
        ("DELETE FROM st_patches", ""),
        ("INSERT INTO st_relations VALUES (3, 1, 1, x'00000000')", "has an end that is not alive"),
        ("UPDATE st_relations SET kind = kind + 90", "is no relation"),
        ("UPDATE st_relations SET data = x'00' WHERE kind = 3", "has 1 bytes"),
        ("UPDATE st_resources SET value = x'c0'", "a value of `test/Sun`"),
        ("UPDATE st_resources SET kind = 3", "is no component"),
        ("UPDATE st_topics SET passed = -1", "are not there"),
        ("UPDATE st_topics SET last = 9223372036854775807", "are not there"),
        ("UPDATE st_topics SET topic = topic + 99", ""),
        ("UPDATE st_events SET payload = x'c0'", ""),
        ("UPDATE st_cursors SET system = 'nobody'", "has read what it cannot have"),
        ("UPDATE st_mod_states SET faults_in_a_row = 4294967295", "too many ticks"),
        ("UPDATE st_mod_states SET faults_in_a_row = -1", ""),
        ("UPDATE st_mods SET version = '9'", "not those that were committed"),
        (
            "INSERT INTO st_assets VALUES (1, 'nobody', 'a', zeroblob(32))",
            "assets of a mod `nobody`",
        ),
        ("UPDATE st_inbox SET kind = 0", "its inbox has an input of kind 0"),
        ("UPDATE st_inbox SET payload = x'c0'", "a value of `test/Decree`"),
        ("DROP TABLE st_runs", "it lacks `st_runs`"),
        ("CREATE TABLE a__b (x INTEGER PRIMARY KEY)", "must end in `STRICT, WITHOUT ROWID`"),
        (
            "CREATE TABLE a__b (x ANY PRIMARY KEY, CHECK (length(randomblob(x)) > 0)) STRICT, WITHOUT ROWID",
            "could not be made by a migration",
        ),
        (
            "CREATE TABLE a__b (x ANY PRIMARY KEY ON CONFLICT ROLLBACK) STRICT, WITHOUT ROWID",
            "could not be made by a migration: it holds `rollback`",
        ),
        (
            "CREATE TABLE a__b (x ANY PRIMARY KEY, y ANY AS (x || x)) STRICT, WITHOUT ROWID",
            "has a generated column `y`",
        ),
        (
            "CREATE TABLE a__b (x ANY PRIMARY KEY, y ANY DEFAULT (date())) STRICT, WITHOUT ROWID",
            "table `a__b`",
        ),
        (
            "CREATE TABLE a__b (x ANY PRIMARY KEY) STRICT, WITHOUT ROWID; CREATE INDEX a__c ON a__b(soundex(x))",
            "could not be made by a migration",
        ),
        (
            "CREATE TABLE a__b (x ANY PRIMARY KEY) STRICT, WITHOUT ROWID; CREATE INDEX a__c ON a__b(x) WHERE likely(date(x))",
            "could not be made by a migration",
        ),
        ("CREATE TABLE notes (x, y AS (x || x))", "computes what is in it"),
        ("CREATE TABLE notes (x); CREATE INDEX i ON notes(abs(x))", "computes what is in it"),
        ("CREATE VIRTUAL TABLE notes USING fts5(x)", "computes what is in it"),
        (
            "CREATE TRIGGER bomb AFTER UPDATE ON st_world BEGIN DELETE FROM st_ticks; END",
            "its `bomb` is none",
        ),
        ("CREATE INDEX bomb ON st_ticks(abs(tick))", "its `bomb` is none"),
    ] {
        std::fs::write(folder.save(), &whole).expect("written");
        let altered = Connection::open(folder.save()).expect("opens");
        altered.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        drop(altered);
        let refused = Save::open(&folder.save()).map(drop).expect_err(sql);
        assert!(matches!(refused, SaveError::Damaged { .. }), "{sql}: {refused}");
        assert!(refused.to_string().contains(expected), "{sql}: {refused}");
        assert!(!opens_equal_or_is_refused(&folder.save(), &sample.world, sql), "{sql}");
        let checked = check(&folder.save()).expect(sql);
        assert!(checked.findings.iter().any(|it| it.contains(expected)), "{sql}: {checked:?}");
        let repaired = is_repaired_or_refused(&folder.save(), sql);
        // Without settings and kinds, nothing else says what it is.
        let hopeless = ["st_settings", "st_kinds", "st_fields"];
        let is_hopeless = hopeless.iter().any(|it| sql.contains(it));
        assert!(
            repaired.is_some() || is_hopeless,
            "{sql}: {:?}",
            repair(&folder.save(), &folder.save().with_file_name("again.db"))
        );
    }
}

#[test]
fn contents_of_mods_are_checked_when_they_are_read() {
    let (folder, _) = closed();
    let whole = std::fs::read(folder.save()).expect("read");
    // Ten megabytes of zeros in a few bytes.
    let bomb = zstd::bulk::compress(&vec![0; 10 << 20], 3).expect("packed");
    let bomb: String = bomb.iter().map(|byte| format!("{byte:02x}")).collect();
    for (sql, expected) in [
        ("UPDATE st_blobs SET data = x'00'", "are others"),
        ("UPDATE st_blobs SET bytes = bytes + 1", "are others"),
        ("UPDATE st_blobs SET bytes = 9223372036854775807", "claim 9223372036854775807 bytes"),
        ("UPDATE st_blobs SET bytes = -1", "claim -1 bytes"),
        (&format!("UPDATE st_blobs SET data = x'{bomb}'"), "are others"),
        ("DELETE FROM st_blobs", "it lacks the contents"),
    ] {
        std::fs::write(folder.save(), &whole).expect("written");
        let altered = Connection::open(folder.save()).expect("opens");
        altered.execute_batch(sql).expect("altered");
        drop(altered);
        let (save, ..) = Save::open(&folder.save()).expect("opens");
        let refused = save.mods(&Contents::new()).expect_err(sql).to_string();
        assert!(refused.contains(expected), "{sql}: {refused}");
    }
}

#[test]
fn triggers_and_views_of_a_save_never_run() {
    let (folder, mut sample) = closed();
    let altered = Connection::open(folder.save()).expect("opens");
    altered
        .execute_batch(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY);
             CREATE TRIGGER other__bomb AFTER INSERT ON notes BEGIN DELETE FROM st_ticks; END;
             CREATE VIEW other__view AS SELECT * FROM st_ticks;
             CREATE VIEW ticks AS SELECT 'forged' AS tick;",
        )
        .expect("altered");
    drop(altered);
    let (mut save, ..) = Save::open(&folder.save()).expect("opens");
    let sql = "INSERT INTO notes VALUES (1)";
    save.connection().execute(sql, []).expect("some table");
    let record = sample.step();
    save.commit(&[record], &sample.world).expect("committed");
    let ticks = query(&folder.save(), "SELECT count(*) FROM ticks").expect("answered");
    assert_eq!(ticks.rows, [[rusqlite::types::Value::Integer(31)]]);
    let refused = query(&folder.save(), "SELECT * FROM other__view").expect_err("a view");
    assert_sentence(&refused, "a view");
}
