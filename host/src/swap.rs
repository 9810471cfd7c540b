//! Other mods in a world, between two ticks.
//!
//! A world is made, opened, updated while it runs and rolled back by one way:
//! the mods are compiled beside the old ones, compared with what the save has,
//! and refused, with everything as it was, or taken over together with the
//! values they change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use crate::catalog::{self, ModSource, Offered};
use crate::config::{Removed, WorldConfig};
use crate::declaration::{self, Declaration, DeclarationError};
use crate::ecs::{Bytes, Kind, KindId, ModState, Recast, World};
use crate::guest::{Code, Engine};
use crate::label;
use crate::migration::{Conversion, Migration};
use crate::persist::{Adoption, Cause, RecordedSet, Recorder, StoredMod, declaration_text};
use crate::plan::{Plan, Saved, described, migrations_of};
use crate::program::{self, Program, Terms};
use crate::record::{Digest, Input, TickRecord};
use crate::schedule::Schedule;
use crate::settings::{self, SettingChange};
use crate::simulation::{Error, Moment, Simulation, thread_count};
use crate::tables::{self, Migration as TableMigration, TableError};

/// Ticks after a swap in which a mod that came with it must not fault: if it
/// does, the mods from before come back, or, where values were changed for it,
/// it is suspended.
pub const PROBATION_TICKS: u64 = 3;

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

/// A mod that is compiled and has said what it consists of.
#[derive(Clone)]
pub struct Compiled {
    engine: Arc<Engine>,
    source: ModSource,
    code: Code,
    declaration: Declaration,
}

/// Compiles mods for a world, also while it runs and on another thread. Mods
/// that the world has already are not compiled again.
#[derive(Clone)]
pub struct Compiler {
    engine: Arc<Engine>,
    config: WorldConfig,
    known: Vec<Compiled>,
}

/// Mods that fit a world and each other.
pub(crate) struct Prepared {
    config: WorldConfig,
    engine: Arc<Engine>,
    pub plan: Plan,
    migration: Migration,
    /// The migrations of tables, in the order of mods.
    tables: Vec<(String, Vec<TableMigration>)>,
    program: Program,
    schedule: Schedule,
    mods: Vec<StoredMod>,
    /// The values of the settings of mods.
    settings: Vec<(KindId, Bytes)>,
}

impl Compiled {
    /// The id that it calls itself by, whatever the world knows it as.
    pub fn declared_id(&self) -> &str {
        &self.declaration.id
    }

    /// The kinds that it declares, those of other mods included.
    ///
    /// # Errors
    ///
    /// What is wrong with the first that is no kind.
    pub fn kinds(&self) -> Result<Vec<Kind>, DeclarationError> {
        let one = |kind| declaration::resolve(self.declared_id(), kind).map(|it| it.kind);
        self.declaration.kinds.iter().map(one).collect()
    }

    /// What it was compiled from.
    pub(crate) fn source_mut(&mut self) -> &mut ModSource {
        &mut self.source
    }

    /// As a save carries it.
    pub fn stored(&self) -> StoredMod {
        let Self { source, code, declaration, .. } = self;
        StoredMod {
            id: source.id.clone(),
            version: declaration.version.clone(),
            hash: code.hash,
            component: source.component.clone(),
            assets: source.assets.clone(),
            manifest: source.manifest.clone(),
            source: source.source.clone(),
            declaration: declaration_text(declaration),
        }
    }
}

impl Compiler {
    /// For a world with these settings, whose mods run on so many threads.
    pub fn new(config: WorldConfig, threads: usize) -> Result<Self, Error> {
        let engine = Engine::new(config.world.strict_nan, thread_count(threads))?;
        let engine = Arc::new(engine);
        Ok(Self { engine, config, known: Vec::new() })
    }

