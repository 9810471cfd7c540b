//! The versions of the contract that this host runs, each with its adapter.
//!
//! An adapter has what its directory of `wit/` generates, links components with
//! it, calls their exports, and turns what they say of themselves into a
//! [`Declaration`]. It decides and checks nothing: what an import does lies in
//! `imports`, what a declaration must be in `declaration` and `program`. So a
//! version that is added cannot lack a check that another one has.

mod alike;
mod since_v0_1_0;
mod since_v0_2_0;

use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine as Wasmtime, Store, Trap};

use super::away::Away;
use super::imports::Imports;
use super::state::{InTick, NoWorld, State};
use super::verdict::host_failure;
use super::wasi;
use sandtable_world::declaration::Declaration;
use sandtable_world::fault::{Fault, Halt};

/// One version of the contract, ready to link components.
pub(super) trait Version: Send + Sync {
    /// Finds out whether a component is a mod of this version.
    fn link(&self, component: &Component) -> wasmtime::Result<Arc<dyn Exports>>;
}

/// A mod of any version: each call makes a fresh instance.
pub(super) trait Exports: Send + Sync {
    fn describe(&self, store: &mut Store<State<NoWorld>>) -> wasmtime::Result<Declaration>;

    fn run(
        &self,
        store: &mut Store<State<InTick>>,
        argument: &[u8],
    ) -> wasmtime::Result<Result<(), String>>;

    /// Runs a call whose world is elsewhere.
    fn run_away(
        &self,
        store: &mut Store<State<Away>>,
        argument: &[u8],
    ) -> wasmtime::Result<Result<(), String>>;

    fn convert(
        &self,
        store: &mut Store<State<NoWorld>>,
        conversion: u32,
        rows: u32,
        columns: &[Vec<u8>],
    ) -> wasmtime::Result<Result<Vec<Vec<u8>>, String>>;
}

/// Every version that this host runs, by its number, oldest first: those of
/// [`interface::VERSIONS`](sandtable_world::interface::VERSIONS).
pub(super) fn all(wasmtime: &Wasmtime) -> wasmtime::Result<Vec<(&'static str, Box<dyn Version>)>> {
    Ok(vec![
        ("0.1.0", Box::new(since_v0_1_0::Linkers::new(wasmtime)?)),
        ("0.2.0", Box::new(since_v0_2_0::Linkers::new(wasmtime)?)),
    ])
}

/// A linker with what all versions have in common.
fn linker<W: Imports>(wasmtime: &Wasmtime) -> wasmtime::Result<Linker<State<W>>> {
    let mut linker = Linker::new(wasmtime);
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// What failed while an instance was made. Besides the guest's own start, for
/// which there are traps and limits, that is for want of what the machine has:
/// the rest was checked when the component was linked.
fn not_started(error: wasmtime::Error) -> wasmtime::Error {
    let of_guest = error.is::<Trap>() || error.is::<Fault>() || error.is::<Halt>();
    if of_guest { error } else { host_failure(&error).into() }
}
