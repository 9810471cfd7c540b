//! Reading a save, also while another process runs it: what it is, its world,
//! and answers to SQL.
//!
//! A reader sees the save as one commit left it, for as long as it is open, and
//! keeps nobody from writing. It holds the log back, though, so it is not for
//! keeping.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use crate::config::WorldConfig;
use crate::ecs::World;
use crate::migration::Conversions;
use crate::record::{Digest, Input};
use crate::tables::{self, Ran};

use super::error::{Failure, SaveError};
use super::findings::Findings;
use super::lock::beside;
use super::mods::{self, Contents, LockedMod, ModSet, RecordedSet, StoredMod};
use super::restore::read_kinds;
use super::save::Restored;
use super::sql::{self, Table};
use super::{connect, inbox, log, schema};

/// Reads a save.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    pub(super) connection: Connection,
    /// What the tables are called, once there are any.
    tables: Option<Vec<String>>,
}

/// What a save is, as far as a person asks first.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// What people call the world.
    pub name: String,
    /// Ticks done.
    pub tick: u64,
    /// The state hash, which the world was found to have.
    pub hash: Digest,
    /// The chain hash; zeros before the first tick.
    pub chain: Digest,
    /// How many entities are alive.
    pub entities: u64,
    /// How many edges there are.
    pub relations: u64,
    /// How many entities each archetype has, most first; those without any are
    /// left out.
    pub archetypes: Vec<ArchetypeInfo>,
    /// The mods that run, by id.
    pub mods: Vec<ModInfo>,
    /// Faults of all ticks.
    pub faults: u64,
    /// Inputs that no tick has taken yet.
    pub inbox: u64,
    /// Every setting.
    pub config: WorldConfig,
    /// The format of the file.
    pub format: i64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the log beside it; zero for a closed save.
    pub log_bytes: u64,
    /// When the last commit was made.
    pub committed_at: SystemTime,
}

/// The entities of one archetype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchetypeInfo {
    /// Names of its components.
    pub components: Vec<String>,
    /// How many entities there are.
    pub entities: u64,
}

/// One of the mods that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModInfo {
    /// Its id.
    pub id: String,
    /// The version it says it has.
    pub version: String,
    /// The BLAKE3 digest of its component.
    pub hash: Digest,
    /// Whether it no longer takes part.
    pub suspended: bool,
    /// Ticks in a row in which it faulted.
    pub faults_in_a_row: u32,
}

impl Reader {
    /// Opens a save to be read. A save of an older format is brought up to date
    /// first by whoever runs it.
    pub fn open(path: &Path) -> Result<Self, SaveError> {
        let path = connect::find(path)?;
        let connection = connect::reading(&path)?;
        let failed = |error: Failure| error.of(&path, "read");
        // From here on one commit is seen.
        connection.execute_batch("BEGIN").map_err(|error| failed(error.into()))?;
        connect::recognise_current(&connection, &path)?;
        schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
        Ok(Self { path, connection, tables: None })
    }

