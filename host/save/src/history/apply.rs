//! A delta on a world: step by step to the next tick.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_bytes::ByteBuf;

use sandtable_world::ecs::{
    ArchetypeId, Bytes, Column, Entity, Kind, KindId, ModState, PageKey, Paged, Part, Role, Slot,
    Stamp, SystemState, TableState, Values, World,
};

use super::super::encode::{entity, slot, slot_bytes, stamp as stamp_of};
use super::super::error::{Fallible, damage};
use super::super::restore::{
    TRACKED_ADDED, TRACKED_CHANGED, check_packed, check_payload, check_topic, check_value,
};
use super::super::topics::topic_of;
use super::block::Body;
use super::changed_block::ChangedBlock;
use super::delta::{Delta, event, stamp};
use super::edits;
use super::frames::unpack;

/// A delta whose frames can be had by number.
pub struct Loaded<'a> {
    /// The head.
    pub delta: Arc<Delta>,
    /// Where the body of each block without a frame starts.
    inline: Vec<usize>,
    frames: Box<dyn Fn(u16) -> Fallible<Vec<u8>> + 'a>,
    /// Kinds of which no values are kept.
    omits: &'a BTreeSet<u32>,
}

impl<'a> Loaded<'a> {
    /// A head, and what gives the other frames, compressed.
    ///
    /// # Errors
    ///
    /// The head claims other bytes than it has.
    pub fn new(
        delta: Arc<Delta>,
        omits: &'a BTreeSet<u32>,
        frames: impl Fn(u16) -> Fallible<Vec<u8>> + 'a,
    ) -> Fallible<Self> {
        let mut inline = Vec::with_capacity(delta.blocks.len());
        let mut at = 0_usize;
        for block in &delta.blocks {
            inline.push(at);
            if block.frame == 0 {
                at = at.saturating_add(block.bytes as usize);
            }
        }
        if at != delta.inline.len() {
            return damage(format!("the history of tick {} is cut short", delta.tick));
        }
        Ok(Self { delta, inline, frames: Box::new(frames), omits })
    }

    /// The blocks of a step, by their place.
    pub fn blocks_of(&self, step: usize) -> std::ops::Range<usize> {
        let place =
            |step: usize| self.delta.blocks.partition_point(|block| usize::from(block.step) < step);
        place(step)..place(step + 1)
    }

    /// The body of a block.
    pub fn body(&self, at: usize) -> Fallible<Vec<u8>> {
        let block = &self.delta.blocks[at];
        let bytes = block.bytes as usize;
        if block.frame == 0 {
            return Ok(self.delta.inline[self.inline[at]..][..bytes].to_vec());
        }
        match unpack(&(self.frames)(block.frame)?) {
            Some(body) => Ok(body),
            None => self.broken("a part of it cannot be unpacked"),
        }
    }

    fn broken<T>(&self, what: &str) -> Fallible<T> {
        damage(format!("the history of tick {}: {what}", self.delta.tick))
    }

    /// The whole tick.
    ///
    /// # Errors
    ///
    /// It does not fit the world, which is of no more use then.
    pub fn apply(&self, world: &mut World) -> Fallible<()> {
        for step in 0..self.delta.steps.len() {
            self.apply_step(world, step)?;
        }
        self.finish(world)
    }

