//! The mods of a save: which ran from when on, their components and assets.
//!
//! Contents are kept once for each BLAKE3 digest, compressed, for as long as a
//! tick, a snapshot or a way back needs them. A slim save keeps of them only
//! digest and size, and needs them from elsewhere. A set of mods is complete, and
//! stands until the next one.

mod contents;

use std::collections::BTreeMap;
use std::path::Path;

use blake3::Hasher;
use rusqlite::{Connection, OptionalExtension, params};

use sandtable_world::manifest::Manifest;
use sandtable_world::record::{Conversions, Digest, hex};

use super::error::{Failure, Fallible, SaveError, damage};
use super::history::APART;
use super::stored;

pub use contents::Contents;
use contents::{digest, lacks, store_blob};
pub(super) use contents::{embed, load_blob, slim};

/// A mod as a save carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMod {
    /// Its id.
    pub id: String,
    /// The version it says it has.
    pub version: String,
    /// The BLAKE3 digest of its component.
    pub hash: Digest,
    /// Its component, as wasm.
    pub component: Vec<u8>,
    /// The files it ships, by name.
    pub assets: BTreeMap<String, Vec<u8>>,
    /// What its `mod.toml` says, if it has one.
    pub manifest: Option<Manifest>,
    /// Where it came from, for people.
    pub source: String,
    /// What it declared, in the form that a save keeps.
    pub declaration: String,
}

/// A mod as a save locks it: by digests, wherever its contents are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedMod {
    /// Its id.
    pub id: String,
    /// The version it says it has.
    pub version: String,
    /// The BLAKE3 digest of its component.
    pub hash: Digest,
    /// Those of the files it ships, by name.
    pub assets: BTreeMap<String, Digest>,
    /// Where it came from, for people.
    pub source: String,
    /// Bytes of its component and the files it ships.
    pub bytes: u64,
    /// Whether the save has all of them, which a slim one has not.
    pub is_in_save: bool,
    /// The first tick since which it has run with this component, of those that
    /// the save knows the mods of.
    pub since_tick: u64,
}

/// A mod in a set, by digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub id: String,
    pub version: String,
    pub component: Digest,
    pub assets: BTreeMap<String, Digest>,
    pub manifest: Option<String>,
    pub source: String,
    pub declaration: String,
}

impl Listed {
    /// Of its component, and of each file it ships.
    fn digests(&self) -> impl Iterator<Item = &Digest> {
        [&self.component].into_iter().chain(self.assets.values())
    }

    pub(super) fn manifest(&self) -> Fallible<Option<Manifest>> {
        match self.manifest.as_deref().map(stored::manifest::parse).transpose() {
            Ok(manifest) => Ok(manifest),
            Err(error) => damage(format!("the manifest of mod `{}`: {error}", self.id)),
        }
    }
}

/// How a set of mods came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// The save was made with it.
    #[default]
    Made,
    /// It took the place of another, and values stayed as they were.
    Swapped,
    /// It took the place of another, and values were brought up to date.
    Migrated,
    /// It is the set before the last, which came back because a new mod faulted.
    RolledBack,
    /// The save was repaired: it is the set before, and the world is not the one
    /// that the ticks before led to.
    Repaired,
}

impl Cause {
    const ALL: [(Cause, &'static str); 5] = [
        (Cause::Made, "made"),
        (Cause::Swapped, "swapped"),
        (Cause::Migrated, "migrated"),
        (Cause::RolledBack, "rolled back"),
        (Cause::Repaired, "repaired"),
    ];

    /// Its name in saves and messages.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// A set of mods that ran in a save, with components and assets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedSet {
    /// It ran from the tick after this one on.
    pub since: u64,
    /// How it came to be.
    pub cause: Cause,
    /// By id.
    pub mods: Vec<StoredMod>,
}

/// A set of mods, by digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ModSet {
    /// Zero when no set was ever recorded.
    pub number: i64,
    /// The tick after which it ran.
    pub since: i64,
    /// How it came to be.
    pub cause: Cause,
    /// By id.
    pub mods: Vec<Listed>,
    /// Conversions that the save has behind it.
    pub applied_conversions: Conversions,
}

