//! A whole world as frames, from which deltas go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use sandtable_world::ecs::{
    ArchetypeId, Entities, Entity, Field, HashVersion, Kind, KindId, ModState, Page, PageKey, Part,
    Registry, Role, Stamp, SystemState, TableState, Type, World,
};

use super::super::encode::{Form, Read, part_of, whole};
use super::super::error::{Fallible, damage};
use super::super::restore::pages::{assemble, form_of};
use super::super::restore::shape::{Pages, Shape, Shapes};
use super::super::restore::{ON_DESPAWN, STORAGES, TYPE_CHARS_MAX, check_value, named};
use super::super::state::{name_of, tracked};
use super::super::topics::{topic_number, topic_of};
use super::delta::{Keeps, TableSum, TopicChange, event, keeps_page};
use super::frames::{Frames, Packer, frame, unpack};

/// The head of a keyframe.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Keyframe {
    /// Of which tick.
    pub tick: u64,
    rows_per_page: u32,
    first_free: u32,
    kinds: Vec<KindRow>,
    archetypes: Vec<(Vec<u32>, ByteBuf)>,
    /// Kinds of which no values are kept.
    pub omitted: BTreeSet<u32>,
    relations: Vec<(u32, u64, u64, ByteBuf)>,
    resources: Vec<(u32, ByteBuf)>,
    topics: Vec<TopicChange>,
    systems: Vec<SystemRow>,
    mods: Vec<(String, u32, bool)>,
    tables: Vec<(String, TableSum)>,
    pages: Vec<PageRow>,
    inline: ByteBuf,
    /// Keyframes of 0.1.0 end before it.
    #[serde(default = "first_hash_version")]
    hash_version: u64,
}

fn first_hash_version() -> u64 {
    HashVersion::First as u64
}

/// The most rows that a page can have.
const ROWS_PER_PAGE_MAX: u32 = 1 << 16;

/// Name, role, storage, size, fate of edges, and fields.
type KindRow = (String, String, String, u32, String, Vec<(String, String, u32)>);
/// Name, last run, and cursors.
type SystemRow = (String, Option<u64>, Vec<(i64, u64)>);
/// Part, archetype, kind, page; then frame and bytes.
type PageRow = (u8, u32, u32, u32, u16, u32);

/// A world as frames.
pub fn encode(world: &World, keeps: Keeps<'_>) -> Frames {
    let bytes = |bytes: &[u8]| ByteBuf::from(bytes);
    let kinds = world.registry.iter().map(|(_, kind)| {
        let fields = kind.fields.iter();
        let fields =
            fields.map(|field| (field.name.clone(), field.ty.to_string(), field.offset as u32));
        let (storage, on_despawn) =
            (name_of(&STORAGES, kind.storage), name_of(&ON_DESPAWN, kind.on_despawn));
        let role = kind.role.name().to_owned();
        let (storage, on_despawn) = (storage.to_owned(), on_despawn.to_owned());
        (kind.name.clone(), role, storage, kind.size as u32, on_despawn, fields.collect())
    });
    let omitted =
        world.registry.iter().filter(|(id, kind)| kind.role == Role::Component && !keeps(*id));
    let topics = world.events.iter().map(|(topic, last, unread)| {
        let pushed =
            unread.map(|event| (event.number, event.tick, bytes(&event.payload))).collect();
        let passed = world.events.passed(topic);
        TopicChange { topic: topic_number(topic), last, passed, pushed }
    });
    let systems = world.systems.iter().map(|(name, state)| {
        let cursors = state.cursors.iter().map(|(topic, at)| (topic_number(*topic), *at));
        (name.clone(), state.last_run.map(Stamp::to_bits), cursors.collect())
    });
    let mut head = Keyframe {
        tick: world.tick(),
        rows_per_page: world.rows_per_page() as u32,
        first_free: world.entities.first_free(),
        kinds: kinds.collect(),
        archetypes: world
            .archetypes()
            .iter()
            .map(|archetype| {
                let kinds = archetype.kinds().iter().map(|kind| kind.0).collect();
                (kinds, ByteBuf::from(tracked(archetype)))
            })
            .collect(),
        omitted: omitted.map(|(id, _)| id.0).collect(),
        relations: world
            .relations
            .iter()
            .map(|(kind, from, to, data)| (kind.0, from.to_bits(), to.to_bits(), bytes(data)))
            .collect(),
        resources: world.resources.iter().map(|(kind, value)| (kind.0, bytes(value))).collect(),
        topics: topics.collect(),
        systems: systems.collect(),
        mods: world
            .mods
            .iter()
            .map(|(id, state)| (id.clone(), state.faults_in_a_row, state.suspended))
            .collect(),
        tables: world
            .tables
            .iter()
            .map(|(name, state)| (name.clone(), (state.rows, state.bytes, state.sum)))
            .collect(),
        hash_version: world.hash_version as u64,
        ..Keyframe::default()
    };
    let pages: Vec<_> = world.pages().filter(|(key, _)| keeps_page(keeps, key)).collect();
    let press = |(key, page): &(PageKey, Page<'_>)| {
        let (body, is_frame) = frame(whole(*page).into_owned());
        (*key, body, is_frame)
    };
    let bodies: Vec<_> = pages.par_iter().map(press).collect();
    let mut packer = Packer::default();
    for (PageKey { part, archetype, kind, page }, body, is_frame) in bodies {
        let (frame, bytes) = packer.add(body, is_frame, &mut head.inline);
        head.pages.push((part as u8, archetype.0, kind.0, page, frame, bytes));
    }
    packer.finish(&head)
}

