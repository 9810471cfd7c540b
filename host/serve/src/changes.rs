//! What is other in a world than it was: for clients of the stream that keep a copy.

use std::collections::BTreeSet;

use sandtable::ecs::{Entity, Role, World};
use sandtable::save::{Action, Change, Labels, PastValue, differences};
use serde_json::{Value as Json, json};

use super::named::entity_of;
use super::problem::{Kind, Problem};

/// Of what a client keeps a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Components, relations and resources; all where there are none.
    kinds: BTreeSet<String>,
    /// One entity, where it is one, by its bits.
    entity: Option<u64>,
}

impl Wanted {
    /// Reads what is asked for: names of kinds with commas between them, or `*`; and an
    /// entity.
    ///
    /// # Errors
    ///
    /// There is no such kind or entity.
    pub fn parse(
        world: &World,
        labels: &Labels,
        kinds: Option<&str>,
        entity: Option<&str>,
    ) -> Result<Option<Self>, Problem> {
        if kinds.is_none() && entity.is_none() {
            return Ok(None);
        }
        let kinds = kinds.unwrap_or("*").split(',').map(str::trim);
        let mut kinds: BTreeSet<String> = kinds.map(str::to_owned).collect();
        if kinds.contains("*") {
            kinds.clear();
        }
        let registry = &world.registry;
        let roles = [Role::Component, Role::Relation];
        if let Some(none) = kinds.iter().find(|it| registry.find_as(it, &roles).is_none()) {
            let what = format!(
                "names `{none}`, which is no component, relation or resource: `kinds` lists them, \
                 and `*` is all"
            );
            return Err(Problem::parameter("changes", what));
        }
        // It may be gone by now, which is what a client wants to know.
        let named = |text: &str| match Entity::parse(text) {
            Some(entity) => Ok(entity),
            None => entity_of(world, text, labels),
        };
        let entity = entity.map(named).transpose()?;
        Ok(Some(Self { kinds, entity: entity.map(|it| it.to_bits()) }))
    }

    fn wants(&self, change: &Change) -> bool {
        match &change.kind {
            _ if self.kinds.is_empty() => true,
            Some(kind) => self.kinds.contains(&kind.name),
            None => false,
        }
    }

    /// What leads from an earlier world to a later one. What is told twice has no other
    /// effect than what is told once.
    pub fn between(&self, before: &World, after: &World) -> Json {
        let entity = self.entity.map(Entity::from_bits);
        let [mut spawned, mut despawned, mut set, mut removed] = [const { Vec::new() }; 4];
        let [mut related, mut unrelated, mut resources] = [const { Vec::new() }; 3];
        let changes = differences(before, after, entity);
        let gone: BTreeSet<_> = changes
            .iter()
            .filter(|change| change.action == Action::Despawned)
            .filter_map(|change| change.entity)
            .collect();
        for change in changes.iter().filter(|change| self.wants(change)) {
            let name = change.kind.as_ref().map(|kind| kind.name.as_str());
            let of = change.entity.map(|entity| entity.to_string());
            let value = change.new.as_ref().map_or(Json::Null, PastValue::to_json);
            match (change.entity, change.target, change.action) {
                (Some(_), Some(target), Action::Unrelated) => unrelated.push(json!({
                    "kind": name, "source": of, "target": target.to_string(),
                })),
                (Some(_), Some(target), _) => related.push(json!({
                    "kind": name, "source": of, "target": target.to_string(), "data": value,
                })),
                (Some(_), None, Action::Spawned) => spawned.push(Json::from(of)),
                (Some(_), None, Action::Despawned) => despawned.push(Json::from(of)),
                (Some(entity), None, Action::Removed) => {
                    // What an entity had goes with it.
                    if !gone.contains(&entity) || !self.kinds.is_empty() {
                        removed.push(json!({ "entity": of, "kind": name }));
                    }
                }
                (Some(_), None, _) => {
                    set.push(json!({ "entity": of, "kind": name, "value": value }));
                }
                (None, ..) => resources.push(json!({ "kind": name, "value": value })),
            }
        }
        json!({
            "despawned": despawned, "spawned": spawned, "removed": removed, "set": set,
            "unrelated": unrelated, "related": related, "resources": resources,
        })
    }
}

/// Why a client of the stream cannot go on from the tick that it had last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The tick is of another course of the world, or of none.
    Rewound,
    /// What lies between is no longer kept.
    Pruned,
    /// What lies between is the past, which the token may not read.
    Denied,
}

impl Gap {
    /// From why the tick cannot be had.
    ///
    /// # Errors
    ///
    /// It is for another reason than time.
    pub fn of(problem: Problem) -> Result<Self, Problem> {
        match problem.kind {
            Kind::Rewound | Kind::Future => Ok(Self::Rewound),
            Kind::Pruned | Kind::NotFound => Ok(Self::Pruned),
            _ => Err(problem),
        }
    }

    /// Its name in the stream.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rewound => "rewound",
            Self::Pruned => "pruned",
            Self::Denied => "denied",
        }
    }
}