impl ModSet {
    /// The set that runs now.
    pub(super) fn read(connection: &Connection) -> Fallible<Self> {
        let number: Option<i64> =
            connection.query_row("SELECT max(number) FROM st_mod_sets", [], |row| row.get(0))?;
        match number {
            Some(number) => Self::read_one(connection, number),
            None => Ok(Self::default()),
        }
    }

    /// The set with this number.
    pub(super) fn read_one(connection: &Connection, number: i64) -> Fallible<Self> {
        let (since, cause): (i64, String) = connection.query_row(
            "SELECT since, cause FROM st_mod_sets WHERE number = ?1",
            [number],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((cause, _)) = Cause::ALL.into_iter().find(|(_, name)| *name == cause) else {
            return damage(format!("`{cause}` is no way for mods to come into it"));
        };
        let mut select = connection.prepare("SELECT mod, name FROM st_conversions")?;
        let applied_conversions = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let applied_conversions = applied_conversions.collect::<Result<_, _>>()?;
        let mut select = connection.prepare(
            "SELECT id, version, component, manifest, source, declaration
                      FROM st_mods WHERE mod_set = ?1 ORDER BY id",
        )?;
        let mods = select.query_map([number], |row| {
            Ok(Listed {
                id: row.get(0)?,
                version: row.get(1)?,
                component: row.get(2)?,
                assets: BTreeMap::new(),
                manifest: row.get::<_, Option<String>>(3)?,
                source: row.get(4)?,
                declaration: row.get(5)?,
            })
        })?;
        let mods = mods.collect::<Result<_, _>>()?;
        let mut set = ModSet { number, since, cause, mods, applied_conversions };
        let mut select =
            connection.prepare("SELECT mod, name, blob FROM st_assets WHERE mod_set = ?1")?;
        let mut rows = select.query([number])?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let Some(listed) = set.mods.iter_mut().find(|listed| listed.id == id) else {
                return damage(format!("it has assets of a mod `{id}` that it does not have"));
            };
            listed.assets.insert(row.get(1)?, row.get(2)?);
        }
        Ok(set)
    }

    /// Adds what the set is to a digest.
    pub(super) fn feed(&self, into: &mut Hasher) {
        let mut text = |text: &str| {
            into.update(&(text.len() as u64).to_le_bytes());
            into.update(text.as_bytes());
        };
        text(self.cause.name());
        text(&format!("{} {}", self.number, self.since));
        for (id, name) in &self.applied_conversions {
            text(id);
            text(name);
        }
        for listed in &self.mods {
            text(&listed.id);
            text(&listed.version);
            text(&hex(&listed.component));
            text(listed.manifest.as_deref().unwrap_or_default());
            text(&listed.source);
            text(&listed.declaration);
            text(&listed.assets.len().to_string());
            for (name, digest) in &listed.assets {
                text(name);
                text(&hex(digest));
            }
        }
    }

