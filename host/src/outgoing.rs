//! What of a tick leaves the save: chosen events, and entities that came and went.
//!
//! It follows from the worlds before and after a tick and from its record, and changes
//! nothing about any of them.

use serde_json::{Value as Json, json};

use crate::config::{OutboxOverrides, OutboxSettings, WorldConfig};
use crate::ecs::{Entities, Entity, Kind, Page, Part, Role, Slot, Topic, Type, World, to_json};
use crate::record::{Outgoing, TickRecord};
use crate::save::outbox::{self, DESPAWNED, SPAWNED};

/// What leaves a save.
pub struct Leaving {
    settings: OutboxSettings,
    /// What stands in the place of what the settings of the world say.
    overrides: OutboxOverrides,
}

impl Leaving {
    /// As the settings of a world say.
    pub fn of(config: &WorldConfig) -> Self {
        Self { settings: config.outbox.clone(), overrides: OutboxOverrides::default() }
    }

    /// Goes on as other settings of the world say, but for what stands in their place.
    pub fn follow(&mut self, config: &WorldConfig) {
        self.settings = self.overrides.over(&config.outbox);
    }

    /// Puts something in the place of what the settings of the world say.
    pub fn let_out(&mut self, overrides: OutboxOverrides) {
        (self.settings, self.overrides) = (overrides.over(&self.settings), overrides);
    }

    /// What stands in their place.
    pub fn overrides(&self) -> &OutboxOverrides {
        &self.overrides
    }

    /// What it is.
    pub fn settings(&self) -> &OutboxSettings {
        &self.settings
    }
}

/// What is to leave a save and is no event of any mod.
pub fn unmatched<'s>(settings: &'s OutboxSettings, world: &World) -> Vec<&'s str> {
    let of_mods = |one: &OutboxSettings| {
        let mut events = world.registry.iter().map(|(_, kind)| kind);
        events.any(|kind| kind.role == Role::Event && one.chooses(&kind.name))
    };
    let is_known = |chosen: &&String| {
        let one = OutboxSettings { events: vec![(*chosen).clone()], ..settings.clone() };
        *chosen == "*" || [SPAWNED, DESPAWNED].iter().any(|own| one.chooses(own)) || of_mods(&one)
    };
    settings.events.iter().filter(|chosen| !is_known(chosen)).map(String::as_str).collect()
}

/// What of a tick leaves the save: who came, what happened, who went.
pub fn outgoing(
    settings: &OutboxSettings,
    before: &World,
    after: &World,
    record: &TickRecord,
) -> Vec<Outgoing> {
    if !settings.is_on() {
        return Vec::new();
    }
    let told = |kind: &str, entity: Option<Entity>, value: &Json| {
        let (kind, format) = (kind.to_owned(), settings.format);
        Outgoing { kind, entity, format, body: outbox::body(format, value) }
    };
    let of_one = |kind: &'static str, world: &World, entity: Entity| {
        let components = components(world, entity);
        told(kind, Some(entity), &json!({ "entity": entity.to_string(), "components": components }))
    };
    let mut all = Vec::new();
    let (spawns, despawns) = (settings.chooses(SPAWNED), settings.chooses(DESPAWNED));
    let (come, gone) = match spawns || despawns {
        true => lifecycle(before, after),
        false => Default::default(),
    };
    if spawns {
        all.extend(come.into_iter().map(|entity| of_one(SPAWNED, after, entity)));
    }
    for event in &record.events {
        let Topic::Kind(id) = event.topic else { continue };
        let Some(kind) = after.registry.known(id).filter(|kind| kind.role == Role::Event) else {
            continue;
        };
        if settings.chooses(&kind.name) {
            let value = to_json(kind, &event.payload);
            let subject = subject(kind, &value);
            all.push(told(&kind.name, subject, &value));
        }
    }
    if despawns {
        all.extend(gone.into_iter().map(|entity| of_one(DESPAWNED, before, entity)));
    }
    all
}

/// The entity that an event is about: that of its first field which has one.
fn subject(kind: &Kind, value: &Json) -> Option<Entity> {
    let of_entities = kind.fields.iter().filter(|field| is_of_entity(&field.ty));
    let texts = of_entities.filter_map(|field| value.get(&field.name)?.as_str());
    texts.filter_map(Entity::parse).next()
}

fn is_of_entity(ty: &Type) -> bool {
    match ty {
        Type::Entity => true,
        Type::Option(of) => **of == Type::Entity,
        _ => false,
    }
}

/// Names of the components of an entity.
fn components(world: &World, entity: Entity) -> Vec<&str> {
    let Some((archetype, _)) = world.entities.locate(entity) else { return Vec::new() };
    let kinds = world.archetype(archetype).kinds().iter();
    kinds.map(|kind| world.registry.get(*kind).name.as_str()).collect()
}

/// Entities that live after and did not before, and the other way round, by index.
fn lifecycle(before: &World, after: &World) -> (Vec<Entity>, Vec<Entity>) {
    let (mut come, mut gone) = (Vec::new(), Vec::new());
    for page in after.changed_pages(before).filter(|page| page.key.part == Part::Slots) {
        let slots = |page| match page {
            Some(Page::Slots(slots)) => slots,
            _ => &[],
        };
        let (old, new): (&[Slot], &[Slot]) = (slots(page.before), slots(page.now));
        for row in 0..old.len().max(new.len()) {
            let index = page.key.page as usize * Entities::SLOTS_PER_PAGE + row;
            let alive = |slots: &[Slot]| {
                let slot = slots.get(row).filter(|slot| slot.archetype != Entities::FREE)?;
                Some(Entity::new(index as u32, slot.generation))
            };
            let (was, is) = (alive(old), alive(new));
            if was != is {
                come.extend(is);
                gone.extend(was);
            }
        }
    }
    (come, gone)
}
