//! Changes by hand: a step each, before the systems of a tick.

use super::Runtime;
use super::attempt::{new_removals, removals};
use crate::ecs::{Stamp, World};
use crate::edit::Edit;
use crate::record::{EditRun, SentEdit, Step, TickRecord};
use crate::save::NO_EDITS;

impl Runtime {
    /// Does edits, in order, and notes what became of each. Gives the steps that they
    /// were, where they are recorded.
    pub(super) fn edit(
        &self,
        world: &mut World,
        edits: &[SentEdit],
        record: &mut TickRecord,
        records_steps: bool,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        if edits.is_empty() {
            return steps;
        }
        let reported = self.program().topics();
        // Later than all of the tick before, so that systems which look for what has
        // changed find it.
        let now = Stamp::commands(record.tick - 1);
        for (number, sent) in (0..).zip(edits) {
            let before = world.clone();
            let mut run = EditRun { sent: sent.clone(), spawned: Vec::new(), refused: None };
            match self.after(world, sent, number, now) {
                Ok((after, done)) => {
                    let removed = removals(&before, &reported);
                    *world = after;
                    record.events.extend(new_removals(world, removed));
                    record.spawned += done.spawned.len() as u64;
                    record.despawned += done.despawned;
                    run.spawned = done.spawned;
                    steps.extend(records_steps.then(|| Step {
                        edit: Some(number),
                        system: String::new(),
                        is_commands: false,
                        before,
                        after: world.clone(),
                        rows: Vec::new(),
                    }));
                }
                Err(why) => run.refused = Some(why),
            }
            record.edits.push(run);
        }
        steps
    }

    fn after(
        &self,
        world: &World,
        sent: &SentEdit,
        number: u32,
        now: Stamp,
    ) -> Result<(World, crate::edit::Done), String> {
        if !self.config().api.edit {
            return Err(NO_EDITS.to_owned());
        }
        if number as usize >= Stamp::EDITS_MAX {
            return Err(format!(
                "a tick does {} edits at most, and had as many: send it again",
                Stamp::EDITS_MAX
            ));
        }
        let json = serde_json::from_str(&sent.edit).map_err(|error| error.to_string())?;
        world.edited(&Edit::parse(&json)?, now)
    }
}