    /// Whether contents of the set were left out of the save.
    pub(super) fn is_slim(&self, connection: &Connection) -> Fallible<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM st_blobs WHERE data IS NULL AND digest IN (
                       SELECT component FROM st_mods WHERE mod_set = ?1
                       UNION SELECT blob FROM st_assets WHERE mod_set = ?1))";
        Ok(connection.query_row(sql, [self.number], |row| row.get(0))?)
    }

    /// Every mod of the set, and whether its contents are there.
    pub(super) fn lock(&self, connection: &Connection) -> Fallible<Vec<LockedMod>> {
        let lock = |listed: &Listed| -> Fallible<LockedMod> {
            let (mut bytes, mut is_in_save) = (0_u64, true);
            for digest in listed.digests() {
                let sql = "SELECT bytes, data IS NOT NULL FROM st_blobs WHERE digest = ?1";
                let found: Option<(i64, bool)> = connection
                    .query_row(sql, [digest], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((size, is_there)) = found else { return lacks(digest) };
                bytes = bytes.saturating_add(size.unsigned_abs());
                is_in_save &= is_there;
            }
            let sql = "SELECT min(since) FROM st_mod_sets WHERE number > (
                           SELECT ifnull(max(number), 0) FROM st_mod_sets
                           LEFT JOIN st_mods ON mod_set = number AND id = ?1
                           WHERE component IS NOT ?2)";
            let run = params![listed.id, listed.component];
            let since: i64 = connection.query_row(sql, run, |row| row.get(0))?;
            Ok(LockedMod {
                id: listed.id.clone(),
                version: listed.version.clone(),
                hash: listed.component,
                assets: listed.assets.clone(),
                source: listed.source.clone(),
                bytes,
                is_in_save,
                since_tick: since.unsigned_abs().saturating_add(1),
            })
        };
        self.mods.iter().map(lock).collect()
    }

    /// The set with its contents; what neither the save nor `elsewhere` has
    /// stays empty.
    pub(super) fn recorded(
        &self,
        connection: &Connection,
        elsewhere: &Contents,
    ) -> Fallible<RecordedSet> {
        let load = |digest: &Digest| -> Fallible<Option<Vec<u8>>> {
            let found = load_blob(connection, digest)?;
            Ok(found.or_else(|| elsewhere.get(digest).cloned()))
        };
        let load_all = |listed: &Listed| -> Fallible<StoredMod> {
            let mut assets = BTreeMap::new();
            let mut component = load(&listed.component)?;
            for (name, digest) in &listed.assets {
                let found = load(digest)?;
                // Without all of its files a mod must not run.
                component = component.filter(|_| found.is_some());
                assets.insert(name.clone(), found.unwrap_or_default());
            }
            Ok(StoredMod {
                id: listed.id.clone(),
                version: listed.version.clone(),
                hash: listed.component,
                component: component.unwrap_or_default(),
                assets,
                manifest: listed.manifest()?,
                source: listed.source.clone(),
                declaration: listed.declaration.clone(),
            })
        };
        let mods = self.mods.iter().map(load_all).collect::<Fallible<_>>()?;
        Ok(RecordedSet { since: self.since.unsigned_abs(), cause: self.cause, mods })
    }

    /// The mods of the set with their contents; an error names those whose
    /// contents are nowhere.
    pub(super) fn whole(
        &self,
        connection: &Connection,
        elsewhere: &Contents,
        path: &Path,
    ) -> Result<Vec<StoredMod>, SaveError> {
        let failed = |failure: Failure| failure.of(path, "read");
        let is_there = |digest: &Digest| -> Fallible<bool> {
            Ok(elsewhere.contains_key(digest) || load_blob(connection, digest)?.is_some())
        };
        let mut missing = Vec::new();
        for listed in &self.mods {
            for digest in listed.digests() {
                if !is_there(digest).map_err(failed)? {
                    let short = &hex(&listed.component)[..12];
                    missing.push(format!("{} {} ({short})", listed.id, listed.version));
                    break;
                }
            }
        }
        if missing.is_empty() {
            return Ok(self.recorded(connection, elsewhere).map_err(failed)?.mods);
        }
        Err(SaveError::Slim { path: path.to_owned(), missing: missing.join(", ") })
    }
}

/// Lists a set of mods by digests.
pub(super) fn list(mods: &[StoredMod]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = mods
        .iter()
        .map(|stored| Listed {
            id: stored.id.clone(),
            version: stored.version.clone(),
            component: stored.hash,
            assets: stored
                .assets
                .iter()
                .map(|(name, bytes)| (name.clone(), digest(bytes)))
                .collect(),
            manifest: stored.manifest.as_ref().map(stored::manifest::text),
            source: stored.source.clone(),
            declaration: stored.declaration.clone(),
        })
        .collect();
    listed.sort_by(|one, two| one.id.cmp(&two.id));
    listed
}

/// Every set that ran, in order; what a slim save lacks is empty.
pub(super) fn history(connection: &Connection) -> Fallible<Vec<RecordedSet>> {
    let mut select = connection.prepare("SELECT number FROM st_mod_sets ORDER BY number")?;
    let numbers = select.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let nowhere = Contents::new();
    let recorded = |number| ModSet::read_one(connection, number)?.recorded(connection, &nowhere);
    numbers.into_iter().map(recorded).collect()
}

