//! A digest of what is, and not of how it came to be: over chosen kinds and tables, free
//! of ticks, stamps, cursors, unread events, settings of mods, and of the numbers and
//! order of entities.
//!
//! An entity is known by what it has and by whom it stands next to. Each gets a colour:
//! first a digest of its chosen components, in which entities that they name are left
//! blank; then, round by round, one of its colour with those of the entities that it
//! names and of its edges' other ends. The rounds end once no more entities are told
//! apart. The digest is that of all colours in order, with resources and tables.
//!
//! So two worlds have the same digest where one is the other with its entities numbered
//! anew, and another one where what is told of some entity differs. Entities that nothing
//! tells apart have one colour, so that how they are joined is told no further than
//! refining colours can: six in a ring are as two rings of three. Lists of entities stay in
//! the order that they have. The rows of a table count as they are, whatever their
//! order: a table that holds numbers of entities or ticks is not free of them.

use std::collections::{BTreeMap, BTreeSet};

use blake3::Hasher;

use super::feed::{number, sized};
use crate::ecs::{Entity, Kind, KindId, Role, Storage, World, canonical_packed, canonical_value};
use crate::record::Digest;

/// No entity: what a value names that names none.
const BLANK: Entity = Entity::FIRST;

/// What a digest is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    components: BTreeSet<KindId>,
    relations: BTreeSet<KindId>,
    tables: BTreeSet<String>,
}

/// A digest, and how much it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The digest.
    pub digest: Digest,
    /// Entities with chosen components or edges.
    pub entities: u64,
    /// Edges of chosen relations.
    pub edges: u64,
    /// Chosen components of the world itself.
    pub resources: u64,
    /// Rows of chosen tables.
    pub rows: u64,
}

impl Chosen {
    /// The kinds and tables that patterns name: `story/Person`, `story__events`, a
    /// beginning with a `*`, such as `story/P*` or `story__*`; `story/*` is all that the
    /// mod has, its tables too, and `*` all that there is.
    ///
    /// # Errors
    ///
    /// A pattern names nothing of this world. The sentence says what there is.
    pub fn of(world: &World, patterns: &[String]) -> Result<Self, String> {
        let mut chosen = Self::default();
        for pattern in patterns {
            let before = chosen.clone();
            chosen.add(world, pattern);
            if chosen == before && !Self::default().add(world, pattern) {
                let mods: BTreeSet<&str> = world.registry.iter().map(|it| it.1.owner()).collect();
                let mods: Vec<String> = mods.iter().map(|id| format!("`{id}/*`")).collect();
                return Err(format!(
                    "`{pattern}` names no component, relation or table of this world: there is {}",
                    mods.join(", ")
                ));
            }
        }
        Ok(chosen)
    }

    /// Adds what a pattern names, and says whether that is anything.
    fn add(&mut self, world: &World, pattern: &str) -> bool {
        let fits = |name: &str| match pattern.strip_suffix('*') {
            Some(begin) => name.starts_with(begin),
            None => name == pattern,
        };
        let mut is_any = false;
        for (id, kind) in world.registry.iter().filter(|(_, kind)| fits(&kind.name)) {
            let of_role = match kind.role {
                Role::Component if !kind.is_settings() => &mut self.components,
                Role::Relation => &mut self.relations,
                _ => continue,
            };
            of_role.insert(id);
            is_any = true;
        }
        let of_mod = pattern.strip_suffix("/*");
        for name in world.tables.keys() {
            if fits(name) || name.split_once("__").is_some_and(|(owner, _)| of_mod == Some(owner)) {
                self.tables.insert(name.clone());
                is_any = true;
            }
        }
        is_any
    }
}

/// The digest of what is chosen of a world.
pub fn digest(world: &World, chosen: &Chosen) -> Content {
    let graph = Graph::of(world, chosen);
    let colours = graph.coloured();
    let mut into = Hasher::new();
    sized(&mut into, b"content 2");
    let mut sorted = colours.clone();
    sorted.sort_unstable();
    number(&mut into, sorted.len() as u64);
    sorted.iter().for_each(|colour| {
        into.update(colour);
    });
    let mut resources = BTreeMap::new();
    for (id, value) in world.resources.iter().filter(|(id, _)| chosen.components.contains(id)) {
        let kind = world.registry.get(*id);
        let value = Value::of(kind, value);
        let mut hash = Hasher::new();
        value.digest(kind, &mut hash);
        graph.mention(&value.mentions, &colours, &mut hash);
        resources.insert(kind.name.clone(), *hash.finalize().as_bytes());
    }
    number(&mut into, resources.len() as u64);
    for digest in resources.values() {
        into.update(digest);
    }
    let mut rows = 0;
    number(&mut into, chosen.tables.len() as u64);
    for (name, table) in world.tables.iter().filter(|(name, _)| chosen.tables.contains(*name)) {
        sized(&mut into, name.as_bytes());
        number(&mut into, table.rows);
        table.sum.iter().for_each(|lane| number(&mut into, *lane));
        rows += table.rows;
    }
    Content {
        digest: *into.finalize().as_bytes(),
        entities: colours.len() as u64,
        edges: graph.edges.len() as u64,
        resources: resources.len() as u64,
        rows,
    }
}

/// A value without the entities that it names, and those.
struct Value {
    bytes: Vec<u8>,
    mentions: Vec<Entity>,
}

