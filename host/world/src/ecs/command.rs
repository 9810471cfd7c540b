//! Structural changes as data, and how they are applied.
//!
//! A command here is a batch: one edit of many entities. What a batch does is
//! defined for the batch as a whole, and [`in_order`] makes the same batches of
//! the same commands however they reached the host, so the outcome depends on
//! neither shards nor threads.
//!
//! Within one system spawns come first, so that every other command may name
//! what was spawned.

use super::{
    ArchetypeId, Bytes, Entity, KindId, OnDespawn, Stamp, Storage, Topic, Values, World,
    canonical_packed, canonical_value,
};

/// What a batch of commands does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Creates entities with these kinds, which ascend and are distinct.
    Spawn(Vec<KindId>),
    /// Ends entities' lives.
    Despawn,
    /// Adds a component or replaces its value.
    Insert(KindId),
    /// Takes a component away.
    Remove(KindId),
    /// Adds edges or replaces their data.
    Relate(KindId),
    /// Takes edges away.
    Unrelate(KindId),
}

/// One edit of many entities.
#[derive(Clone, Debug)]
pub struct Command {
    /// What is done.
    pub edit: Edit,
    /// The place in the system's order of each command: archetype in the high
    /// half, row in the low half.
    pub at: Vec<u64>,
    /// Whom it is done to; the `from` end of edges. For spawns, the numbers
    /// that stand for the new entities.
    pub entities: Vec<Entity>,
    /// The `to` end of edges, else empty.
    pub others: Vec<Entity>,
    /// One for each kind of a spawn; one for an insert or relate.
    pub columns: Vec<Values>,
}

impl Command {
    fn append(&mut self, from: &Command, index: usize) {
        self.at.push(from.at[index]);
        self.entities.push(from.entities[index]);
        self.others.extend(from.others.get(index));
        for (into, from) in self.columns.iter_mut().zip(&from.columns) {
            into.extend_rows(from, &[index]);
        }
    }
}

/// Orders one system's commands by place, then by the order they were sent,
/// and merges neighbours that make the same edit.
pub fn in_order(commands: Vec<Command>) -> Vec<Command> {
    let places = || commands.iter().flat_map(|command| &command.at);
    if places().is_sorted() {
        return merge_neighbours(commands);
    }
    let mut order: Vec<(u64, usize, usize)> = commands
        .iter()
        .enumerate()
        .flat_map(|(batch, command)| {
            command.at.iter().enumerate().map(move |(index, at)| (*at, batch, index))
        })
        .collect();
    order.sort_unstable();
    let mut ordered: Vec<Command> = Vec::new();
    for (_, batch, index) in order {
        let from = &commands[batch];
        match ordered.last_mut() {
            Some(last) if last.edit == from.edit => last.append(from, index),
            _ => {
                let mut fresh = Command {
                    edit: from.edit.clone(),
                    at: Vec::new(),
                    entities: Vec::new(),
                    others: Vec::new(),
                    columns: from.columns.iter().map(Values::emptied).collect(),
                };
                fresh.append(from, index);
                ordered.push(fresh);
            }
        }
    }
    ordered
}

fn merge_neighbours(commands: Vec<Command>) -> Vec<Command> {
    let mut merged: Vec<Command> = Vec::with_capacity(commands.len());
    for command in commands {
        match merged.last_mut() {
            Some(last) if last.edit == command.edit => {
                let rows: Vec<usize> = (0..command.entities.len()).collect();
                last.at.extend(&command.at);
                last.entities.extend(&command.entities);
                last.others.extend(&command.others);
                for (into, from) in last.columns.iter_mut().zip(&command.columns) {
                    into.extend_rows(from, &rows);
                }
            }
            _ => merged.push(command),
        }
    }
    merged
}

/// What became of one system's commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Entities created.
    pub spawned: u64,
    /// Entities ended, those by cascade included.
    pub despawned: u64,
    /// Commands that did nothing because an entity was no longer alive.
    pub stale: u64,
}

/// The entities that one system's spawns became, by call and number.
#[derive(Clone, Debug, Default)]
pub struct Spawned {
    calls: Vec<Vec<Entity>>,
}

impl Spawned {
    /// How the number within a call and the call share an index.
    const NUMBER_BITS: u32 = 20;

