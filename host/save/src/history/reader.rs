//! Worlds and tables as earlier ticks left them, from what a save has.
//!
//! A world is the nearest keyframe before it and the deltas from there on.
//! Tables are those of the save, with what became of their rows since undone,
//! the last first; or a copy, where one was kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, params};

use crate::tables::{self, Database, TableError};
use sandtable_world::ecs::{Registry, World};

use super::super::connect;
use super::super::error::{Failure, Fallible, damage};
use super::super::restore::TICK_MAX;
use super::anchor::{APART, Anchor};
use super::apply::Loaded;
use super::delta::Delta;
use super::frames::{frame_id, read_head, unpack};
use super::keyframe::Keyframe;
use super::terms::Terms;

/// What the answer is where a save does not keep what is asked for.
pub(crate) const NO_HISTORY: &str = "keeps no history: set `every_ticks` in [history] to 1 or more";

/// What a save knows of earlier ticks.
#[derive(Clone, Copy, Debug)]
pub struct HistoryReader<'c> {
    connection: &'c Connection,
    terms: Option<&'c Terms>,
}

impl<'c> HistoryReader<'c> {
    /// Of the save of this connection.
    pub fn new(connection: &'c Connection) -> Self {
        Self { connection, terms: None }
    }

    /// The same, on some terms.
    pub fn on(self, terms: &'c Terms) -> Self {
        Self { terms: Some(terms), ..self }
    }

    /// Every keyframe, oldest first.
    pub fn anchors(&self) -> Fallible<Vec<Anchor>> {
        let mut select = self.connection.prepare(
            "SELECT number, tick, adopted FROM st_keyframes ORDER BY tick, adopted, number",
        )?;
        let anchors = select.query_map([], |row| {
            let tick: i64 = row.get(1)?;
            Ok(Anchor { number: row.get(0)?, tick: tick.unsigned_abs(), adopted: row.get(2)? })
        })?;
        Ok(anchors.collect::<Result<_, _>>()?)
    }

    /// The keyframes that deltas lead from one to the next, oldest first.
    pub fn chain(&self) -> Fallible<Vec<Anchor>> {
        let mut anchors = self.anchors()?;
        anchors.retain(Anchor::is_of_group);
        Ok(anchors)
    }

    /// Who sent the edits of a tick, by their numbers.
    pub(super) fn senders(&self, tick: u64) -> Fallible<Vec<Arc<str>>> {
        let mut select = self
            .connection
            .prepare_cached("SELECT sender FROM st_edits WHERE tick = ?1 ORDER BY number")?;
        let senders = select.query_map([tick as i64], |row| row.get::<_, Arc<str>>(0))?;
        Ok(senders.collect::<Result<_, _>>()?)
    }

    /// The first tick of which there is a world.
    ///
    /// # Errors
    ///
    /// The save keeps no history, or it cannot be read.
    pub fn first(&self) -> Fallible<u64> {
        match self.chain()?.first() {
            Some(anchor) => Ok(anchor.tick),
            None => Err(Failure::Told(NO_HISTORY.to_owned())),
        }
    }

    /// The kinds of which no values are kept now.
    ///
    /// # Errors
    ///
    /// The save keeps no history, or it cannot be read.
    pub fn omitted(&self) -> Fallible<BTreeSet<u32>> {
        match self.chain()?.last() {
            Some(anchor) => Ok(self.keyframe(*anchor)?.omitted),
            None => Err(Failure::Told(NO_HISTORY.to_owned())),
        }
    }

    /// The keyframe from which a tick is reached: the last before it, or of it
    /// as it was left.
    pub fn anchor_of(&self, tick: u64) -> Fallible<Option<Anchor>> {
        self.anchor_where(
            "(tick < ?1 AND number < ?2) OR (tick = ?1 AND (adopted = 0 OR tick = 0))",
            tick,
        )
    }

    /// The keyframe from which what a tick began with is reached: the last before it.
    pub(super) fn anchor_before(&self, tick: u64) -> Fallible<Option<Anchor>> {
        self.anchor_where("tick < ?1 AND number < ?2", tick)
    }

