//! What a save is, as far as a person asks first.

use std::time::{Duration, SystemTime};

use sandtable_world::config::WorldConfig;
use sandtable_world::ecs::World;
use sandtable_world::finding::KnownFinding;
use sandtable_world::identity::WorldId;
use sandtable_world::record::Digest;

use super::Reader;
use crate::error::{Failure, Fallible, SaveError};
use crate::format::format;
use crate::history::Store;
use crate::lock::beside;
use crate::open;
use crate::outbox::{self, OutboxStanding};
use crate::save::Restored;

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
    /// Calls of guests, over all ticks.
    pub calls: u64,
    /// Calls that workers made, also in ticks that were taken back.
    pub calls_of_workers: u64,
    /// Inputs that no tick has taken yet.
    pub inbox: u64,
    /// Events and inputs that were set aside: a system will never read them.
    pub set_aside: u64,
    /// What mods find to be wrong, and how often they did, over all ticks.
    pub findings: Vec<(KnownFinding, u64)>,
    /// Systems that no longer take part while their mods do, by full name.
    pub suspended_systems: Vec<String>,
    /// By which name the world is known outside; a save that an older version ran last has
    /// none yet.
    pub world_id: Option<WorldId>,
    /// How what leaves the save stands.
    pub outbox: OutboxStanding,
    /// Every setting.
    pub config: WorldConfig,
    /// The format of the file; opening it to go on brings it up to date.
    pub format: i64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the log beside it; zero for a closed save.
    pub log_bytes: u64,
    /// When the last commit was made.
    pub committed_at: SystemTime,
    /// What of it takes how much room.
    pub sizes: Sizes,
    /// The first tick that can be gone back to, if any can.
    pub first_tick: Option<u64>,
    /// Whole worlds in the history.
    pub keyframes: u64,
    /// Ticks with a name.
    pub snapshots: u64,
}

/// Bytes of the parts of a save, as its last commit left it. Together they are
/// those of the file, once its log is taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The world as it is.
    pub world: u64,
    /// What led to it: deltas and keyframes.
    pub history: u64,
    /// Components and assets of mods.
    pub mods: u64,
    /// Values in tables of mods.
    pub tables: u64,
    /// Not used: new ticks use it, and compacting gives it back.
    pub free: u64,
    /// All else: the log of ticks, indices, the ends of pages.
    pub rest: u64,
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
    /// What the save is. Restores the world, so that what it says is so; of the
    /// tables of mods it says what is recorded.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn info(&self) -> Result<Info, SaveError> {
        let Restored { config, world, head, mods, .. } = self.read(Restored::without_rows)?;
        let count = |table: &str| -> Result<u64, SaveError> {
            let sql = format!("SELECT count(*) FROM {table}");
            let counted = self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            let failed = |error: rusqlite::Error| Failure::from(error).of(&self.path, "read");
            Ok(counted.map_err(failed)?.unsigned_abs())
        };
        let (sizes, store) = self.sizes(&world)?;
        // The faults themselves are forgotten with the log.
        let sql = "SELECT ifnull(sum(faults), 0) FROM st_totals";
        let faults = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let faults = faults.map_err(|error| Failure::from(error).of(&self.path, "read"))?;
        let faults = faults.unsigned_abs();
        let calls = self.read(|connection| {
            let sql = "SELECT ifnull((SELECT sum(calls) FROM st_totals), 0),
                              ifnull((SELECT sum(calls) FROM st_lent), 0)";
            let number = |row: &rusqlite::Row<'_>, at| row.get(at).map(i64::unsigned_abs);
            Ok(connection.query_row(sql, [], |row| Ok((number(row, 0)?, number(row, 1)?)))?)
        })?;
        let format = format(&self.connection);
        let format = format.map_err(|error| Failure::from(error).of(&self.path, "read"))?;
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
        let found = |it: KnownFinding| {
            let count = it.count(&world);
            (it, count)
        };
        Ok(Info {
            name: config.world.name.clone(),
            tick: world.tick(),
            hash: head.state,
            chain: head.chain,
            entities: u64::from(world.entities.alive()),
            relations: world.relations.len() as u64,
            archetypes: archetypes(&world),
            mods: mods.collect(),
            faults,
            calls: calls.0,
            calls_of_workers: calls.1,
            inbox: count("st_inbox")?,
            set_aside: count("st_set_aside")?,
            findings: self.findings()?.into_iter().map(found).collect(),
            suspended_systems: world.suspended_systems().collect(),
            world_id: self.world_id()?,
            outbox: self.read(outbox::standing)?,
            config,
            format,
            file_bytes: self.file_bytes(),
            log_bytes: open::file_bytes(&beside(&self.path, "-wal")),
            committed_at: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_millis(head.committed_at.unsigned_abs()))
                .unwrap_or(SystemTime::UNIX_EPOCH),
            sizes,
            first_tick: store.first_tick().map(i64::unsigned_abs),
            keyframes: store.keyframes() as u64,
            snapshots: count("st_snapshots")?,
        })
    }

    fn sizes(&self, world: &World) -> Result<(Sizes, Store), SaveError> {
        let sizes = || -> Fallible<_> {
            let store = Store::read(&self.connection)?;
            let sum = |sql: &str| {
                let sum = self.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
                sum.map(|sum| sum.unwrap_or(0).unsigned_abs())
            };
            let mut sizes = Sizes {
                world: sum("SELECT sum(length(data)) FROM st_chunks")?
                    + sum("SELECT sum(length(data)) FROM st_patches")?,
                history: store.bytes(),
                mods: sum("SELECT sum(length(data)) FROM st_blobs")?,
                tables: world.tables.values().map(|state| state.bytes).sum(),
                free: sum("SELECT freelist_count * page_size
                           FROM pragma_freelist_count, pragma_page_size")?,
                rest: 0,
            };
            let all =
                sum("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?;
            let Sizes { world, history, mods, tables, free, .. } = sizes;
            sizes.rest = all.saturating_sub(world + history + mods + tables + free);
            Ok((sizes, store))
        };
        sizes().map_err(|failure| failure.of(&self.path, "read"))
    }
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