impl Keyframe {
    fn broken<T>(&self, what: &str) -> Fallible<T> {
        damage(format!("the keyframe of tick {}: {what}", self.tick))
    }

    /// What kinds there were.
    pub fn registry(&self) -> Fallible<Registry> {
        let mut registry = Registry::default();
        for (name, role, storage, size, on_despawn, rows) in &self.kinds {
            let mut fields = Vec::with_capacity(rows.len());
            for (field, ty, offset) in rows {
                let ty = match Type::parse(ty) {
                    Ok(parsed) if ty.len() <= TYPE_CHARS_MAX => parsed,
                    _ => return self.broken(&format!("field `{field}` of `{name}` has no type")),
                };
                fields.push(Field { name: field.clone(), ty, offset: *offset as usize });
            }
            let (role, storage) = (named(&Role::ALL, role)?, named(&STORAGES, storage)?);
            let on_despawn = named(&ON_DESPAWN, on_despawn)?;
            if registry.find(name).is_some() {
                return self.broken(&format!("kind `{name}` stands twice"));
            }
            match Kind::new(name.clone(), role, storage, *size as usize, fields, on_despawn) {
                Ok(kind) => drop(registry.add(kind)),
                Err(what) => return self.broken(&format!("kind `{name}` {what}")),
            }
        }
        Ok(registry)
    }

    /// Rows in a page.
    pub(super) fn rows_per_page(&self) -> Fallible<usize> {
        match self.rows_per_page {
            rows @ 1..=ROWS_PER_PAGE_MAX => Ok(rows as usize),
            _ => self.broken("its pages have no rows"),
        }
    }

    /// The kinds of each archetype.
    pub(super) fn kinds_of_archetypes(&self) -> Vec<Vec<u32>> {
        self.archetypes.iter().map(|(kinds, _)| kinds.clone()).collect()
    }

    /// The systems that had run.
    pub(super) fn system_names(&self) -> BTreeSet<String> {
        self.systems.iter().map(|(name, ..)| name.clone()).collect()
    }

    /// Every edge, with its data.
    pub(super) fn edges(&self) -> impl Iterator<Item = ((KindId, Entity, Entity), &[u8])> {
        self.relations.iter().map(|(kind, from, to, data)| {
            ((KindId(*kind), Entity::from_bits(*from), Entity::from_bits(*to)), &data[..])
        })
    }

    /// One row of a page, if the page has that one. Frames are had by number,
    /// compressed.
    pub(super) fn row(
        &self,
        key: PageKey,
        row: usize,
        form: Form,
        frames: impl Fn(u16) -> Fallible<Vec<u8>>,
    ) -> Fallible<Option<Vec<u8>>> {
        let mut start = 0;
        for (part, archetype, kind, page, frame, bytes) in &self.pages {
            let end = start + if *frame == 0 { *bytes as usize } else { 0 };
            let wanted = (key.part as u8, key.archetype.0, key.kind.0, key.page);
            if (*part, *archetype, *kind, *page) == wanted {
                let body = match frame {
                    0 => self.inline.get(start..end).map(<[u8]>::to_vec),
                    frame => unpack(&frames(*frame)?),
                };
                let Some(body) = body else { return self.broken("a page cannot be unpacked") };
                let rows_max = self.rows_per_page()?.max(Entities::SLOTS_PER_PAGE);
                return Ok(Read::whole(form, &body, rows_max)?.row(row));
            }
            start = end;
        }
        Ok(None)
    }

