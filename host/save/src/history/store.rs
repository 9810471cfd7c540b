//! History as the writer of a save keeps it: the deltas of each commit, whole
//! worlds now and then, and what is no longer wanted pruned.
//!
//! A keyframe is due once the deltas since the last take twice the room that it
//! did: so all of them take half as much as the deltas, and going to a tick reads
//! about twice as much as a world. It is made by another thread
//! of the world as it was, and comes into the save with later commits, some MiB
//! with each; its row comes last, and without it its frames count for nothing.
//!
//! Only whole groups are pruned: a keyframe with the deltas up to the next one.
//!
//! Invariant: nothing in here changes before SQLite has committed, but for a
//! keyframe that is being made.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use rusqlite::{Connection, params};

use sandtable_world::config::HistorySettings;
use sandtable_world::ecs::World;
use sandtable_world::record::TickRecord;

use super::super::error::{Fallible, damage};
use super::super::restore::TICK_MAX;
use super::anchor::APART;
use super::frames::{Frames, frame_id};
use super::keyframe_rows::{delete_keyframe, write_frame};
use super::recorder::Recorder;
use super::{keyframe, snapshots};

/// Ticks from one keyframe to the next, at least and at most.
const SPACING_MIN: i64 = 32;
const SPACING_MAX: i64 = 4096;
/// Bytes of a keyframe that one commit takes along.
const BYTES_PER_COMMIT: usize = 4 << 20;
/// Rows of a world up to which its keyframe is made at once: starting a thread
/// takes longer.
const ROWS_AT_ONCE: u32 = 4096;

/// A keyframe, and with it the deltas up to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    number: i64,
    tick: i64,
    /// Bytes of deltas ever written before it.
    total: u64,
    bytes: u64,
}

/// A keyframe on its way into the save.
#[derive(Debug)]
struct Ready {
    tick: i64,
    total: u64,
    frames: Frames,
    /// Frames that the save has.
    done: usize,
}

/// What is known of the history in a save.
#[derive(Debug, Default)]
pub(crate) struct Store {
    groups: VecDeque<Group>,
    /// The greatest number that a keyframe has or had.
    number: i64,
    /// Bytes of deltas ever written.
    total: u64,
    job: Option<Receiver<Ready>>,
    ready: Option<Ready>,
    /// Whether no frames are left of a keyframe that never came to its end.
    is_tidy: bool,
}

/// What a commit does to a store once it has succeeded.
#[derive(Debug, Default)]
pub(crate) struct StoreChanges {
    bytes: u64,
    /// Frames of the keyframe on its way that are in the save then, where there
    /// are more than before.
    done: Option<usize>,
    added: Option<Group>,
    dropped: usize,
    is_tidy: bool,
}

impl StoreChanges {
    /// Groups that go.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped
    }
}

impl Store {
    /// Finds out what a save has.
    pub(crate) fn read(connection: &Connection) -> Fallible<Self> {
        let mut select = connection.prepare(
            "SELECT number, tick, total, bytes FROM st_keyframes WHERE number < ?1
             ORDER BY tick, adopted, number",
        )?;
        let groups = select.query_map([APART], |row| {
            let bytes = |at| row.get(at).map(|bytes: i64| bytes.unsigned_abs());
            Ok(Group { number: row.get(0)?, tick: row.get(1)?, total: bytes(2)?, bytes: bytes(3)? })
        })?;
        let groups: VecDeque<Group> = groups.collect::<Result<_, _>>()?;
        check_groups(connection, &groups)?;
        let number = connection.query_row(
            "SELECT ifnull(max(number), 0) FROM st_keyframes WHERE number < ?1",
            [APART],
            |row| row.get(0),
        )?;
        let (tick, before) = groups.back().map_or((0, 0), |last| (last.tick, last.total));
        let since: i64 = connection.query_row(
            "SELECT ifnull(sum(length(data)), 0) FROM st_deltas WHERE id >= ?1",
            [frame_id(tick + 1, 0)],
            |row| row.get(0),
        )?;
        let total = before.saturating_add(since.unsigned_abs());
        Ok(Self { groups, number, total, ..Self::default() })
    }

    /// The first tick that can be gone back to, if any can.
    pub(crate) fn first_tick(&self) -> Option<i64> {
        self.groups.front().map(|group| group.tick)
    }

    /// Whether the deltas of the next ticks go on from what there is.
    pub(crate) fn goes_on(&self, world: &World, recorder: &Recorder) -> bool {
        !recorder.is_on() || (!self.groups.is_empty() && recorder.keeps(world.tick()))
    }