    /// What one step changed.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn apply_step(&self, world: &mut World, step: usize) -> Fallible<()> {
        let of_step = |of: &u16| usize::from(*of) == step;
        let mut touched = BTreeSet::new();
        for (_, kinds, tracked) in self.delta.archetypes.iter().filter(|(of, ..)| of_step(of)) {
            touched.insert(ArchetypeId(world.archetypes().len() as u32));
            self.add_archetype(world, kinds, tracked)?;
        }
        for at in self.blocks_of(step) {
            let block = &self.delta.blocks[at];
            let Some(key) = block.key() else { return self.broken("a page is of no part") };
            let body = self.body(at)?;
            if change_page(world, key, block, &body).is_none() {
                return self.broken(&format!("it does not fit page {key:?}"));
            }
            if key.part != Part::Slots {
                touched.insert(key.archetype);
            }
        }
        for archetype in touched {
            if !finish_fill(world, archetype, self.omits) {
                let what = format!("archetype {} has columns of unlike length", archetype.0);
                return self.broken(&what);
            }
        }
        if !self.blocks_of(step).all(|at| is_placed(world, &self.delta.blocks[at]))
            || rows(world) != world.entities.alive() as usize
        {
            return self.broken("entities in it are not where they should be");
        }
        for (_, kind, from, to, data) in self.delta.relations.iter().filter(|(of, ..)| of_step(of))
        {
            self.check(world, *kind, Role::Relation, data)?;
            let (from, to) = (Entity::from_bits(*from), Entity::from_bits(*to));
            match data {
                Some(data) => {
                    if world.entities.locate(from).is_none() || world.entities.locate(to).is_none()
                    {
                        return self.broken("an edge in it has an end that is not alive");
                    }
                    world.relations.relate(KindId(*kind), from, to, data[..].into());
                }
                None => drop(world.relations.unrelate(KindId(*kind), from, to)),
            }
        }
        for (_, kind, value) in self.delta.resources.iter().filter(|(of, ..)| of_step(of)) {
            self.check(world, *kind, Role::Component, value)?;
            let resources = Arc::make_mut(&mut world.resources);
            match value {
                Some(value) => resources.insert(KindId(*kind), value[..].into()),
                None => resources.remove(&KindId(*kind)),
            };
        }
        for (_, kind, edits) in self.delta.edited.iter().filter(|(of, ..)| of_step(of)) {
            let resources = Arc::make_mut(&mut world.resources);
            let value = resources.get_mut(&KindId(*kind));
            let edited = value.as_ref().and_then(|value| edits::apply(value, edits));
            let (Some(value), Some(edited)) = (value, edited) else {
                return self.broken("a resource in it is edited that is another");
            };
            *value = edited[..].into();
            self.check(world, *kind, Role::Component, &Some(ByteBuf::from(edited)))?;
        }
        Ok(())
    }

    /// Whether a value that a step made is one of its kind.
    fn check(&self, world: &World, kind: u32, role: Role, value: &Option<ByteBuf>) -> Fallible<()> {
        match (world.registry.known(KindId(kind)), value) {
            (Some(known), None) if known.role == role => Ok(()),
            (Some(known), Some(value)) if known.role == role => check_value(known, value),
            _ => self.broken(&format!("kind {kind} in it is no {}", role.name())),
        }
    }

    fn add_archetype(&self, world: &mut World, kinds: &[u32], tracked: &[u8]) -> Fallible<()> {
        let known = world.registry.iter().count();
        let sound = kinds.iter().all(|kind| (*kind as usize) < known)
            && kinds.windows(2).all(|pair| pair[0] < pair[1])
            && kinds.len() == tracked.len();
        if !sound {
            return self.broken("an archetype in it is none");
        }
        let rows_per_page = world.rows_per_page();
        let column = |(kind, tracked): (&u32, &u8)| {
            let stamps = |bit: u8| (tracked & bit != 0).then(|| Paged::new(1, rows_per_page));
            Column {
                kind: KindId(*kind),
                values: Values::new(world.registry.get(KindId(*kind)), rows_per_page),
                changed: stamps(TRACKED_CHANGED),
                added: stamps(TRACKED_ADDED),
            }
        };
        let columns = kinds.iter().zip(tracked).map(column).collect();
        world.restore_archetype(Paged::new(1, rows_per_page), columns);
        Ok(())
    }

    /// What the head has once for the tick.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn finish(&self, world: &mut World) -> Fallible<()> {
        let delta = &self.delta;
        world.set_tick(delta.tick);
        world.entities.set_first_free(delta.first_free);
        for change in &delta.topics {
            let topic = check_topic(&world.registry, change.topic)?;
            for (.., payload) in &change.pushed {
                check_payload(&world.registry, topic, payload)?;
            }
            let pushed = change.pushed.iter().map(event);
            if !world.events.go_on(topic, change.last, change.passed, pushed) {
                return self.broken("events are missing in it");
            }
        }
        if !delta.systems.is_empty() || !delta.new_systems.is_empty() {
            let systems = Arc::make_mut(&mut world.systems);
            for name in &delta.new_systems {
                systems.entry(name.clone()).or_default();
            }
            let mut changes = delta.systems.iter().peekable();
            for (place, state) in (0_u32..).zip(systems.values_mut()) {
                while let Some(change) = changes.next_if(|change| change.system == place) {
                    let SystemState { last_run, cursors } = state;
                    *last_run = change.last_run.map(|since| stamp(delta.tick, since));
                    for (topic, cursor) in &change.cursors {
                        let Some(topic) = topic_of(*topic) else {
                            return self.broken("a topic is none");
                        };
                        cursors.insert(topic, *cursor);
                    }
                }
            }
        }
        for (id, state) in &delta.mods {
            let mods = Arc::make_mut(&mut world.mods);
            match state {
                Some((faults_in_a_row, suspended)) => mods.insert(
                    id.clone(),
                    ModState { faults_in_a_row: *faults_in_a_row, suspended: *suspended },
                ),
                None => mods.remove(id),
            };
        }
        for (name, state) in &delta.tables {
            let tables = Arc::make_mut(&mut world.tables);
            match state {
                Some((rows, bytes, sum)) => {
                    let state = TableState { rows: *rows, bytes: *bytes, sum: *sum };
                    tables.insert(name.clone(), state)
                }
                None => tables.remove(name),
            };
        }
        Ok(())
    }

    /// Names of all systems that had run after the tick, which follows a world
    /// where these had.
    pub fn systems_after<'b>(&'b self, before: impl Iterator<Item = &'b String>) -> Vec<&'b str> {
        let all: BTreeSet<&str> =
            before.chain(&self.delta.new_systems).map(String::as_str).collect();
        all.into_iter().collect()
    }
}

