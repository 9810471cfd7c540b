//! What a save has for running its ticks again: a world to begin at, and what
//! came from outside since.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::tables::Database;
use sandtable_world::config::WorldConfig;
use sandtable_world::ecs::World;
use sandtable_world::record::Conversions;
use sandtable_world::record::{Digest, Exclusion, Input, Resume, SentEdit};

use super::error::{Failure, Fallible, SaveError, damage};
use super::history::{Anchor, HistoryReader, NO_HISTORY};
use super::log;
use super::mods::{self, RecordedSet};
use super::reader::Reader;
use super::settings::all_settings;

const NOT_WHOLE: &str =
    "keeps the history of some components only, so that there is no whole world to begin at";

/// What came from outside in ticks that a save still knows, and what they led to.
#[derive(Debug)]
pub struct ReplayLog {
    /// Every set of mods, with the tick after which it ran.
    pub sets: Vec<RecordedSet>,
    /// Every state of the settings, with the tick after which it held.
    pub settings: Vec<(u64, WorldConfig)>,
    /// By tick, in order.
    pub inputs: BTreeMap<u64, Vec<Input>>,
    /// Mods that took part again, by tick, in order.
    pub resumes: BTreeMap<u64, Vec<Resume>>,
    /// Changes by hand, by tick, in order.
    pub edits: BTreeMap<u64, Vec<SentEdit>>,
    /// By tick.
    pub exclusions: BTreeMap<u64, Vec<Exclusion>>,
    /// State and chain hash after each tick.
    pub hashes: BTreeMap<u64, (Digest, Digest)>,
    /// Ticks of which there is a whole world, oldest first.
    pub keyframes: Vec<u64>,
    /// The last tick.
    pub head: u64,
}

/// A world to begin at.
#[derive(Debug)]
pub struct Start {
    /// The world.
    pub world: World,
    /// The tables of mods.
    pub tables: Database,
    /// Conversions that it has behind it.
    pub applied_conversions: Conversions,
    /// Whether it is the world as other mods took it over after its tick.
    pub is_adopted: bool,
}

impl Reader {
    /// What the save has for running some of its ticks again.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn replay_log(&self, ticks: RangeInclusive<u64>) -> Result<ReplayLog, SaveError> {
        self.try_replay_log(&ticks).map_err(|failure| failure.of(self.path(), "read"))
    }

    fn try_replay_log(&self, ticks: &RangeInclusive<u64>) -> Fallible<ReplayLog> {
        let connection = &self.connection;
        let mut select = connection.prepare("SELECT tick, state, chain FROM st_ticks")?;
        let hashes = select.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), (row.get(1)?, row.get(2)?)))
        })?;
        let past = HistoryReader::new(connection);
        let keyframes = past.chain()?;
        Ok(ReplayLog {
            sets: mods::history(connection)?,
            settings: all_settings(connection)?,
            inputs: log::read_inputs(connection, ticks)?,
            resumes: log::read_resumes(connection, ticks)?,
            edits: log::read_edits(connection, ticks)?,
            exclusions: log::read_exclusions(connection, ticks)?,
            hashes: hashes.collect::<Result<_, _>>()?,
            keyframes: keyframes
                .iter()
                .filter(|anchor| !anchor.adopted)
                .map(|anchor| anchor.tick)
                .collect(),
            head: past.head()?,
        })
    }

    /// The last world before a tick from which ticks can be run again.
    ///
    /// # Errors
    ///
    /// The save keeps no history, or that of some components only; or it cannot be read
    /// or is damaged.
    pub fn start(&self, before: u64) -> Result<Start, SaveError> {
        let start = || -> Fallible<Start> {
            let past = HistoryReader::new(&self.connection);
            let chain = past.chain()?;
            let last = chain.iter().rfind(|anchor| anchor.tick < before);
            let Some(anchor) = last.or(chain.first()) else {
                return Err(Failure::Told(NO_HISTORY.to_owned()));
            };
            self.start_at(&past, *anchor)
        };
        start().map_err(|failure| failure.of(self.path(), "read"))
    }

    fn start_at(&self, past: &HistoryReader<'_>, anchor: Anchor) -> Fallible<Start> {
        let (world, omitted) = past.world_of(anchor)?;
        if !omitted.is_empty() {
            return Err(Failure::Told(NOT_WHOLE.to_owned()));
        }
        let (tick, adopted) = (anchor.tick, anchor.adopted);
        let applied_conversions = self.conversions_by(tick, adopted)?;
        Ok(Start {
            tables: past.tables(tick, adopted)?,
            world,
            applied_conversions,
            is_adopted: adopted,
        })
    }

    /// The world as a tick left it, to run other ticks from; with what other mods made of
    /// it, where it is the last.
    ///
    /// # Errors
    ///
    /// History does not have the tick, or some components of it only; or the save cannot
    /// be read or is damaged.
    pub fn start_of(&self, tick: u64) -> Result<Start, SaveError> {
        if tick == self.tick()? {
            return Ok(Start {
                world: self.world()?.0,
                tables: self.tables()?,
                applied_conversions: self.applied_conversions()?,
                is_adopted: true,
            });
        }
        let start = || -> Fallible<Start> {
            let past = self.past();
            let (mut world, omitted) = past.world(tick)?;
            if !omitted.is_empty() {
                return Err(Failure::Told(NOT_WHOLE.to_owned()));
            }
            let tables = past.tables(tick, false)?;
            world.tables = Arc::new(tables.tables()?);
            let applied_conversions = self.conversions_by(tick, false)?;
            Ok(Start { world, tables, applied_conversions, is_adopted: false })
        };
        start().map_err(|failure| failure.of(self.path(), "read"))
    }

    /// Conversions that were made before a tick, or with other mods after it.
    fn conversions_by(&self, tick: u64, adopted: bool) -> Fallible<Conversions> {
        let mut select = self.connection.prepare(
            "SELECT mod, name FROM st_conversions WHERE tick < ?1 OR (tick = ?1 AND ?2)",
        )?;
        let conversions = select.query_map(rusqlite::params![tick as i64, adopted], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(conversions.collect::<Result<_, _>>()?)
    }

    /// What is recorded of a tick, for [`compare`](super::compare).
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn recorded(&self, tick: u64) -> Result<Vec<Vec<u8>>, SaveError> {
        let recorded = HistoryReader::new(&self.connection).recorded(tick);
        recorded.map_err(|failure| failure.of(self.path(), "read"))
    }

    /// The world of a keyframe that is not of other mods' making.
    ///
    /// # Errors
    ///
    /// There is no such keyframe, or the save cannot be read or is damaged.
    pub fn keyframe_world(&self, tick: u64) -> Result<World, SaveError> {
        let world = || -> Fallible<World> {
            let past = HistoryReader::new(&self.connection);
            let chain = past.chain()?;
            let anchor = chain.iter().find(|anchor| anchor.tick == tick && !anchor.adopted);
            match anchor {
                Some(anchor) => Ok(past.world_of(*anchor)?.0),
                None => damage(format!("the keyframe of tick {tick} is gone")),
            }
        };
        world().map_err(|failure| failure.of(self.path(), "read"))
    }
}