    /// The engine that the code is for.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        self.engine.clone()
    }

    /// For other settings of the same world.
    pub fn with(&self, config: WorldConfig, threads: usize) -> Result<Self, Error> {
        if config.world.strict_nan != self.config.world.strict_nan {
            return Self::new(config, threads);
        }
        Ok(Self { config, ..self.clone() })
    }

    /// Knows mods, so that they are not compiled again.
    pub fn remember(&mut self, mods: &[Compiled]) {
        self.known = mods.to_vec();
    }

    /// Compiles mods and asks each what it consists of; ascending by id.
    pub fn compile(&self, mods: Vec<ModSource>) -> Result<Vec<Compiled>, Error> {
        let terms: Vec<Terms> =
            mods.iter().map(|source| Terms::of(source, &mods, &self.config)).collect();
        let one = |(source, terms)| self.one(source, terms);
        let mut compiled = mods.into_iter().zip(&terms).map(one).collect::<Result<Vec<_>, _>>()?;
        compiled.sort_by(|one, two| one.source.id.cmp(&two.source.id));
        Ok(compiled)
    }

    fn one(&self, source: ModSource, terms: &Terms) -> Result<Compiled, Error> {
        let hash: Digest = *blake3::hash(&source.component).as_bytes();
        let known = self.known.iter().find(|known| {
            known.source.id == source.id
                && known.code.hash == hash
                && known.source.assets == source.assets
        });
        if let Some(Compiled { code, declaration, .. }) = known {
            let (code, declaration) = (code.clone(), declaration.clone());
            return Ok(Compiled { engine: self.engine.clone(), source, code, declaration });
        }
        let name = format!("mod `{}`", source.id);
        let code = self.engine.load(&name, &source.component)?;
        let assets = terms.assets.clone();
        let declaration = self.engine.describe(&name, &code, &terms.limits, assets)?;
        Ok(Compiled { engine: self.engine.clone(), source, code, declaration })
    }
}

impl Simulation {
    /// Compiles mods for this world.
    pub fn compiler(&self) -> Compiler {
        self.compiler_for(self.config.clone())
    }

    fn compiler_for(&self, config: WorldConfig) -> Compiler {
        let known = |stored: &StoredMod| {
            let loaded = self.program.mods.iter().find(|loaded| loaded.id == stored.id)?;
            Some(Compiled {
                engine: self.engine.clone(),
                source: source_of(stored),
                code: loaded.code.clone(),
                declaration: described(stored).ok()?,
            })
        };
        let known = self.set.mods.iter().filter_map(known).collect();
        Compiler { engine: self.engine.clone(), config, known }
    }

    /// Puts other mods in the place of those that run, between two ticks.
    /// Whoever is not among them no longer takes part; what it left stays.
    ///
    /// After an error the old ones run on, and nothing has changed.
    pub fn swap(&mut self, mods: Vec<ModSource>) -> Result<Swap, Error> {
        let compiled = self.compiler().compile(mods)?;
        self.swap_compiled(compiled)
    }

    /// As [`Simulation::swap`], with mods that [`Simulation::compiler`] made.
    pub fn swap_compiled(&mut self, mods: Vec<Compiled>) -> Result<Swap, Error> {
        self.adopt(self.config.clone(), mods, None)
    }

    /// As [`Simulation::swap_compiled`], with other settings of the world.
    pub fn swap_world(&mut self, config: WorldConfig, mods: Vec<Compiled>) -> Result<Swap, Error> {
        self.adopt(config, mods, None)
    }

    /// Puts mods in the place of those that run. Without a cause it is the one
    /// that the changes make.
    pub(crate) fn adopt(
        &mut self,
        config: WorldConfig,
        mods: Vec<Compiled>,
        cause: Option<Cause>,
    ) -> Result<Swap, Error> {
        self.flush()?;
        let prepared = self.prepare(config, mods)?;
        self.take_over(prepared, cause)
    }