    /// The last keyframe of which something holds.
    fn anchor_where(&self, what: &str, tick: u64) -> Fallible<Option<Anchor>> {
        let sql = format!(
            "SELECT number, tick, adopted FROM st_keyframes WHERE {what}
             ORDER BY tick DESC, adopted DESC, number DESC LIMIT 1"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let anchor = select.query_row([tick as i64, APART], |row| {
            let tick: i64 = row.get(1)?;
            Ok(Anchor { number: row.get(0)?, tick: tick.unsigned_abs(), adopted: row.get(2)? })
        });
        Ok(anchor.optional()?)
    }

    /// The head of a keyframe.
    ///
    /// # Errors
    ///
    /// It is damaged, or cannot be read.
    pub fn keyframe(&self, anchor: Anchor) -> Fallible<Keyframe> {
        let frame = self.frame("st_keyframe_frames", anchor.number, 0)?;
        let head: Option<Keyframe> = frame.as_deref().and_then(read_head);
        match head.filter(|head| head.tick == anchor.tick) {
            Some(head) => Ok(head),
            None => damage(format!("the keyframe of tick {} cannot be read", anchor.tick)),
        }
    }

    /// The world of a keyframe, and the kinds of which it keeps no values.
    ///
    /// # Errors
    ///
    /// As [`keyframe`](Self::keyframe).
    pub fn world_of(&self, anchor: Anchor) -> Fallible<(World, BTreeSet<u32>)> {
        let keyframe = self.keyframe(anchor)?;
        let world = keyframe.world(|frame| self.keyframe_frame(anchor, frame))?;
        Ok((world, keyframe.omitted))
    }

    /// A frame of a keyframe, compressed.
    pub(super) fn keyframe_frame(&self, anchor: Anchor, frame: u16) -> Fallible<Vec<u8>> {
        match self.frame("st_keyframe_frames", anchor.number, frame)? {
            Some(data) => Ok(data),
            None => damage(format!("the keyframe of tick {} is not whole", anchor.tick)),
        }
    }

    /// A frame, compressed.
    fn frame(&self, table: &str, of: i64, frame: u16) -> Fallible<Option<Vec<u8>>> {
        let sql = format!("SELECT data FROM {table} WHERE id = ?1");
        let mut select = self.connection.prepare_cached(&sql)?;
        Ok(select.query_row([frame_id(of, frame)], |row| row.get(0)).optional()?)
    }

    /// What a tick changed; nothing where that is not kept.
    ///
    /// # Errors
    ///
    /// What is kept of the tick is damaged, or cannot be read.
    pub fn delta<'a>(&self, tick: u64, omitted: &'a BTreeSet<u32>) -> Fallible<Option<Loaded<'a>>>
    where
        'c: 'a,
    {
        let Some(delta) = self.head_of(tick)? else { return Ok(None) };
        let past = *self;
        let frames = move |frame| match past.frame("st_deltas", tick as i64, frame)? {
            Some(data) => Ok(data),
            None => damage(format!("the history of tick {tick} is not whole")),
        };
        Loaded::new(delta, omitted, frames).map(Some)
    }

    /// The head of what a tick changed.
    fn head_of(&self, tick: u64) -> Fallible<Option<Arc<Delta>>> {
        if self.terms.and_then(|terms| terms.until).is_some_and(|until| until < Instant::now()) {
            return Err(Failure::Late);
        }
        let heads = self.terms.and_then(|terms| terms.heads.as_ref());
        if let Some(known) = heads.and_then(|heads| heads.get(tick)) {
            return Ok(Some(known));
        }
        let Some(frame) = self.frame("st_deltas", tick as i64, 0)? else { return Ok(None) };
        let delta: Option<Delta> = read_head(&frame);
        let Some(delta) = delta.filter(|delta| delta.tick == tick).map(Arc::new) else {
            return damage(format!("the history of tick {tick} cannot be read"));
        };
        if let Some(heads) = heads {
            heads.put(&delta);
        }
        Ok(Some(delta))
    }

    /// The next tick after this one of which something is kept. A save may claim
    /// any number of ticks, so that they are not counted through.
    pub fn next(&self, tick: u64) -> Fallible<Option<u64>> {
        let sql = "SELECT id >> 16 FROM st_deltas WHERE id >= ?1 ORDER BY id LIMIT 1";
        self.tick_at(sql, tick.saturating_add(1))
    }

    /// The last tick before this one of which something is kept.
    fn previous(&self, tick: u64) -> Fallible<Option<u64>> {
        self.tick_at("SELECT id >> 16 FROM st_deltas WHERE id < ?1 ORDER BY id DESC LIMIT 1", tick)
    }

    fn tick_at(&self, sql: &str, tick: u64) -> Fallible<Option<u64>> {
        let mut select = self.connection.prepare_cached(sql)?;
        let id = frame_id(tick.min(TICK_MAX as u64) as i64, 0);
        let found = select.query_row([id], |row| row.get::<_, i64>(0)).optional()?;
        Ok(found.and_then(|tick| u64::try_from(tick).ok()))
    }

    /// The world as a tick left it, and the kinds of which no values are kept.
    ///
    /// # Errors
    ///
    /// History has no such tick, which the sentence says with the ticks that it has; or
    /// what leads to it is damaged.
    pub fn world(&self, tick: u64) -> Fallible<(World, BTreeSet<u32>)> {
        let Some(anchor) = self.anchor_of(tick)? else { return self.unreachable(tick) };
        let worlds = self.terms.and_then(|terms| terms.worlds.as_ref());
        // At the tick of the keyframe other mods may have come in.
        let near = worlds.and_then(|worlds| worlds.nearest(anchor.tick, tick));
        let (world, omitted) = match near {
            Some(near) => near,
            None => self.world_of(anchor)?,
        };
        let world = self.stepped(world, &omitted, tick)?;
        if let Some(worlds) = worlds {
            worlds.put(&world, &omitted);
        }
        Ok((world, omitted))
    }

    /// Steps a world on to a tick.
    pub(super) fn stepped(
        &self,
        mut world: World,
        omitted: &BTreeSet<u32>,
        tick: u64,
    ) -> Fallible<World> {
        let mut at = world.tick();
        while let Some(next) = self.next(at)?.filter(|next| *next <= tick) {
            at = next;
            if let Some(delta) = self.delta(at, omitted)?.filter(|it| !it.delta.rows_only) {
                delta.apply(&mut world)?;
            }
        }
        match world.tick() == tick {
            true => Ok(world),
            false => self.unreachable(tick),
        }
    }

    /// What kinds there were in a tick of which the world can be had: between two
    /// keyframes nothing is declared anew.
    ///
    /// # Errors
    ///
    /// As [`world`](Self::world).
    pub fn registry(&self, tick: u64) -> Fallible<Registry> {
        match self.anchor_of(tick)? {
            Some(anchor) if self.reaches(tick)? => self.keyframe(anchor)?.registry(),
            _ => self.unreachable(tick),
        }
    }

    fn unreachable<T>(&self, tick: u64) -> Fallible<T> {
        let (first, head) = (self.first()?, self.head()?);
        Err(Failure::Told(format!(
            "cannot go to tick {tick}: its history has ticks from {first} to {head}, as [history] asks"
        )))
    }

    /// The tables of mods as a tick left them; or, if `adopted`, as other mods took
    /// them over then. They come on a connection of their own.
    ///
    /// # Errors
    ///
    /// What became of rows since does not fit them, or cannot be read.
    pub fn tables(&self, tick: u64, adopted: bool) -> Fallible<Database> {
        let mut select = self.connection.prepare_cached(
            "SELECT tick, data FROM st_table_copies WHERE tick > ?1 OR (tick = ?1 AND NOT ?2)
             ORDER BY tick LIMIT 1",
        )?;
        let copied = select.query_row(params![tick as i64, adopted], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, Vec<u8>>(1)?))
        });
        let (from, copied) = match copied.optional()? {
            Some((from, data)) => match unpack(&data) {
                Some(copied) => (from, copied),
                None => {
                    return damage(format!("the copy of the tables of tick {from} cannot be read"));
                }
            },
            None => (self.last_written()?, tables::copy(self.connection)?),
        };
        let database = restored(&copied)?;
        {
            let connection = database.lock();
            tables::unfollow(&connection)?;
            self.undo_tables(&connection, from, tick)?;
        }
        self.note_migrations(&database, tick as i64, adopted)?;
        Ok(database)
    }

    /// The tables of mods as they are now, in memory.
    pub fn tables_now(&self) -> Fallible<Database> {
        let database = restored(&tables::copy(self.connection)?)?;
        self.note_migrations(&database, i64::MAX, true)?;
        Ok(database)
    }

    /// Notes which migrations had run by a tick, and keeps all that was done.
    fn note_migrations(&self, database: &Database, tick: i64, adopted: bool) -> Fallible<()> {
        {
            let connection = database.lock();
            let mut select = self.connection.prepare(
                "SELECT mod, name, digest, tick FROM st_migrations
                 WHERE tick < ?1 OR (tick = ?1 AND (?2 OR tick = 0))",
            )?;
            let mut rows = select.query(params![tick, adopted])?;
            while let Some(row) = rows.next()? {
                connection.execute(
                    "INSERT INTO st_migrations (mod, name, digest, tick) VALUES (?1, ?2, ?3, ?4)",
                    params![
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, Vec<u8>>(2)?,
                        row.get::<_, i64>(3)?
                    ],
                )?;
            }
        }
        database.commit()?;
        Ok(database.follow()?)
    }

    /// Everything that is recorded of a tick, compressed.
    pub fn recorded(&self, tick: u64) -> Fallible<Vec<Vec<u8>>> {
        let mut select = self
            .connection
            .prepare_cached("SELECT data FROM st_deltas WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let ids = [frame_id(tick as i64, 0), frame_id(tick as i64 + 1, 0)];
        let frames = select.query_map(ids, |row| row.get(0))?;
        Ok(frames.collect::<Result<_, _>>()?)
    }

    /// Whether the world as a tick left it can be had.
    pub fn reaches(&self, tick: u64) -> Fallible<bool> {
        let Some(anchor) = self.anchor_of(tick)? else { return Ok(false) };
        Ok(anchor.tick == tick || self.frame("st_deltas", tick as i64, 0)?.is_some())
    }

    /// The last tick.
    pub fn head(&self) -> Fallible<u64> {
        let tick: i64 =
            self.connection.query_row("SELECT tick FROM st_world", [], |row| row.get(0))?;
        Ok(tick.unsigned_abs())
    }

    /// The last tick, also within a commit that has not written it yet.
    fn last_written(&self) -> Fallible<u64> {
        let sql = "SELECT ifnull(max(id) >> 16, 0) FROM st_deltas";
        let written: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
        Ok(self.head()?.max(written.unsigned_abs()))
    }

    /// Undoes what became of rows after a tick, on a connection whose tables
    /// stand at another.
    fn undo_tables(&self, into: &Connection, from: u64, to: u64) -> Fallible<()> {
        let nothing = BTreeSet::new();
        let mut at = from.saturating_add(1);
        while let Some(tick) = self.previous(at)?.filter(|previous| *previous > to) {
            at = tick;
            let Some(delta) = self.delta(tick, &nothing)? else { continue };
            for (_, table, log) in delta.delta.rows.iter().rev() {
                let undone = match tables::read_rows(log) {
                    Some(changes) => tables::undo_rows(into, table, &changes)?,
                    None => false,
                };
                if !undone {
                    return damage(format!(
                        "the history of tick {tick} does not fit the rows of table {table}"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Tables of mods in memory, from a copy of them. The transaction stays open.
fn restored(copied: &[u8]) -> Fallible<Database> {
    let database = connect::empty_tables()?;
    let failed = |error: TableError| Failure::Damage(error.to_string());
    database.restore(copied).map_err(failed)?;
    Ok(database)
}
