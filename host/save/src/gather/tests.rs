//! What waits is as if it had been written.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use sandtable_test_disk::{Disk, Event, Fault, Kind};
use tempfile::TempDir;

use super::HEADER_BYTES;
use crate::connect::{self, PAGE_BYTES};
use crate::lock::beside;

/// A folder on a disk that counts and fails.
struct Place {
    folder: TempDir,
    disk: Arc<Disk>,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let disk = Disk::watch(folder.path());
        Self { folder, disk }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A database as the writer of a save has it.
    fn gathered(&self) -> Connection {
        begun(connect::creating(&self.path("gathered.db")).expect("made"))
    }

    /// The same without the layer.
    fn plain(&self) -> Connection {
        begun(Connection::open(self.path("plain.db")).expect("made"))
    }

    /// The numbers that a process finds that opens what a killed one leaves now.
    fn left(&self) -> Vec<i64> {
        let copy = TempDir::new().expect("a folder");
        let (from, to) = (self.path("gathered.db"), copy.path().join("copy.db"));
        for suffix in ["", "-wal"] {
            fs::copy(beside(&from, suffix), beside(&to, suffix)).expect("copied");
        }
        numbers(&Connection::open(to).expect("opened"))
    }
}

fn begun(connection: Connection) -> Connection {
    let sql = format!(
        "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         PRAGMA wal_autocheckpoint = 0;
         CREATE TABLE rows (id INTEGER PRIMARY KEY, number NOT NULL, bytes NOT NULL)"
    );
    connection.execute_batch(&sql).expect("begun");
    connection
}

fn insert(connection: &Connection, rows: u32, number: i64) -> rusqlite::Result<()> {
    let sql =
        "WITH RECURSIVE each (row) AS (SELECT 1 UNION ALL SELECT row + 1 FROM each WHERE row < ?1)
               INSERT INTO rows (number, bytes) SELECT ?2, zeroblob(6000) FROM each";
    connection.execute(sql, (rows, number)).map(drop)
}

/// Every row's, once SQLite has found nothing amiss.
fn numbers(connection: &Connection) -> Vec<i64> {
    let found: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
    assert_eq!(found, "ok");
    let mut select = connection.prepare("SELECT number FROM rows ORDER BY id").expect("prepared");
    let numbers = select.query_map([], |row| row.get(0)).expect("selected");
    numbers.collect::<Result<_, _>>().expect("numbers")
}

/// What a log says: of each page its number, the size that the database then has,
/// and its bytes.
fn pages(database: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let log = fs::read(beside(database, "-wal")).expect("read");
    let frames = log[32..].chunks_exact(HEADER_BYTES + PAGE_BYTES as usize);
    frames.map(|frame| (frame[..8].to_vec(), frame[HEADER_BYTES..].to_vec())).collect()
}

/// Into how many pieces what was written to a file falls.
fn writes(events: &[Event], name: &str) -> usize {
    let number = events.iter().rev().find_map(|event| match event {
        Event::Listed(names) => names.get(name).copied(),
        _ => None,
    });
    let is_of =
        |event: &&Event| matches!(event, Event::Written { file, .. } if Some(*file) == number);
    events.iter().filter(is_of).count()
}

#[test]
fn a_log_has_the_same_pages_in_fewer_calls() {
    let place = Place::new();
    let both = [place.gathered(), place.plain()];
    place.disk.record();
    for connection in &both {
        insert(connection, 200, 1).expect("written");
        insert(connection, 1, 2).expect("written");
        connection.execute("UPDATE rows SET number = 3 WHERE id % 2 = 0", []).expect("written");
    }
    let events = place.disk.recorded();
    let log = pages(&place.path("gathered.db"));
    assert_eq!(log, pages(&place.path("plain.db")));
    assert!(log.len() > 300, "{}", log.len());
    assert_eq!(numbers(&both[0]), place.left());
    let [gathered, plain] = ["gathered.db-wal", "plain.db-wal"].map(|name| writes(&events, name));
    assert!(plain > 600 && gathered * 10 < plain, "{gathered} calls, {plain} without");
}