    /// Finds out whether mods fit the world and each other.
    pub(crate) fn prepare(
        &self,
        config: WorldConfig,
        mods: Vec<Compiled>,
    ) -> Result<Prepared, Error> {
        let (found, asked) = (self.now.world.rows_per_page(), config.world.shard_rows);
        if found != asked {
            return Err(Error::ShardRows { found, asked });
        }
        let engine = mods.first().map_or(&self.engine, |first| &first.engine).clone();
        if !mods.iter().all(|compiled| Arc::ptr_eq(&compiled.engine, &engine)) {
            return Err(Error::Compilers);
        }
        let stored: Vec<StoredMod> = mods.iter().map(Compiled::stored).collect();
        let mut inputs = self.waiting.inputs.clone();
        if let Some(save) = &self.save {
            inputs.extend(save.waiting()?);
        }
        let ran = self.tables.ran().map_err(TableError::from)?;
        let saved = Saved {
            world: &self.now.world,
            ran: &ran,
            mods: &self.set.mods,
            behind: &self.behind,
            inputs: &inputs,
            removed: &config.removed,
        };
        for Compiled { source, code, declaration, .. } in &mods {
            program::check(source, code.interface, declaration, &config)?;
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
        let declarations = mods.iter().map(|compiled| &compiled.declaration);
        let settings = settings::values(declarations, &config, &migration.registry)?;
        let mut program = Program::new();
        let sources: Vec<ModSource> = mods.iter().map(|it| it.source.clone()).collect();
        let mut order: Vec<&Compiled> = mods.iter().collect();
        order.sort_by_key(|it| depths.get(&it.source.id).copied());
        let mut tables = Vec::with_capacity(mods.len());
        for compiled in order {
            let Compiled { source, code, declaration, .. } = compiled;
            let terms = Terms::of(source, &sources, &config);
            program.add(code.clone(), declaration, terms, &migration.registry)?;
            tables.push((source.id.clone(), migrations_of(declaration)));
        }
        let schedule = Schedule::new(&program.systems)?;
        Ok(Prepared {
            config,
            engine,
            plan,
            migration,
            tables,
            program,
            schedule,
            mods: stored,
            settings,
        })
    }

    /// Every set of mods comes into a world by this way, together with the
    /// values that it changes: all of it or nothing.
    pub(crate) fn take_over(
        &mut self,
        prepared: Prepared,
        cause: Option<Cause>,
    ) -> Result<Swap, Error> {
        let taken = self.try_to_take_over(prepared, cause);
        if taken.is_err() {
            self.tables.undo_all();
        }
        taken
    }

    fn try_to_take_over(
        &mut self,
        prepared: Prepared,
        cause: Option<Cause>,
    ) -> Result<Swap, Error> {
        let Prepared { config, engine, plan, migration, tables, program, schedule, mods, settings } =
            prepared;
        let since = self.now.world.tick();
        if let Some(save) = &mut self.save {
            save.sync_next()?;
        }
        let tables_before = self.tables_to_keep(&tables, &config)?;
        let migrated = self.migrate_tables(&tables, since)? | self.drop_tables(&config)?;
        let changed =
            if migrated || migration.is_needed() { Cause::Migrated } else { Cause::Swapped };
        let set = RecordedSet { since, cause: cause.unwrap_or(changed), mods };
        let (recasts, behind) = (migration.recasts.clone(), migration.behind.clone());
        let mut world = self.now.world.clone();
        world.hash_version = config.hash_version;
        migration.carry_out(&mut world, |conversion, rows, columns| {
            convert(&engine, &program, conversion, rows, &columns)
        })?;
        if migrated {
            world.tables = Arc::new(self.tables.tables().map_err(TableError::from)?);
        }
        let settings = settings::set(&mut world, settings);
        let (changed, added) = program.tracked();
        world.watch(&changed, &added, program.topics());
        forgive_changed(&mut world, &self.set.mods, &set.mods);
        match &mut self.save {
            Some(save) => {
                let (config, set, recasts) = (&config, &set, &recasts);
                let (world, behind) = (&world, &behind);
                let tables_before = tables_before.as_deref();
                save.adopt(&Adoption { config, set, world, recasts, behind, tables_before })?;
            }
            None => self.tables.commit().map_err(TableError::from)?,
        }

        // Nothing fails from here on.
        self.waiting.inputs = std::mem::take(&mut self.waiting.inputs)
            .into_iter()
            .filter_map(|input| recast_input(input, &recasts))
            .collect();
        if self.set.mods != set.mods {
            self.before = Some(std::mem::replace(&mut self.set, set));
        }
        if self.save.is_some() {
            self.recorder = Recorder::new(&config.history, &world.registry);
        }
        self.now = Moment { kept: world.clone(), world, chain: self.now.chain };
        self.committed = self.now.clone();
        (self.engine, self.program, self.schedule) = (engine, program, schedule);
        (self.config, self.behind) = (config, behind);
        Ok(Swap { plan, since, settings })
    }

    /// A copy of all tables of mods, if they are about to be changed in form and
    /// somebody may want to go back.
    fn tables_to_keep(
        &self,
        tables: &[(String, Vec<TableMigration>)],
        config: &WorldConfig,
    ) -> Result<Option<Vec<u8>>, TableError> {
        if !self.recorder.is_on() || self.now.world.tables.is_empty() {
            return Ok(None);
        }
        let ran = self.tables.ran()?;
        // Without history nobody will know what becomes of their rows.
        let mut changed = config.history.every == 0
            || config.removed.values().any(|removed| *removed == Removed::DropTables);
        for (id, migrations) in tables {
            changed |= !tables::pending(&ran, id, migrations)?.is_empty();
        }
        Ok(if changed { Some(tables::copy(&self.tables.lock())?) } else { None })
    }

    /// Runs the migrations of tables that did not run yet, in a transaction that
    /// stays open. Says whether there were any.
    fn migrate_tables(
        &self,
        tables: &[(String, Vec<TableMigration>)],
        after_tick: u64,
    ) -> Result<bool, TableError> {
        let mut any = false;
        for (id, migrations) in tables {
            any |= !self.tables.migrate(id, migrations, after_tick)?.is_empty();
        }
        Ok(any)
    }

    /// Drops the tables of mods that are gone, where the world says so. Says
    /// whether there were any.
    fn drop_tables(&self, config: &WorldConfig) -> Result<bool, TableError> {
        let mut any = false;
        for (id, removed) in &config.removed {
            let has = |table: &String| tables::owner(table) == Some(id);
            if *removed == Removed::DropTables && self.now.world.tables.keys().any(has) {
                any |= !self.tables.drop_tables(id)?.is_empty();
            }
        }
        Ok(any)
    }

    /// Whether a mod came with the last swap, and so lately that it must not
    /// fault in this tick.
    fn is_on_probation(&self, id: &str, tick: u64) -> bool {
        let RecordedSet { since, cause, mods } = &self.set;
        let Some(before) = self.before.as_ref().filter(|_| tick <= since + PROBATION_TICKS) else {
            return false;
        };
        let of = |mods: &[StoredMod]| mods.iter().find(|it| it.id == id).map(|it| it.hash);
        matches!(cause, Cause::Swapped | Cause::Migrated) && of(mods) != of(&before.mods)
    }

    /// Faults in a row after which a mod is suspended; zero: never.
    pub(crate) fn faults_to_suspend(&self, id: &str, tick: u64) -> u32 {
        match self.set.cause {
            // There is no way back past changed values.
            Cause::Migrated if self.is_on_probation(id, tick) => 1,
            _ => self.config.world.faults_to_suspend,
        }
    }

    /// Brings the mods from before back when one that came with the last swap
    /// faulted in a tick; the tick stays as it is.
    pub(crate) fn roll_back(&mut self, record: &mut TickRecord) -> Result<(), Error> {
        let faulted: BTreeSet<&str> = record
            .runs
            .iter()
            .filter(|run| run.fault.is_some())
            .filter_map(|run| run.system.split('/').next())
            .chain(record.exclusions.iter().map(|exclusion| exclusion.mod_id.as_str()))
            .filter(|id| self.is_on_probation(id, record.tick))
            .collect();
        let faulted: Vec<String> = faulted.into_iter().map(str::to_owned).collect();
        let Some(before) = &self.before else { return Ok(()) };
        if faulted.is_empty() || self.set.cause != Cause::Swapped {
            return Ok(());
        }
        let mods = before.mods.iter().map(source_of).collect();
        let config = self.config.clone();
        let compiled = self.compiler_for(config.clone()).compile(mods);
        match compiled.and_then(|mods| self.adopt(config, mods, Some(Cause::RolledBack))) {
            Ok(_) => {
                tracing::warn!(
                    "the mods from before tick {} are back, as {} faulted",
                    record.tick,
                    faulted.join(", ")
                );
                record.rolled_back = faulted;
                Ok(())
            }
            Err(Error::Save(error)) => Err(error.into()),
            Err(error) => {
                tracing::warn!("{} faulted, and there is no way back: {error}", faulted.join(", "));
                Ok(())
            }
        }
    }
}

/// A mod as others see it who depend on it. That its version is one has been
/// checked.
fn offered(compiled: &Compiled) -> Offered<'_> {
    let Compiled { source, declaration, .. } = compiled;
    let version = declaration.version.parse().unwrap_or_else(|_| Version::new(0, 0, 0));
    Offered { id: &source.id, version, manifest: source.manifest.as_ref() }
}

