//! What versions of the contract have alike: all that they import and export.
//!
//! Each generates types and traits of its own for it, so that it is written once
//! here and expanded for each. A version in which something differs writes that
//! out.

/// The linkers, imports and exports of a version with these `bindings`, and the
/// parts of a declaration that no version has otherwise. Its adapter has functions
/// `kind` and `system` besides.
macro_rules! adapter {
    ($version:literal) => {
        use std::sync::Arc;

        use wasmtime::component::{Component, ComponentExportIndex, HasSelf, InstancePre, Linker};
        use wasmtime::{Engine as Wasmtime, Store};

        use self::bindings::GuestPre;
        use self::bindings::lookups::{Direction, Edges, Found};
        use self::bindings::{assets, log, lookups, output, tables, types};
        use super::{Exports, Version, not_started};
        use crate::away::Away;
        use crate::imports::{self, Imports};
        use crate::state::{InTick, NoWorld, State};
        use sandtable_world::record::LogLevel;
        use sandtable_world::statements::ResultSet;

        /// What components are linked with, within a tick and outside of one.
        pub(super) struct Linkers {
            in_tick: Linker<State<InTick>>,
            away: Linker<State<Away>>,
            outside: Linker<State<NoWorld>>,
        }

        /// A component that is linked. Of an instance in a tick nothing is looked up
        /// but `run`, since there is one for each call.
        struct Linked {
            in_tick: InstancePre<State<InTick>>,
            away: InstancePre<State<Away>>,
            run: ComponentExportIndex,
            outside: GuestPre<State<NoWorld>>,
        }

        impl Linkers {
            pub fn new(wasmtime: &Wasmtime) -> wasmtime::Result<Self> {
                let (in_tick, away) = (linker(wasmtime)?, linker(wasmtime)?);
                Ok(Self { in_tick, away, outside: linker(wasmtime)? })
            }
        }

        fn linker<W: Imports>(wasmtime: &Wasmtime) -> wasmtime::Result<Linker<State<W>>> {
            let mut linker = super::linker(wasmtime)?;
            imports::add_shards(&mut linker, concat!("sandtable:guest/shards@", $version))?;
            lookups::add_to_linker::<_, HasSelf<State<W>>>(&mut linker, |state| state)?;
            output::add_to_linker::<_, HasSelf<State<W>>>(&mut linker, |state| state)?;
            tables::add_to_linker::<_, HasSelf<State<W>>>(&mut linker, |state| state)?;
            log::add_to_linker::<_, HasSelf<State<W>>>(&mut linker, |state| state)?;
            assets::add_to_linker::<_, HasSelf<State<W>>>(&mut linker, |state| state)?;
            Ok(linker)
        }

        impl Version for Linkers {
            fn link(&self, component: &Component) -> wasmtime::Result<Arc<dyn Exports>> {
                let in_tick = self.in_tick.instantiate_pre(component)?;
                let away = self.away.instantiate_pre(component)?;
                // That all exports are there, and of their types, is checked here.
                let outside = GuestPre::new(self.outside.instantiate_pre(component)?)?;
                let run = component.get_export_index(None, "run");
                let run = run.ok_or_else(|| wasmtime::Error::msg("it exports no `run`"))?;
                Ok(Arc::new(Linked { in_tick, away, run, outside }))
            }
        }

        fn run<W: Send>(
            linked: &InstancePre<State<W>>,
            run: &ComponentExportIndex,
            store: &mut Store<State<W>>,
            argument: &[u8],
        ) -> wasmtime::Result<Result<(), String>> {
            let guest = linked.instantiate(&mut *store).map_err(not_started)?;
            let run = guest.get_typed_func::<(&[u8],), (Result<(), String>,)>(&mut *store, run)?;
            run.call(store, (argument,)).map(|(result,)| result)
        }

        impl Exports for Linked {
            fn describe(&self, store: &mut Store<State<NoWorld>>) -> wasmtime::Result<Declaration> {
                let guest = self.outside.instantiate(&mut *store).map_err(not_started)?;
                guest.call_describe(store).map(declaration)
            }

            fn run(
                &self,
                store: &mut Store<State<InTick>>,
                argument: &[u8],
            ) -> wasmtime::Result<Result<(), String>> {
                run(&self.in_tick, &self.run, store, argument)
            }

            fn run_away(
                &self,
                store: &mut Store<State<Away>>,
                argument: &[u8],
            ) -> wasmtime::Result<Result<(), String>> {
                run(&self.away, &self.run, store, argument)
            }

            fn convert(
                &self,
                store: &mut Store<State<NoWorld>>,
                conversion: u32,
                rows: u32,
                columns: &[Vec<u8>],
            ) -> wasmtime::Result<Result<Vec<Vec<u8>>, String>> {
                let guest = self.outside.instantiate(&mut *store).map_err(not_started)?;
                guest.call_convert(store, conversion, rows, columns)
            }
        }

        impl<W: Imports> types::Host for State<W> {}

        impl<W: Imports> lookups::Host for State<W> {
            fn lookup(&mut self, lookup: u32, entities: Vec<u64>) -> wasmtime::Result<Found> {
                let imports::Found { present, values } = self.world.lookup(lookup, &entities)?;
                Ok(Found { present, values })
            }

            fn related(
                &mut self,
                relation: u32,
                way: Direction,
                entities: Vec<u64>,
            ) -> wasmtime::Result<Edges> {
                let way = match way {
                    Direction::Outgoing => imports::Direction::Outgoing,
                    Direction::Incoming => imports::Direction::Incoming,
                };
                let imports::Edges { starts, others, data } =
                    self.world.related(relation, way, &entities)?;
                Ok(Edges { starts, others, data })
            }
        }

        impl<W: Imports> output::Host for State<W> {
            fn set_resource(&mut self, resource: u32, value: Vec<u8>) -> wasmtime::Result<()> {
                Ok(self.world.set_resource(resource, &value)?)
            }

            fn commands(&mut self, runs: Vec<u8>) -> wasmtime::Result<()> {
                Ok(self.world.commands(&runs)?)
            }

            fn emit(&mut self, events: Vec<u8>) -> wasmtime::Result<()> {
                Ok(self.world.emit(&events)?)
            }
        }

        impl<W: Imports> tables::Host for State<W> {
            fn query(
                &mut self,
                statement: String,
                parameters: Vec<u8>,
            ) -> wasmtime::Result<Result<tables::Answer, String>> {
                let answer = self.world.query(&statement, &parameters)?;
                Ok(answer.map(|ResultSet { columns, rows }| tables::Answer { columns, rows }))
            }

            fn execute(
                &mut self,
                statement: String,
                rows: Vec<u8>,
            ) -> wasmtime::Result<Result<u64, String>> {
                Ok(self.world.execute(&statement, &rows)?)
            }
        }

        impl<W: Imports> log::Host for State<W> {
            fn write(&mut self, severity: log::Level, line: String) -> wasmtime::Result<()> {
                let level = match severity {
                    log::Level::Error => LogLevel::Error,
                    log::Level::Warn => LogLevel::Warn,
                    log::Level::Info => LogLevel::Info,
                    log::Level::Debug => LogLevel::Debug,
                };
                self.say(level, &line);
                Ok(())
            }
        }

        impl<W: Imports> assets::Host for State<W> {
            fn names(&mut self) -> wasmtime::Result<Vec<String>> {
                Ok(self.assets.keys().cloned().collect())
            }

            fn read(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
                Ok(self.assets.get(&name).cloned())
            }
        }

        fn declaration(description: types::Description) -> Declaration {
            let types::Description { id, version, kinds, systems, migrations, conversions } =
                description;
            let migration = |types::Migration { name, sql }| declaration::Migration { name, sql };
            Declaration {
                id,
                version,
                kinds: kinds.into_iter().map(kind).collect(),
                systems: systems.into_iter().map(system).collect(),
                migrations: migrations.into_iter().map(migration).collect(),
                conversions: conversions.into_iter().map(conversion).collect(),
            }
        }

        fn terms(declared: Vec<types::Term>) -> Vec<declaration::Term> {
            let term = |types::Term { kind, access }| declaration::Term {
                kind,
                access: match access {
                    types::Access::Read => ecs::Access::Read,
                    types::Access::Write => ecs::Access::Write,
                    types::Access::OptionalRead => ecs::Access::OptionalRead,
                    types::Access::OptionalWrite => ecs::Access::OptionalWrite,
                    types::Access::Has => ecs::Access::Has,
                    types::Access::Lacks => ecs::Access::Lacks,
                    types::Access::Changed => ecs::Access::Changed,
                    types::Access::Added => ecs::Access::Added,
                },
            };
            declared.into_iter().map(term).collect()
        }

        fn reading(declared: types::Reading) -> declaration::Reading {
            match declared {
                types::Reading::Event(kind) => declaration::Reading::Event(kind),
                types::Reading::Removed(kind) => declaration::Reading::Removed(kind),
                types::Reading::Despawned => declaration::Reading::Despawned,
            }
        }

        fn conversion(declared: types::Conversion) -> declaration::Conversion {
            let types::Conversion { name, old, new } = declared;
            declaration::Conversion { name, old: old.into_iter().map(kind).collect(), new }
        }
    };
}

pub(super) use adapter;