impl Value {
    fn of(kind: &Kind, value: &[u8]) -> Self {
        let mut mentions = Vec::new();
        let mut blank = |entity| {
            mentions.push(entity);
            Ok(BLANK)
        };
        // Values of a world are canonical already, so that neither of these fails.
        let bytes = match kind.storage {
            Storage::Packed => {
                let mut bytes = value.to_vec();
                let _ = canonical_packed(kind, &mut bytes, &mut blank);
                bytes
            }
            Storage::Dynamic => {
                let mut bytes = Vec::with_capacity(value.len());
                let _ = canonical_value(kind, &mut &value[..], &mut bytes, &mut blank);
                bytes
            }
        };
        Self { bytes, mentions }
    }

    fn digest(&self, kind: &Kind, into: &mut Hasher) {
        sized(into, kind.name.as_bytes());
        number(into, kind.fields.len() as u64);
        for field in &kind.fields {
            sized(into, field.name.as_bytes());
            sized(into, field.ty.to_string().as_bytes());
        }
        sized(into, &self.bytes);
    }
}

/// The chosen entities, and what leads from one to another.
struct Graph {
    places: BTreeMap<Entity, usize>,
    /// Of each entity: a digest of its components, and whom they name, in order.
    nodes: Vec<(Digest, Vec<Entity>)>,
    edges: Vec<Edge>,
}

struct Edge {
    from: usize,
    to: usize,
    data: Digest,
    mentions: Vec<Entity>,
}

impl Graph {
    fn of(world: &World, chosen: &Chosen) -> Self {
        let mut values: BTreeMap<Entity, BTreeMap<&str, (&Kind, Value)>> = BTreeMap::new();
        for id in &chosen.components {
            let kind = world.registry.get(*id);
            for (entity, value) in world.values(*id) {
                values
                    .entry(entity)
                    .or_default()
                    .insert(&kind.name, (kind, Value::of(kind, value)));
            }
        }
        for id in &chosen.relations {
            for (from, to, _) in world.relations.of_kind(*id) {
                values.entry(from).or_default();
                values.entry(to).or_default();
            }
        }
        let places: BTreeMap<Entity, usize> = values.keys().copied().zip(0..).collect();
        let node = |of: BTreeMap<&str, (&Kind, Value)>| {
            let (mut hash, mut mentions) = (Hasher::new(), Vec::new());
            for (kind, value) in of.into_values() {
                value.digest(kind, &mut hash);
                mentions.extend(value.mentions);
            }
            (*hash.finalize().as_bytes(), mentions)
        };
        let nodes = values.into_values().map(node).collect();
        let mut edges = Vec::new();
        for id in &chosen.relations {
            let kind = world.registry.get(*id);
            for (from, to, data) in world.relations.of_kind(*id) {
                let (Some(&from), Some(&to)) = (places.get(&from), places.get(&to)) else {
                    continue;
                };
                let value = Value::of(kind, data);
                let mut hash = Hasher::new();
                value.digest(kind, &mut hash);
                let data = *hash.finalize().as_bytes();
                edges.push(Edge { from, to, data, mentions: value.mentions });
            }
        }
        Self { places, nodes, edges }
    }

    /// The colour of each entity, once no round tells more of them apart.
    fn coloured(&self) -> Vec<Digest> {
        let mut colours: Vec<Digest> = self.nodes.iter().map(|(digest, _)| *digest).collect();
        let mut told_apart = 0;
        loop {
            let distinct = colours.iter().collect::<BTreeSet<_>>().len();
            if distinct == told_apart {
                return colours;
            }
            told_apart = distinct;
            colours = self.round(&colours);
        }
    }

    fn round(&self, colours: &[Digest]) -> Vec<Digest> {
        let mut ends: Vec<Vec<Digest>> = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            for (way, at, other) in [(0, edge.from, edge.to), (1, edge.to, edge.from)] {
                let mut hash = Hasher::new();
                number(&mut hash, way);
                hash.update(&edge.data);
                self.mention(&edge.mentions, colours, &mut hash);
                hash.update(&colours[other]);
                ends[at].push(*hash.finalize().as_bytes());
            }
        }
        for (at, (_, mentions)) in self.nodes.iter().enumerate() {
            for (place, entity) in mentions.iter().enumerate() {
                let Some(named) = self.places.get(entity) else { continue };
                let mut hash = Hasher::new();
                number(&mut hash, 2);
                number(&mut hash, place as u64);
                hash.update(&colours[at]);
                ends[*named].push(*hash.finalize().as_bytes());
            }
        }
        let nodes = self.nodes.iter().zip(colours).zip(ends);
        let coloured = nodes.map(|(((_, mentions), colour), mut ends)| {
            let mut hash = Hasher::new();
            hash.update(colour);
            self.mention(mentions, colours, &mut hash);
            ends.sort_unstable();
            number(&mut hash, ends.len() as u64);
            ends.iter().for_each(|end| {
                hash.update(end);
            });
            *hash.finalize().as_bytes()
        });
        coloured.collect()
    }

    /// Entities that a value names, by colour; of those that are not chosen, or gone, only
    /// that they are named.
    fn mention(&self, mentions: &[Entity], colours: &[Digest], into: &mut Hasher) {
        number(into, mentions.len() as u64);
        for entity in mentions {
            match self.places.get(entity).and_then(|at| colours.get(*at)) {
                Some(colour) => into.update(colour),
                None => into.update(&[u8::from(*entity == BLANK)]),
            };
        }
    }
}

#[cfg(test)]
mod tests;
