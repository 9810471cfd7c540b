//! The mods of a save: which ran from when on, their components and assets.
//!
//! Contents are kept once for each BLAKE3 digest, compressed, and for ever:
//! whatever ran in a save can run again. A slim save keeps of them only digest
//! and size, and needs a pack beside it. A set of mods is complete, and stands
//! until the next one.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use blake3::Hasher;
use rusqlite::{Connection, OptionalExtension, params};

use crate::catalog::Manifest;
use crate::record::{Digest, hex};

use super::error::{Failure, Outcome, SaveError, damage};

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
    /// What it declared, as whoever loads it writes that down.
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
    /// What its `mod.toml` says, if it has one.
    pub manifest: Option<Manifest>,
    /// Where it came from, for people.
    pub source: String,
    /// What it declared, as whoever loads it writes that down.
    pub declaration: String,
    /// Bytes of its component and the files it ships.
    pub bytes: u64,
    /// Whether the save has all of them, which a slim one has not.
    pub is_in_save: bool,
    /// The first tick since which it has run with this component.
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
    fn manifest(&self) -> Outcome<Option<Manifest>> {
        match self.manifest.as_deref().map(serde_json::from_str).transpose() {
            Ok(manifest) => Ok(manifest),
            Err(error) => damage(format!("the manifest of mod `{}`: {error}", self.id)),
        }
    }
}

fn manifest_text(manifest: &Manifest) -> String {
    // A manifest is texts and lists of texts, which JSON has words for.
    serde_json::to_string(manifest).unwrap_or_default()
}

/// A set of mods, and the tick after which it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ModSet {
    /// Nothing when no set was ever recorded.
    pub since: Option<i64>,
    /// By id.
    pub mods: Vec<Listed>,
}

/// Bytes that one component or asset may have.
const BLOB_BYTES_MAX: u64 = 1 << 30;
const ZSTD_LEVEL: i32 = 3;

