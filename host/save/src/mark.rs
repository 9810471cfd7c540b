//! Whose log lies beside a save.
//!
//! SQLite replays a log onto whatever file has the name for it. After a run was
//! killed and a backup was put in the place of its save, that mixes two worlds,
//! or shows the one that was to be gone. So each commit says which one it is, and
//! which one the file itself was known to hold when it was made: before anything
//! of a log is believed, the file is read without it, and must hold that commit
//! or one of the commits that the log has.
//!
//! A mark stands behind the seal, in the row that every commit of a world writes
//! anyway; whatever else writes to a save moves it on ([`advance`]). Who goes on
//! with a save that is whole without its log takes a name of its own
//! ([`claim`]), so that a copy from before is told from the save, also where
//! nothing but marks has changed; and so does every copy that Sandtable makes.
//! A save of the first format has no marks, and its log is taken for its own.

mod own_log;

use std::hash::{BuildHasher, RandomState};

use rusqlite::{Connection, OptionalExtension};

use super::format::format;

pub(super) use own_log::check;

/// Bytes of the seal, in front of the mark.
pub(super) const SEAL_BYTES: usize = 32;
/// Bytes of a mark: four numbers, and a digest of them.
const MARK_BYTES: usize = 40;

/// Which commit of a save: who made it, of all who ever went on with one, and
/// the how manieth of theirs it is. Zeros where there are no marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Commit {
    writer: u64,
    number: u64,
}

/// What a commit says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    own: Commit,
    /// What the file held without its log, at the least.
    held: Commit,
}

impl Commit {
    /// Whether this one came before another of the same writer.
    fn precedes(self, other: Self) -> bool {
        self.writer == other.writer && self.number < other.number
    }
}

impl Mark {
    /// That of a file which is made anew.
    fn fresh() -> Self {
        let own = Commit { writer: writer(), number: 0 };
        Self { own, held: own }
    }

    /// Whether a log whose last commit says this belongs to a file that holds a
    /// commit. A checkpoint may have brought anything of the log into the file.
    fn belongs_to(self, file: Commit) -> bool {
        let of_the_log = file.precedes(self.own) && !file.precedes(self.held);
        file == self.held || file == self.own || of_the_log
    }

    fn bytes(self) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        let numbers = [self.own.writer, self.own.number, self.held.writer, self.held.number];
        for (bytes, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        let digest = blake3::hash(&bytes[..32]);
        bytes[32..].copy_from_slice(&digest.as_bytes()[..8]);
        bytes
    }

    /// The mark behind a seal; nothing where a part of it is of another.
    fn of(sealed: &[u8]) -> Option<Self> {
        let bytes = sealed.get(SEAL_BYTES..)?;
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let number = |at: usize| {
            let bytes = bytes.get(at * 8..at * 8 + 8)?.try_into().ok()?;
            Some(u64::from_le_bytes(bytes))
        };
        let own = Commit { writer: number(0)?, number: number(1)? };
        let mark = Self { own, held: Commit { writer: number(2)?, number: number(3)? } };
        (mark.bytes() == bytes).then_some(mark)
    }
}

/// Whether behind a seal there is a mark, or none in a save that has none.
pub(super) fn is_whole(sealed: &[u8]) -> bool {
    Mark::of(sealed).is_some()
}

/// A name that no other writer has: the standard library begins its hashes with what
/// the operating system has of random numbers.
fn writer() -> u64 {
    RandomState::new().hash_one(0).max(1)
}

/// The seal and the mark behind it, where there is a world.
fn sealed(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT seal FROM main.st_world")?;
    select.query_row([], |row| row.get(0)).optional()
}

/// What was committed last.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Option<Commit>> {
    Ok(sealed(connection)?.and_then(|sealed| Mark::of(&sealed)).map(|mark| mark.own))
}

