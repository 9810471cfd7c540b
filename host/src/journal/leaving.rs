//! What leaves a save, as its settings say or as was given in their place.

use super::Journal;
use crate::config::{OutboxOverrides, OutboxSettings, WorldConfig};
use crate::ecs::World;
use crate::identity::WorldId;
use crate::outgoing::outgoing;
use crate::record::TickRecord;
use crate::save::Save;

/// What leaves a save.
pub struct Leaving {
    settings: OutboxSettings,
    /// What stands in the place of what the settings of the world say.
    overrides: OutboxOverrides,
}

impl Leaving {
    /// As the settings of a world say.
    pub fn of(config: &WorldConfig) -> Self {
        Self { settings: config.outbox.clone(), overrides: OutboxOverrides::default() }
    }

    /// Goes on as other settings of the world say, but for what stands in their place.
    pub fn follow(&mut self, config: &WorldConfig) {
        self.settings = self.overrides.over(&config.outbox);
    }

    /// What it is.
    pub fn settings(&self) -> &OutboxSettings {
        &self.settings
    }
}

impl Journal {
    /// Puts something in the place of what the settings of the world say leaves the save.
    pub fn let_out(&mut self, overrides: OutboxOverrides) {
        let settings = overrides.over(self.outbox());
        self.outbox = Leaving { settings, overrides };
    }

    /// What leaves the save.
    pub fn outbox(&self) -> &OutboxSettings {
        self.outbox.settings()
    }

    /// What stands in the place of what the settings of the world say of that.
    pub fn outbox_overrides(&self) -> OutboxOverrides {
        self.outbox.overrides.clone()
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