    /// The call and the number that a placeholder was made of.
    fn parts(placeholder: Entity) -> (usize, usize) {
        let number = placeholder.index() & (Entity::SPAWNS_PER_CALL_MAX - 1);
        ((placeholder.index() >> Self::NUMBER_BITS) as usize, number as usize)
    }

    fn put(&mut self, placeholder: Entity, entity: Entity) {
        let (call, number) = Self::parts(placeholder);
        if self.calls.len() <= call {
            self.calls.resize_with(call + 1, Vec::new);
        }
        let numbers = &mut self.calls[call];
        if numbers.len() <= number {
            numbers.resize(number + 1, Entity::from_bits(0));
        }
        numbers[number] = entity;
    }

    /// The entity that a placeholder became; any other entity is itself.
    pub fn resolve(&self, entity: Entity) -> Entity {
        if entity.generation() != Entity::SPAWNED_IN_CALL {
            return entity;
        }
        let (call, number) = Self::parts(entity);
        let found = self.calls.get(call).and_then(|numbers| numbers.get(number));
        found.copied().unwrap_or(Entity::from_bits(0))
    }
}

impl Entity {
    /// How many entities one call can spawn.
    pub const SPAWNS_PER_CALL_MAX: u32 = 1 << Spawned::NUMBER_BITS;
    /// How many calls one system run can have.
    pub const CALLS_MAX: u32 = 1 << (32 - Spawned::NUMBER_BITS);

    /// Stands for the n-th spawn of a call until it is applied. Nothing, past
    /// as many calls and spawns as can be told apart.
    pub fn placeholder(call: u32, number: u32) -> Option<Self> {
        let known = call < Self::CALLS_MAX && number < Self::SPAWNS_PER_CALL_MAX;
        let index = call << Spawned::NUMBER_BITS | number;
        known.then(|| Entity::new(index, Entity::SPAWNED_IN_CALL))
    }
}

impl World {
    /// Applies one system's commands, which [`in_order`] has put in order.
    ///
    /// Returns what was done, and what was spawned for the events of the same
    /// system.
    pub fn apply(&mut self, mut commands: Vec<Command>, now: Stamp) -> (Applied, Spawned) {
        let mut applied = Applied::default();
        let mut spawned = Spawned::default();
        let mut homes = Vec::new();
        for command in &commands {
            if let Edit::Spawn(kinds) = &command.edit {
                let home = self.archetype_of(kinds.clone());
                for placeholder in &command.entities {
                    spawned.put(*placeholder, self.issue_into(home));
                }
                applied.spawned += command.entities.len() as u64;
                homes.push(home);
            }
        }
        if applied.spawned > 0 {
            for command in &mut commands {
                self.resolve(command, &spawned);
            }
        }
        let mut homes = homes.into_iter();
        for command in &commands {
            if matches!(command.edit, Edit::Spawn(_))
                && let Some(home) = homes.next()
            {
                self.fill(home, &command.columns, now);
            }
        }
        for command in &commands {
            let all: Vec<usize> = (0..command.entities.len()).collect();
            match &command.edit {
                Edit::Spawn(_) => {}
                Edit::Despawn => self.despawn(&command.entities, &mut applied),
                Edit::Insert(kind) => {
                    applied.stale +=
                        self.insert(&command.entities, &all, *kind, &command.columns[0], now);
                }
                Edit::Remove(kind) => applied.stale += self.remove(&command.entities, *kind),
                Edit::Relate(kind) => applied.stale += self.relate(command, *kind),
                Edit::Unrelate(kind) => {
                    for (&from, &to) in command.entities.iter().zip(&command.others) {
                        applied.stale += u64::from(!self.relations.unrelate(*kind, from, to));
                    }
                }
            }
        }
        (applied, spawned)
    }

