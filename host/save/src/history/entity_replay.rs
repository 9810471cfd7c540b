//! What happened to one entity, from the heads of deltas and the blocks that
//! hold its rows. No world is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_bytes::ByteBuf;

use sandtable_world::ecs::{
    ArchetypeId, Bytes, Entities, Entity, Kind, KindId, PageKey, Registry, Role, Slot, Storage,
};

use super::super::encode::{Form, slot};
use super::super::error::{Fallible, damage};
use super::anchor::Anchor;
use super::apply::Loaded;
use super::change::{Action, Change, Filter, Origin, PastValue, StepKind, sort};
use super::change_source::{ChangeSource, delta_from, origins};
use super::changed_block::ChangedBlock;
use super::delta::Delta;
use super::followed_row::FollowedRow;
use super::keyframe::Keyframe;
use super::reader::HistoryReader;

/// A way through history with one entity.
pub(super) struct EntityReplay {
    entity: Entity,
    filter: Filter,
    tick: u64,
    /// The last whole world that was passed.
    anchor: Anchor,
    known: Known,
    slot: FollowedRow,
    /// Where its row is, if it is alive.
    place: Option<(ArchetypeId, u32)>,
    values: BTreeMap<KindId, FollowedRow>,
    edges: Edges,
}

/// What holds from one whole world to the next, or grows.
#[derive(Clone)]
struct Known {
    registry: Arc<Registry>,
    rows_per_page: usize,
    archetypes: Vec<Vec<u32>>,
    omitted: BTreeSet<u32>,
    systems: BTreeSet<String>,
}

type Edges = BTreeMap<(KindId, Entity, Entity), Bytes>;

impl EntityReplay {
    /// Starts at a keyframe.
    pub(super) fn start(
        past: HistoryReader<'_>,
        at: Anchor,
        entity: Entity,
        filter: Filter,
    ) -> Fallible<Self> {
        let head = past.keyframe(at)?;
        let index = entity.index() as usize;
        let (page, row) = (index / Entities::SLOTS_PER_PAGE, index % Entities::SLOTS_PER_PAGE);
        let mut track = Self {
            entity,
            filter,
            tick: at.tick,
            anchor: at,
            known: Known::of(&head)?,
            slot: FollowedRow::new(PageKey::slots(page as u32), row, Some(Form::Slots)),
            place: None,
            values: BTreeMap::new(),
            edges: Edges::new(),
        };
        track.seed(past, &head)?;
        Ok(track)
    }

    /// Takes all of the entity from the whole world that was passed last.
    fn seed(&mut self, past: HistoryReader<'_>, head: &Keyframe) -> Fallible<()> {
        self.known = Known::of(head)?;
        self.slot.seed(past, head, self.anchor)?;
        self.place = self.found();
        self.values = self.cells()?;
        for cell in self.values.values_mut() {
            cell.seed(past, head, self.anchor)?;
        }
        let edges = head.edges().filter(|((kind, from, to), _)| self.wants_edge(*kind, *from, *to));
        self.edges = edges.map(|(ends, data)| (ends, data.into())).collect();
        Ok(())
    }

    fn wants_edge(&self, kind: KindId, from: Entity, to: Entity) -> bool {
        self.filter.wants_kind(kind) && self.filter.wants_edge(from, to)
    }

    /// Whether something in a delta may be about it.
    fn may_be_in(&self, delta: &Delta) -> bool {
        let is_about = |block: &ChangedBlock| {
            self.slot.may_be_in(block) || self.values.values().any(|cell| cell.may_be_in(block))
        };
        let is_edge = |(_, kind, from, to, _): &(u16, u32, u64, u64, Option<ByteBuf>)| {
            self.wants_edge(KindId(*kind), Entity::from_bits(*from), Entity::from_bits(*to))
        };
        !delta.archetypes.is_empty()
            || delta.blocks.iter().any(is_about)
            || delta.relations.iter().any(is_edge)
    }

