//! The world at one tick.
//!
//! Everything that decides how the world goes on is in here, so that its
//! digest is the state hash and its clone an undo point: besides entities and
//! columns, what each system has read and when it ran, and how each mod has
//! behaved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::archetype::Tracking;
use super::{
    Archetype, ArchetypeId, Bytes, Column, Entities, Entity, Events, KindId, Paged, Registry,
    Relations, Stamp, TableState, Topic,
};

/// How the state hash of a world is made. Saves hold worlds against it, so that
/// each version stays what it is for ever. It stands for whatever else decides a
/// tick and came with it, too: random numbers of WASI are the call's own from
/// [`HashVersion::Blocks`] on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashVersion {
    /// That of 0.1.0, with all unread events, all edges and all resources in one
    /// run of bytes.
    First = 1,
    /// With all of them in blocks.
    #[default]
    Blocks = 2,
}

impl HashVersion {
    /// Every version, by number.
    pub const ALL: [Self; 2] = [Self::First, Self::Blocks];

    /// The version with this number.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|version| *version as u64 == number)
    }
}

/// What one system has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemState {
    /// When it last ran without a fault.
    pub last_run: Option<Stamp>,
    /// The number of the last event it has read, by topic.
    pub cursors: BTreeMap<Topic, u64>,
}

/// How one mod has behaved, or a system that has trouble with what it reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModState {
    /// Ticks in a row in which it faulted.
    pub faults_in_a_row: u32,
    /// Whether it no longer takes part; of a system, whether it is offered no
    /// events.
    pub suspended: bool,
}

/// By what a world knows how a system behaves, of this full name, without which its mod
/// goes on. What is no such name stays as it is.
pub fn apart(system: &str) -> String {
    system.replacen('/', ":", 1)
}

/// The entities, components, resources, relations and unread events at one
/// tick. Clones share what neither changes.
#[derive(Clone, Debug)]
pub struct World {
    /// Every kind that the save ever knew.
    pub registry: Arc<Registry>,
    /// Who is alive, and where.
    pub entities: Entities,
    /// Edges between entities.
    pub relations: Relations,
    /// Events that some system has yet to read.
    pub events: Events,
    /// What each system has seen, by full name.
    pub systems: Arc<BTreeMap<String, SystemState>>,
    /// How each mod has behaved, by id; by full name, each system that faulted
    /// while events were unread, until it gets on; and, by [`apart`], each
    /// without which its mod goes on.
    pub mods: Arc<BTreeMap<String, ModState>>,
    /// The tables of mods, by name.
    pub tables: Arc<BTreeMap<String, TableState>>,
    /// Components of the world itself.
    pub resources: Arc<BTreeMap<KindId, Bytes>>,
    /// How its state hash is made.
    pub hash_version: HashVersion,
    archetypes: Vec<Arc<Archetype>>,
    by_kinds: Arc<BTreeMap<Vec<KindId>, ArchetypeId>>,
    rows_per_page: usize,
    tick: u64,
    tracking: Arc<BTreeMap<KindId, Tracking>>,
    watched: Arc<BTreeSet<Topic>>,
}

impl World {
    /// An empty world at tick zero, with this many rows to a page.
    pub fn new(rows_per_page: usize) -> Self {
        Self {
            registry: Arc::default(),
            entities: Entities::new(),
            relations: Relations::default(),
            events: Events::default(),
            systems: Arc::default(),
            mods: Arc::default(),
            tables: Arc::default(),
            resources: Arc::default(),
            hash_version: HashVersion::default(),
            archetypes: Vec::new(),
            by_kinds: Arc::default(),
            rows_per_page,
            tick: 0,
            tracking: Arc::default(),
            watched: Arc::default(),
        }
    }

    /// How many ticks have been done.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// Stands at another tick.
    pub fn set_tick(&mut self, tick: u64) {
        self.tick = tick;
    }

    /// Whether a mod no longer takes part.
    pub fn is_suspended(&self, mod_id: &str) -> bool {
        self.mods.get(mod_id).is_some_and(|state| state.suspended)
    }

    /// Ids of the mods that no longer take part.
    pub fn suspended(&self) -> impl Iterator<Item = &str> {
        let is_mod = |name: &str| !name.contains(['/', ':']);
        let mods = self.mods.iter().filter(move |(name, state)| state.suspended && is_mod(name));
        mods.map(|(id, _)| id.as_str())
    }

    /// Full names of the systems that no longer take part, while their mods do.
    pub fn suspended_systems(&self) -> impl Iterator<Item = String> {
        let systems =
            self.mods.iter().filter(|(name, state)| state.suspended && name.contains(':'));
        systems.map(|(name, _)| name.replacen(':', "/", 1))
    }

    /// Rows in a page, which are the rows in a shard.
    pub fn rows_per_page(&self) -> usize {
        self.rows_per_page
    }

    /// Every archetype, by id; some may have no rows.
    pub fn archetypes(&self) -> &[Arc<Archetype>] {
        &self.archetypes
    }

    /// One archetype.
    pub fn archetype(&self, id: ArchetypeId) -> &Archetype {
        &self.archetypes[id.0 as usize]
    }