    /// The world, checked as one that is opened. Frames are had by number,
    /// compressed.
    pub fn world(&self, frames: impl Fn(u16) -> Fallible<Vec<u8>>) -> Fallible<World> {
        let mut world = World::new(self.rows_per_page()?);
        world.set_tick(self.tick);
        world.hash_version = match HashVersion::from_number(self.hash_version) {
            Some(known) => known,
            None => return self.broken("its state hash is of no known version"),
        };
        world.registry = Arc::new(self.registry()?);
        let mut shapes = Shapes::new();
        for (id, (kinds, tracked)) in (0_u32..).zip(&self.archetypes) {
            let mut shape =
                Shape::new(id, &world.registry, kinds.iter().copied(), tracked.to_vec())?;
            shape.omitted.clone_from(&self.omitted);
            shapes.insert(id, shape);
        }
        let pages = self.read_pages(&world, &shapes, frames)?;
        assemble(&mut world, pages, &shapes, i64::from(self.first_free))?;
        for (kind, from, to, data) in &self.relations {
            let (from, to) = (Entity::from_bits(*from), Entity::from_bits(*to));
            if world.entities.locate(from).is_none() || world.entities.locate(to).is_none() {
                return self.broken("an edge has an end that is not alive");
            }
            self.check(&world, *kind, Role::Relation, data)?;
            world.relations.relate(KindId(*kind), from, to, data[..].into());
        }
        let mut resources = BTreeMap::new();
        for (kind, value) in &self.resources {
            self.check(&world, *kind, Role::Component, value)?;
            resources.insert(KindId(*kind), value[..].into());
        }
        world.resources = Arc::new(resources);
        self.restore_events(&mut world)?;
        let mut systems = BTreeMap::new();
        for (name, last_run, read) in &self.systems {
            let mut cursors = BTreeMap::new();
            for (topic, at) in read {
                let Some(topic) = topic_of(*topic) else { return self.broken("a topic is none") };
                cursors.insert(topic, *at);
            }
            let last_run = last_run.map(Stamp::from_bits);
            systems.insert(name.clone(), SystemState { last_run, cursors });
        }
        world.systems = Arc::new(systems);
        let mods = self.mods.iter().map(|(id, faults, suspended)| {
            (id.clone(), ModState { faults_in_a_row: *faults, suspended: *suspended })
        });
        world.mods = Arc::new(mods.collect());
        let tables = self.tables.iter().map(|(name, (rows, bytes, sum))| {
            (name.clone(), TableState { rows: *rows, bytes: *bytes, sum: *sum })
        });
        world.tables = Arc::new(tables.collect());
        Ok(world)
    }

    fn check(&self, world: &World, kind: u32, role: Role, value: &[u8]) -> Fallible<()> {
        match world.registry.iter().nth(kind as usize) {
            Some((_, kind)) if kind.role == role => check_value(kind, value),
            _ => self.broken(&format!("kind {kind} is no {}", role.name())),
        }
    }

    fn read_pages(
        &self,
        world: &World,
        shapes: &Shapes,
        frames: impl Fn(u16) -> Fallible<Vec<u8>>,
    ) -> Fallible<Pages> {
        let mut pages = Pages::new();
        let mut inline = &self.inline[..];
        for (part, archetype, kind, page, frame, bytes) in &self.pages {
            let Some(part) = part_of(i64::from(*part)) else {
                return self.broken("a page is of no part");
            };
            let (archetype, kind) = (ArchetypeId(*archetype), KindId(*kind));
            let key = PageKey { part, archetype, kind, page: *page };
            let Some(form) = form_of(key, world, shapes) else {
                return self.broken("a page is of nothing");
            };
            let rows_max = match part {
                Part::Slots => world.entities.slots().rows_per_page(),
                _ => world.rows_per_page(),
            };
            let unpacked;
            let body = if *frame == 0 {
                let Some((body, rest)) = inline.split_at_checked(*bytes as usize) else {
                    return self.broken("it is cut short");
                };
                inline = rest;
                body
            } else {
                unpacked = match unpack(&frames(*frame)?) {
                    Some(unpacked) => unpacked,
                    None => return self.broken("a page cannot be unpacked"),
                };
                &unpacked[..]
            };
            pages.insert(key, Read::whole(form, body, rows_max)?);
        }
        Ok(pages)
    }

    fn restore_events(&self, world: &mut World) -> Fallible<()> {
        for TopicChange { topic, last, passed, pushed } in &self.topics {
            let Some(topic) = topic_of(*topic) else { return self.broken("a topic is none") };
            let unread = pushed.iter().map(event);
            if !world.events.go_on(topic, *last, *passed, unread) {
                return self.broken("events are missing in it");
            }
        }
        Ok(())
    }
}
