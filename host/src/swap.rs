//! Other mods for a world, between two ticks.
//!
//! A world is made, opened, updated while it runs and rolled back by one way:
//! the mods are compiled beside the old ones and compared with what the world has
//! (`Candidate::new`), and refused, with everything as it was, or carried out on
//! a clone of the world (`Candidate::carry_out`). Tables are changed in the open
//! transaction, which the journal commits or undoes.

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::Version;

use crate::catalog::{self, ModSource, Offered, text};
use crate::compile::Compiled;
use crate::config::{Removed, Visibility, WorldConfig};
use crate::ecs::{Bytes, KindId, ModState, SchemaChange, World};
use crate::error::Error;
use crate::guest::Engine;
use crate::label;
use crate::migration::{Conversion, ValueMigration};
use crate::plan::{Plan, Saved, migrations_of};
use crate::program::{self, Program, Terms};
use crate::record::{Conversions, Input};
use crate::runtime::{Loaded, Runtime};
use crate::save::{Cause, RecordedSet, StoredMod};
use crate::schedule::Schedule;
use crate::settings::{self, SettingChange};
use crate::tables::{self, Database, Migration, TableError};

/// What a swap did.
#[derive(Clone, Debug, PartialEq)]
pub struct Swap {
    /// What differs.
    pub plan: Plan,
    /// The tick after which the mods run.
    pub since: u64,
    /// Settings of mods that are others than before.
    pub settings: Vec<SettingChange>,
}

/// What mods are to come into.
pub(crate) struct Target<'a> {
    /// The world.
    pub world: &'a World,
    /// The tables of mods.
    pub tables: &'a Database,
    /// Conversions that were made in it.
    pub applied_conversions: &'a Conversions,
    /// Inputs that wait for a tick.
    pub inputs: Vec<Input>,
}

/// Mods that fit a world and each other.
pub(crate) struct Candidate {
    plan: Plan,
    migration: ValueMigration,
    /// The migrations of tables, in the order of mods.
    tables: Vec<(String, Vec<Migration>)>,
    loaded: Loaded,
    mods: Vec<StoredMod>,
    /// The values of the settings of mods.
    settings: Vec<(KindId, Bytes)>,
}

/// Other mods, and the world as they found it changed for them. It counts for
/// nothing before what they did to tables is committed.
pub(crate) struct Adopted {
    /// The world, at the tick at which it was.
    pub world: World,
    /// The mods, as a save keeps them.
    pub set: RecordedSet,
    /// The mods, as they run.
    pub loaded: Loaded,
    /// Kinds that are declared anew.
    pub schema_changes: BTreeMap<KindId, SchemaChange>,
    /// Conversions that were made in it up to now.
    pub applied_conversions: Conversions,
    /// What it all meant.
    pub swap: Swap,
}

impl Candidate {
    /// Finds out whether mods fit a world and each other.
    ///
    /// # Errors
    ///
    /// Why they do not, all of it in one error where there are several reasons.
    pub(crate) fn new(
        runtime: &Runtime,
        target: &Target<'_>,
        config: WorldConfig,
        mods: Vec<Compiled>,
    ) -> Result<Self, Error> {
        let (found, asked) = (target.world.rows_per_page(), config.world.shard_rows);
        if found != asked {
            return Err(Error::ShardRows { found, asked });
        }
        let engine = mods.first().map_or(runtime.engine(), Compiled::engine).clone();
        if !mods.iter().all(|compiled| Arc::ptr_eq(compiled.engine(), &engine)) {
            return Err(Error::Compilers);
        }
        let stored: Vec<StoredMod> = mods.iter().map(Compiled::stored).collect();
        let ran = target.tables.ran().map_err(TableError::from)?;
        let saved = Saved {
            world: target.world,
            ran: &ran,
            mods: &runtime.sets().now().mods,
            applied_conversions: target.applied_conversions,
            inputs: &target.inputs,
            removed: &config.removed,
        };
        for compiled in &mods {
            let interface = compiled.code().interface;
            program::check(compiled.source(), interface, compiled.declaration(), &config)?;
        }
        let offered: Vec<Offered<'_>> = mods.iter().map(offered).collect();
        let depths = catalog::resolve(&offered)?;
        let (plan, migration) = Plan::between(&saved, &stored)?;
        if !plan.is_compatible() {
            return Err(Error::Incompatible(Box::new(plan)));
        }
        for name in &config.world.label {
            label::find(name, &migration.registry).map_err(Error::Label)?;
        }
        if let Some(Visibility { component, field }) = &config.api.visibility {
            let name = format!("{component}.{field}");
            let found = label::field("[api.visibility]", &name, &migration.registry);
            found.map_err(Error::Label)?;
        }
        let declarations = mods.iter().map(Compiled::declaration);
        let settings = settings::values(declarations, &config, &migration.registry)?;
        let mut program = Program::new();
        let sources: Vec<ModSource> = mods.iter().map(|it| it.source().clone()).collect();
        let mut order: Vec<&Compiled> = mods.iter().collect();
        order.sort_by_key(|it| depths.get(&it.source().id).copied());
        let mut tables = Vec::with_capacity(mods.len());
        for compiled in order {
            let (source, declaration) = (compiled.source(), compiled.declaration());
            let terms = Terms::of(source, &sources, &config);
            program.add(compiled.code().clone(), declaration, terms, &migration.registry)?;
            tables.push((source.id.clone(), migrations_of(declaration)));
        }
        let schedule = Schedule::new(&program.systems)?;
        let loaded = Loaded { config, engine, program, schedule };
        Ok(Self { plan, migration, tables, loaded, mods: stored, settings })
    }