/// A mod as the save carries it.
pub(crate) fn source_of(stored: &StoredMod) -> ModSource {
    ModSource {
        id: stored.id.clone(),
        component: stored.component.clone(),
        assets: stored.assets.clone(),
        manifest: stored.manifest.clone(),
        source: stored.source.clone(),
    }
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
/// systems.
fn forgive_changed(world: &mut World, before: &[StoredMod], now: &[StoredMod]) {
    for source in now {
        let known = before.iter().find(|stored| stored.id == source.id);
        if known.is_none_or(|stored| stored.hash == source.hash) {
            continue;
        }
        let is_own = |name: &String| name.split('/').next() == Some(source.id.as_str());
        if world.mods.keys().any(is_own) {
            let mods = Arc::make_mut(&mut world.mods);
            mods.retain(|name, _| *name == source.id || !is_own(name));
            if let Some(state) = mods.get_mut(&source.id) {
                *state = ModState::default();
            }
        }
    }
}

/// An input as its kind is declared now. The plan has made sure that there is
/// one.
fn recast_input(input: Input, recasts: &BTreeMap<KindId, Recast>) -> Option<Input> {
    match recasts.get(&input.kind) {
        None => Some(input),
        Some(recast) => Some(Input { payload: recast.value(&input.payload)?.into(), ..input }),
    }
}
