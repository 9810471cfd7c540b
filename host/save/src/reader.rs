//! Reading a save, also while another process runs it: what it is, its world,
//! and answers to SQL.
//!
//! A reader sees the save as one commit left it, for as long as it is open, and
//! keeps no process from writing. It holds the log back, though, so it is not for
//! keeping.

mod info;
mod kept;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::tables::{self, Database, Ran};
use sandtable_world::config::WorldConfig;
use sandtable_world::ecs::{Registry, World};
use sandtable_world::record::{Conversions, Digest, Input};

use super::error::{Failure, Fallible, SaveError};
use super::findings::Findings;
use super::head::Commit;
use super::history::{HistoryReader, Terms};
use super::inquiry::Inquiry;
use super::mods::{self, Contents, LockedMod, RecordedSet, StoredMod};
use super::restore::read_kinds;
use super::save::{Restored, Sealed};
use super::sql::{self, About, Archive, EarlierTick, Needs, Table};
use super::table_shape::TableShape;
use super::{connect, inbox, log, open, schema};

pub use info::{ArchetypeInfo, Info, ModInfo, Sizes};
pub use kept::KeptTable;

/// Reads a save.
#[derive(Debug)]
pub struct Reader {
    pub(super) path: PathBuf,
    /// The file that is read, where that is a copy.
    copy: Option<PathBuf>,
    pub(super) connection: Connection,
    /// On which terms history is read.
    terms: Terms,
}

