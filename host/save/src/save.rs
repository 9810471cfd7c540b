//! The one writer of a save.
//!
//! Invariants: `committed` is the world that the save holds, page for page; it
//! and everything else in here change only once SQLite has committed. So after
//! an error the writer stands where the save stands, and can be used again.

mod adopt;
mod claim;
mod names;
mod restored;
mod slim;
mod syncing;
mod transaction;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::tables::Database;
#[cfg(test)]
use crate::tables::Guard;
use sandtable_world::config::WorldConfig;
use sandtable_world::ecs::World;
use sandtable_world::hash::StateHasher;
use sandtable_world::identity::WorldId;
use sandtable_world::record::{Digest, Given, TickRecord};

use super::checkpoint::Checkpoints;
use super::draft;
use super::error::{Failure, Fallible, SaveError, damage};
use super::file_identity::FileIdentity;
use super::findings::Findings;
use super::head::{Head, seal, write_head};
use super::history::{self, Recorder, Store};
use super::inbox::{self, Taken};
use super::lock::Lock;
use super::log::{self, AllTotals};
use super::mark::{self, Commit};
use super::mods::ModSet;
use super::page_writer::Index;
use super::settings;
use super::{connect, identity, outbox, schema, state};

pub use adopt::Adoption;
pub(super) use restored::{Restored, Sealed};
use syncing::Syncing;
pub(super) use transaction::begin;

/// The one writer of a save.
#[derive(Debug)]
pub struct Save {
    path: PathBuf,
    /// The name that it is to have, while it is being made.
    appears_as: Option<PathBuf>,
    file_identity: FileIdentity,
    pub(super) database: Arc<Database>,
    config: WorldConfig,
    /// The settings as the save spells them, which the seal covers.
    settings_text: String,
    world_id: WorldId,
    /// Rows of the outbox that stay once they were acknowledged.
    outbox_rows: u64,
    pub(super) committed: World,
    head: Head,
    index: Index,
    mods: ModSet,
    /// Whether it keeps of its mods only what they are.
    is_slim: bool,
    totals: AllTotals,
    /// The tick up to which the log of events is pruned; nothing where it is not
    /// known, or how long it is kept was changed.
    pruned: Option<i64>,
    pub(super) history: Store,
    recorder: Recorder,
    /// The last world that history can come back to, if the caller said.
    kept: Option<World>,
    /// Names, ticks and notes that come with the next commit.
    named: Vec<(String, i64, String)>,
    /// What was taken out of the inbox and not committed yet.
    taken: Taken,
    syncing: Syncing,
    /// Whether its commits are told from those of the writer that went on with it before.
    is_claimed: bool,
    checkpoints: Checkpoints,
    /// Dropped last: no other process may write before the connection is closed.
    _lock: Lock,
}

impl Save {
    /// Makes a new save with a world in it.
    ///
    /// # Errors
    ///
    /// A file of the name is there already, is held by another process, or cannot be
    /// written. Nothing is there under the name then.
    pub fn create(path: &Path, config: &WorldConfig, world: &World) -> Result<Self, SaveError> {
        Self::draft(path, config, world)?.appear()
    }

    /// As [`Save::create`], under another name: it gets its own with
    /// [`Save::appear`], once all that it shall have is in it.
    ///
    /// # Errors
    ///
    /// As [`Save::create`].
    pub fn draft(path: &Path, config: &WorldConfig, world: &World) -> Result<Self, SaveError> {
        let lock = Lock::take(path)?;
        let draft = draft::draft_of(path);
        draft::begin(&draft, path)?;
        let made = write_draft(&draft, path, config, world);
        let made = made.and_then(|()| Self::open_locked(&draft, path, lock));
        let (mut save, ..) = made.inspect_err(|_| draft::remove(&draft))?;
        save.appears_as = Some(path.to_owned());
        Ok(save)
    }

    /// Gives a save that was made as a draft its name. No other holder of its
    /// database may be left.
    ///
    /// # Errors
    ///
    /// A file of the name came meanwhile, or the draft cannot be written to its end.
    /// The draft is removed then.
    pub fn appear(self) -> Result<Self, SaveError> {
        let Some(path) = self.appears_as.clone() else { return Ok(self) };
        let draft = self.path.clone();
        let appeared = self.shut().and_then(|lock| {
            draft::end(&draft, &path, &lock)?;
            Self::open_locked(&path, &path, lock)
        });
        appeared.map(|(save, ..)| save).inspect_err(|_| draft::remove(&draft))
    }

