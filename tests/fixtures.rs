//! Saves of older mods, which must open for ever.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::catalog::ModSource;
use sandtable::save::Reader;
use sandtable::verify::verify;
use sandtable::{Error, Options};
use serde_json::json;

use crate::harness::*;

/// The format that saves are brought up to.
const TODAY: i64 = 4;

/// Where saves of older versions are kept.
fn fixture(name: &str) -> PathBuf {
    root().join("tests").join("fixtures").join(name)
}

/// A copy of a fixture, to run.
fn copy(name: &str, folder: &Path) -> PathBuf {
    let save = folder.join(name);
    std::fs::copy(fixture(name), &save).unwrap();
    save
}

/// The mod as it was when the fixture was made, by another file's name.
fn first_ledger() -> ModSource {
    ModSource { id: "ledger".to_owned(), ..guest("ledger_first") }
}

/// Makes the fixture anew. Only for a format that was never released.
#[test]
#[ignore = "writes into the repository; the README has the command"]
fn make_the_fixtures() {
    let save = fixture("ledger_first.db");
    let _ = std::fs::remove_file(&save);
    std::fs::create_dir_all(save.parent().unwrap()).unwrap();
    let mods = vec![first_ledger()];
    let config = config(WORLD, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    run(&mut world, 5);
    world.close().unwrap();
}

const OLD: &str = "SELECT count(*) FROM ledger__entries WHERE what = 'old'";

fn number(save: &Path, sql: &str) -> String {
    let table = sandtable::save::query(save, sql).unwrap();
    format!("{:?}", table.rows[0][0])
}

#[test]
fn a_save_of_the_first_ledger_goes_on_with_the_mod_that_it_carries() {
    let folder = tempfile::tempdir().unwrap();
    let save = copy("ledger_first.db", folder.path());
    let mut world = Simulation::open(&save, None, quiet(2)).unwrap();
    let records = run(&mut world, 2);
    assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
    assert_eq!(resource(world.world(), "ledger/Told")["words"][6], json!("tick 7"));
    world.close().unwrap();
    assert_eq!(number(&save, OLD), "Integer(21)");
}

#[test]
fn a_save_of_the_first_ledger_goes_on_with_the_current_mod() {
    let folder = tempfile::tempdir().unwrap();
    let save = copy("ledger_first.db", folder.path());
    let mods = vec![guest("ledger")];
    let config = config(WORLD, &mods);
    let careful = Options { accept_mods: false, ..quiet(2) };
    let refused = Simulation::open(&save, Some((config.clone(), mods.clone())), careful);
    let Err(Error::OtherMods(plan)) = refused else { panic!("other mods") };
    let plan = plan.to_string();
    for line in
        ["migration `0002_author` runs", "~ lines: list<string>, was `words`", "+ loudness: u8 = 7"]
    {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    let options = Options { accept_mods: true, ..quiet(2) };
    let mut world = Simulation::open(&save, Some((config, mods)), options).unwrap();
    let told = resource(world.world(), "ledger/Told");
    assert_eq!((&told["lines"][4], &told["loudness"]), (&json!("tick 5"), &json!(7)));
    let records = run(&mut world, 2);
    assert!(records.iter().all(|record| faults(record).is_empty()), "{records:?}");
    let expected = hash(&mut world);
    world.close().unwrap();
    assert_eq!(number(&save, OLD), "Integer(15)");
    let authors = "SELECT group_concat(author || ' ' || n, ', ') FROM (
        SELECT author, count(*) AS n FROM ledger__entries GROUP BY author ORDER BY author)";
    assert_eq!(number(&save, authors), "Text(\"founder 1, nobody 21\")");
    let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(hash(&mut again), expected);
}

/// State and chain hashes of all ticks, in hexadecimal.
fn hashes(save: &Path) -> Vec<Vec<Value>> {
    let sql = "SELECT tick, state, chain FROM ticks ORDER BY tick";
    sandtable::save::query(save, sql).unwrap().rows
}

#[test]
fn a_save_of_the_first_state_hash_goes_on_with_the_newest_and_verifies_across() {
    let folder = tempfile::tempdir().unwrap();
    let save = copy("ledger_first.db", folder.path());
    let verified = |ticks: u64| {
        let verified = verify(&save, None, None, 1, &mut |_| {}).unwrap();
        assert_eq!((verified.mismatch, verified.ticks), (None, ticks));
    };
    verified(5);
    let before = hashes(&save);
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut world, 3);
    world.close().unwrap();
    assert_eq!(hashes(&save)[..5], before);
    verified(8);
    let checked = sandtable::save::check(&save).unwrap();
    assert_eq!(checked.findings, Vec::<String>::new());
    // Back where the first version was, it comes to the same again.
    let after = hashes(&save);
    sandtable::save::rewind(&save, 4).unwrap();
    assert_eq!(hashes(&save)[..], before[..4]);
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut world, 4);
    world.close().unwrap();
    let again = hashes(&save);
    assert_eq!(
        again[5..].iter().map(|row| &row[1]).collect::<Vec<_>>(),
        after[5..].iter().map(|row| &row[1]).collect::<Vec<_>>()
    );
    verified(8);
}