    /// The first tick that can be gone back to after a commit.
    pub(crate) fn first_tick_after(&self, changes: &StoreChanges) -> Option<i64> {
        self.groups.get(changes.dropped).map(|group| group.tick)
    }

    /// Bytes that history takes.
    pub(crate) fn bytes(&self) -> u64 {
        let keyframes: u64 = self.groups.iter().map(|group| group.bytes).sum();
        let gone = self.groups.front().map_or(0, |first| first.total);
        keyframes + (self.total - gone)
    }

    /// Keyframes in it.
    pub(crate) fn keyframes(&self) -> usize {
        self.groups.len()
    }

    /// Whether the world after a tick can be had of groups.
    pub(crate) fn reaches(&self, tick: i64) -> bool {
        self.groups.front().is_some_and(|first| first.tick <= tick)
    }

    /// Takes a keyframe over that has been made meanwhile.
    pub(crate) fn poll(&mut self) {
        if let Some(job) = &self.job {
            match job.try_recv() {
                Ok(ready) => (self.job, self.ready) = (None, Some(ready)),
                Err(TryRecvError::Disconnected) => self.job = None,
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    /// Writes what some ticks changed, and what is there of a keyframe; prunes.
    pub(crate) fn write(
        &self,
        connection: &Connection,
        records: &[TickRecord],
        now: &World,
        settings: &HistorySettings,
    ) -> Fallible<StoreChanges> {
        let mut changes = StoreChanges::default();
        if !self.is_tidy {
            self.tidy(connection)?;
            changes.is_tidy = true;
        }
        for record in records {
            for (frame, data) in (0..=u16::MAX).zip(&record.history) {
                let mut insert = connection
                    .prepare_cached("INSERT INTO st_deltas (id, data) VALUES (?1, ?2)")?;
                insert.execute(params![frame_id(record.tick as i64, frame), data])?;
                changes.bytes += data.len() as u64;
            }
        }
        if let Some(ready) = &self.ready {
            let mut done = ready.done;
            let mut bytes = 0;
            while done < ready.frames.len() && bytes < BYTES_PER_COMMIT {
                let data = &ready.frames[done];
                write_frame(connection, self.number + 1, done, data)?;
                bytes += data.len();
                done += 1;
            }
            changes.done = Some(done);
            if done == ready.frames.len() {
                changes.added =
                    Some(self.write_row(connection, ready.tick, 0, ready.total, &ready.frames)?);
            }
        }
        changes.dropped = self.prune(connection, now.tick() as i64, settings)?;
        Ok(changes)
    }

    /// Deletes what is there of a keyframe that never came to its end.
    fn tidy(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute(
            "DELETE FROM st_keyframe_frames WHERE id >= ?1 AND id < ?2",
            [frame_id(self.number + 1, 0), frame_id(APART, 0)],
        )?;
        Ok(())
    }

    fn write_row(
        &self,
        connection: &Connection,
        tick: i64,
        adopted: i64,
        total: u64,
        frames: &Frames,
    ) -> rusqlite::Result<Group> {
        let number = self.number + 1;
        let bytes = frames.iter().map(|frame| frame.len() as u64).sum();
        connection.execute(
            "INSERT INTO st_keyframes (number, tick, adopted, total, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![number, tick, adopted, total as i64, bytes as i64],
        )?;
        Ok(Group { number, tick, total, bytes })
    }

    /// Writes a whole world at once, as other mods took it over or as it stands.
    pub(crate) fn write_whole(
        &self,
        connection: &Connection,
        world: &World,
        adopted: bool,
        recorder: &Recorder,
    ) -> rusqlite::Result<StoreChanges> {
        let frames = keyframe::encode(world, &|kind| recorder.keeps_kind(kind));
        // Of one that was on its way, what is there already goes.
        self.tidy(connection)?;
        for (at, data) in frames.iter().enumerate() {
            write_frame(connection, self.number + 1, at, data)?;
        }
        let tick = world.tick() as i64;
        let added = self.write_row(connection, tick, i64::from(adopted), self.total, &frames)?;
        Ok(StoreChanges { added: Some(added), is_tidy: true, ..StoreChanges::default() })
    }

    /// Takes over what a commit did.
    pub(crate) fn apply(&mut self, changes: StoreChanges) {
        self.total += changes.bytes;
        self.groups.drain(..changes.dropped);
        if let Some(added) = changes.added {
            self.number = added.number;
            self.groups.push_back(added);
            (self.ready, self.job) = (None, None);
        } else if let (Some(ready), Some(done)) = (&mut self.ready, changes.done) {
            ready.done = done;
        }
        self.is_tidy |= changes.is_tidy;
    }

    /// Has a keyframe of the last world that is kept made, if one is due.
    pub(crate) fn after_commit(&mut self, world: &World, recorder: &Recorder) {
        let tick = world.tick() as i64;
        let (last, total, bytes) =
            self.groups.back().map_or((0, 0, 0), |last| (last.tick, last.total, last.bytes));
        let is_due = tick - last >= SPACING_MIN
            && (self.total - total >= 2 * bytes || tick - last >= SPACING_MAX);
        if !is_due || self.job.is_some() || self.ready.is_some() || !recorder.keeps(world.tick()) {
            return;
        }
        let (at_once, total) = (world.entities.alive() <= ROWS_AT_ONCE, self.total);
        let (world, recorder) = (world.clone(), recorder.clone());
        let make = move || {
            let frames = keyframe::encode(&world, &|kind| recorder.keeps_kind(kind));
            Ready { tick, total, frames, done: 0 }
        };
        if at_once {
            self.ready = Some(make());
            return;
        }
        let (send, receive) = channel();
        let work = move || drop(send.send(make()));
        let started = std::thread::Builder::new().name("keyframe".to_owned()).spawn(work);
        self.job = started.ok().map(|_| receive);
    }

    /// Drops groups that are older than wanted. Says how many.
    fn prune(
        &self,
        connection: &Connection,
        tick: i64,
        settings: &HistorySettings,
    ) -> Fallible<usize> {
        let dropped = self.unwanted(tick, settings);
        if dropped > 0 {
            self.drop_groups(connection, dropped, tick)?;
        }
        Ok(dropped)
    }

    /// How many of the oldest groups are older than wanted.
    fn unwanted(&self, tick: i64, settings: &HistorySettings) -> usize {
        let oldest = tick.saturating_sub(i64::try_from(settings.ticks).unwrap_or(i64::MAX));
        let most = settings.max_mib.saturating_mul(1 << 20);
        let keyframes: u64 = self.groups.iter().map(|group| group.bytes).sum();
        let mut room = keyframes + self.total;
        let mut dropped = 0;
        while let (Some(first), Some(next)) =
            (self.groups.get(dropped), self.groups.get(dropped + 1))
        {
            let too_old = settings.ticks > 0 && next.tick <= oldest;
            let too_large = settings.max_mib > 0 && room - first.total > most;
            if !too_old && !too_large {
                return dropped;
            }
            room -= first.bytes;
            dropped += 1;
        }
        // The last one ends where no more history is kept.
        let ended = self.groups.back().is_some_and(|last| last.tick <= oldest);
        if settings.every_ticks == 0 && settings.ticks > 0 && ended {
            self.groups.len()
        } else {
            dropped
        }
    }

    /// Deletes the oldest groups. Snapshots that they led to get keyframes of
    /// their own.
    fn drop_groups(&self, connection: &Connection, dropped: usize, tick: i64) -> Fallible<()> {
        let first_tick = self.groups.get(dropped).map_or(tick, |first| first.tick);
        snapshots::detach(connection, first_tick)?;
        for group in self.groups.iter().take(dropped) {
            delete_keyframe(connection, group.number)?;
        }
        connection.execute("DELETE FROM st_deltas WHERE id < ?1", [frame_id(first_tick + 1, 0)])?;
        connection.execute(
            "DELETE FROM st_table_copies
             WHERE tick < ?1 AND tick NOT IN (SELECT tick FROM st_snapshots)",
            [first_tick],
        )?;
        Ok(())
    }
}

/// Checks that rows of keyframes can be what a writer left.
fn check_groups(connection: &Connection, groups: &VecDeque<Group>) -> Fallible<()> {
    const BYTES_MAX: u64 = 1 << 50;
    let one = |group: &Group| {
        (0..=TICK_MAX).contains(&group.tick)
            && group.number > 0
            && group.total <= BYTES_MAX
            && group.bytes <= BYTES_MAX
    };
    let ascend = groups.iter().zip(groups.iter().skip(1)).all(|(one, two)| one.total <= two.total);
    let sql = "SELECT count(*) FROM st_keyframes WHERE number >= 2 * ?1";
    let beyond: i64 = connection.query_row(sql, [APART], |row| row.get(0))?;
    if !groups.iter().all(one) || !ascend || beyond > 0 {
        return damage("its keyframes are none");
    }
    Ok(())
}
