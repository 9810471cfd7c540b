//! Lets everything be derived anew.

use sandtable_sdk::prelude::*;

use crate::kinds::{Item, Pending, Person, Place, Rebuild};
use crate::pending;

/// Ends every person, place and item, when it is told to; the next ticks make them again
/// of the events. Their numbers are others then, and all else is the same.
#[system(whole = "world", after = "derive")]
pub fn rebuild(
    told: EventReader<Rebuild>,
    of_a_story: Query<Entity, Or<(With<Person>, With<Place>, With<Item>)>>,
    mut to_do: ResMut<Pending>,
    mut tables: Tables,
    mut commands: Commands,
) -> Result<(), TableError> {
    if told.is_empty() {
        return Ok(());
    }
    for entity in of_a_story.iter() {
        commands.despawn(entity);
    }
    tables.execute("DELETE FROM story__contradictions", ())?;
    tables.execute("DELETE FROM story__checkpoints WHERE name = 'derive'", ())?;
    tables.execute(
        "INSERT OR IGNORE INTO story__pending
         SELECT 0, place, '' FROM story__events WHERE place IS NOT NULL
         UNION SELECT 0, subject, '' FROM story__names WHERE kind = 'place'
         UNION SELECT 1, who, '' FROM story__parts
         UNION SELECT 1, who, '' FROM story__valence
         UNION SELECT 1, whom, '' FROM story__valence
         UNION SELECT 1, who, '' FROM story__lives
         UNION SELECT 1, giver, '' FROM story__moves WHERE giver IS NOT NULL
         UNION SELECT 1, taker, '' FROM story__moves WHERE taker IS NOT NULL
         UNION SELECT 1, subject, '' FROM story__names WHERE kind = 'person'
         UNION SELECT 2, item, '' FROM story__moves
         UNION SELECT 2, subject, '' FROM story__names WHERE kind = 'item'
         UNION SELECT 3, who, whom FROM story__valence",
        (),
    )?;
    to_do.subjects = pending::count(&tables)?;
    Ok(())
}
