//! What a search in a table is given, and how the rows that it finds are told
//! apart.
//!
//! SQLite compares every row that a table finds once more, so a table may find
//! too much, and never too little. It hands over values as they stand in the
//! query, before it makes numbers of those that it compares with numbers.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::types::ValueRef;

/// Which integers a value that they are compared with may be equal to, or be a
/// bound of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// None is equal, less or greater.
    Nothing,
    /// None but those from the first to the last: one of them, or the two beside
    /// a fraction.
    Between(i64, i64),
    /// Any: what SQLite makes of the value is left to it.
    Anything,
}

impl Sought {
    pub fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Sought::Nothing,
            ValueRef::Integer(number) => Sought::Between(number, number),
            ValueRef::Real(number) => Sought::Between(number.floor() as i64, number.ceil() as i64),
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text).ok();
                let number = text.and_then(plain_integer);
                number.map_or(Sought::Anything, |number| Sought::Between(number, number))
            }
            ValueRef::Blob(_) => Sought::Anything,
        }
    }
}

/// The integer that SQLite makes of a text beyond doubt.
pub fn plain_integer(text: &str) -> Option<i64> {
    text.trim_matches(SPACES).parse().ok()
}

/// What SQLite passes over around a number.
const SPACES: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];

/// Whether SQLite might make a number of a text.
pub fn may_be_number(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    text.contains(|letter: char| letter.is_ascii_digit())
        && text.chars().all(|letter| fits(letter) || SPACES.contains(&letter))
}

/// Numbers for the rows of one search, the same in every search that finds them:
/// where either of two conditions may find a row, SQLite looks for both and
/// takes rows of one number for one. Rows that are alike in everything are found
/// together, and are numbered in turn.
#[derive(Debug, Default)]
pub struct RowNumbers {
    alike: HashMap<u64, u64>,
    now: Option<i64>,
}

impl RowNumbers {
    /// That of the row which the search is at.
    pub fn of(&mut self, row: impl Hash) -> i64 {
        *self.now.get_or_insert_with(|| {
            let digest = |what: &dyn Fn(&mut DefaultHasher)| {
                let mut hasher = DefaultHasher::new();
                what(&mut hasher);
                hasher.finish()
            };
            let all = digest(&|hasher| row.hash(hasher));
            let before = self.alike.entry(all).or_insert(0);
            *before += 1;
            digest(&|hasher| (all, *before).hash(hasher)) as i64
        })
    }

    /// The search goes to another row.
    pub fn next(&mut self) {
        self.now = None;
    }

    /// Another search begins.
    pub fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_takes_for_an_integer_is_one() {
        use Sought::{Anything, Between, Nothing};
        for (value, expected) in [
            (ValueRef::Null, Nothing),
            (ValueRef::Integer(-1), Between(-1, -1)),
            (ValueRef::Real(5.0), Between(5, 5)),
            (ValueRef::Real(-2.5), Between(-3, -2)),
            (ValueRef::Real(1e300), Between(i64::MAX, i64::MAX)),
            (ValueRef::Real(f64::NEG_INFINITY), Between(i64::MIN, i64::MIN)),
            (ValueRef::Text(b" +5\n"), Between(5, 5)),
            (ValueRef::Text(b"5.0"), Anything),
            (ValueRef::Text(b"9223372036854775808"), Anything),
            (ValueRef::Text(b"five"), Anything),
            (ValueRef::Text(b"\xff"), Anything),
            (ValueRef::Blob(b"5"), Anything),
        ] {
            assert_eq!(Sought::of(value), expected, "{value:?}");
        }
    }

    #[test]
    fn rows_that_are_alike_have_numbers_of_their_own_in_every_search() {
        let search = |rows: &[&str]| {
            let mut numbers = RowNumbers::default();
            let number = |row: &&str| {
                numbers.next();
                let number = numbers.of(row);
                assert_eq!(numbers.of(row), number, "it is asked again");
                number
            };
            rows.iter().map(number).collect::<Vec<_>>()
        };
        let all = search(&["a", "b", "a", "a"]);
        let distinct: std::collections::BTreeSet<&i64> = all.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert_eq!(search(&["a", "a", "a"]), [all[0], all[2], all[3]]);
    }
}