/// Writes a set as the next one, with the contents that the save does not have
/// yet, or what those are in a slim one, and the conversions that the save has
/// behind it from now on.
pub(super) fn write(
    connection: &Connection,
    before: &ModSet,
    next: &RecordedSet,
    applied_conversions: &Conversions,
    is_slim: bool,
) -> rusqlite::Result<ModSet> {
    let RecordedSet { since, cause, mods } = next;
    for (id, name) in applied_conversions.difference(&before.applied_conversions) {
        connection.execute(
            "INSERT INTO st_conversions (mod, name, tick) VALUES (?1, ?2, ?3)",
            params![id, name, *since as i64],
        )?;
    }
    let (number, applied_conversions) = (before.number + 1, applied_conversions.clone());
    let set = ModSet {
        number,
        since: *since as i64,
        cause: *cause,
        mods: list(mods),
        applied_conversions,
    };
    connection.execute(
        "INSERT INTO st_mod_sets (number, since, cause) VALUES (?1, ?2, ?3)",
        params![number, set.since, cause.name()],
    )?;
    for stored in mods {
        store_blob(connection, &stored.component, is_slim)?;
        for bytes in stored.assets.values() {
            store_blob(connection, bytes, is_slim)?;
        }
    }
    for listed in &set.mods {
        connection.execute(
            "INSERT INTO st_mods (mod_set, id, version, component, manifest, source, declaration)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                number,
                listed.id,
                listed.version,
                listed.component,
                listed.manifest,
                listed.source,
                listed.declaration
            ],
        )?;
        for (name, digest) in &listed.assets {
            connection.execute(
                "INSERT INTO st_assets (mod_set, mod, name, blob) VALUES (?1, ?2, ?3, ?4)",
                params![number, listed.id, name, digest],
            )?;
        }
    }
    Ok(set)
}

/// Drops sets of mods that nothing reaches any more, with their contents: no
/// tick that can be gone back to or run again ran with them, nothing in the log
/// was written then, and no later set can fall back on them. Says how many.
pub(super) fn forget(connection: &Connection) -> Fallible<usize> {
    let mut select = connection.prepare("SELECT number, since FROM st_mod_sets ORDER BY number")?;
    let sets = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sets: Vec<(i64, i64)> = sets.collect::<Result<_, _>>()?;
    // Unread events have the form of today, however old they are.
    let oldest: Option<i64> = connection.query_row(
        "SELECT min(tick) FROM (
             SELECT tick FROM (SELECT min(tick) AS tick FROM st_keyframes WHERE number < ?1)
             UNION ALL SELECT tick FROM (SELECT min(tick) AS tick FROM st_inputs)
             UNION ALL SELECT tick FROM (SELECT min(tick) AS tick FROM st_events
                 JOIN st_topics USING (topic) WHERE number <= passed)
             UNION ALL SELECT tick FROM st_world)",
        [APART],
        |row| row.get(0),
    )?;
    let mut select = connection.prepare("SELECT DISTINCT tick FROM st_snapshots")?;
    let snapshots = select.query_map([], |row| row.get(0))?;
    let snapshots: Vec<i64> = snapshots.collect::<Result<_, _>>()?;
    // The place of the set that a tick ran with.
    let place = |tick: i64| sets.iter().rposition(|(_, since)| *since < tick.max(1)).unwrap_or(0);
    let first = place(oldest.unwrap_or(0));
    // A set goes back to the one before it where a new mod faults.
    let needed = |at: usize| {
        let of = |place: usize| at == place || at + 1 == place;
        at + 1 >= first || snapshots.iter().any(|tick| of(place(*tick)))
    };
    let gone: Vec<i64> =
        (0..).zip(&sets).filter(|(at, _)| !needed(*at)).map(|(_, (number, _))| *number).collect();
    for number in &gone {
        for table in ["st_mods", "st_assets", "st_recasts"] {
            connection.execute(&format!("DELETE FROM {table} WHERE mod_set = ?1"), [number])?;
        }
        connection.execute("DELETE FROM st_mod_sets WHERE number = ?1", [number])?;
    }
    if !gone.is_empty() {
        connection.execute(
            "DELETE FROM st_blobs WHERE digest NOT IN (
                 SELECT component FROM st_mods UNION SELECT blob FROM st_assets)",
            [],
        )?;
    }
    Ok(gone.len())
}
