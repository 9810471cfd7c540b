//! History: whether every tick can be gone back to, and is what was recorded.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::super::error::{Fallible, damage};
use super::super::findings::Findings;
use super::super::history::{Anchor, HistoryReader};
use super::super::settings::all_settings;
use crate::tables;
use sandtable_world::ecs::World;
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Digest;

/// Goes through all ticks that history keeps, from each keyframe to the next,
/// and holds the hash of each against the recorded one; then undoes what became
/// of rows of tables, up to the first. Says how many ticks those were.
pub(crate) fn check(connection: &Connection, findings: &mut Findings) -> Fallible<u64> {
    let past = HistoryReader::new(connection);
    let mut select = connection.prepare("SELECT tick, state FROM st_ticks")?;
    let hashes = select.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))?;
    let hashes: BTreeMap<u64, Digest> = hashes.collect::<Result<_, _>>()?;
    let (head, settings) = (past.head()?, all_settings(connection)?);
    // Whether each tick between two is kept, by what held then.
    let each = |first: u64, last: u64| {
        let begun = settings.iter().rposition(|(since, _)| *since <= first).unwrap_or(0);
        let holding = settings[begun..].iter().take_while(|(since, _)| *since < last);
        holding.into_iter().all(|(_, config)| config.history.every_ticks == 1)
    };
    let anchors = past.anchors()?;
    let (groups, apart): (Vec<Anchor>, Vec<Anchor>) =
        anchors.into_iter().partition(Anchor::is_of_group);
    let mut walk = Walk { past, hashes, findings, ticks: 0 };
    for (at, anchor) in groups.iter().enumerate() {
        let end = groups.get(at + 1).map_or(head, |next| next.tick);
        walk.group(*anchor, end, each(anchor.tick, end))?;
    }
    for anchor in apart {
        walk.group(anchor, anchor.tick, false)?;
    }
    let ticks = walk.ticks;
    if let Some(first) = groups.first() {
        findings.whole(past.tables(first.tick, first.adopted))?;
    }
    Ok(ticks)
}

struct Walk<'a> {
    past: HistoryReader<'a>,
    hashes: BTreeMap<u64, Digest>,
    findings: &'a mut Findings,
    ticks: u64,
}

impl Walk<'_> {
    /// From a keyframe up to a tick. What is damaged ends it.
    fn group(&mut self, anchor: Anchor, end: u64, whole: bool) -> Fallible<()> {
        let kept = self.past.world_of(anchor);
        let Some((mut world, omitted)) = self.findings.whole(kept)? else { return Ok(()) };
        let mut hasher = omitted.is_empty().then(StateHasher::default);
        if !anchor.adopted {
            self.hold(&world, &mut hasher)?;
        }
        let mut tick = anchor.tick;
        while tick < end {
            let next = self.past.next(tick)?.filter(|next| *next <= end);
            if whole && next != Some(tick + 1) {
                let what = format!("the history of tick {} is missing", tick + 1);
                self.findings.whole(damage::<()>(what))?;
                return Ok(());
            }
            let Some(next) = next else { return Ok(()) };
            tick = next;
            let delta = self.past.delta(tick, &omitted);
            let Some(Some(delta)) = self.findings.whole(delta)? else { return Ok(()) };
            for (_, table, log) in &delta.delta.rows {
                if tables::read_rows(log).is_none() {
                    let what = format!("what became of rows of {table} in tick {tick} is lost");
                    self.findings.whole(damage::<()>(what))?;
                }
            }
            if delta.delta.rows_only {
                continue;
            }
            let applied = delta.apply(&mut world);
            if self.findings.whole(applied)?.is_none() {
                return Ok(());
            }
            self.ticks += 1;
            self.hold(&world, &mut hasher)?;
        }
        Ok(())
    }

    fn hold(&mut self, world: &World, hasher: &mut Option<StateHasher>) -> Fallible<()> {
        let recorded = self.hashes.get(&world.tick());
        if let (Some(hasher), Some(recorded)) = (hasher, recorded)
            && hasher.digest(world) != *recorded
        {
            let what = format!("history leads to another world than tick {} left", world.tick());
            self.findings.whole(damage::<()>(what))?;
        }
        Ok(())
    }
}
