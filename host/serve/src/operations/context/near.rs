//! How far entities are from those that are asked about, in the graph of relations.

use std::collections::BTreeMap;

use sandtable::ecs::{Entity, Role, World};

/// Steps that are looked at.
const DEPTH: u64 = 2;
/// Entities that are looked at.
const MOST: usize = 512;
/// Edges of one entity, each way and of one kind, that are looked at.
const EDGES_MAX: usize = 256;

/// Entities, with how many steps each is away.
pub struct Near(BTreeMap<Entity, u64>);

impl Near {
    /// Some, and none around them.
    pub fn only(about: &[Entity]) -> Self {
        Self(about.iter().map(|entity| (*entity, 0)).collect())
    }

    /// Those around some.
    pub fn around(world: &World, about: &[Entity]) -> Self {
        let kinds: Vec<_> = world
            .registry
            .iter()
            .filter(|(_, kind)| kind.role == Role::Relation)
            .map(|(id, _)| id)
            .collect();
        let mut found: BTreeMap<Entity, u64> = about.iter().map(|entity| (*entity, 0)).collect();
        let mut rim = about.to_vec();
        for away in 1..=DEPTH {
            let mut next = Vec::new();
            for entity in rim {
                for kind in &kinds {
                    let outgoing = world.relations.outgoing(*kind, entity).take(EDGES_MAX);
                    let incoming = world.relations.incoming(*kind, entity).take(EDGES_MAX);
                    for (other, _) in outgoing.chain(incoming) {
                        if found.len() < MOST && !found.contains_key(&other) {
                            found.insert(other, away);
                            next.push(other);
                        }
                    }
                }
            }
            rim = next;
        }
        Self(found)
    }

    /// How many steps an entity is away, where it is near.
    pub fn steps(&self, entity: Entity) -> Option<u64> {
        self.0.get(&entity).copied()
    }

    /// Those that are so many steps away, in the order of their numbers.
    pub fn at(&self, steps: u64) -> impl Iterator<Item = Entity> {
        self.0.iter().filter(move |(_, away)| **away == steps).map(|(entity, _)| *entity)
    }
}