/// How many rows all archetypes have.
fn rows(world: &World) -> usize {
    world.archetypes().iter().map(|archetype| archetype.len()).sum()
}

/// Whether the entities that a block of slots, or of entities, is about are where
/// it says.
fn is_placed(world: &World, block: &ChangedBlock) -> bool {
    let Some(key) = block.key() else { return false };
    let page = key.page as usize;
    match key.part {
        Part::Slots => {
            let slots = world.entities.slots();
            let first = page * slots.rows_per_page() + block.first();
            (first..(first + block.block_rows()).min(slots.len())).all(|index| {
                let entity = Entity::new(index as u32, slots.row(index)[0].generation);
                world.entities.locate(entity).is_none_or(|(archetype, row)| {
                    let archetype = world.archetypes().get(archetype.0 as usize);
                    let entities = archetype.map(|archetype| archetype.entities());
                    entities.is_some_and(|all| row < all.len() && all.row(row)[0] == entity)
                })
            })
        }
        Part::Entities => {
            let id = key.archetype;
            let Some(archetype) = world.archetypes().get(id.0 as usize) else {
                return false;
            };
            let entities = archetype.entities();
            let first = page * entities.rows_per_page() + block.first();
            (first..(first + block.block_rows()).min(entities.len()))
                .all(|row| world.entities.locate(entities.row(row)[0]) == Some((id, row)))
        }
        _ => true,
    }
}