/// Inserts more than the cache holds, reads it back and changes it.
fn work(transaction: &Transaction<'_>, number: i64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM rows WHERE id > 60", [])?;
    insert(transaction, 40, number)?;
    transaction.execute("UPDATE rows SET number = number + 1 WHERE id > 50", [])?;
    transaction.execute("UPDATE rows SET number = ?1 WHERE id <= 60", [number])?;
    Ok(())
}

fn small(place: &Place) -> Connection {
    let connection = place.gathered();
    connection.execute_batch("PRAGMA cache_size = 10").expect("set");
    insert(&connection, 60, 0).expect("written");
    connection
}

fn expected(number: i64) -> Vec<i64> {
    [vec![number; 60], vec![number + 1; 40]].concat()
}

#[test]
fn what_does_not_fit_the_cache_is_read_back() {
    let place = Place::new();
    let mut connection = small(&place);
    for number in 1..10 {
        let transaction = connection.transaction().expect("begun");
        work(&transaction, number).expect("written");
        assert_eq!(numbers(&transaction), expected(number));
        transaction.commit().expect("committed");
        assert_eq!(place.left(), expected(number));
    }
}

#[test]
fn a_transaction_of_which_a_call_fails_is_there_as_a_whole_or_not_at_all() {
    let mut failures = 0;
    for kind in [Kind::Io, Kind::Full] {
        for lasting in [false, true] {
            let place = Place::new();
            let mut connection = small(&place);
            let mut last = numbers(&connection);
            for first in (1..).step_by(5) {
                let number = first as i64 * 10;
                place.disk.arm(Fault { kind, first, lasting });
                let transaction = connection.transaction();
                let outcome = transaction.and_then(|transaction| {
                    work(&transaction, number)?;
                    transaction.commit()
                });
                let failed = place.disk.disarm();
                let what = format!("{kind:?} {first} {lasting} {outcome:?}");
                let left = place.left();
                match outcome {
                    Ok(()) => assert_eq!(left, expected(number), "{what}"),
                    Err(_) => assert!(left == last || left == expected(number), "{what}"),
                }
                if outcome.is_ok() {
                    last = left;
                }
                assert_eq!(numbers(&connection), last, "{what}");
                if failed == 0 {
                    break;
                }
                failures += 1;
            }
        }
    }
    println!("{failures} transactions with a failing call");
    assert!(failures > 100, "{failures}");
}

#[test]
fn what_was_undone_is_not_written_over_what_others_wrote_since() {
    let place = Place::new();
    let mut connection = small(&place);
    let mut others = vec![0; 60];
    for round in 1..4 {
        let transaction = connection.transaction().expect("begun");
        insert(&transaction, 40, 7).expect("written");
        transaction.rollback().expect("undone");
        let other = Connection::open(place.path("gathered.db")).expect("opened");
        insert(&other, 30, round).expect("written");
        others.extend([round; 30]);
        assert_eq!(numbers(&connection), others);
        assert_eq!(place.left(), others);
        drop(other);
    }
}

#[test]
fn a_reader_sees_whole_commits() {
    let place = Place::new();
    let connection = place.gathered();
    insert(&connection, 50, 0).expect("written");
    let path = place.path("gathered.db");
    let reader = std::thread::spawn(move || {
        let reader = Connection::open(path).expect("opened");
        let mut seen = vec![0];
        while seen.last() != Some(&300) {
            let now = numbers(&reader);
            assert_eq!(now, vec![now[0]; 50]);
            seen.push(now[0]);
        }
        assert!(seen.is_sorted(), "{seen:?}");
    });
    for number in 1..=300 {
        connection.execute("UPDATE rows SET number = ?1", [number]).expect("written");
        if number % 50 == 0 {
            connect::checkpoint(&connection, "PASSIVE", std::time::Duration::ZERO);
        }
    }
    reader.join().expect("sees whole commits");
}