/// The format that a save says it has.
fn format(save: &Path) -> i64 {
    Reader::open(save).and_then(|reader| reader.info()).unwrap().format
}

#[test]
fn a_save_of_the_first_format_is_read_by_every_verb_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let shut = folder.path().join("shut");
    std::fs::create_dir(&shut).unwrap();
    let save = copy("ledger_first.db", &shut);
    let before = std::fs::read(&save).unwrap();
    let set_readonly = |yes: bool| {
        for path in [&save, &shut] {
            let mut permissions = std::fs::metadata(path).unwrap().permissions();
            permissions.set_readonly(yes);
            std::fs::set_permissions(path, permissions).unwrap();
        }
    };
    set_readonly(true);
    let out = |name: &str| folder.path().join(name).display().to_string();
    for (line, expected) in [
        ("info SAVE --json", "\"format\":1,"),
        ("check SAVE", "is sound"),
        ("sql SAVE SELECT~name~FROM~tables --format csv", "suspensions"),
        ("sql SAVE SELECT~count(*)~FROM~changes --format csv", "5"),
        ("sql SAVE SELECT~mod,~sender~FROM~st_resumes --format csv", "mod,sender"),
        ("sql SAVE SELECT~count(*)~FROM~ledger__entries --at 3 --format csv", "10"),
        ("diff SAVE --from 2 --to 4 --format csv", "ledger/Told"),
        ("mods SAVE --json", "\"ledger\""),
        ("snapshots SAVE --json", ""),
        ("verify SAVE --json", "\"ticks\":5"),
        ("export SAVE --format json --output JSON", ""),
        ("export SAVE --format sqlite --output SQLITE", ""),
        ("export SAVE --at 2 --format csv --output CSV", ""),
        ("backup SAVE --output BACKUP", ""),
        ("branch SAVE --at 3 --output BRANCH", ""),
    ] {
        let words = line.split(' ').map(|word| match word {
            "SAVE" => save.display().to_string(),
            name if name.chars().all(|letter| letter.is_ascii_uppercase()) => out(name),
            word => word.replace('~', " "),
        });
        let told = told(sandtable().args(words));
        assert!(told.contains(expected), "{line}: {told}");
    }
    // A file without the right to write, seen as the extension sees it.
    let copied = Reader::of_copy(&save, &save).unwrap();
    assert_eq!(copied.inquiry().unwrap().query("SELECT * FROM st_resumes").unwrap().rows.len(), 0);
    set_readonly(false);
    assert_eq!(std::fs::read(&save).unwrap(), before, "reading changes nothing");
    // A copy is a copy; a branch can be gone on with.
    assert_eq!((format(Path::new(&out("BACKUP"))), format(Path::new(&out("BRANCH")))), (1, TODAY));
}

#[test]
fn a_save_of_the_first_format_is_brought_up_to_date_by_the_run_that_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let save = copy("ledger_first.db", folder.path());
    told(sandtable().arg("snapshot").arg(&save).arg("five"));
    assert_eq!(format(&save), 1, "a name is a row that every format has room for");
    let mut world = Simulation::open(&save, None, quiet(1)).unwrap();
    run(&mut world, 2);
    assert_eq!(format(&save), TODAY);
    world.close().unwrap();
    let verified = told(sandtable().arg("verify").arg(&save).arg("--json"));
    assert!(verified.contains("\"ticks\":7"), "{verified}");
    told(sandtable().arg("restore").arg(&save).args(["five", "--discard"]));
    let again = copy("ledger_first.db", &folder.path().join("."));
    assert_eq!(format(&again), 1);
    told(sandtable().arg("rewind").arg(&again).args(["--to", "2", "--discard"]));
    assert_eq!(format(&again), TODAY);
    assert_eq!(number(&again, "SELECT count(*) FROM ticks"), "Integer(2)");
}

#[test]
fn a_damaged_save_of_the_first_format_is_repaired_to_one_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let save = copy("ledger_first.db", folder.path());
    rusqlite::Connection::open(&save).unwrap().execute("DELETE FROM st_ticks", []).unwrap();
    let repaired = folder.path().join("repaired.db");
    told(sandtable().arg("repair").arg(&save).arg("--output").arg(&repaired));
    assert_eq!((format(&save), format(&repaired)), (1, TODAY));
    let mut world = Simulation::open(&repaired, None, quiet(1)).unwrap();
    run(&mut world, 1);
    world.close().unwrap();
}

#[test]
fn ticks_in_which_calls_repeated_random_numbers_verify_and_later_ones_do_not_repeat_them() {
    let folder = tempfile::tempdir().unwrap();
    let save = copy("dice_first.db", folder.path());
    let different = "SELECT count(DISTINCT number) FROM dice_rolled";
    assert_eq!(number(&save, different), "Integer(64)", "ten calls of 64 rows");
    let verified = |ticks: u64| {
        let verified = verify(&save, None, None, 1, &mut |_| {}).unwrap();
        assert_eq!((verified.mismatch, verified.ticks), (None, ticks));
    };
    verified(4);
    let mut world = Simulation::open(&save, None, quiet(2)).unwrap();
    run(&mut world, 2);
    world.close().unwrap();
    assert_eq!(number(&save, different), "Integer(600)");
    verified(6);
}