/// Changes the block of a page; nothing where it does not fit.
fn change_page(world: &mut World, key: PageKey, block: &ChangedBlock, body: &[u8]) -> Option<()> {
    let page = key.page as usize;
    let rows = block.rows as usize;
    if key.part == Part::Slots {
        if rows > world.entities.slots().rows_per_page() {
            return None;
        }
        let blank = Slot { generation: 0, archetype: ArchetypeId(0), row: 0 };
        let mut changed = None;
        let known = world.entities.slots().pages().get(page).map_or(0, |page| page.len());
        // A new place is never blank, so that each takes room in the body.
        if rows > known + body.len() {
            return None;
        }
        let fits = world.entities.fill_page(page, |slots| {
            changed = change_items(slots, block, body, blank, |slot| slot_bytes(*slot), slot);
        });
        return changed.filter(|()| fits);
    }
    if rows > world.rows_per_page() || key.archetype.0 as usize >= world.archetypes().len() {
        return None;
    }
    // Places come first in a step, so that no archetype has more rows than those.
    if page.saturating_mul(world.rows_per_page()) > world.entities.slots().len() {
        return None;
    }
    let registry = world.registry.clone();
    let (entities, columns) = world.archetype_mut(key.archetype).parts_mut();
    if key.part == Part::Entities {
        let items = entities.page_to_fill(page)?;
        let bytes = |entity: &Entity| entity.to_bits().to_le_bytes();
        return change_items(items, block, body, Entity::from_bits(0), bytes, entity);
    }
    let column = columns.iter_mut().find(|column| column.kind == key.kind)?;
    let stamps = match key.part {
        Part::Changed => column.changed.as_mut()?,
        Part::Added => column.added.as_mut()?,
        _ => {
            let kind = registry.get(column.kind);
            return change_values(kind, &mut column.values, page, block, body);
        }
    };
    let items = stamps.page_to_fill(page)?;
    let bytes = |stamp: &Stamp| stamp.to_bits().to_le_bytes();
    change_items(items, block, body, Stamp::NEVER, bytes, stamp_of)
}

/// Values that come of it are ones that their kind allows.
fn change_values(
    kind: &Kind,
    values: &mut Values,
    page: usize,
    block: &ChangedBlock,
    body: &[u8],
) -> Option<()> {
    let (first, count) = (block.first(), block.block_rows());
    match values {
        Values::Packed(rows) => {
            let width = rows.width();
            if width == 0 {
                return None;
            }
            let bytes = rows.page_to_fill(page)?;
            bytes.resize(block.rows as usize * width, 0);
            if body.is_empty() {
                return Some(());
            }
            let part = bytes.get_mut(first * width..(first + count) * width)?;
            Body::read(body, count)?.apply(width, part)?;
            check_packed(kind, part).ok()
        }
        Values::Dynamic(rows) => {
            let items = rows.page_to_fill(page)?;
            items.resize(block.rows as usize, Bytes::from([]));
            if body.is_empty() {
                return Some(());
            }
            let (part, body) = (items.get_mut(first..first + count)?, Body::read(body, count)?);
            body.apply_whole(part)?;
            body.rows().iter().all(|row| check_value(kind, &part[*row]).is_ok()).then_some(())
        }
    }
}

/// Changes rows of a fixed width that are not bytes.
fn change_items<T: Clone, const WIDTH: usize>(
    items: &mut Vec<T>,
    block: &ChangedBlock,
    body: &[u8],
    blank: T,
    bytes: impl Fn(&T) -> [u8; WIDTH],
    item: impl Fn(&[u8]) -> T,
) -> Option<()> {
    items.resize(block.rows as usize, blank);
    if body.is_empty() {
        return Some(());
    }
    let (first, count) = (block.first(), block.block_rows());
    let part = items.get_mut(first..first + count)?;
    let body = Body::read(body, count)?;
    let mut raw: Vec<u8> = part.iter().flat_map(bytes).collect();
    body.apply(WIDTH, &mut raw)?;
    for row in body.rows() {
        part[*row] = item(&raw[row * WIDTH..][..WIDTH]);
    }
    Some(())
}

/// Counts the rows of an archetype whose pages were changed, and says whether
/// all its columns have as many. Columns that are not kept get blank rows.
fn finish_fill(world: &mut World, id: ArchetypeId, omits: &BTreeSet<u32>) -> bool {
    if id.0 as usize >= world.archetypes().len() {
        return false;
    }
    let (entities, columns) = world.archetype_mut(id).parts_mut();
    if !entities.finish_fill(0) {
        return false;
    }
    let rows = entities.len();
    columns.iter_mut().all(|column| {
        if omits.contains(&column.kind.0) {
            *column = column.blank(rows);
        }
        let values = match &mut column.values {
            Values::Packed(values) => values.finish_fill(rows) && values.len() == rows,
            Values::Dynamic(values) => values.finish_fill(rows) && values.len() == rows,
        };
        let stamps = [&mut column.changed, &mut column.added];
        let mut stamps = stamps.into_iter().flatten();
        values && stamps.all(|stamps| stamps.finish_fill(rows) && stamps.len() == rows)
    })
}
