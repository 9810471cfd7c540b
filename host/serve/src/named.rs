//! Which entity a text means.

use sandtable::ecs::{Archetype, Entity, World};
use sandtable::save::Labels;

use super::problem::{Kind, Problem};

/// The living entity of a text: `12v3`, its number as SQL has it, or its label.
///
/// # Errors
///
/// There is none, or several are called so.
pub fn entity_of(world: &World, text: &str, labels: &Labels) -> Result<Entity, Problem> {
    labels.entity(world, text).map_err(|what| Problem::new(Kind::NotFound, what))
}

/// The entities of an archetype, in the order in which it has them.
pub fn of_archetype(archetype: &Archetype) -> impl Iterator<Item = Entity> {
    archetype.entities().pages().iter().flat_map(|page| page.iter().copied())
}
