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
    let of_number = || text.parse().map(|bits: i64| Entity::from_bits(bits as u64)).ok();
    let written = Entity::parse(text).or_else(of_number);
    if let Some(entity) = written.filter(|it| world.entities.locate(*it).is_some()) {
        return Ok(entity);
    }
    let all = world.archetypes().iter().flat_map(|it| of_archetype(it));
    let called = |entity: &Entity| labels.label(world, *entity).is_some_and(|it| it == text);
    let mut found = match written {
        Some(_) => Vec::new(),
        None => all.filter(called).take(2).collect::<Vec<_>>(),
    };
    match (found.len(), found.pop()) {
        (1, Some(entity)) => Ok(entity),
        (2, Some(entity)) => Err(Problem::new(
            Kind::NotFound,
            format!(
                "several entities are called `{text}` at tick {}: {entity} is one of them",
                world.tick()
            ),
        )),
        _ => Err(Problem::new(
            Kind::NotFound,
            format!(
                "no entity `{text}` is alive at tick {}: entities are written as 12v3",
                world.tick()
            ),
        )),
    }
}

/// The entities of an archetype, in the order in which it has them.
pub fn of_archetype(archetype: &Archetype) -> impl Iterator<Item = Entity> {
    archetype.entities().pages().iter().flat_map(|page| page.iter().copied())
}
