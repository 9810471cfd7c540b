//! What mods may do with each other's things: names and patterns of names, as
//! a manifest asks for them and a world file grants them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::is_mod_id;

/// Things of one mod by name: `economy/Treasury` is a kind, `economy__trades` a
/// table, `economy:rates.csv` an asset. A `*` at the end stands for any rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// The mod whose things these are.
    pub fn owner(&self) -> &str {
        owner(&self.0)
    }

    /// Whether a thing is among them.
    pub fn covers(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.0,
        }
    }

    /// Whether all that another pattern covers is among them.
    pub fn includes(&self, other: &Pattern) -> bool {
        match (self.0.strip_suffix('*'), other.0.strip_suffix('*')) {
            (Some(start), Some(other)) => other.starts_with(start),
            (None, Some(_)) => false,
            (_, None) => self.covers(&other.0),
        }
    }
}

/// The mod that a name begins with: ids have no mark of any kind in them.
fn owner(name: &str) -> &str {
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default()
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (owner, rest) = text.split_at(owner(&text).len());
        let fits = |rest: &str, first: fn(char) -> bool, others: fn(char) -> bool| {
            let name = rest.strip_suffix('*').unwrap_or(rest);
            !rest.is_empty() && name.chars().take(1).all(first) && name.chars().all(others)
        };
        let upper = |letter: char| letter.is_ascii_uppercase();
        let in_kind = |letter: char| letter.is_ascii_alphanumeric();
        let lower = |letter: char| letter.is_ascii_lowercase();
        let in_table = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
        let in_asset = |letter: char| letter != '*' && !letter.is_control();
        let is_one = is_mod_id(owner)
            && if let Some(kind) = rest.strip_prefix('/') {
                fits(kind, upper, in_kind)
            } else if let Some(table) = rest.strip_prefix("__") {
                fits(table, lower, in_table)
            } else if let Some(asset) = rest.strip_prefix(':') {
                fits(asset, in_asset, in_asset)
            } else {
                false
            };
        if is_one {
            return Ok(Self(text));
        }
        Err(format!(
            "is {text:?}, which names nothing of a mod: write a kind like `economy/Treasury`, a \
             table like `economy__trades`, an asset like `economy:rates.csv`, or all of a sort \
             like `economy/*`"
        ))
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Things of other mods, as a manifest asks for them or a world grants them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asks {
    /// To be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Pattern>,
    /// To be written, which includes reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<Pattern>,
}

impl Asks {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }

    /// What speaks against a mod asking for this: the keys that lead to the
    /// pattern, and words that follow them.
    pub fn objection(&self, mod_id: &str) -> Option<([String; 2], String)> {
        let lists = [("read", &self.read), ("write", &self.write)];
        let all = lists.iter().flat_map(|(list, patterns)| {
            patterns.iter().enumerate().map(move |(at, pattern)| (*list, at, pattern))
        });
        let all: Vec<_> = all.collect();
        all.iter().enumerate().find_map(|(place, (list, at, pattern))| {
            let what = if pattern.owner() == mod_id {
                format!("is `{pattern}`, but a mod needs no leave for what is its own: remove it")
            } else if all[..place].iter().any(|(.., earlier)| earlier == pattern) {
                format!("is `{pattern}` a second time, and to write includes to read: remove it")
            } else {
                return None;
            };
            Some((((*list).to_owned(), at.to_string()).into(), what))
        })
    }
}

/// What one mod may do, as it was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    mod_id: String,
    read: Vec<Pattern>,
    write: Vec<Pattern>,
}

impl Rights {
    /// Those of a mod over what is its own and what it was granted.
    pub fn new(mod_id: &str, granted: &Asks) -> Self {
        let Asks { read, write } = granted.clone();
        Self { mod_id: mod_id.to_owned(), read, write }
    }

    /// Whether it may read a thing of this full name.
    pub fn may_read(&self, name: &str) -> bool {
        self.may_write(name) || self.read.iter().any(|pattern| pattern.covers(name))
    }

