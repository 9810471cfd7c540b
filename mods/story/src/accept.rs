//! What is told, checked and in one form: whatever can be left out is there, and lists
//! are in order. The same content is then the same value.

use std::collections::BTreeSet;

use crate::kinds::{Actor, Move, Naming, Status, Told, Valence};
use crate::time;

/// The most that a feeling changes at once, which is from one end to the other.
const CHANGE_MAX: i32 = 2000;
/// Bytes of ids, actions, roles and names.
const WORD_MAX: usize = 200;
/// Bytes of texts.
const TEXT_MAX: usize = 16 << 10;

/// What kinds of subjects there are, as names give them.
pub const KINDS: [&str; 3] = ["place", "person", "item"];

/// An event that can be kept.
pub struct Accepted {
    pub id: String,
    pub time: String,
    pub seq: u32,
    pub action: String,
    pub place: Option<String>,
    pub text: String,
    pub source: String,
    pub actors: Vec<Actor>,
    pub items: Vec<Move>,
    pub valence: Vec<Valence>,
    pub status: Vec<Status>,
    pub names: Vec<Naming>,
}

impl Accepted {
    /// An event as it was told.
    ///
    /// # Errors
    ///
    /// Why it cannot be kept, in one sentence.
    pub fn of(told: &Told) -> Result<Self, String> {
        let event = Self {
            id: told.id.clone(),
            time: told.time.clone(),
            seq: told.seq.unwrap_or(0),
            action: told.action.clone(),
            place: told.place.clone(),
            text: told.text.clone().unwrap_or_default(),
            source: told.source.clone().unwrap_or_default(),
            actors: sorted(&told.actors),
            items: sorted(&told.items),
            valence: sorted(&told.valence),
            status: sorted(&told.status),
            names: sorted(&told.names),
        };
        event.check()?;
        Ok(event)
    }

    fn check(&self) -> Result<(), String> {
        word("id", &self.id)?;
        time::check(&self.time)?;
        word("action", &self.action)?;
        long("text", &self.text)?;
        long("source", &self.source)?;
        for (kind, id) in self.subjects() {
            word(kind, id)?;
        }
        for actor in &self.actors {
            word("role", &actor.role)?;
        }
        for naming in &self.names {
            word("name", &naming.name)?;
            if !KINDS.contains(&naming.kind.as_str()) {
                return Err(format!(
                    "{:?} is named as a {:?}: say place, person or item",
                    naming.id, naming.kind
                ));
            }
        }
        for status in &self.status {
            if !["alive", "dead"].contains(&status.is.as_str()) {
                return Err(format!("{} is {:?}: say alive or dead", status.who, status.is));
            }
        }
        for it in &self.valence {
            for (name, change) in it.changes() {
                if !(-CHANGE_MAX..=CHANGE_MAX).contains(&change) {
                    return Err(format!(
                        "{name} changes by {change} thousandths: at most by {CHANGE_MAX}"
                    ));
                }
            }
            differ("feels something for", &it.from, Some(&it.to))?;
        }
        for it in &self.items {
            if let Some(from) = &it.from {
                differ("gives something to", from, it.to.as_ref())?;
            }
        }
        once(
            "takes part twice with the same role",
            self.actors.iter().map(|it| (&it.who, &it.role)),
        )?;
        once(
            "goes from hand to hand twice: tell it as two events",
            self.items.iter().map(|it| &it.what),
        )?;
        once("change twice", self.valence.iter().map(|it| (&it.from, &it.to)))?;
        once("is said twice to live or not", self.status.iter().map(|it| &it.who))?;
        once("is named twice", self.names.iter().map(|it| (&it.kind, &it.id)))
    }

    /// All that the event names, by kind.
    pub fn subjects(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let people = self.actors.iter().map(|it| it.who.as_str());
        let people = people.chain(self.valence.iter().flat_map(|it| [&*it.from, &*it.to]));
        let people = people.chain(self.status.iter().map(|it| it.who.as_str()));
        let hands = self.items.iter().flat_map(|it| [it.from.as_deref(), it.to.as_deref()]);
        let people = people.chain(hands.flatten()).map(|id| ("person", id));
        let items = self.items.iter().map(|it| ("item", it.what.as_str()));
        let names = self.names.iter().filter_map(|it| {
            let kind = KINDS.into_iter().find(|kind| *kind == it.kind)?;
            Some((kind, it.id.as_str()))
        });
        let place = self.place.as_deref().map(|id| ("place", id));
        place.into_iter().chain(people).chain(items).chain(names)
    }
}

impl Valence {
    /// Each feeling, and how it changes.
    pub fn changes(&self) -> [(&'static str, i32); 4] {
        let of = |change: Option<i32>| change.unwrap_or(0);
        [
            ("trust", of(self.trust)),
            ("affection", of(self.affection)),
            ("respect", of(self.respect)),
            ("fear", of(self.fear)),
        ]
    }
}

fn sorted<T: Clone + Ord>(list: &Option<Vec<T>>) -> Vec<T> {
    let mut list = list.clone().unwrap_or_default();
    list.sort();
    list
}

fn word(what: &str, text: &str) -> Result<(), String> {
    let is_clean = !text.chars().any(char::is_control) && text.trim() == text;
    if text.is_empty() || text.len() > WORD_MAX || !is_clean {
        return Err(format!(
            "{text:?} is no {what}: write 1 to {WORD_MAX} bytes in one line, without space around"
        ));
    }
    Ok(())
}

fn long(what: &str, text: &str) -> Result<(), String> {
    match text.len() {
        0..=TEXT_MAX => Ok(()),
        bytes => Err(format!("the {what} has {bytes} bytes: at most {TEXT_MAX}")),
    }
}

fn differ(does: &str, from: &String, to: Option<&String>) -> Result<(), String> {
    match to {
        Some(to) if to == from => Err(format!("{from} {does} {to}: name another")),
        _ => Ok(()),
    }
}

fn once<T: Ord + std::fmt::Debug>(
    does: &str,
    items: impl Iterator<Item = T>,
) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for item in items {
        let text = format!("{item:?} {does}");
        if !seen.insert(item) {
            return Err(text);
        }
    }
    Ok(())
}
