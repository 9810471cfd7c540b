//! Places in the course of a world: after a tick, or within one, as a system saw the
//! world before its step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sandtable_world::ecs::{Entity, Kind, KindId, Registry, World};

use super::super::error::Fallible;
use super::change::{Action, Change, Filter, Origin, StepKind};
use super::change_source::origins;
use super::change_stream::ChangeStream;
use super::reader::HistoryReader;

/// What a system saw when it ran.
pub(crate) struct Sight {
    /// The world, with what ran before it in the tick.
    pub world: World,
    /// The steps of the tick that came before.
    pub before: Vec<Origin>,
}

impl HistoryReader<'_> {
    /// What a system saw in a tick that it changed something in; nothing where steps of
    /// that tick are not kept. One that changed nothing but by commands is taken to have
    /// seen what all runs of the tick left.
    ///
    /// # Errors
    ///
    /// History does not reach back to the tick, or is damaged.
    pub(crate) fn sight(&self, tick: u64, system: &str) -> Fallible<Option<Sight>> {
        let Some(anchor) = self.anchor_before(tick)? else { return Ok(None) };
        let (mut world, omitted) = match anchor.tick + 1 == tick {
            true => self.world_of(anchor)?,
            false => self.world(tick - 1)?,
        };
        let Some(loaded) = self.delta(tick, &omitted)?.filter(|it| !it.delta.rows_only) else {
            return Ok(None);
        };
        let steps = origins(*self, &loaded, world.systems.keys())?;
        let is_run = |origin: &Origin| {
            origin.step == StepKind::Run && origin.system.as_deref() == Some(system)
        };
        let is_command = |origin: &Origin| origin.step == StepKind::Commands;
        let is_of_it = |origin: &Origin| origin.system.as_deref() == Some(system);
        if !steps.iter().any(is_of_it) {
            return Ok(None);
        }
        let own = steps.iter().position(is_run);
        let cut = own.or_else(|| steps.iter().position(is_command)).unwrap_or(steps.len());
        for step in 0..cut {
            loaded.apply_step(&mut world, step)?;
        }
        Ok(Some(Sight { world, before: steps[..cut].to_vec() }))
    }

    /// The last change of each of some components of an entity, or of resources, up to
    /// the end of a tick, or in that tick in some of its steps alone. They are looked for
    /// from there backwards, from one keyframe to the one before, so that what changed
    /// lately is found at once.
    ///
    /// # Errors
    ///
    /// The save keeps no history, or it is damaged.
    pub(crate) fn last_changes(
        &self,
        entity: Option<Entity>,
        (kinds, registry): (&BTreeSet<KindId>, &Registry),
        (tick, steps): (u64, Option<&[Origin]>),
        counts: &dyn Fn(&Change) -> bool,
    ) -> Fallible<BTreeMap<KindId, Change>> {
        let kind = kinds.first().copied().filter(|_| kinds.len() == 1);
        let filter = Filter { entity, kind, start: false, both_ends: false };
        let is_seen = |change: &Change| match steps {
            Some(steps) if change.origin.tick == tick => steps.contains(&change.origin),
            _ => true,
        };
        let known = |kind: &Arc<Kind>| registry.find(&kind.name).filter(|id| kinds.contains(id));
        let is_of_it = |change: &Change| {
            change.action != Action::Was
                && (change.entity, change.target) == (entity, None)
                && is_seen(change)
                && counts(change)
        };
        let (mut last, mut all) = (tick, BTreeMap::new());
        let starts = self.chain()?.into_iter().map(|anchor| anchor.tick);
        let mut starts: Vec<u64> = starts.filter(|start| *start <= tick).collect();
        starts.dedup();
        while all.len() < kinds.len()
            && let Some(start) = starts.pop()
        {
            let mut course = ChangeStream::between(*self, start, last, filter)?;
            let mut found = BTreeMap::new();
            while let Some(changes) = course.next(*self)? {
                for change in changes.into_iter().filter(is_of_it) {
                    let kind = change.kind.as_ref().and_then(known);
                    found.extend(kind.map(|kind| (kind, change)));
                }
            }
            for (kind, change) in found {
                all.entry(kind).or_insert(change);
            }
            last = start;
        }
        Ok(all)
    }
}