    /// What they mean for the world.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// A copy of all tables of mods, if they are about to be changed in form: for
    /// a save with a history, which can be gone back to a tick before. Also of none:
    /// then the way back drops the first ones.
    ///
    /// # Errors
    ///
    /// That the tables could not be read, or that they ran migrations which the
    /// mods no longer have.
    pub(crate) fn tables_to_keep(
        &self,
        database: &Database,
    ) -> Result<Option<Vec<u8>>, TableError> {
        let ran = database.ran()?;
        let config = &self.loaded.config;
        // Without history there is no record of what becomes of their rows.
        let mut changed = config.history.every_ticks == 0
            || config.removed.values().any(|removed| *removed == Removed::DropTables);
        for (id, migrations) in &self.tables {
            changed |= !tables::pending(&ran, id, migrations)?.is_empty();
        }
        Ok(if changed { Some(tables::copy(&database.lock())?) } else { None })
    }

    /// Brings a world and its tables along. Without a cause it is the one that the
    /// changes make.
    ///
    /// # Errors
    ///
    /// A migration or a conversion that failed. The world is as it was; what was
    /// written to tables must be undone.
    pub(crate) fn carry_out(
        self,
        runtime: &Runtime,
        world: &World,
        database: &Database,
        cause: Option<Cause>,
    ) -> Result<Adopted, Error> {
        let since = world.tick();
        let migrated = self.migrate_tables(database, since)? | self.drop_tables(world, database)?;
        let Self { plan, migration, loaded, mods, settings, .. } = self;
        let changed =
            if migrated || migration.is_needed() { Cause::Migrated } else { Cause::Swapped };
        let set = RecordedSet { since, cause: cause.unwrap_or(changed), mods };
        let (schema_changes, applied_conversions) =
            (migration.schema_changes.clone(), migration.applied_conversions.clone());
        let mut world = world.clone();
        world.hash_version = loaded.config.hash_version;
        migration.carry_out(&mut world, |conversion, rows, columns| {
            convert(&loaded.engine, &loaded.program, conversion, rows, &columns)
        })?;
        if migrated {
            world.tables = Arc::new(database.tables().map_err(TableError::from)?);
        }
        let settings = settings::set(&mut world, settings);
        let (changed, added) = loaded.program.tracked();
        world.watch(&changed, &added, loaded.program.topics());
        forgive_changed(&mut world, &runtime.sets().now().mods, &set.mods);
        let swap = Swap { plan, since, settings };
        Ok(Adopted { world, set, loaded, schema_changes, applied_conversions, swap })
    }

    /// Runs the migrations of tables that did not run yet, in a transaction that
    /// stays open. Says whether there were any.
    fn migrate_tables(&self, database: &Database, after_tick: u64) -> Result<bool, TableError> {
        let mut any = false;
        for (id, migrations) in &self.tables {
            any |= !database.migrate(id, migrations, after_tick)?.is_empty();
        }
        Ok(any)
    }

    /// Drops the tables of mods that are gone, where the world says so. Says
    /// whether there were any.
    fn drop_tables(&self, world: &World, database: &Database) -> Result<bool, TableError> {
        let mut any = false;
        for (id, removed) in &self.loaded.config.removed {
            let has = |table: &String| tables::owner(table) == Some(id);
            if *removed == Removed::DropTables && world.tables.keys().any(has) {
                any |= !database.drop_tables(id)?.is_empty();
            }
        }
        Ok(any)
    }
}

impl Adopted {
    /// An input that waited, as its kind is declared now. The plan has made sure
    /// that there is one.
    pub(crate) fn input(&self, input: Input) -> Option<Input> {
        match self.schema_changes.get(&input.kind) {
            None => Some(input),
            Some(change) => Some(Input { payload: change.value(&input.payload)?.into(), ..input }),
        }
    }
}

/// A mod as others see it who depend on it. That its version is one has been
/// checked.
fn offered(compiled: &Compiled) -> Offered<'_> {
    let source = compiled.source();
    let version = compiled.declaration().version.parse().unwrap_or_else(|_| Version::new(0, 0, 0));
    Offered { id: &source.id, version, manifest: source.manifest.as_ref() }
}

fn convert(
    engine: &Engine,
    program: &Program,
    conversion: &Conversion,
    rows: usize,
    columns: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, String> {
    let owner = program.mods.iter().find(|loaded| loaded.id == conversion.mod_id);
    let owner = owner.ok_or_else(|| "is of no loaded mod".to_owned())?;
    let limits = (&owner.limits, owner.assets.clone());
    engine.convert(&owner.id, &owner.code, limits, conversion.index, rows, columns)
}

/// A mod that comes with other code starts with a clean record, and so do its
/// systems. Of systems that are no longer suspended alone there is none.
fn forgive_changed(world: &mut World, before: &[StoredMod], now: &[StoredMod]) {
    for source in now {
        let known = before.iter().find(|stored| stored.id == source.id);
        if known.is_none_or(|stored| text::has_same_code(stored, source)) {
            continue;
        }
        let is_own = |name: &String| name.split(['/', ':']).next() == Some(source.id.as_str());
        if world.mods.keys().any(is_own) {
            let mods = Arc::make_mut(&mut world.mods);
            mods.retain(|name, _| *name == source.id || !is_own(name));
            if let Some(state) = mods.get_mut(&source.id) {
                *state = ModState::default();
            }
        }
    }
    let is_apart = |id: &str, system: &str| {
        let manifest = now.iter().find(|it| it.id == id).and_then(|it| it.manifest.as_ref());
        manifest.is_some_and(|manifest| manifest.dispensable.contains(system))
    };
    let is_kept = |name: &String| name.split_once(':').is_none_or(|(id, of)| is_apart(id, of));
    if !world.mods.keys().all(is_kept) {
        Arc::make_mut(&mut world.mods).retain(|name, _| is_kept(name));
    }
}