/// A seal with the mark of the commit that it will be part of, and which one
/// that is. `held` is what the file is known to hold without its log.
pub(super) fn next(
    connection: &Connection,
    seal: &[u8],
    held: Option<Commit>,
) -> rusqlite::Result<(Vec<u8>, Commit)> {
    let before = sealed(connection)?.and_then(|sealed| Mark::of(&sealed));
    let mark = match before {
        None => Mark::fresh(),
        // What it was before it had marks may be in the file still.
        Some(Mark { own: Commit { writer: 0, .. }, held }) => {
            Mark { own: Commit { writer: writer(), number: 0 }, held }
        }
        Some(before) => {
            let known = held.filter(|held| !before.own.precedes(*held));
            let known = known.filter(|held| held.writer == before.own.writer);
            let known = known.filter(|held| !held.precedes(before.held));
            let own = Commit { number: before.own.number + 1, ..before.own };
            Mark { own, held: known.unwrap_or(before.held) }
        }
    };
    Ok(([seal, &mark.bytes()].concat(), mark.own))
}

/// Moves the mark on, in a transaction that writes something else than a
/// world. A save of the first format gets none.
pub(super) fn advance(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'st_world'";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        // It is being made.
        return Ok(());
    }
    let Some(before) = sealed(connection)? else { return Ok(()) };
    if before.len() == SEAL_BYTES && format(connection)? < 2 {
        return Ok(());
    }
    let seal = before.get(..SEAL_BYTES).unwrap_or(&before);
    let (sealed, _) = next(connection, seal, None)?;
    write(connection, &sealed)
}

/// Gives a file a name of its own, in a transaction: nothing that comes after
/// belongs to a copy from before. The caller knows that the file holds all
/// that was committed, without its log. Gives the commit that this is.
pub(super) fn claim(connection: &Connection) -> rusqlite::Result<Option<Commit>> {
    let Some(before) = sealed(connection)? else { return Ok(None) };
    if format(connection)? < 2 {
        return Ok(None);
    }
    let held = Mark::of(&before).unwrap_or_default().own;
    let mark = Mark { own: Mark::fresh().own, held };
    let seal = before.get(..SEAL_BYTES).unwrap_or(&before);
    write(connection, &[seal, &mark.bytes()].concat())?;
    Ok(Some(mark.own))
}

fn write(connection: &Connection, sealed: &[u8]) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE main.st_world SET seal = ?1")?;
    update.execute([sealed])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(writer: u64, number: u64) -> Commit {
        Commit { writer, number }
    }

    #[test]
    fn a_log_belongs_to_what_it_was_made_for_and_to_what_is_in_it() {
        let mark = Mark { own: commit(7, 9), held: commit(7, 5) };
        for (file, expected) in [
            (commit(7, 4), false),
            (commit(7, 5), true),
            (commit(7, 7), true),
            (commit(7, 9), true),
            (commit(7, 10), false),
            (commit(6, 7), false),
            (Commit::default(), false),
        ] {
            assert_eq!(mark.belongs_to(file), expected, "{file:?}");
        }
        let first = Mark { own: commit(7, 1), held: commit(3, 8) };
        for (file, expected) in [
            (commit(3, 7), false),
            (commit(3, 8), true),
            (commit(3, 9), false),
            (commit(7, 0), true),
            (commit(7, 1), true),
        ] {
            assert_eq!(first.belongs_to(file), expected, "{file:?}");
        }
        assert!(Mark::default().belongs_to(Commit::default()), "saves without marks");
    }

    #[test]
    fn a_mark_of_two_halves_is_none() {
        let (one, other) = (Mark { own: commit(7, 9), held: commit(7, 5) }, Mark::default());
        let sealed = [&[1; SEAL_BYTES][..], &one.bytes()].concat();
        assert_eq!(Mark::of(&sealed), Some(one));
        assert_eq!(Mark::of(&sealed[..SEAL_BYTES]), Some(other), "no mark at all");
        for half in SEAL_BYTES + 1..sealed.len() {
            assert_eq!(Mark::of(&sealed[..half]), None);
        }
        let mut torn = sealed;
        torn[SEAL_BYTES + 8] ^= 1;
        assert_eq!(Mark::of(&torn), None);
    }
}