impl ModSet {
    /// The set that runs now.
    pub(super) fn read(connection: &Connection) -> Outcome<Self> {
        let since: Option<i64> =
            connection.query_row("SELECT max(since) FROM st_mod_sets", [], |row| row.get(0))?;
        let mut select = connection.prepare(
            "SELECT id, version, component, manifest, source, declaration
                      FROM st_mods WHERE since = ?1 ORDER BY id",
        )?;
        let mods = select.query_map([since], |row| {
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
        let mut set = ModSet { since, mods: mods.collect::<Result<_, _>>()? };
        let mut select =
            connection.prepare("SELECT mod, name, blob FROM st_assets WHERE since = ?1")?;
        let mut rows = select.query([since])?;
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
    pub(super) fn is_slim(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM st_blobs WHERE data IS NULL AND digest IN (
                       SELECT component FROM st_mods WHERE since = ?1
                       UNION SELECT blob FROM st_assets WHERE since = ?1))";
        connection.query_row(sql, [self.since], |row| row.get(0))
    }

    /// Every mod of the set, and whether its contents are there.
    pub(super) fn lock(&self, connection: &Connection) -> Outcome<Vec<LockedMod>> {
        let lock = |listed: &Listed| -> Outcome<LockedMod> {
            let (mut bytes, mut is_in_save) = (0_u64, true);
            for digest in [&listed.component].into_iter().chain(listed.assets.values()) {
                let sql = "SELECT bytes, data IS NOT NULL FROM st_blobs WHERE digest = ?1";
                let found: Option<(i64, bool)> = connection
                    .query_row(sql, [digest], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((size, is_there)) = found else { return lacks(digest) };
                bytes = size.unsigned_abs().saturating_add(bytes);
                is_in_save &= is_there;
            }
            let sql = "SELECT min(since) FROM st_mod_sets WHERE since > (
                           SELECT ifnull(max(other.since), -1) FROM st_mod_sets AS other
                           LEFT JOIN st_mods ON st_mods.since = other.since AND id = ?1
                           WHERE component IS NOT ?2)";
            let since: i64 =
                connection
                    .query_row(sql, params![listed.id, listed.component], |row| row.get(0))?;
            Ok(LockedMod {
                id: listed.id.clone(),
                version: listed.version.clone(),
                hash: listed.component,
                assets: listed.assets.clone(),
                manifest: listed.manifest()?,
                source: listed.source.clone(),
                declaration: listed.declaration.clone(),
                bytes,
                is_in_save,
                since_tick: since.unsigned_abs().saturating_add(1),
            })
        };
        self.mods.iter().map(lock).collect()
    }

    /// Every mod of the set with its contents; an error names those that are not
    /// there.
    pub(super) fn contents(
        &self,
        connection: &Connection,
        path: &Path,
    ) -> Result<Vec<StoredMod>, SaveError> {
        let failed = |failure: Failure| failure.of(path, "read");
        let lock = self.lock(connection).map_err(failed)?;
        if lock.iter().all(|locked| locked.is_in_save) {
            return self.load(connection).map_err(failed);
        }
        Err(SaveError::Slim { path: path.to_owned(), missing: missing(&lock) })
    }

    fn load(&self, connection: &Connection) -> Outcome<Vec<StoredMod>> {
        let load = |listed: &Listed| -> Outcome<StoredMod> {
            let mut assets = BTreeMap::new();
            for (name, digest) in &listed.assets {
                assets.insert(name.clone(), load_blob(connection, digest)?);
            }
            Ok(StoredMod {
                id: listed.id.clone(),
                version: listed.version.clone(),
                hash: listed.component,
                component: load_blob(connection, &listed.component)?,
                assets,
                manifest: listed.manifest()?,
                source: listed.source.clone(),
                declaration: listed.declaration.clone(),
            })
        };
        self.mods.iter().map(load).collect()
    }
}

/// The mods whose contents a save lacks, for people.
fn missing(lock: &[LockedMod]) -> String {
    let missing = lock.iter().filter(|locked| !locked.is_in_save);
    let names = missing.map(|it| format!("{} {} ({})", it.id, it.version, &hex(&it.hash)[..12]));
    names.collect::<Vec<_>>().join(", ")
}

/// Lists a set of mods by digests.
pub(super) fn list(mods: &[StoredMod]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = mods
        .iter()
        .map(|stored| Listed {
            id: stored.id.clone(),
            version: stored.version.clone(),
            component: digest(&stored.component),
            assets: stored
                .assets
                .iter()
                .map(|(name, bytes)| (name.clone(), digest(bytes)))
                .collect(),
            manifest: stored.manifest.as_ref().map(manifest_text),
            source: stored.source.clone(),
            declaration: stored.declaration.clone(),
        })
        .collect();
    listed.sort_by(|one, two| one.id.cmp(&two.id));
    listed
}

/// Writes a set with the contents that the save does not have yet, or with
/// nothing but their digests and sizes. A set that
/// was to stand from the same tick on never ran, and goes.
pub(super) fn write(
    connection: &Connection,
    since: u64,
    mods: &[StoredMod],
    slim: bool,
) -> rusqlite::Result<ModSet> {
    let since = since as i64;
    for table in ["st_mod_sets", "st_mods", "st_assets"] {
        connection.execute(&format!("DELETE FROM {table} WHERE since >= ?1"), [since])?;
    }
    connection.execute("INSERT INTO st_mod_sets (since) VALUES (?1)", [since])?;
    let set = ModSet { since: Some(since), mods: list(mods) };
    for stored in mods {
        store_blob(connection, &stored.component, slim)?;
        for bytes in stored.assets.values() {
            store_blob(connection, bytes, slim)?;
        }
    }
    for listed in &set.mods {
        connection.execute(
            "INSERT INTO st_mods (since, id, version, component, manifest, source, declaration)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                since,
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
                "INSERT INTO st_assets (since, mod, name, blob) VALUES (?1, ?2, ?3, ?4)",
                params![since, listed.id, name, digest],
            )?;
        }
    }
    Ok(set)
}

fn digest(bytes: &[u8]) -> Digest {
    *blake3::hash(bytes).as_bytes()
}

/// Drops all contents, and keeps what they were.
pub(super) fn slim(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE st_blobs SET data = NULL", []).map(drop)
}

/// Puts those contents back that the save lacks.
pub(super) fn embed(
    connection: &Connection,
    contents: &BTreeMap<Digest, &[u8]>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare("SELECT digest FROM st_blobs WHERE data IS NULL")?;
    let lacking: Vec<Digest> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for bytes in lacking.iter().filter_map(|digest| contents.get(digest)) {
        store_blob(connection, bytes, false)?;
    }
    Ok(())
}

fn store_blob(connection: &Connection, bytes: &[u8], slim: bool) -> rusqlite::Result<()> {
    let digest = digest(bytes);
    let sql =
        "SELECT EXISTS (SELECT 1 FROM st_blobs WHERE digest = ?1 AND (?2 OR data IS NOT NULL))";
    if connection.query_row(sql, params![digest, slim], |row| row.get(0))? {
        return Ok(());
    }
    let packed = (!slim).then(|| zstd::bulk::compress(bytes, ZSTD_LEVEL)).transpose();
    let packed = packed.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection.execute(
        "INSERT INTO st_blobs (digest, bytes, data) VALUES (?1, ?2, ?3)
         ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes, data = excluded.data",
        params![digest, bytes.len() as i64, packed],
    )?;
    Ok(())
}

fn lacks<T>(digest: &Digest) -> Outcome<T> {
    damage(format!("it lacks the contents with digest {}", hex(digest)))
}

fn load_blob(connection: &Connection, digest: &Digest) -> Outcome<Vec<u8>> {
    let found: Option<(i64, Vec<u8>)> = connection
        .query_row("SELECT bytes, data FROM st_blobs WHERE digest = ?1", [digest], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let name = hex(digest);
    let Some((bytes, packed)) = found else { return lacks(digest) };
    let wanted = u64::try_from(bytes).ok().filter(|bytes| *bytes <= BLOB_BYTES_MAX);
    let Some(wanted) = wanted else {
        return damage(format!("the contents with digest {name} claim {bytes} bytes"));
    };
    // Read as it comes and not past what was claimed: a few bytes can unpack to
    // any length, and a claim is not worth an allocation.
    let mut unpacked = Vec::new();
    let read = zstd::stream::Decoder::new(packed.as_slice())
        .and_then(|decoder| decoder.take(wanted + 1).read_to_end(&mut unpacked));
    if read.is_err() || unpacked.len() as u64 != wanted || self::digest(&unpacked) != *digest {
        return damage(format!("the contents with digest {name} are others"));
    }
    Ok(unpacked)
}