    fn resolve(&self, command: &mut Command, spawned: &Spawned) {
        for entity in command.entities.iter_mut().chain(&mut command.others) {
            *entity = spawned.resolve(*entity);
        }
        let kinds = match &command.edit {
            Edit::Spawn(kinds) => kinds.as_slice(),
            Edit::Insert(kind) | Edit::Relate(kind) => std::slice::from_ref(kind),
            _ => return,
        };
        for (kind, column) in kinds.iter().zip(&mut command.columns) {
            let kind = self.registry.get(*kind);
            // The values passed the same checks when they came in, so that
            // neither of these fails.
            let mut remap = |entity| Ok(spawned.resolve(entity));
            match column {
                Values::Packed(rows) if !kind.entity_offsets().is_empty() => {
                    for row in 0..rows.len() {
                        let _ = canonical_packed(kind, rows.row_mut(row), &mut remap);
                    }
                }
                Values::Packed(_) => {}
                Values::Dynamic(rows) => {
                    for row in 0..rows.len() {
                        let value = &mut rows.row_mut(row)[0];
                        let mut resolved = Vec::with_capacity(value.len());
                        let _ = canonical_value(kind, &mut &value[..], &mut resolved, &mut remap);
                        *value = resolved.into();
                    }
                }
            }
        }
    }

    fn issue_into(&mut self, home: ArchetypeId) -> Entity {
        let row = self.archetype(home).len();
        let entity = self.entities.issue(home, row as u32);
        self.archetype_mut(home).push_entities(&[entity]);
        entity
    }

    fn fill(&mut self, home: ArchetypeId, columns: &[Values], now: Stamp) {
        let archetype = self.archetype_mut(home);
        for (at, values) in columns.iter().enumerate() {
            let rows: Vec<usize> = (0..values.len()).collect();
            archetype.column_mut(at).append(values, &rows, now);
        }
    }

    fn insert(
        &mut self,
        entities: &[Entity],
        indices: &[usize],
        kind: KindId,
        values: &Values,
        now: Stamp,
    ) -> u64 {
        let (groups, stale) = self.group(entities, indices);
        if groups.iter().any(|(_, rows)| has_twice(rows)) {
            // The same entity twice: the later value must win, so one by one.
            return indices
                .iter()
                .map(|&index| self.insert(entities, &[index], kind, values, now))
                .sum();
        }
        for (from, rows) in groups {
            let archetype = self.archetype_mut(from);
            if let Some(at) = archetype.find(kind) {
                let column = archetype.column_mut(at);
                for (row, index) in rows {
                    column.set(row, values, index, now);
                }
                continue;
            }
            let mut kinds = archetype.kinds().to_vec();
            kinds.insert(kinds.partition_point(|&other| other < kind), kind);
            let to = self.archetype_of(kinds);
            let (rows, indices): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            self.move_rows(from, to, &rows);
            let archetype = self.archetype_mut(to);
            if let Some(at) = archetype.find(kind) {
                archetype.column_mut(at).append(values, &indices, now);
            }
        }
        stale
    }

    fn remove(&mut self, entities: &[Entity], kind: KindId) -> u64 {
        let indices: Vec<usize> = (0..entities.len()).collect();
        let (groups, stale) = self.group(entities, &indices);
        for (from, mut rows) in groups {
            let archetype = self.archetype(from);
            if archetype.find(kind).is_none() {
                continue;
            }
            let mut kinds = archetype.kinds().to_vec();
            kinds.retain(|&other| other != kind);
            rows.dedup_by_key(|(row, _)| *row);
            let rows: Vec<usize> = rows.into_iter().map(|(row, _)| row).collect();
            if self.is_watched(Topic::Removed(kind)) {
                for &row in &rows {
                    let entity = self.archetype(from).entities().row(row)[0];
                    self.report(Topic::Removed(kind), entity);
                }
            }
            let to = self.archetype_of(kinds);
            self.move_rows(from, to, &rows);
        }
        stale
    }

    /// The rows of the living among some entities, by archetype in the order of
    /// their first appearance, ascending; and how many are not alive.
    #[expect(clippy::type_complexity, reason = "a name would say less")]
    fn group(
        &self,
        entities: &[Entity],
        indices: &[usize],
    ) -> (Vec<(ArchetypeId, Vec<(usize, usize)>)>, u64) {
        let mut groups: Vec<(ArchetypeId, Vec<(usize, usize)>)> = Vec::new();
        let mut stale = 0;
        let mut latest = 0;
        for &index in indices {
            let Some((archetype, row)) = self.entities.locate(entities[index]) else {
                stale += 1;
                continue;
            };
            if groups.get(latest).is_none_or(|(of, _)| *of != archetype) {
                latest = groups.iter().position(|(of, _)| *of == archetype).unwrap_or_else(|| {
                    groups.push((archetype, Vec::new()));
                    groups.len() - 1
                });
            }
            groups[latest].1.push((row, index));
        }
        for (_, rows) in &mut groups {
            if !rows.is_sorted() {
                rows.sort_unstable();
            }
        }
        (groups, stale)
    }

