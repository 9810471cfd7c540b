//! What a principal sees of a world who may not see all of it.
//!
//! It is a world of its own ([`World::part`]): entities of other users are not in it, nor
//! are edges to them, nor kinds that the token is not for. Whatever is answered from that
//! world cannot tell of what is not in it, and says of it what it says of what never was.
//!
//! What is not answered from a world, such as logs, is not answered at all: only what
//! [`ANSWERED`] names is.
//!
//! **The rule.** An entity is seen by a user if it lacks the component that the world
//! file names under `[api.visibility]`, or if the field of it that is named there holds
//! that user's name. Values of what is seen are shown whole, also where one of them is
//! the number of an entity that is not. Resources are of no entity, and seen. Of ticks
//! in which no mod declared the component yet, no entity is.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use sandtable::config::WorldConfig;
use sandtable::ecs::{Entity, KindId, World, to_json};
use sandtable::record::Digest;
use serde_json::Value as Json;

use super::principal::Principal;
use super::problem::{Kind, Problem};
use super::rights::Scope;

/// What is answered to those who see a part: each from the world that they see, or with
/// nothing of the world but its tick.
const ANSWERED: [&str; 23] = [
    "ask",
    "changes",
    "charts",
    "column-stream",
    "columns",
    "context",
    "diff",
    "entities",
    "entity",
    "graph",
    "inputs",
    "kinds",
    "query",
    "query-by-body",
    "questions",
    "relations",
    "resources",
    "run",
    "set-run",
    "step",
    "stream",
    "world",
    "worlds",
];
/// Worlds that are kept for the next question of the same.
const KEPT: usize = 8;

/// What one sees of a world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// Kinds, as grants name them; all where there are none.
    kinds: Option<Vec<String>>,
    /// The user, with the component and the field that say whose an entity is.
    user: Option<Owner>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    user: String,
    component: String,
    field: String,
}

impl Sight {
    /// What a principal sees of a world, where that is not all.
    pub fn of(principal: &Principal, world: &str, config: &WorldConfig) -> Option<Self> {
        let grants = principal.grants();
        let kinds = (!grants.have_all_kinds(Scope::Read, world))
            .then(|| grants.kinds(Scope::Read, world).map(str::to_owned).collect());
        let user = principal.token().and_then(|token| token.user.clone());
        let user = user.zip(config.api.visibility.clone()).map(|(user, visibility)| Owner {
            user,
            component: visibility.component,
            field: visibility.field,
        });
        (kinds.is_some() || user.is_some()).then_some(Self { kinds, user })
    }

    /// Checks that an operation is answered to those who see a part.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn check(&self, operation: &str) -> Result<(), Problem> {
        match ANSWERED.contains(&operation) {
            true => Ok(()),
            false => Err(Problem::new(
                Kind::Scope,
                format!(
                    "the token sees a part of the world, and `{operation}` is answered of all of \
                     it: ask for a token that sees all"
                ),
            )),
        }
    }

    /// Checks that the history of a world has what decides what was seen in it.
    ///
    /// # Errors
    ///
    /// It keeps some components alone, and not that one.
    pub fn check_past(&self, config: &WorldConfig) -> Result<(), Problem> {
        let kept = &config.history.components;
        match &self.user {
            Some(owner) if !kept.is_empty() && !kept.contains(&owner.component) => {
                let what = format!(
                    "history does not keep {}, which says whose an entity is: ask of now",
                    owner.component
                );
                Err(Problem::new(Kind::Pruned, what))
            }
            _ => Ok(()),
        }
    }

    /// The world that is seen.
    pub fn world(&self, world: &World) -> World {
        let shows = |kind: KindId| {
            let named = world.registry.known(kind);
            named.is_some_and(|kind| self.shows(&kind.name))
        };
        world.part(shows, |entity| !self.sees(world, entity))
    }

    /// Whether a kind is shown.
    pub fn shows(&self, name: &str) -> bool {
        let fits = |pattern: &String| super::rights::kind_is(pattern, name);
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(fits))
    }

    /// Whether an entity is seen: the one place where that is decided.
    fn sees(&self, world: &World, entity: Entity) -> bool {
        let Some(owner) = &self.user else { return true };
        // Of a world that does not know yet whose entities are, nothing is seen.
        let Some(id) = world.registry.find(&owner.component) else { return false };
        let Some(bytes) = world.component(entity, id) else { return true };
        let Some(kind) = world.registry.known(id) else { return false };
        to_json(kind, bytes).get(&owner.field).and_then(Json::as_str) == Some(owner.user.as_str())
    }

    /// Whether one may be told of an event of a tick: they see all entities that it names,
    /// in the world that the tick led to, and in the one before where those were alive in
    /// it, since it may have been sent before one changed hands. Whatever looks like an
    /// entity counts.
    pub fn may_be_told(&self, value: &Json, before: &World, after: &World) -> bool {
        let is_alive = |world: &World, entity| world.entities.locate(entity).is_some();
        let is_seen = |text: &str| {
            Entity::parse(text).is_none_or(|entity| {
                is_alive(after, entity)
                    && self.sees(after, entity)
                    && (!is_alive(before, entity) || self.sees(before, entity))
            })
        };
        let told = |value| self.may_be_told(value, before, after);
        match value {
            Json::String(text) => is_seen(text),
            Json::Array(all) => all.iter().all(told),
            Json::Object(all) => all.iter().all(|(key, value)| is_seen(key) && told(value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => true,
        }
    }
}

/// Worlds as some saw them lately, the last first.
#[derive(Default)]
pub struct Seen(Mutex<VecDeque<(Sight, u64, Digest, World)>>);

impl Seen {
    /// The world of a chain as one sees it.
    pub fn world(&self, sight: &Sight, world: &World, chain: &Digest) -> World {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |of: &&(Sight, u64, Digest, World)| {
            (&of.0, of.1, &of.2) == (sight, world.tick(), chain)
                && std::sync::Arc::ptr_eq(&of.3.registry, &world.registry)
        };
        if let Some((.., seen)) = lock().iter().find(fits) {
            return seen.clone();
        }
        let seen = sight.world(world);
        let mut kept = lock();
        kept.truncate(KEPT - 1);
        kept.push_front((sight.clone(), world.tick(), *chain, seen.clone()));
        seen
    }
}