    /// Whether it may write a thing of this full name.
    pub fn may_write(&self, name: &str) -> bool {
        let after_id = name.strip_prefix(self.mod_id.as_str());
        let is_own = after_id.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
        is_own || self.write.iter().any(|pattern| pattern.covers(name))
    }

    /// Whether it may read this table. SQL does not tell cases of letters apart.
    pub fn may_read_table(&self, table: &str) -> bool {
        self.may_read(&table.to_ascii_lowercase())
    }

    /// Whether it may write this table.
    pub fn may_write_table(&self, table: &str) -> bool {
        self.may_write(&table.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(read: &[&str], write: &[&str]) -> Asks {
        let patterns = |texts: &[&str]| {
            texts.iter().map(|text| Pattern::try_from((*text).to_owned()).expect(text)).collect()
        };
        Asks { read: patterns(read), write: patterns(write) }
    }

    #[test]
    fn names_of_things_are_told_from_what_is_none() {
        for good in [
            "economy/Treasury",
            "economy/T*",
            "economy/*",
            "economy__trades",
            "economy__*",
            "a1__b_2",
            "geography:nations.csv",
            "geography:maps/*",
            "geography:*",
        ] {
            assert!(Pattern::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "economy",
            "economy*",
            "economy/",
            "economy/treasury",
            "economy/T*y",
            "economy/Tre asury",
            "*/Treasury",
            "/Treasury",
            "Economy/Treasury",
            "st/World",
            "economy_trades",
            "economy__",
            "economy__Trades",
            "economy__t-r",
            "economy:",
            "economy:a*b",
            "economy:a\nb",
            "economy.trades",
            "économie/T",
        ] {
            let told = Pattern::try_from(bad.to_owned()).expect_err(bad);
            assert!(told.starts_with(&format!("is {bad:?}, which names nothing")), "{told}");
        }
    }

    #[test]
    fn a_mod_may_do_what_it_was_granted_and_all_with_its_own() {
        let granted = asks(&["economy/*", "economy__trades", "geography:n*"], &["diplomacy/War"]);
        let rights = Rights::new("chronicle", &granted);
        for (name, read, write) in [
            ("chronicle/Entry", true, true),
            ("chronicle__wars", true, true),
            ("chronicles/Entry", false, false),
            ("economy/Treasury", true, false),
            ("economy__trades", true, false),
            ("economy__tradesmen", false, false),
            ("economics/Treasury", false, false),
            ("geography:nations.csv", true, false),
            ("geography:provinces.csv", false, false),
            ("diplomacy/War", true, true),
            ("diplomacy/Warship", false, false),
        ] {
            assert_eq!((rights.may_read(name), rights.may_write(name)), (read, write), "{name}");
        }
        assert!(rights.may_read_table("Economy__TRADES") && rights.may_write_table("CHRONICLE__a"));
    }

    #[test]
    fn a_pattern_includes_what_covers_no_more() {
        let pattern = |text: &str| Pattern::try_from(text.to_owned()).expect(text);
        for (wide, narrow, expected) in [
            ("a/*", "a/B", true),
            ("a/*", "a/B*", true),
            ("a/B*", "a/*", false),
            ("a/B", "a/B*", false),
            ("a/B", "a/B", true),
            ("a/*", "a__b", false),
            ("a/*", "ab/C", false),
        ] {
            let found = pattern(wide).includes(&pattern(narrow));
            assert_eq!(found, expected, "{wide} includes {narrow}");
        }
    }

    #[test]
    fn what_is_ones_own_or_stands_twice_is_refused() {
        let of = |asks: Asks| asks.objection("economy").map(|(key, what)| (key.join("."), what));
        assert_eq!(of(asks(&["a/B"], &["a/C"])), None);
        let (key, what) = of(asks(&["a/B", "economy/Treasury"], &[])).expect("own");
        assert_eq!(key, "read.1");
        assert!(what.starts_with("is `economy/Treasury`, but a mod needs no leave"), "{what}");
        let (key, what) = of(asks(&["a/B"], &["a/B"])).expect("twice");
        assert_eq!(key, "write.0");
        assert!(what.starts_with("is `a/B` a second time"), "{what}");
    }
}
