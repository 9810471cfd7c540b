//! What a power loss may leave of a folder.
//!
//! Durable is what was synced. Of what came after, each write may be there or
//! not, whatever came before or after it, or be torn at the borders of sectors;
//! a file may be as long as before; a file may have its new name or not.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use crate::tape::{Event, Listing};

/// A folder, and what of it is in doubt.
#[derive(Debug, Default)]
pub struct Power {
    files: BTreeMap<u64, Contents>,
    /// As it was synced last, and as it was after each change since.
    listings: Vec<Listing>,
}

#[derive(Debug, Default)]
struct Contents {
    durable: Vec<u8>,
    /// What came after, from the first that is in doubt.
    since: Vec<(Change, Trust)>,
}

/// What is known of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// The next sync makes it durable.
    Waiting,
    /// It is durable.
    Durable,
    /// No sync will make it durable any more.
    Forsaken,
}

#[derive(Clone, Debug)]
enum Change {
    Written { at: usize, bytes: Vec<u8> },
    Cut(usize),
}

impl Power {
    /// Goes on by what happened next.
    pub fn advance(&mut self, event: &Event) {
        match event {
            Event::Listed(listing) => self.listings.push(listing.clone()),
            Event::FolderSynced => {
                self.listings.drain(..self.listings.len().saturating_sub(1));
            }
            Event::Written { file, at, bytes } => {
                self.of(*file).push(Change::Written { at: *at, bytes: bytes.clone() });
            }
            Event::Cut { file, length } => self.of(*file).push(Change::Cut(*length)),
            Event::Synced { file } => self.of(*file).settle(Trust::Durable),
            Event::NotSynced { file } => self.of(*file).settle(Trust::Forsaken),
            Event::Mark(_) => {}
        }
    }

    /// Writes one of the states that a power loss may leave now into an empty
    /// folder; which one follows from the seed.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn lose(&self, seed: u64, into: &Path) -> io::Result<()> {
        let mut chance = Chance(seed);
        let habit = Habit::of(&mut chance);
        for (name, file) in self.names(&mut chance) {
            let nothing = Contents::default();
            let contents = self.files.get(&file).unwrap_or(&nothing);
            fs::write(into.join(name), contents.left(habit, &mut chance))?;
        }
        Ok(())
    }

    fn of(&mut self, file: u64) -> &mut Contents {
        self.files.entry(file).or_default()
    }

    /// The names that are left. All names of one file change together.
    fn names(&self, chance: &mut Chance) -> Listing {
        let mut known: Vec<u64> = self.listings.iter().flat_map(Listing::values).copied().collect();
        known.sort_unstable();
        known.dedup();
        let together = chance.of(2);
        let common = chance.of(self.listings.len() as u64) as usize;
        let mut names = Listing::new();
        for file in known {
            let own = chance.of(self.listings.len() as u64) as usize;
            let listing = &self.listings[if together == 0 { common } else { own }];
            names.extend(
                listing.iter().filter(|(_, of)| **of == file).map(|(n, f)| (n.clone(), *f)),
            );
        }
        names
    }
}

impl Contents {
    fn push(&mut self, change: Change) {
        self.since.push((change, Trust::Waiting));
    }

    /// Gives everything that waits for a sync what came of it.
    fn settle(&mut self, trust: Trust) {
        let waiting = self.since.iter_mut().filter(|(_, trust)| *trust == Trust::Waiting);
        waiting.for_each(|(_, waiting)| *waiting = trust);
        let certain = self.since.iter().take_while(|(_, trust)| *trust == Trust::Durable).count();
        for (change, _) in self.since.drain(..certain) {
            change.apply(&mut self.durable);
        }
    }

    /// One of the contents that a power loss may leave.
    fn left(&self, habit: Habit, chance: &mut Chance) -> Vec<u8> {
        let [mut left, mut least, mut all] = std::array::from_fn(|_| self.durable.clone());
        for (change, trust) in &self.since {
            change.apply(&mut all);
            if *trust == Trust::Durable {
                change.apply(&mut left);
                change.apply(&mut least);
                continue;
            }
            match (habit.fate(chance), change) {
                (Fate::Kept, _) => change.apply(&mut left),
                (Fate::Torn, Change::Written { at, bytes }) => {
                    tear(*at, bytes, habit.sector, chance, &mut left);
                }
                _ => {}
            }
        }
        match chance.of(4) {
            // The file has its new length, and zeros where nothing arrived.
            0 => left.resize(all.len().max(left.len()), 0),
            // Its length is from somewhere in between.
            1 if left.len() > least.len() => {
                let more = (left.len() - least.len()) as u64;
                left.truncate(least.len() + chance.of(more + 1) as usize);
            }
            _ => {}
        }
        left
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Written { at, bytes } => write(*at, bytes, to),
            Self::Cut(length) => to.resize(*length, 0),
        }
    }
}

fn write(at: usize, bytes: &[u8], to: &mut Vec<u8>) {
    if to.len() < at + bytes.len() {
        to.resize(at + bytes.len(), 0);
    }
    to[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Writes some of the sectors.
fn tear(at: usize, bytes: &[u8], sector: usize, chance: &mut Chance, to: &mut Vec<u8>) {
    let mut from = 0;
    while from < bytes.len() {
        let end = bytes.len().min(from + sector - (at + from) % sector);
        if chance.of(2) == 0 {
            write(at + from, &bytes[from..end], to);
        }
        from = end;
    }
}

enum Fate {
    Kept,
    Torn,
    Dropped,
}

/// How one power loss treats writes: of 8, how many are kept, and how many torn.
#[derive(Clone, Copy)]
struct Habit {
    kept: u64,
    torn: u64,
    sector: usize,
}

impl Habit {
    fn of(chance: &mut Chance) -> Self {
        let sector = if chance.of(2) == 0 { 512 } else { 4096 };
        let (kept, torn) = match chance.of(6) {
            0 => (0, 0),
            1 => (8, 0),
            2 => (7, 1),
            3 => (4, 0),
            4 => (2, 4),
            _ => (0, 8),
        };
        Self { kept, torn, sector }
    }

    fn fate(self, chance: &mut Chance) -> Fate {
        match chance.of(8) {
            n if n < self.kept => Fate::Kept,
            n if n < self.kept + self.torn => Fate::Torn,
            _ => Fate::Dropped,
        }
    }
}

/// Numbers that look random and repeat: splitmix64.
struct Chance(u64);

impl Chance {
    /// A number below another, or zero.
    fn of(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }
}
