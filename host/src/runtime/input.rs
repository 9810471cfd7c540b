//! Inputs, checked before a tick is given them.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Runtime;
use crate::audience::{self, Readers};
use crate::ecs::{KindId, Role, Topic, World, canonical_value, from_json};
use crate::error::Error;
use crate::program::System;
use crate::reading::has_run;
use crate::record::Input;

impl Runtime {
    /// An input for a world: its full name, its fields as JSON, and who sends it.
    ///
    /// # Errors
    ///
    /// That no mod declares it, that the fields do not fit it, or that no system
    /// which takes part would read it.
    pub fn input(
        &self,
        world: &World,
        kind: &str,
        json: &Json,
        sender: &str,
    ) -> Result<Input, Error> {
        let wrong = |what: String| Error::Input { kind: kind.to_owned(), what };
        let registry = &world.registry;
        let id = registry.find(kind).filter(|id| registry.get(*id).role == Role::Input);
        let Some(id) = id else {
            let inputs = registry.iter().filter(|(_, kind)| kind.role == Role::Input);
            let mut known: Vec<_> = inputs.map(|(_, kind)| format!("`{}`", kind.name)).collect();
            known.sort();
            return Err(wrong(match known.as_slice() {
                [] => "no mod of this world declares an input".to_owned(),
                known => format!("{}; there are {}", registry.why_no_input(kind), known.join(", ")),
            }));
        };
        let payload =
            from_json(registry.get(id), json).map_err(|problem| wrong(problem.to_string()))?;
        if let Some(why) = audience::objection(kind, &self.readers_of(world, id)) {
            return Err(wrong(format!("{why}: resume it first")));
        }
        Ok(Input { kind: id, sender: sender.to_owned(), payload: payload.into() })
    }

    /// The mods of the systems that read an input, and whether each is suspended.
    fn readers_of(&self, world: &World, kind: KindId) -> Readers {
        let program = self.program();
        let reads = |system: &&Arc<System>| {
            let is_over = system.startup && has_run(&world.systems, system);
            !is_over && system.reads.contains(&Topic::Kind(kind))
        };
        let systems = program.systems.iter().filter(reads);
        let owners = systems.map(|system| &program.mods[system.owner].id);
        owners.map(|id| (id.clone(), world.is_suspended(id))).collect()
    }
}

/// An input that another run of the same save was given, checked against the
/// kinds of a world.
///
/// # Errors
///
/// That no mod declares it, or that its fields do not fit the declaration.
pub fn checked(world: &World, input: Input) -> Result<Input, Error> {
    let registry = &world.registry;
    let known = registry.iter().find(|(id, kind)| *id == input.kind && kind.role == Role::Input);
    let Some((_, kind)) = known else {
        let (kind, what) = (format!("kind {}", input.kind.0), "no mod declares it".to_owned());
        return Err(Error::Input { kind, what });
    };
    let mut canonical = Vec::with_capacity(input.payload.len());
    let mut rest = &input.payload[..];
    let wrong = |what: String| Error::Input { kind: kind.name.clone(), what };
    canonical_value(kind, &mut rest, &mut canonical, &mut Ok)
        .map_err(|problem| wrong(problem.to_string()))?;
    if !rest.is_empty() {
        return Err(wrong("bytes are left over after its fields".to_owned()));
    }
    Ok(Input { payload: canonical.into(), ..input })
}
