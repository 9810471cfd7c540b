//! What happened to all entities: a world that is brought forward step by step,
//! and compared with itself before each.

use std::collections::BTreeSet;

use sandtable_world::ecs::World;

use super::super::error::Fallible;
use super::anchor::Anchor;
use super::between::between;
use super::change::{Action, Change, Filter, Origin, StepKind};
use super::change_source::{ChangeSource, delta_from, origins};
use super::reader::HistoryReader;

/// A way through history with a whole world.
pub(super) struct WorldReplay {
    filter: Filter,
    world: World,
    omitted: BTreeSet<u32>,
}

impl WorldReplay {
    /// Starts at a keyframe.
    pub(super) fn start(past: HistoryReader<'_>, at: Anchor, filter: Filter) -> Fallible<Self> {
        let (world, omitted) = past.world_of(at)?;
        Ok(Self { filter, world, omitted })
    }
}

impl ChangeSource for WorldReplay {
    fn start(&self) -> Vec<Change> {
        let mut nothing = World::new(self.world.rows_per_page());
        nothing.registry = self.world.registry.clone();
        let origin = Origin::of(self.world.tick(), StepKind::Start);
        let mut all = between(&nothing, &self.world, &self.omitted, &self.filter, &origin);
        all.iter_mut().for_each(|change| change.action = Action::Was);
        all
    }

    fn stands_at(&self) -> u64 {
        self.world.tick()
    }

    fn go_on(&mut self, past: HistoryReader<'_>, tick: u64, wanted: bool) -> Fallible<Vec<Change>> {
        let mut changes = Vec::new();
        let Some(loaded) = delta_from(past, self.world.tick(), tick, &self.omitted)? else {
            return Ok(changes);
        };
        let origins = origins(past, &loaded, self.world.systems.keys())?;
        for (step, origin) in origins.iter().enumerate() {
            let before = wanted.then(|| self.world.clone());
            loaded.apply_step(&mut self.world, step)?;
            if let Some(before) = before {
                let (world, omitted) = (&self.world, &self.omitted);
                changes.append(&mut between(&before, world, omitted, &self.filter, origin));
            }
        }
        loaded.finish(&mut self.world)?;
        Ok(changes)
    }

    fn take_over(
        &mut self,
        past: HistoryReader<'_>,
        anchor: Anchor,
        by: StepKind,
    ) -> Fallible<Vec<Change>> {
        let (world, omitted) = past.world_of(anchor)?;
        let origin = Origin::of(anchor.tick, by);
        let unknown: BTreeSet<u32> = omitted.union(&self.omitted).copied().collect();
        let changes = between(&self.world, &world, &unknown, &self.filter, &origin);
        (self.world, self.omitted) = (world, omitted);
        Ok(changes)
    }

    fn pass(&mut self, _: Anchor) {}
}