    /// Where the slot says that the entity is.
    fn found(&self) -> Option<(ArchetypeId, u32)> {
        let Slot { generation, archetype, row } = slot(self.slot.now()?);
        let alive = generation == self.entity.generation() && archetype != Entities::FREE;
        alive.then_some((archetype, row))
    }

    /// The cells of its values where it is now, about which nothing is known.
    fn cells(&self) -> Fallible<BTreeMap<KindId, FollowedRow>> {
        let Some((archetype, row)) = self.place else { return Ok(BTreeMap::new()) };
        let Some(kinds) = self.known.archetypes.get(archetype.0 as usize) else {
            return damage(format!("the history of {} has it in no archetype", self.entity));
        };
        let row = row as usize;
        let (page, row) = (row / self.known.rows_per_page, row % self.known.rows_per_page);
        let mut cells = BTreeMap::new();
        for kind in kinds.iter().filter(|kind| !self.known.omitted.contains(kind)) {
            let id = KindId(*kind);
            if !self.filter.wants_kind(id) {
                continue;
            }
            let form = form_of(self.known.kind(id, Role::Component)?);
            let key = PageKey::values(archetype, id, page as u32);
            cells.insert(id, FollowedRow::new(key, row, form));
        }
        Ok(cells)
    }

    /// Its values where it has come to in a step: what was there in the last
    /// whole world, and all that became of it.
    fn arrive(
        &self,
        past: HistoryReader<'_>,
        now: &Loaded<'_>,
        step: usize,
    ) -> Fallible<BTreeMap<KindId, FollowedRow>> {
        let mut cells = self.cells()?;
        if cells.is_empty() {
            return Ok(cells);
        }
        let head = past.keyframe(self.anchor)?;
        for cell in cells.values_mut() {
            cell.seed(past, &head, self.anchor)?;
        }
        let mut follow = |loaded: &Loaded<'_>, steps: usize| -> Fallible<()> {
            for step in 0..steps {
                for cell in cells.values_mut() {
                    cell.follow(loaded, step)?;
                }
            }
            Ok(())
        };
        for tick in self.anchor.tick + 1..now.delta.tick {
            let earlier = past.delta(tick, &self.known.omitted)?;
            if let Some(earlier) = earlier.filter(|earlier| !earlier.delta.rows_only) {
                follow(&earlier, earlier.delta.steps.len())?;
            }
        }
        follow(now, step + 1)?;
        Ok(cells)
    }

    /// Follows one step, and reports what it did.
    fn step(
        &mut self,
        past: HistoryReader<'_>,
        loaded: &Loaded<'_>,
        step: usize,
        report: &mut Report<'_>,
    ) -> Fallible<()> {
        let of_step = |of: u16| usize::from(of) == step;
        let came = loaded.delta.archetypes.iter().filter(|(of, ..)| of_step(*of));
        self.known.archetypes.extend(came.map(|(_, kinds, _)| kinds.clone()));
        let touched = self.slot.follow(loaded, step)?.is_some();
        let place = if touched { self.found() } else { self.place };
        if place == self.place {
            for (kind, cell) in &mut self.values {
                let Some(old) = cell.follow(loaded, step)? else { continue };
                report.value(*kind, (old.as_deref(), &self.known), (cell.now(), &self.known))?;
            }
        } else {
            let was_alive = std::mem::replace(&mut self.place, place).is_some();
            let values = self.arrive(past, loaded, step)?;
            let before = std::mem::replace(&mut self.values, values);
            report.all(
                (was_alive, &before, &self.known),
                (place.is_some(), &self.values, &self.known),
            )?;
        }
        for (_, kind, from, to, data) in
            loaded.delta.relations.iter().filter(|(of, ..)| of_step(*of))
        {
            let ends = (KindId(*kind), Entity::from_bits(*from), Entity::from_bits(*to));
            if self.wants_edge(ends.0, ends.1, ends.2) {
                let data = data.as_ref().map(|data| Bytes::from(&data[..]));
                let old = match &data {
                    Some(data) => self.edges.insert(ends, data.clone()),
                    None => self.edges.remove(&ends),
                };
                report.edge(ends, (old.as_deref(), &self.known), (data.as_deref(), &self.known))?;
            }
        }
        Ok(())
    }
}