impl Reader {
    /// Opens a save to be read. One of an older format is read as it is.
    ///
    /// # Errors
    ///
    /// There is no save at the path, it is of a newer format, it or its schema is
    /// damaged, the log beside it is of another, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, SaveError> {
        let path = connect::find(path)?;
        let connection = connect::reading(&path)?;
        let failed = |error: Failure| error.of(&path, "read");
        // From here on one commit is seen.
        connection.execute_batch("BEGIN").map_err(|error| failed(error.into()))?;
        connect::recognise_as_it_is(&connection, &path)?;
        schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
        Ok(Self { path, copy: None, connection, terms: Terms::default() })
    }

    /// Opens what was copied from a save, in a file that no process writes, and
    /// tells of it as of the save. The save itself is not opened: another SQLite
    /// in this process that has it open would lose its locks.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`], but for the log.
    pub fn of_copy(copy: &Path, save: &Path) -> Result<Self, SaveError> {
        let failed = |failure: Failure| failure.of(save, "read");
        let connection = open::unwritten(copy).map_err(failed)?;
        connect::recognise_copy(&connection, save)?;
        schema::check(&connection, &mut Findings::strict()).map_err(failed)?;
        Ok(Self {
            path: save.to_owned(),
            copy: Some(copy.to_owned()),
            connection,
            terms: Terms::default(),
        })
    }

    /// Opens the same once more; it may be a later commit.
    pub(super) fn anew(&self) -> Result<Self, SaveError> {
        let anew = match &self.copy {
            Some(copy) => Self::of_copy(copy, &self.path),
            None => Self::open(&self.path),
        };
        anew.map(|reader| Self { terms: self.terms.clone(), ..reader })
    }

    /// The same, which reads history on some terms. Heads must be of the same save, as
    /// this process has it.
    pub fn on(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    /// What it knows of earlier ticks.
    pub(super) fn past(&self) -> HistoryReader<'_> {
        HistoryReader::new(&self.connection).on(&self.terms)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Fallible<T>) -> Result<T, SaveError> {
        read(&self.connection).map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The world after the last committed tick, and its settings. Rows of the
    /// tables of mods are not looked at.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn world(&self) -> Result<(World, WorldConfig), SaveError> {
        let restored = self.read(Restored::without_rows)?;
        Ok((restored.world, restored.config))
    }

    /// As [`Reader::world`], with the rows of all tables of mods held against it:
    /// as where a save is opened to go on.
    ///
    /// # Errors
    ///
    /// As [`Reader::world`], or the rows of a table are not those of the last tick.
    pub fn whole_world(&self) -> Result<World, SaveError> {
        let whole = |connection: &Connection| Restored::read(connection, &mut Findings::strict());
        Ok(self.read(whole)?.world)
    }

    /// How the world runs.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn config(&self) -> Result<WorldConfig, SaveError> {
        Ok(self.read(Sealed::read)?.config)
    }

    /// The world as a tick left it, as far as history reaches back.
    ///
    /// # Errors
    ///
    /// History does not reach back to the tick, or the save cannot be read or is
    /// damaged.
    pub fn world_at(&self, tick: u64) -> Result<World, SaveError> {
        let world = self.past().world(tick);
        Ok(world.map_err(|failure| failure.of(&self.path, "read"))?.0)
    }

    /// The tick of the commit that is read.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn tick(&self) -> Result<u64, SaveError> {
        self.read(|connection| HistoryReader::new(connection).on(&self.terms).head())
    }

    /// The commit that is read. Of it alone, no world is restored.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn commit(&self) -> Result<Commit, SaveError> {
        self.read(Commit::read)
    }

    /// The first tick that can be gone back to; nothing where the save keeps no
    /// history.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn first_tick(&self) -> Result<Option<u64>, SaveError> {
        let chain =
            self.read(|connection| HistoryReader::new(connection).on(&self.terms).chain())?;
        Ok(chain.first().map(|anchor| anchor.tick))
    }

    /// The chain hash of a tick; nothing where it is not known.
    ///
    /// # Errors
    ///
    /// The save cannot be read.
    pub fn chain(&self, tick: u64) -> Result<Option<Digest>, SaveError> {
        let Ok(tick) = i64::try_from(tick) else { return Ok(None) };
        let select = "SELECT chain FROM st_ticks WHERE tick = ?1";
        let chain = |connection: &Connection| -> Fallible<Option<Digest>> {
            let mut select = connection.prepare_cached(select)?;
            Ok(select.query_row([tick], |row| row.get(0)).optional()?)
        };
        self.read(chain)
    }

    /// The tables of mods as a tick left them, in memory.
    ///
    /// # Errors
    ///
    /// As [`Reader::world_at`].
    pub fn tables_at(&self, tick: u64) -> Result<Database, SaveError> {
        let tables = self.past().tables(tick, false);
        tables.map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The tables of mods as they are now, in memory.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn tables(&self) -> Result<Database, SaveError> {
        let tables = self.past().tables_now();
        tables.map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The mods that run, with their components and assets, of which a slim save
    /// needs those that it lacks from elsewhere.
    ///
    /// # Errors
    ///
    /// Neither the save nor `elsewhere` has all of them, or the save cannot be read or
    /// is damaged.
    pub fn mods(&self, elsewhere: &Contents) -> Result<Vec<StoredMod>, SaveError> {
        self.read(Sealed::read)?.mods.whole(&self.connection, elsewhere, &self.path)
    }

    /// The kinds of values that the world knows. Nothing else is read.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn kinds(&self) -> Result<Registry, SaveError> {
        read_kinds(&self.connection).map_err(|failure| failure.of(&self.path, "read"))
    }

    /// The mods that run, wherever their contents are.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn lock(&self) -> Result<Vec<LockedMod>, SaveError> {
        self.read(|connection| Sealed::read(connection)?.mods.lock(connection))
    }

    /// Every set of mods that ever ran, with the tick after which it did. What a
    /// slim save lacks is empty.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn mod_sets(&self) -> Result<Vec<RecordedSet>, SaveError> {
        mods::history(&self.connection).map_err(|failure| failure.of(&self.path, "read"))
    }

    /// Conversions that the save has behind it.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn applied_conversions(&self) -> Result<Conversions, SaveError> {
        Ok(self.read(Sealed::read)?.mods.applied_conversions)
    }

    /// Every input that a tick was given, by tick, in order.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn inputs(&self) -> Result<BTreeMap<u64, Vec<Input>>, SaveError> {
        log::read_inputs(&self.connection, &(0..=u64::MAX))
            .map_err(|error| Failure::from(error).of(&self.path, "read"))
    }

    /// Inputs that wait for a tick.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn waiting(&self) -> Result<Vec<Input>, SaveError> {
        let read = || inbox::read(&self.connection, &read_kinds(&self.connection)?, 0);
        let waiting = read().map_err(|failure| failure.of(&self.path, "read"))?;
        Ok(waiting.into_iter().map(|(_, input)| input).collect())
    }

    /// Bytes of the file.
    pub fn file_bytes(&self) -> u64 {
        open::file_bytes(&self.path)
    }

    /// The migrations of tables that ran.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn migrations(&self) -> Result<Ran, SaveError> {
        tables::ran(&self.connection).map_err(|error| Failure::from(error).of(&self.path, "read"))
    }

    /// Makes ready to answer SQL over the world and what led to it.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn inquiry(self) -> Result<Inquiry, SaveError> {
        self.ask(None)
    }

    /// As [`Reader::inquiry`], of an earlier tick: the world and the tables of
    /// mods as it left them, and the log up to it.
    ///
    /// # Errors
    ///
    /// As [`Reader::world_at`].
    pub fn inquiry_at(self, tick: u64) -> Result<Inquiry, SaveError> {
        self.ask(Some(tick))
    }

    /// As [`Reader::inquiry`], with a world that is there already: it need not be
    /// restored where it is the one that the save stands at.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn inquiry_over(self, world: World) -> Result<Inquiry, SaveError> {
        let needs = match self.tick()? == world.tick() {
            true => Needs::with(Arc::new(world)),
            false => Needs::default(),
        };
        self.ask_for(None, needs)
    }

    pub(super) fn ask(self, at: Option<u64>) -> Result<Inquiry, SaveError> {
        self.ask_for(at, Needs::default())
    }

    fn ask_for(mut self, at: Option<u64>, needs: Needs) -> Result<Inquiry, SaveError> {
        let needs = Arc::new(needs);
        let asked = self.set_up(at, &needs);
        let (tables, shapes, tick) = asked.map_err(|failure| failure.of(&self.path, "read"))?;
        let Self { connection, path, .. } = self;
        Ok(Inquiry { connection, tables, shapes, path, tick, is_past: at.is_some(), needs })
    }

    fn set_up(
        &mut self,
        at: Option<u64>,
        needs: &Arc<Needs>,
    ) -> Fallible<(Vec<String>, BTreeMap<String, TableShape>, u64)> {
        let past = self.past();
        let (registry, tick) = match at {
            None => {
                let Sealed { registry, head, .. } = Sealed::read(&self.connection)?;
                (registry, head.tick.unsigned_abs())
            }
            Some(tick) => (past.registry(tick)?, tick),
        };
        let moment = at.map(|tick| EarlierTick { tick });
        let tables = match moment {
            Some(moment) if moment.had_other_tables(&self.connection)? => {
                Some(past.tables(tick, false)?)
            }
            _ => None,
        };
        let tables = tables.as_ref().map(|tables| tables.lock());
        let archive = Some(Archive::new(self.another()?, tick));
        let about = About { archive, moment, tables: tables.as_deref(), ..About::default() };
        let registry = Arc::new(registry);
        let (names, shapes) = sql::set_up(&mut self.connection, &registry, needs, about)?;
        Ok((names, shapes, tick))
    }

    /// Another connection to the same, which may see a later commit.
    fn another(&self) -> Fallible<Connection> {
        let connection = match &self.copy {
            Some(copy) => open::unwritten(copy)?,
            None => match connect::reading(&self.path) {
                Ok(connection) => connection,
                Err(error) => return Err(Failure::Told(error.to_string())),
            },
        };
        connection.execute_batch("BEGIN; SELECT tick FROM st_world")?;
        schema::add_missing_tables(&connection)?;
        Ok(connection)
    }

    /// The world now, for a caller that says of which save it is.
    pub(super) fn head_world(&self) -> Fallible<World> {
        Ok(Restored::without_rows(&self.connection)?.world)
    }
}

/// Answers a SELECT over a save; see [`Inquiry::query`].
///
/// # Errors
///
/// As [`Reader::open`] and [`Inquiry::query`].
pub fn query(path: &Path, sql: &str) -> Result<Table, SaveError> {
    Reader::open(path)?.inquiry()?.query(sql)
}