    fn restore(&self) -> Result<Restored, SaveError> {
        let restored = Restored::read(&self.connection, &mut Findings::strict());
        restored.map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The world after the last committed tick, and its settings.
    pub fn world(&self) -> Result<(World, WorldConfig), SaveError> {
        self.restore().map(|restored| (restored.world, restored.config))
    }

    /// The mods that run, with their components and assets, of which a slim save
    /// needs those that it lacks from elsewhere.
    pub fn mods(&self, elsewhere: &Contents) -> Result<Vec<StoredMod>, SaveError> {
        self.restore()?.mods.whole(&self.connection, elsewhere, &self.path)
    }

    /// The mods that run, wherever their contents are.
    pub fn lock(&self) -> Result<Vec<LockedMod>, SaveError> {
        let lock = self.restore()?.mods.lock(&self.connection);
        lock.map_err(|failure| failure.of(&self.path, "read"))
    }

    /// Every set of mods that ever ran, with the tick after which it did. What a
    /// slim save lacks is empty.
    pub fn mod_sets(&self) -> Result<Vec<RecordedSet>, SaveError> {
        mods::history(&self.connection).map_err(|failure| failure.of(&self.path, "read"))
    }

    /// Conversions that the save has behind it.
    pub fn behind(&self) -> Result<Conversions, SaveError> {
        let read = ModSet::read(&self.connection);
        Ok(read.map_err(|failure| failure.of(&self.path, "read"))?.behind)
    }

    /// Every input that a tick was given, by tick, in order.
    pub fn inputs(&self) -> Result<BTreeMap<u64, Vec<Input>>, SaveError> {
        log::read_inputs(&self.connection)
            .map_err(|error| Failure::from(error).of(&self.path, "read"))
    }

    /// Inputs that wait for a tick.
    pub fn waiting(&self) -> Result<Vec<Input>, SaveError> {
        let read = || inbox::read(&self.connection, &read_kinds(&self.connection)?, 0);
        let waiting = read().map_err(|failure| failure.of(&self.path, "read"))?;
        Ok(waiting.into_iter().map(|(_, input)| input).collect())
    }

    /// What the save is. Restores the world, so that what it says is so.
    pub fn info(&self) -> Result<Info, SaveError> {
        let Restored { config, world, head, mods, .. } = self.restore()?;
        let count = |table: &str| -> Result<u64, SaveError> {
            let sql = format!("SELECT count(*) FROM {table}");
            let counted = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            let failed = |error: rusqlite::Error| Failure::from(error).of(&self.path, "read");
            Ok(counted.map_err(failed)?.unsigned_abs())
        };
        let mods = mods.mods.into_iter().map(|listed| {
            let state = world.mods.get(&listed.id).cloned().unwrap_or_default();
            ModInfo {
                id: listed.id,
                version: listed.version,
                hash: listed.component,
                suspended: state.suspended,
                faults_in_a_row: state.faults_in_a_row,
            }
        });
        Ok(Info {
            name: config.world.name.clone(),
            tick: world.tick(),
            hash: head.state,
            chain: head.chain,
            entities: u64::from(world.entities.alive()),
            relations: world.relations.len() as u64,
            archetypes: archetypes(&world),
            mods: mods.collect(),
            faults: count("st_faults")?,
            inbox: count("st_inbox")?,
            config,
            format: schema::FORMAT,
            file_bytes: connect::file_bytes(&self.path),
            log_bytes: connect::file_bytes(&beside(&self.path, "-wal")),
            committed_at: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_millis(head.committed_at.unsigned_abs()))
                .unwrap_or(SystemTime::UNIX_EPOCH),
        })
    }

    /// The migrations of tables that ran.
    pub fn migrations(&self) -> Result<Ran, SaveError> {
        tables::ran(&self.connection).map_err(|error| Failure::from(error).of(&self.path, "read"))
    }

    /// Answers a SELECT over the world and what led to it; `SELECT * FROM
    /// tables` says what there is.
    pub fn query(&mut self, sql: &str) -> Result<Table, SaveError> {
        let tables = match &self.tables {
            Some(tables) => tables,
            None => {
                let world = Arc::new(self.restore()?.world);
                let made = sql::set_up(&mut self.connection, &world, None);
                let failed = |error: rusqlite::Error| Failure::from(error).of(&self.path, "read");
                self.tables.insert(made.map_err(failed)?)
            }
        };
        sql::answer(&self.connection, tables, sql, &self.path)
    }
}

/// Answers a SELECT over a save; see [`Reader::query`].
pub fn query(path: &Path, sql: &str) -> Result<Table, SaveError> {
    Reader::open(path)?.query(sql)
}

fn archetypes(world: &World) -> Vec<ArchetypeInfo> {
    let mut archetypes: Vec<ArchetypeInfo> = world
        .archetypes()
        .iter()
        .filter(|archetype| !archetype.is_empty())
        .map(|archetype| ArchetypeInfo {
            components: archetype
                .kinds()
                .iter()
                .map(|kind| world.registry.get(*kind).name.clone())
                .collect(),
            entities: archetype.len() as u64,
        })
        .collect();
    archetypes.sort_by(|one, two| {
        two.entities.cmp(&one.entities).then_with(|| one.components.cmp(&two.components))
    });
    archetypes
}