impl ChangeSource for EntityReplay {
    fn start(&self) -> Vec<Change> {
        let origin = Origin::of(self.tick, StepKind::Start);
        let mut report = Report::new(self, &origin);
        let nothing = BTreeMap::new();
        let values = report
            .all((false, &nothing, &self.known), (self.place.is_some(), &self.values, &self.known));
        let edges = self.edges.iter().try_for_each(|(ends, data)| {
            report.edge(*ends, (None, &self.known), (Some(data), &self.known))
        });
        debug_assert!(values.is_ok() && edges.is_ok());
        let mut all = report.end();
        all.iter_mut().for_each(|change| change.action = Action::Was);
        all
    }

    fn stands_at(&self) -> u64 {
        self.tick
    }

    fn go_on(&mut self, past: HistoryReader<'_>, tick: u64, wanted: bool) -> Fallible<Vec<Change>> {
        let mut changes = Vec::new();
        let omitted = self.known.omitted.clone();
        let Some(loaded) = delta_from(past, self.tick, tick, &omitted)? else {
            return Ok(changes);
        };
        if self.may_be_in(&loaded.delta) {
            let origins = origins(past, &loaded, self.known.systems.iter())?;
            for (step, origin) in origins.iter().enumerate() {
                let mut report = Report::new(self, origin);
                self.step(past, &loaded, step, &mut report)?;
                changes.append(&mut report.end());
            }
        }
        self.known.systems.extend(loaded.delta.new_systems.iter().cloned());
        self.tick = tick;
        if !wanted {
            changes.clear();
        }
        Ok(changes)
    }

    fn take_over(
        &mut self,
        past: HistoryReader<'_>,
        anchor: Anchor,
        by: StepKind,
    ) -> Fallible<Vec<Change>> {
        let head = past.keyframe(anchor)?;
        let Self { known, place, values, edges, .. } = self;
        let (known, was_alive) = (known.clone(), place.is_some());
        let (values, edges) = (std::mem::take(values), std::mem::take(edges));
        (self.anchor, self.tick) = (anchor, anchor.tick);
        self.seed(past, &head)?;
        let origin = Origin::of(anchor.tick, by);
        let mut report = Report::new(self, &origin);
        let omitted =
            |kind: &KindId| known.omitted.contains(&kind.0) || self.known.omitted.contains(&kind.0);
        let kept = |values: &BTreeMap<KindId, FollowedRow>| -> BTreeMap<KindId, FollowedRow> {
            let kept = values.iter().filter(|(kind, _)| !omitted(kind));
            kept.map(|(kind, cell)| (*kind, cell.clone())).collect()
        };
        let now = (self.place.is_some(), &kept(&self.values), &self.known);
        report.all((was_alive, &kept(&values), &known), now)?;
        let ends: BTreeSet<_> = edges.keys().chain(self.edges.keys()).copied().collect();
        for ends in ends {
            let (old, new) = (edges.get(&ends), self.edges.get(&ends));
            if old != new {
                let old = (old.map(|data| &**data), &known);
                report.edge(ends, old, (new.map(|data| &**data), &self.known))?;
            }
        }
        Ok(report.end())
    }

    fn pass(&mut self, anchor: Anchor) {
        self.anchor = anchor;
    }
}

impl Known {
    fn of(head: &Keyframe) -> Fallible<Self> {
        Ok(Self {
            registry: Arc::new(head.registry()?),
            rows_per_page: head.rows_per_page()?,
            archetypes: head.kinds_of_archetypes(),
            omitted: head.omitted.clone(),
            systems: head.system_names(),
        })
    }

