//! Trying other mods on a save, on a copy of it in memory.
//!
//! They are compiled, compared and taken over as they are when the save is opened
//! with them, so that migrations of tables and conversions really run, over all
//! that the save has, and what stops them there stops them here. The save is only
//! read.

use std::sync::Arc;

use crate::catalog::ModSource;
use crate::compile::{Compiler, source_of};
use crate::config::WorldConfig;
use crate::error::Error;
use crate::fork::Fork;
use crate::pack;
use crate::plan::Plan;
use crate::runtime::{ModSets, Runtime};
use crate::save::{Cause, Reader, RecordedSet};

/// What came of trying other mods on a save.
pub struct Trial {
    /// What they mean for it.
    pub plan: Plan,
    /// Why it cannot follow them, where it cannot.
    pub problem: Option<Error>,
}

/// Tries the mods of a world, with its settings, on a save.
///
/// # Errors
///
/// What keeps the mods from being compared with the save at all: one that is no
/// mod, mods that do not fit together, a save that cannot be read.
pub fn attempt(reader: &Reader, config: WorldConfig, mods: Vec<ModSource>) -> Result<Trial, Error> {
    let (world, saved) = reader.world()?;
    let before = reader.mods(&pack::contents(&mods))?;
    let compiler = Compiler::new(config.clone(), 1)?;
    let set = RecordedSet { since: world.tick(), cause: Cause::default(), mods: before };
    let tables = Arc::new(reader.tables()?);
    let runtime = Runtime::new(saved, compiler.engine(), ModSets::new(set, None), 1)?;
    let mut copy = Fork::new(runtime, world, [0; 32], tables, reader.applied_conversions()?);
    let mods = compiler.compile(mods)?;
    let candidate = match copy.prepare(config, mods, reader.waiting()?) {
        Err(Error::Incompatible(plan)) => {
            let problem = Some(Error::Incompatible(plan.clone()));
            return Ok(Trial { plan: *plan, problem });
        }
        prepared => prepared?,
    };
    let plan = candidate.plan().clone();
    let problem = copy.take_over(candidate, None).err();
    Ok(Trial { plan, problem })
}

/// As [`attempt`], with one mod in the place of the one of its id, or beside those
/// that the save has.
///
/// # Errors
///
/// As [`attempt`].
pub fn attempt_one(reader: &Reader, mut one: ModSource) -> Result<Trial, Error> {
    let (_, config) = reader.world()?;
    // A component is known by what it calls itself, not by its file.
    let compiled = Compiler::new(config.clone(), 1)?.compile(vec![one.clone()])?;
    if let Some(compiled) = compiled.first() {
        one.id = compiled.declared_id().to_owned();
    }
    let before = reader.mods(&pack::contents(std::slice::from_ref(&one)))?;
    let others = before.iter().filter(|stored| stored.id != one.id).map(source_of);
    let mods = others.chain([one.clone()]).collect();
    attempt(reader, config, mods)
}