    /// Removes a draft, because not all that it should have came to be.
    pub fn discard(self) {
        let Self { path, database, checkpoints, _lock: lock, .. } = self;
        checkpoints.stop();
        drop(database);
        draft::remove(&path);
        drop(lock);
    }

    /// Opens a save to go on with it: brings it up to the current format, and
    /// restores its settings and its world.
    ///
    /// # Errors
    ///
    /// There is no save at the path, it is open in another process, of a newer format,
    /// damaged, or cannot be written; or the log beside it is of another save. It is as
    /// it was then, but for the current format where it was found whole.
    pub fn open(path: &Path) -> Result<(Self, WorldConfig, World), SaveError> {
        let path = connect::find(path)?;
        let lock = Lock::take(&path)?;
        draft::remove(&draft::copy_of(&path));
        Self::open_locked(&path, &path, lock)
    }

    /// Opens a save whose lock is held. What goes wrong is said of `name`, which
    /// is another than `path` while it is a draft.
    pub(super) fn open_locked(
        path: &Path,
        name: &Path,
        lock: Lock,
    ) -> Result<(Self, WorldConfig, World), SaveError> {
        let failed = |failure: Failure| failure.of(name, "opened");
        let mut connection = connect::writing(path)?;
        connect::recognise(&connection, path)?;
        // What it has is looked at before anything is added to it.
        let restored = schema::check(&connection, &mut Findings::strict())
            .and_then(|()| Ok(schema::migrate(&mut connection)?))
            .and_then(|()| check_pages(&connection, Pages::Quick, &mut Findings::strict()))
            .and_then(|()| Restored::read(&connection, &mut Findings::strict()))
            .map_err(failed)?;
        state::record_tables(&connection, &restored.world).map_err(|error| failed(error.into()))?;
        let world_id = identity::ensure(&connection).map_err(|error| failed(error.into()))?;
        let totals = log::read_totals(&connection).map_err(|error| failed(error.into()))?;
        let history = Store::read(&connection).map_err(failed)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(|error| failed(error.into()))?;
        let Restored { settings_text, config, world, head, index, mods } = restored;
        let is_slim = mods.is_slim(&connection).map_err(failed)?;
        let checkpoints =
            Checkpoints::new(path, &mut connection).map_err(|error| failed(error.into()))?;
        let database = Database::new(connection).map_err(|error| failed(error.into()))?;
        let save = Self {
            path: path.to_owned(),
            appears_as: None,
            file_identity: FileIdentity::of(path),
            recorder: Recorder::new(&config.history, &world.registry),
            history,
            kept: None,
            named: Vec::new(),
            checkpoints,
            database: Arc::new(database),
            config: config.clone(),
            settings_text,
            world_id,
            outbox_rows: config.outbox.keep_rows,
            committed: world.clone(),
            head,
            index,
            mods,
            is_slim,
            totals,
            pruned: None,
            taken: Taken::default(),
            syncing: Syncing::default(),
            is_claimed: false,
            _lock: lock,
        };
        Ok((save, config, world))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is called when something is said of it: a draft by the name that
    /// it is to have.
    fn name(&self) -> &Path {
        self.appears_as.as_deref().unwrap_or(&self.path)
    }

    /// By which name its world is known outside.
    pub fn world_id(&self) -> WorldId {
        self.world_id
    }

    /// Says how many rows of the outbox stay once they were acknowledged.
    pub fn keep_outbox_rows(&mut self, rows: u64) {
        self.outbox_rows = rows;
    }

    /// The chain hash after the last committed tick; zeros before the first.
    pub fn chain(&self) -> Digest {
        self.head.chain
    }

    /// Commits some ticks and the world after them: all of it or nothing.
    ///
    /// # Errors
    ///
    /// The file is not where it was, or cannot be written. The transaction is undone, and
    /// with it what statements of mods did since the last commit; only where the file is
    /// gone is it left as it was, for [`Database::undo_all`]. For this process and for
    /// every reader the save holds what it held, and the same commit can be tried again;
    /// or one of a world that never had the inputs that were taken since, after
    /// [`Save::untake_inbox`].
    ///
    /// On disk there may be more, though never a part of a commit:
    ///
    /// - All of this one, at the end of the log, where SQLite wrote the log and only could
    ///   not sync it. No connection sees it, and the next commit is written over it. If the
    ///   process or the machine stops before that, the log is replayed when the save is
    ///   opened, and these ticks are in it.
    /// - A name of its own that the first commit of a process gives the save, which is
    ///   nothing of the world.
    ///
    /// Earlier commits that durability left unsynced stay so until one is synced.
    pub fn commit(&mut self, records: &[TickRecord], world: &World) -> Result<(), SaveError> {
        self.file_identity.check()?;
        self.claim().map_err(|failure| failure.of(self.name(), "written"))?;
        let count = records.len() as u64;
        let due = self.syncing.is_due(self.config.durability, count);
        self.history.poll();
        let set = self.set_synced(due).map_err(Failure::from);
        let committed = set.and_then(|synced| Ok((synced, self.try_commit(records, world)?)));
        let (synced, commit) = committed.map_err(|failure| failure.of(self.name(), "written"))?;
        self.syncing.done(synced, count);
        let held = self.checkpoints.after_commit(&self.database.lock(), commit);
        if let Some(bytes) = held {
            let (save, mib) = (self.path.display(), bytes >> 20);
            tracing::warn!(
                "the log beside {save} has {mib} MiB: a reader that stays open keeps it from being \
                 taken over; it shrinks once that one is closed"
            );
        }
        let kept = self.kept.take();
        self.history.after_commit(kept.as_ref().unwrap_or(world), &self.recorder);
        Ok(())
    }

    fn try_commit(&mut self, records: &[TickRecord], world: &World) -> Fallible<Commit> {
        let head = match records.last() {
            Some(last) => Head::now(world, last.state, last.chain),
            None => Head::now(world, StateHasher::default().digest(world), self.head.chain),
        };
        let (before, log_ticks) = (&self.committed, self.config.world.log_ticks);
        let connection = self.database.lock();
        let transaction = begin(&connection)?;
        let seal = seal(&head, &self.settings_text, &world.registry, &self.mods);
        state::write(&transaction, before, world)?;
        let changes = self.index.write(&transaction, before, world)?;
        let totals =
            log::write(&transaction, records, before, world, &self.totals, head.committed_at)?;
        log::write_logged(&transaction, records, self.config.logs.lines)?;
        outbox::write(&transaction, records, self.outbox_rows)?;
        inbox::write(&transaction, records, head.committed_at)?;
        let history = self.history.write(&transaction, records, world, &self.config.history)?;
        let first = self.history.first_tick_after(&history);
        let (old, new) = (&before.events, &world.events);
        let pruned = self.pruned.map(|upto| log::Pruned { upto, before: old, now: new });
        let pruned = log::prune(&transaction, world.tick(), log_ticks, first, pruned)?;
        let ticks = records.iter().map(|record| record.tick);
        let snapshots = &self.config.snapshots;
        history::rotate(&transaction, snapshots, ticks, world, &self.recorder)?;
        self.write_names(&transaction)?;
        let consumed = self.taken.delete_recorded(&transaction, records)?;
        let commit = write_head(&transaction, &head, &seal, self.checkpoints.held())?;
        transaction.commit()?;
        drop(connection);

        self.index.apply(changes);
        self.history.apply(history);
        self.named.clear();
        self.totals.extend(totals);
        self.pruned = pruned;
        self.taken.retain_others(&consumed);
        self.committed = world.clone();
        self.head = head;
        Ok(commit)
    }

    /// Says which world history can come back to last once the next commit is
    /// made, where that is not the one that is committed.
    pub fn note_kept(&mut self, kept: &World) {
        self.kept = Some(kept.clone());
    }

    /// The connection, with the tables of mods.
    pub fn database(&self) -> Arc<Database> {
        self.database.clone()
    }

    /// What was sent and not taken before, oldest first. It leaves the inbox with
    /// the commit of the tick that has it.
    ///
    /// # Errors
    ///
    /// The inbox cannot be read. Nothing is taken then.
    pub fn take_inbox(&mut self) -> Result<Given, SaveError> {
        // The transaction of the tick may begin with a statement of a mod, and
        // then it is too late. If this fails, the commit tries again.
        let _ = self.claim();
        let due = self.syncing.is_due(self.config.durability, 1);
        let _ = self.set_synced(due);
        let taken = self.taken.take(&self.database.lock(), &self.committed.registry);
        taken.map_err(|failure| failure.of(self.name(), "read"))
    }

    /// Sees to it that the next commit is synced, before a statement begins its
    /// transaction.
    ///
    /// # Errors
    ///
    /// SQLite refuses the setting.
    pub fn sync_next(&mut self) -> Result<(), SaveError> {
        let set = self.set_synced(true).map(drop);
        set.map_err(|error| Failure::from(error).of(self.name(), "written"))
    }

    /// Forgets what was taken since the last commit, so that it can be taken
    /// again: for a caller that goes back to the last commit by itself.
    pub fn untake_inbox(&mut self) {
        self.taken = Taken::default();
    }

    /// Syncs what is not synced yet and closes the save, which is then one file.
    ///
    /// # Errors
    ///
    /// Names that wait cannot be written, or the disk fails. What was committed is in
    /// the save and its log as before.
    pub fn close(self) -> Result<(), SaveError> {
        self.shut().map(drop)
    }

    fn shut(self) -> Result<Lock, SaveError> {
        let names = || -> Fallible<()> {
            if self.named.is_empty() {
                return Ok(());
            }
            let connection = self.database.lock();
            let transaction = begin(&connection)?;
            self.write_names(&transaction)?;
            mark::advance(&transaction)?;
            Ok(transaction.commit()?)
        };
        names().map_err(|failure| failure.of(self.name(), "closed"))?;
        let Self { path, database, checkpoints, _lock: lock, .. } = self;
        let failed = |error: rusqlite::Error| Failure::from(error).of(&path, "closed");
        checkpoints.stop();
        database.lock().pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        // Not all of it gets through while a process reads; then the log stays,
        // and the reader tidies it up.
        connect::checkpoint(&database.lock(), "TRUNCATE", Duration::from_secs(1));
        if let Some(database) = Arc::into_inner(database) {
            database.close().map_err(failed)?;
        }
        Ok(lock)
    }

    /// Sets whether the next commit is synced, where it is not set so already,
    /// and says whether it will be: within a transaction SQLite does not let it
    /// be changed.
    fn set_synced(&mut self, synced: bool) -> rusqlite::Result<bool> {
        let connection = self.database.lock();
        if self.syncing.set != Some(synced) && connection.is_autocommit() {
            let mode = if synced { "FULL" } else { "NORMAL" };
            connection.pragma_update(None, "synchronous", mode)?;
            self.syncing.set = Some(synced);
        }
        Ok(self.syncing.set != Some(false))
    }

    /// Lets a test break the next commits.
    #[cfg(test)]
    pub(super) fn connection(&self) -> Guard<'_> {
        self.database.lock()
    }
}