    fn kind(&self, id: KindId, role: Role) -> Fallible<&Arc<Kind>> {
        match self.registry.known(id) {
            Some(kind) if kind.role == role => Ok(kind),
            _ => {
                damage(format!("its history has a {} of kind {}, which is none", role.name(), id.0))
            }
        }
    }
}

/// How rows of a kind are stored; none where they have no bytes.
fn form_of(kind: &Kind) -> Option<Form> {
    match kind.storage {
        Storage::Dynamic => Some(Form::Dynamic),
        Storage::Packed => (kind.size > 0).then_some(Form::Packed(kind.size)),
    }
}

/// What one step did to the entity.
struct Report<'a> {
    entity: Entity,
    filter: Filter,
    origin: &'a Origin,
    changes: Vec<Change>,
}

/// A value, if it is there, and what was known at the time.
type Side<'a> = (Option<&'a [u8]>, &'a Known);
/// Whether the entity is alive, its values, and what was known at the time.
type Whole<'a> = (bool, &'a BTreeMap<KindId, FollowedRow>, &'a Known);

impl<'a> Report<'a> {
    fn new(track: &EntityReplay, origin: &'a Origin) -> Self {
        Self { entity: track.entity, filter: track.filter, origin, changes: Vec::new() }
    }

    fn push(
        &mut self,
        action: Action,
        (entity, target): (Entity, Option<Entity>),
        (old, new): (Option<PastValue>, Option<PastValue>),
    ) {
        let kind = new.as_ref().or(old.as_ref()).map(|value| value.kind.clone());
        let (origin, entity) = (self.origin.clone(), Some(entity));
        self.changes.push(Change { origin, action, entity, target, kind, old, new });
    }

    fn all<'b>(&mut self, old: Whole<'b>, new: Whole<'b>) -> Fallible<()> {
        if self.filter.kind.is_none() && old.0 != new.0 {
            let action = if new.0 { Action::Spawned } else { Action::Despawned };
            self.push(action, (self.entity, None), (None, None));
        }
        let kinds: BTreeSet<KindId> = old.1.keys().chain(new.1.keys()).copied().collect();
        for kind in kinds {
            let now = |values: &'b BTreeMap<KindId, FollowedRow>| {
                values.get(&kind).and_then(FollowedRow::now)
            };
            self.value(kind, (now(old.1), old.2), (now(new.1), new.2))?;
        }
        Ok(())
    }

    fn value(&mut self, kind: KindId, old: Side<'_>, new: Side<'_>) -> Fallible<()> {
        let (old, new) = (value(kind, Role::Component, old)?, value(kind, Role::Component, new)?);
        let action = match (&old, &new) {
            (None, Some(_)) => Action::Inserted,
            (Some(_), None) => Action::Removed,
            (old, new) if old != new => Action::Changed,
            _ => return Ok(()),
        };
        self.push(action, (self.entity, None), (old, new));
        Ok(())
    }

    fn edge(
        &mut self,
        (kind, from, to): (KindId, Entity, Entity),
        old: Side<'_>,
        new: Side<'_>,
    ) -> Fallible<()> {
        let (old, new) = (value(kind, Role::Relation, old)?, value(kind, Role::Relation, new)?);
        let action = match (&old, &new) {
            (None, None) => return Ok(()),
            (_, None) => Action::Unrelated,
            (None, _) => Action::Related,
            _ => Action::Changed,
        };
        self.push(action, (from, Some(to)), (old, new));
        Ok(())
    }

    fn end(mut self) -> Vec<Change> {
        sort(&mut self.changes);
        self.changes
    }
}

/// A value of the kind as it was declared then.
fn value(id: KindId, role: Role, (bytes, known): Side<'_>) -> Fallible<Option<PastValue>> {
    let Some(bytes) = bytes else { return Ok(None) };
    let kind = known.kind(id, role)?.clone();
    match kind.storage == Storage::Packed && kind.size != bytes.len() {
        true => damage(format!("its history has a value of `{}` that is none", kind.name)),
        false => Ok(Some(PastValue { kind, bytes: bytes.into() })),
    }
}
