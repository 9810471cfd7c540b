//! Taking over other mods and settings, between two ticks.

use std::collections::BTreeMap;

use rusqlite::params;

use super::{Save, begin};
use crate::error::{Fallible, SaveError};
use crate::head::{Head, seal, write_head};
use crate::history::{self, Recorder};
use crate::mods::{self, Contents, ModSet, RecordedSet};
use crate::{inbox, log, settings, state};
use sandtable_world::config::WorldConfig;
use sandtable_world::ecs::{KindId, SchemaChange, World};
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Conversions;
use sandtable_world::record::Input;

/// Other mods and settings, and the world as those left it.
#[derive(Debug)]
pub struct Adoption<'a> {
    /// The settings. The rows in a page never change.
    pub config: &'a WorldConfig,
    /// The mods; the same ones again are not recorded.
    pub set: &'a RecordedSet,
    /// The world, at the tick at which it was.
    pub world: &'a World,
    /// Kinds that are declared anew.
    pub schema_changes: &'a BTreeMap<KindId, SchemaChange>,
    /// Conversions that the save has behind it from now on.
    pub applied_conversions: &'a Conversions,
    /// All tables of mods as the last tick left them, where they were changed in
    /// form since.
    pub tables_before: Option<&'a [u8]>,
}

impl Save {
    /// Takes over other mods and settings: all of it or nothing.
    ///
    /// # Errors
    ///
    /// The save cannot be written. It runs with the mods and settings as before then;
    /// but where only the disk failed to sync, those of the adoption may be found after
    /// a crash.
    pub fn adopt(&mut self, adoption: &Adoption<'_>) -> Result<(), SaveError> {
        let same_mods = self.mods.number > 0 && self.mods.mods == mods::list(&adoption.set.mods);
        let recorder = Recorder::new(&adoption.config.history, &adoption.world.registry);
        let can_go_on =
            recorder == self.recorder && self.history.goes_on(adoption.world, &recorder);
        if same_mods && *adoption.config == self.config && can_go_on {
            return Ok(());
        }
        self.try_adopt(adoption, recorder, same_mods)
            .map_err(|failure| failure.of(self.name(), "written"))
    }

    fn try_adopt(
        &mut self,
        adoption: &Adoption<'_>,
        recorder: Recorder,
        same_mods: bool,
    ) -> Fallible<()> {
        let Adoption { config, set, world, schema_changes, applied_conversions, tables_before } =
            adoption;
        let head = Head::now(world, StateHasher::default().digest(world), self.head.chain);
        let same_settings = **config == self.config;
        let settings_text = match same_settings {
            true => self.settings_text.clone(),
            false => settings::text(config)?,
        };
        self.claim()?;
        self.set_synced(true)?;
        let before = self.committed.clone();
        let connection = self.database.lock();
        let transaction = begin(&connection)?;
        let waiting = inbox::read(&transaction, &before.registry, 0)?;
        inbox::change_schema(&transaction, &waiting, schema_changes)?;
        if !same_settings {
            let sql = "INSERT INTO st_settings (number, since, config)
                       SELECT max(number) + 1, ?1, ?2 FROM st_settings";
            transaction.execute(sql, params![head.tick, settings_text])?;
        }
        state::write(&transaction, &before, world)?;
        let changes = self.index.write(&transaction, &before, world)?;
        log::write(&transaction, &[], &before, world, &self.totals, head.committed_at)?;
        log::rewrite_events(&transaction, &before.events, &world.events)?;
        let mods = match same_mods {
            true => self.mods.clone(),
            false => mods::write(&transaction, &self.mods, set, applied_conversions, self.is_slim)?,
        };
        if !same_mods {
            let is_anew = |kind: KindId| schema_changes.contains_key(&kind);
            log::write_recasts(&transaction, mods.number, &before.events, is_anew)?;
        }
        if let Some(copied) = tables_before {
            history::keep_tables(&transaction, head.tick, copied)?;
        }
        let goes_on = recorder == self.recorder
            && head.state == self.head.state
            && before.registry == world.registry
            && same_tracking(&before, world)
            && self.history.goes_on(world, &recorder);
        let history = match recorder.is_on() && !goes_on {
            true => self.history.write_whole(&transaction, world, true, &recorder)?,
            false => history::StoreChanges::default(),
        };
        let seal = seal(&head, &settings_text, &world.registry, &mods);
        write_head(&transaction, &head, &seal, self.checkpoints.held())?;
        mods::forget(&transaction)?;
        transaction.commit()?;
        drop(connection);

        self.index.apply(changes);
        self.history.apply(history);
        self.recorder = recorder;
        self.untake_inbox();
        self.pruned = None;
        self.committed = (*world).clone();
        self.head = head;
        self.mods = mods;
        self.config = (*config).clone();
        self.settings_text = settings_text;
        Ok(())
    }

    /// The set of mods that runs now and the one before it, where there was one.
    /// What neither the save nor `elsewhere` has of them stays empty.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn last_sets(
        &self,
        elsewhere: &Contents,
    ) -> Result<(RecordedSet, Option<RecordedSet>), SaveError> {
        let read = || -> Fallible<_> {
            let connection = self.database.lock();
            let now = self.mods.recorded(&connection, elsewhere)?;
            let before = match self.mods.number {
                ..=1 => None,
                number => {
                    let before = ModSet::read_one(&connection, number - 1)?;
                    Some(before.recorded(&connection, elsewhere)?)
                }
            };
            Ok((now, before))
        };
        read().map_err(|failure| failure.of(self.name(), "read"))
    }

    /// Conversions that the save has behind it.
    pub fn applied_conversions(&self) -> &Conversions {
        &self.mods.applied_conversions
    }

    /// The inputs that wait for a tick, which stay where they are.
    ///
    /// # Errors
    ///
    /// The inbox cannot be read.
    pub fn waiting(&self) -> Result<Vec<Input>, SaveError> {
        let waiting = inbox::read(&self.database.lock(), &self.committed.registry, 0);
        let waiting = waiting.map_err(|failure| failure.of(self.name(), "read"))?;
        Ok(waiting.into_iter().map(|(_, input)| input).collect())
    }
}

/// Whether the columns of two worlds keep the same stamps, which no hash of
/// empty ones tells.
fn same_tracking(before: &World, now: &World) -> bool {
    let tracked = |world: &World| -> Vec<Vec<u8>> {
        world.archetypes().iter().map(|archetype| state::tracked(archetype)).collect()
    };
    tracked(before) == tracked(now)
}