/// Writes a whole new save under another name.
fn write_draft(
    draft: &Path,
    path: &Path,
    config: &WorldConfig,
    world: &World,
) -> Result<(), SaveError> {
    let mut connection = connect::creating(draft)?;
    let mut write = || -> Fallible<()> {
        schema::migrate(&mut connection)?;
        let nothing = World::new(world.rows_per_page());
        let head = Head::now(world, StateHasher::default().digest(world), [0; 32]);
        let text = settings::text(config)?;
        let seal = seal(&head, &text, &world.registry, &ModSet::default());
        let transaction = begin(&connection)?;
        transaction
            .execute("INSERT INTO st_settings (number, since, config) VALUES (1, 0, ?1)", [text])?;
        state::write(&transaction, &nothing, world)?;
        Index::default().write(&transaction, &nothing, world)?;
        log::write(&transaction, &[], &nothing, world, &AllTotals::new(), head.committed_at)?;
        identity::ensure(&transaction)?;
        write_head(&transaction, &head, &seal, None)?;
        transaction.commit()?;
        Ok(connection.pragma_update(None, "journal_mode", "WAL")?)
    };
    write().map_err(|failure| failure.of(path, "made"))?;
    let closed = connection.close().map_err(|(_, error)| error);
    closed.map_err(|error| Failure::from(error).of(path, "made"))
}

/// How closely SQLite looks at its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    /// At their form.
    Quick,
    /// Also whether indices have what their tables have.
    Full,
}

/// Lets SQLite look at all its pages, of a schema that was checked. What CHECK
/// constraints compute is left alone: their author chose how long it takes.
pub(super) fn check_pages(
    connection: &Connection,
    pages: Pages,
    findings: &mut Findings,
) -> Fallible<()> {
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    let pragma = match pages {
        Pages::Quick => "PRAGMA quick_check(1)",
        Pages::Full => "PRAGMA integrity_check(1000)",
    };
    let looked = findings.each(connection, pragma, [], |_, row| match row.get_ref(0)?.as_str() {
        Ok("ok") => Ok(()),
        found => damage(format!(
            "SQLite says: {}",
            found.unwrap_or("its pages are none").replace('\n', ": ")
        )),
    });
    connection.pragma_update(None, "ignore_check_constraints", false)?;
    looked
}