    /// The bytes of a living entity's component: packed, or a MessagePack
    /// value.
    pub fn component(&self, entity: Entity, kind: KindId) -> Option<&[u8]> {
        let (archetype, row) = self.entities.locate(entity)?;
        // A world of an earlier tick may come from a save that was tampered with.
        let archetype = self.archetypes.get(archetype.0 as usize)?;
        let column = archetype.column(kind).filter(|_| row < archetype.len())?;
        Some(column.values.row(row))
    }

    /// Every entity that has a component of this kind, with the bytes of it:
    /// packed, or a MessagePack value. They come archetype by archetype and row by
    /// row, which is not the order of entities.
    pub fn values(&self, kind: KindId) -> impl Iterator<Item = (Entity, &[u8])> {
        let having = self.archetypes.iter().filter_map(move |archetype| {
            let column = archetype.column(kind)?;
            Some((archetype.entities(), &column.values))
        });
        having.flat_map(|(entities, values)| {
            let entities = entities.pages().iter().flat_map(|page| page.iter().copied());
            entities.enumerate().map(|(row, entity)| (entity, values.row(row)))
        })
    }

    /// Says which kinds some system filters on changes or additions of, and
    /// which removals some system reads. Stamps start at "never" where they
    /// were not kept before.
    pub fn watch(
        &mut self,
        changed: &BTreeSet<KindId>,
        added: &BTreeSet<KindId>,
        topics: BTreeSet<Topic>,
    ) {
        let tracking: BTreeMap<KindId, Tracking> = changed
            .union(added)
            .map(|kind| {
                let tracking =
                    Tracking { changed: changed.contains(kind), added: added.contains(kind) };
                (*kind, tracking)
            })
            .collect();
        let rows_per_page = self.rows_per_page;
        for archetype in &mut self.archetypes {
            let archetype = Arc::make_mut(archetype);
            for kind in archetype.kinds().to_vec() {
                let wanted = tracking.get(&kind).copied().unwrap_or_default();
                archetype.track(kind, wanted, rows_per_page);
            }
        }
        self.tracking = Arc::new(tracking);
        self.watched = Arc::new(topics);
    }

    /// Reports no removals until [`World::watch`] says which systems read them.
    pub fn unwatch(&mut self) {
        self.watched = Arc::default();
    }

    /// Puts the next archetype of a save back. Its columns ascend by kind and
    /// have as many rows as there are entities.
    pub fn restore_archetype(&mut self, entities: Paged<Entity>, columns: Vec<Column>) {
        let archetype = Archetype::restore(entities, columns);
        let id = ArchetypeId(self.archetypes.len() as u32);
        Arc::make_mut(&mut self.by_kinds).insert(archetype.kinds().to_vec(), id);
        self.archetypes.push(Arc::new(archetype));
    }

    /// Replaces all archetypes; none is found by its kinds any more.
    pub(super) fn set_archetypes(&mut self, archetypes: Vec<Arc<Archetype>>) {
        self.archetypes = archetypes;
        self.by_kinds = Arc::default();
    }

    /// An archetype, to be written.
    pub fn archetype_mut(&mut self, id: ArchetypeId) -> &mut Archetype {
        Arc::make_mut(&mut self.archetypes[id.0 as usize])
    }

    /// A column of an archetype that has it.
    pub fn column_mut(&mut self, id: ArchetypeId, kind: KindId) -> Option<&mut Column> {
        let archetype = self.archetype_mut(id);
        let at = archetype.find(kind)?;
        Some(archetype.column_mut(at))
    }

    pub(super) fn archetype_and_locations_mut(
        &mut self,
        id: ArchetypeId,
    ) -> (&mut Archetype, &mut Entities) {
        (Arc::make_mut(&mut self.archetypes[id.0 as usize]), &mut self.entities)
    }

    /// Two different archetypes.
    pub(super) fn two_archetypes_mut(
        &mut self,
        one: ArchetypeId,
        two: ArchetypeId,
    ) -> (&mut Archetype, &mut Archetype, &mut Entities) {
        let (one, two) = (one.0 as usize, two.0 as usize);
        let (low, high) = self.archetypes.split_at_mut(one.max(two));
        let (low, high) = (Arc::make_mut(&mut low[one.min(two)]), Arc::make_mut(&mut high[0]));
        if one < two { (low, high, &mut self.entities) } else { (high, low, &mut self.entities) }
    }

    /// The archetype of a set of kinds, which ascend and are distinct.
    pub(super) fn archetype_of(&mut self, kinds: Vec<KindId>) -> ArchetypeId {
        if let Some(id) = self.by_kinds.get(&kinds) {
            return *id;
        }
        let id = ArchetypeId(self.archetypes.len() as u32);
        let tracking = |kind| self.tracking.get(&kind).copied().unwrap_or_default();
        let archetype = Archetype::new(kinds.clone(), &self.registry, self.rows_per_page, tracking);
        self.archetypes.push(Arc::new(archetype));
        Arc::make_mut(&mut self.by_kinds).insert(kinds, id);
        id
    }

    pub(super) fn is_watched(&self, topic: Topic) -> bool {
        self.watched.contains(&topic)
    }

    /// Emits a removal or despawn, if some system reads them.
    pub(super) fn report(&mut self, topic: Topic, entity: Entity) {
        if self.is_watched(topic) {
            let mut payload = Vec::with_capacity(9);
            let _ = rmp::encode::write_uint(&mut payload, entity.to_bits());
            self.events.push(topic, self.tick, payload.into());
        }
    }
}
