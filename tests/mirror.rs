//! A mirror in PostgreSQL has what its save has, whatever fails on the way.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sandtable::save;
use tempfile::TempDir;

use crate::harness::*;
use crate::outside::{OPENSSL, POSTGRES, needs};
use crate::postgres::{Postgres, USER};

mod drill;
mod refused;

/// A world of guests and its mirror, in a folder of their own.
struct Place {
    folder: TempDir,
    server: Postgres,
}

impl Place {
    fn new(guests: &[&str]) -> Self {
        Self::of(WORLD, guests, Postgres::start())
    }

    fn of(text: &str, guests: &[&str], server: Postgres) -> Self {
        let folder = TempDir::new().unwrap();
        write_world(&folder.path().join("w"), text, guests);
        Self { folder, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn save(&self) -> PathBuf {
        self.path("w.db")
    }

    fn run(&self, ticks: u64) {
        let mut command = sandtable();
        command.arg("run").arg(self.path("w")).arg("--save").arg(self.save());
        told(command.args(["--quiet", "--accept-mods", "--ticks", &ticks.to_string()]));
    }

    /// `sandtable mirror`, to be given more.
    fn mirror(&self) -> Command {
        let mut command = sandtable();
        command.arg("mirror").arg(self.save()).args(["--postgres", &self.server.url()]);
        command
    }

    /// `sandtable mirror --once` and more; gives what it said and whether it ended well.
    fn once(&self, more: &[&str]) -> (bool, String) {
        said(self.mirror().arg("--once").args(more))
    }

    fn must_once(&self) {
        let (is_well, told) = self.once(&[]);
        assert!(is_well, "{told}");
    }

    /// `sandtable mirror check`; gives what it said and whether both are equal.
    fn check(&self) -> (bool, String) {
        let mut command = sandtable();
        command.args(["mirror", "check"]).arg(self.save());
        said(command.args(["--postgres", &self.server.url()]))
    }

    fn must_be_equal(&self) {
        let (is_equal, told) = self.check();
        assert!(is_equal && told.contains("is equal to the save at tick"), "{told}");
    }

    /// What the schema has, by `psql`.
    fn sql(&self, sql: &str) -> String {
        self.server.sql(&format!("SET search_path TO test; {sql}"))
    }
}

/// What a command says, and whether it ended well.
fn said(command: &mut Command) -> (bool, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// Ends a process at once.
fn kill(mut child: Child) {
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_closed_world_is_mirrored_with_every_value() {
    needs!(POSTGRES);
    let place = Place::new(&["values"]);
    place.run(4);
    let (is_well, told) = place.once(&[]);
    assert!(is_well && told.contains("the mirror is at tick 4"), "{told}");
    place.must_be_equal();
    let types = "SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'test' AND table_name = 'values_loose' ORDER BY ordinal_position";
    let types = place.sql(types);
    for expected in [
        "entity|bigint",
        "whole|numeric",
        "signed|bigint",
        "real|double precision",
        "single|real",
        "small|bigint",
        "text|text",
        "flag|boolean",
        "maybe_whole|numeric",
        "many|jsonb",
        "mood|jsonb",
    ] {
        assert!(types.lines().any(|line| line == expected), "{expected} in\n{types}");
    }
    let most = place.sql("SELECT max(whole), min(signed), max(signed) FROM values_loose");
    assert_eq!(most, format!("{}|{}|{}", u64::MAX, i64::MIN, i64::MAX));
    let real = place.sql("SELECT DISTINCT real FROM values_packed ORDER BY 1 DESC LIMIT 2");
    assert_eq!(real, "NaN\nInfinity");
    let edges = "SELECT count(*) FROM relations WHERE type = 'values/Link'";
    let edges: u64 = place.sql(edges).parse().unwrap();
    assert!(edges > 0);
    // Edges join entities, and both ends are there.
    let dangling = "SELECT count(*) FROM relations r LEFT JOIN entities e ON e.entity = r.\"to\"
        WHERE e.entity IS NULL";
    assert_eq!(place.sql(dangling), "0");
    assert_eq!(place.sql("SELECT tick FROM mirror"), "4");
    assert_eq!(place.sql("SELECT count(*) FROM ticks"), "4");
    place.run(3);
    place.must_once();
    place.must_be_equal();
    let (_, told) = place.once(&[]);
    assert!(told.contains("the mirror is at tick 7") && !told.contains(" row"), "{told}");
}

#[test]
fn a_running_world_is_followed_and_never_waits() {
    needs!(POSTGRES);
    let place = Place::new(&["menagerie", "diary", "ledger"]);
    place.run(1);
    let mut command = sandtable();
    command.arg("run").arg("--save").arg(place.save()).args(["--quiet", "--hz", "100"]);
    let running = command.stderr(Stdio::null()).spawn().unwrap();
    let mirror = place.mirror().stderr(Stdio::null()).spawn().unwrap();
    let at = || place.server.try_sql("SELECT tick FROM test.mirror").1.parse().unwrap_or(0_u64);
    wait_until("the mirror follows", || at() > 30);
    // A mirror that may not go on holds up no tick.
    let mut holder = place.server.psql();
    let holder = holder.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut holder = holder.spawn().unwrap();
    let input = holder.stdin.as_mut().unwrap();
    use std::io::Write;
    input.write_all(b"BEGIN; LOCK TABLE test.mirror IN EXCLUSIVE MODE;\n").unwrap();
    input.flush().unwrap();
    let held = last_tick(&place.save());
    wait_until("the world goes on", || last_tick(&place.save()) > held + 50);
    let is_refused = || {
        said(place.mirror().arg("--once")).1.contains("another mirror writes to the schema test")
    };
    wait_until("a second mirror is refused", is_refused);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    wait_until("the mirror goes on", || at() > held + 50);
    kill(running);
    kill(mirror);
    wait_until("the mirror that was killed is gone", || place.once(&[]).0);
    place.must_be_equal();
    let (ours, theirs) = (last_tick(&place.save()).to_string(), place.sql("TABLE mirror"));
    assert_eq!(theirs.split('|').nth(1), Some(ours.as_str()));
    let books = "SELECT count(*), max(tick) FROM ledger__entries";
    let found = save::query(&place.save(), books).unwrap().rows.concat();
    let found: Vec<String> = found.iter().map(save::exact).collect();
    assert_eq!(place.sql(books), found.join("|"));
}

#[test]
fn what_is_far_behind_is_one_difference_of_two_worlds() {
    needs!(POSTGRES);
    let place = Place::new(&["menagerie"]);
    place.run(5);
    place.must_once();
    let before = place.sql("SELECT count(*) FROM ticks");
    place.run(60);
    let (is_well, told) = place.once(&[]);
    assert!(is_well && !told.contains("anew"), "{told}");
    assert_eq!((before.as_str(), place.sql("SELECT count(*) FROM ticks").as_str()), ("5", "65"));
    place.must_be_equal();
}

#[test]
fn another_future_is_said_and_resync_writes_it_anew() {
    needs!(POSTGRES);
    let place = Place::new(&["menagerie", "ledger"]);
    place.run(8);
    place.must_once();
    place.sql("CREATE VIEW old AS SELECT count(*) FROM menagerie_name");
    told(sandtable().arg("rewind").arg(place.save()).args(["--to", "3", "--discard"]));
    let future = "the schema test stands at tick 8 of another future than the save";
    let (is_well, told_now) = place.once(&[]);
    assert!(!is_well && told_now.contains(future), "{told_now}");
    let (is_equal, told_now) = place.check();
    assert!(!is_equal && told_now.contains(future), "{told_now}");
    // Another way from there, past the tick of before.
    let order = r#"{"what": "forgive"}"#;
    told(sandtable().arg("send").arg(place.save()).args(["ledger/Order", order]));
    ticks(None, &place.save(), 9);
    let (is_well, told_now) = place.once(&[]);
    assert!(!is_well && told_now.contains(future), "{told_now}");
    assert_eq!(place.sql("SELECT tick FROM mirror"), "8", "it stays as it was");
    let (is_well, told_now) = place.once(&["--resync"]);
    assert!(is_well && told_now.contains("all was written anew: it was asked for"), "{told_now}");
    place.must_be_equal();
    assert_ne!(place.sql("TABLE old"), "", "what others made of it is still there");
}

#[test]
fn a_past_that_is_not_kept_has_the_mirror_written_anew_which_it_says() {
    needs!(POSTGRES);
    for kept in ["every_ticks = 0", "components = [\"menagerie/Age\"]"] {
        let text = format!("{WORLD}[history]\n{kept}\n");
        let place = Place::of(&text, &["menagerie"], Postgres::start());
        place.run(3);
        place.must_once();
        place.run(3);
        let (is_well, told) = place.once(&[]);
        let why = "all was written anew: the world as it was at tick 3";
        assert!(is_well && told.contains(why), "{kept}: {told}");
        place.must_be_equal();
    }
}

#[test]
fn kinds_that_change_add_columns_and_drop_none() {
    needs!(POSTGRES);
    let place = Place::new(&[]);
    let shop = |guest: &str| {
        let world = place.path("w");
        std::fs::create_dir_all(&world).unwrap();
        std::fs::write(world.join("shop.wasm"), component(guest)).unwrap();
        let text = format!("{WORLD}[mods.shop]\npath = \"shop.wasm\"\n");
        std::fs::write(world.join("world.toml"), text).unwrap();
    };
    shop("shop");
    place.run(6);
    place.must_once();
    let columns = |table: &str| {
        place.sql(&format!(
            "SELECT column_name FROM information_schema.columns
             WHERE table_schema = 'test' AND table_name = '{table}' ORDER BY ordinal_position"
        ))
    };
    let before = columns("shop_purse");
    place.sql("CREATE VIEW mine AS SELECT * FROM shop_purse");
    shop("shop_renamed");
    place.run(3);
    place.must_once();
    place.must_be_equal();
    let after = columns("shop_purse");
    assert!(after.starts_with(&before) && after.len() > before.len(), "{before}\n--\n{after}");
    let none = "SELECT count(*) FROM shop_purse WHERE coins IS NULL";
    assert_eq!(place.sql(none), "0", "values are where the kind has them now");
}

#[test]
fn texts_that_postgresql_has_not_are_decided_and_none_is_sql() {
    needs!(POSTGRES);
    let text = format!("{WORLD}[api]\nedit = true\n");
    let place = Place::of(&text, &["citizens", "ledger"], Postgres::start());
    place.run(1);
    let odd = r#"'; DROP SCHEMA test; -- \\ \" ␀"#;
    let spawn = |name: &str| {
        let components = format!(r#"{{"citizens/Citizen": {{"name": "{name}"}}}}"#);
        let edit = format!(r#"{{"op": "spawn", "components": {components}}}"#);
        told(sandtable().arg("edit").arg(place.save()).args(["--json", &edit]));
    };
    spawn(r"a\u0000b");
    spawn(odd);
    // The same in a table of a mod, beside bytes.
    let insert = "INSERT INTO ledger__entries (tick, place, what) \
                  VALUES (1000, 1, 'c' || char(0) || 'd')";
    let order = format!(r#"{{"what": "{insert}"}}"#);
    told(sandtable().arg("send").arg(place.save()).args(["ledger/Order", &order]));
    place.run(1);
    place.must_once();
    place.must_be_equal();
    let names = place.sql("SELECT name FROM citizens_citizen ORDER BY entity DESC LIMIT 2");
    let (last, first) = names.split_once('\n').unwrap();
    assert_eq!((first, last), ("a\u{2400}b", r#"'; DROP SCHEMA test; -- \ " ␀"#));
    let kept = "SELECT what FROM ledger__entries WHERE tick = 1000";
    assert_eq!(place.sql(kept), "c\u{2400}d");
}

#[test]
fn a_difference_is_named_by_table_row_and_column() {
    needs!(POSTGRES);
    let place = Place::new(&["menagerie"]);
    place.run(3);
    place.must_once();
    let least = place.sql("SELECT min(entity) FROM menagerie_age");
    let column = "SELECT column_name FROM information_schema.columns
        WHERE table_schema = 'test' AND table_name = 'menagerie_age' AND ordinal_position = 2";
    let column = place.sql(column);
    place.sql(&format!("UPDATE menagerie_age SET {column} = 77 WHERE entity = {least}"));
    let (is_equal, told) = place.check();
    let first = format!("first in menagerie_age at {least}, {column}: the save has ");
    assert!(!is_equal && told.contains(&first) && told.contains("the mirror 77"), "{told}");
    assert!(told.contains("OTHER"), "{told}");
    place.sql(&format!("DELETE FROM menagerie_age WHERE entity = {least}"));
    let (is_equal, told) = place.check();
    let first =
        format!("first in menagerie_age at {least}: the save has a row, the mirror nothing");
    assert!(!is_equal && told.contains(&first), "{told}");
    let (is_well, told) = place.once(&["--resync"]);
    assert!(is_well, "{told}");
    place.must_be_equal();
}

#[test]
fn json_is_searched_by_an_index_where_that_is_asked_for() {
    needs!(POSTGRES);
    let place = Place::new(&["diary"]);
    place.run(2);
    let (is_well, told) = place.once(&["--gin", "diary_diary.moods", "--gin", "relations.data"]);
    assert!(is_well, "{told}");
    let indices = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'test'
        AND indexdef LIKE '%USING gin%' ORDER BY 1";
    let indices = place.sql(indices);
    assert!(indices.contains("(moods)") && indices.contains("(data)"), "{indices}");
    place.run(1);
    let (is_well, told) = place.once(&["--gin", "diary_diary.title"]);
    assert!(!is_well && told.contains("`diary_diary.title` is no column of the mirror"), "{told}");
}

#[test]
fn the_worlds_that_come_with_it_are_equal_to_their_mirrors() {
    needs!(POSTGRES);
    let server = Postgres::start();
    let folder = TempDir::new().unwrap();
    for example in ["earth", "swarm"] {
        let save = folder.path().join(format!("{example}.db"));
        let world = root().join("examples").join(example);
        ticks(Some(&world), &save, 3);
        let mirror = |more: &[&str]| {
            let mut command = sandtable();
            command.arg("mirror").args(more).arg(&save);
            said(command.args(["--postgres", &server.url()]))
        };
        let once = || {
            let mut command = sandtable();
            command.arg("mirror").arg(&save).args(["--once", "--postgres", &server.url()]);
            said(&mut command)
        };
        let (is_well, told) = once();
        assert!(is_well, "{told}");
        ticks(Some(&world), &save, 2);
        let (is_well, told) = once();
        // Of the swarm's past a tick in twenty is kept.
        assert!(is_well && (example == "swarm" || !told.contains("anew")), "{told}");
        let (is_equal, told) = mirror(&["check"]);
        assert!(is_equal, "{example}: {told}");
    }
}

/// The SQL of the guide that joins a world's tables with a user's own.
#[test]
fn the_guide_joins_a_world_with_tables_of_ones_own() {
    needs!(POSTGRES);
    let text = std::fs::read_to_string(root().join("host/guide/mirror.md")).unwrap();
    let blocks: Vec<&str> =
        text.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3, "{blocks:?}");
    let server = Postgres::start();
    let folder = TempDir::new().unwrap();
    let save = folder.path().join("earth.db");
    ticks(Some(&root().join("examples/earth")), &save, 40);
    let mut command = sandtable();
    command.arg("mirror").arg(&save).args(["--once", "--postgres", &server.url()]);
    let (is_well, told) = said(&mut command);
    assert!(is_well, "{told}");
    for block in blocks {
        let answer = server.sql(block);
        let asks = block.trim_start().starts_with("SELECT");
        assert!(!asks || !answer.is_empty(), "{block}");
    }
}
