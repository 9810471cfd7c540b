//! What leaves a save, as its settings say or as was given in their place.

use super::Journal;
use crate::config::{OutboxOverrides, OutboxSettings};
use crate::ecs::World;
use crate::identity::WorldId;
use crate::outgoing::{outgoing, unmatched};
use crate::record::TickRecord;
use crate::save::Save;

impl Journal {
    /// Puts something in the place of what the settings of the world say leaves the save.
    pub fn let_out(&mut self, overrides: OutboxOverrides) {
        self.outbox.let_out(overrides);
        for chosen in unmatched(self.outbox(), self.now.world()) {
            tracing::warn!(
                "the outbox is to have `{chosen}`, and no mod has such an event: nothing of that \
                 leaves the save"
            );
        }
    }

    /// What leaves the save.
    pub fn outbox(&self) -> &OutboxSettings {
        self.outbox.settings()
    }

    /// What stands in the place of what the settings of the world say of that.
    pub fn outbox_overrides(&self) -> OutboxOverrides {
        self.outbox.overrides().clone()
    }

    /// By which name the world is known outside; nothing without a save.
    pub fn world_id(&self) -> Option<WorldId> {
        self.save.as_ref().map(Save::world_id)
    }

    /// Notes in the record of the tick that led from one world to that of now what of it
    /// leaves the save.
    pub(super) fn note_outgoing(&self, before: &World, record: &mut TickRecord) {
        if self.save.is_some() {
            record.outgoing = outgoing(self.outbox(), before, self.now.world(), record);
        }
    }
}