    /// Moves rows, which ascend and are distinct, to the end of another
    /// archetype, which lacks or gains whole columns.
    fn move_rows(&mut self, from: ArchetypeId, to: ArchetypeId, rows: &[usize]) {
        let (source, target, locations) = self.two_archetypes_mut(from, to);
        let first = target.len();
        let moved: Vec<Entity> = rows.iter().map(|&row| source.entities().row(row)[0]).collect();
        locations.relocate_all(&moved, to, first);
        target.push_entities(&moved);
        for (at, column) in source.columns().iter().enumerate() {
            if let Some(into) = target.find(source.kinds()[at]) {
                target.column_mut(into).append_moved(column, rows);
            }
        }
        source.remove(rows, |entity, row| locations.relocate(entity, from, row as u32));
    }

    fn despawn(&mut self, entities: &[Entity], applied: &mut Applied) {
        let relations: Vec<(KindId, OnDespawn)> = self
            .registry
            .iter()
            .filter(|(_, kind)| kind.role == super::Role::Relation)
            .map(|(id, kind)| (id, kind.on_despawn))
            .collect();
        let mut gone: Vec<(ArchetypeId, usize)> = Vec::new();
        for &entity in entities {
            if self.entities.locate(entity).is_none() {
                applied.stale += 1;
                continue;
            }
            let mut doomed = vec![entity];
            while let Some(entity) = doomed.pop() {
                let Some((archetype, row)) = self.entities.locate(entity) else { continue };
                applied.despawned += 1;
                gone.push((archetype, row));
                doomed.extend(self.cut_edges(entity, &relations));
                for kind in self.archetype(archetype).kinds().to_vec() {
                    self.report(Topic::Removed(kind), entity);
                }
                self.report(Topic::Despawned, entity);
                self.entities.retire(entity);
            }
        }
        gone.sort_unstable();
        for rows in gone.chunk_by(|one, two| one.0 == two.0) {
            let home = rows[0].0;
            let rows: Vec<usize> = rows.iter().map(|(_, row)| *row).collect();
            let (archetype, locations) = self.archetype_and_locations_mut(home);
            archetype.remove(&rows, |entity, row| locations.relocate(entity, home, row as u32));
        }
    }

    /// Removes every edge of an entity and returns the entities that it takes along, in
    /// descending order of what a stack would pop.
    fn cut_edges(&mut self, entity: Entity, kinds: &[(KindId, OnDespawn)]) -> Vec<Entity> {
        let mut along = Vec::new();
        for &(kind, on_despawn) in kinds {
            let ends = |edges: Vec<(Entity, &Bytes)>| -> Vec<Entity> {
                edges.into_iter().map(|(end, _)| end).collect()
            };
            for to in ends(self.relations.outgoing(kind, entity).collect()) {
                self.relations.unrelate(kind, entity, to);
            }
            for from in ends(self.relations.incoming(kind, entity).collect()) {
                self.relations.unrelate(kind, from, entity);
                if on_despawn == OnDespawn::Cascade {
                    along.push(from);
                }
            }
        }
        along.reverse();
        along
    }

    fn relate(&mut self, command: &Command, kind: KindId) -> u64 {
        let mut stale = 0;
        for (index, (&from, &to)) in command.entities.iter().zip(&command.others).enumerate() {
            if self.entities.locate(from).is_none() || self.entities.locate(to).is_none() {
                stale += 1;
                continue;
            }
            let data: Bytes = match &command.columns[0] {
                Values::Packed(rows) => rows.row(index).into(),
                Values::Dynamic(rows) => rows.row(index)[0].clone(),
            };
            debug_assert!(
                self.registry.get(kind).storage == Storage::Dynamic
                    || data.len() == self.registry.get(kind).size
            );
            self.relations.relate(kind, from, to, data);
        }
        stale
    }
}

fn has_twice(rows: &[(usize, usize)]) -> bool {
    rows.windows(2).any(|pair| pair[0].0 == pair[1].0)
}
