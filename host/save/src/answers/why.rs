//! Why a value is what it is: which system set it, what that system saw then, and who
//! had set each of those.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};
use serde_json::Value as Json;

use super::names::Named;
use super::{Ticks, same};
use crate::declarations::Declarations;
use crate::error::{Failure, Fallible, SaveError, damage};
use crate::history::{Change, HistoryReader, Origin, PastValue, Sight, StepKind};
use crate::labels::Labels;
use crate::payloads::{Payloads, Written};
use crate::reader::Reader;
use crate::settings::settings;
use crate::sql::cell_to_json;
use crate::stored;
use crate::topics::topic_number;
use sandtable_world::declaration::{Declaration, Query, Reading, Span, System};
use sandtable_world::ecs::{Access, Entity, KindId, Plain, Topic, World, plain, to_json};

/// Of one answer: so many things that a system saw are told.
const READS_MAX: usize = 64;
/// So many related entities are looked at.
const NEIGHBOURS_MAX: usize = 16;
/// So many events of a kind are told.
const EVENTS_MAX: usize = 10;

/// Why a value is what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// Whose value.
    pub entity: Entity,
    /// What that is called.
    pub label: Option<String>,
    /// The component.
    pub component: String,
    /// The field of it, where one is asked about.
    pub field: Option<String>,
    /// What it is.
    pub value: Json,
    /// Who set it; nothing where that was before history begins.
    pub set: Option<Setting>,
    /// The first tick that history has.
    pub since: u64,
    /// What the system that set it saw then.
    pub read: Vec<Seen>,
    /// How many things more it saw.
    pub left_out: u64,
    /// Sentences about what could not be known.
    pub notes: Vec<String>,
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// In which tick, or after which.
    pub tick: u64,
    /// What kind of step it was.
    pub step: &'static str,
    /// What happened to the value.
    pub action: &'static str,
    /// The system, by full name, where that is known.
    pub system: Option<String>,
    /// Who sent the edit, where it was one.
    pub sender: Option<String>,
    /// The version of its mod.
    pub version: Option<String>,
    /// The value before.
    pub old: Json,
    /// The value since.
    pub new: Json,
}

/// Something that a system saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// What it is: a component, a relation, a resource, an event or an input.
    pub what: &'static str,
    /// Its kind.
    pub name: String,
    /// Whose it is; for a relation, the other end.
    pub entity: Option<Entity>,
    /// What that is called.
    pub label: Option<String>,
    /// Over which relation it was reached, where it is another's.
    pub relation: Option<String>,
    /// Its value at that time.
    pub value: Json,
    /// Tick and system of its last change before, where those are known.
    pub set: Option<(u64, Option<String>)>,
}

/// A question about a value: as a tick left it, or as a system saw it in that tick.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The entity, as for `history`.
    pub entity: &'a str,
    /// The component, or a field of it behind a dot.
    pub component: &'a str,
    /// The tick; else the last.
    pub tick: Option<u64>,
    /// The system, by full name.
    pub seen_by: Option<&'a str>,
}

impl Reader {
    /// Why a value is what it is.
    ///
    /// # Errors
    ///
    /// There is no such entity or component, history does not reach back to the tick,
    /// or the save cannot be read or is damaged.
    pub fn why(&self, asked: Asked<'_>) -> Result<Why, SaveError> {
        self.answer(self.try_why(asked))
    }

    fn try_why(&self, asked: Asked<'_>) -> Fallible<Why> {
        let past = self.past();
        let tick = asked.tick.map_or_else(|| past.head(), Ok)?;
        let window = self.window(Ticks { from: Some(tick), to: Some(tick) }, &mut Vec::new())?;
        let tick = *window.end();
        let entity = self.entity_named(asked.entity, Ticks { from: None, to: Some(tick) })?;
        let named = self.component_named(asked.component)?;
        let sight = asked.seen_by.map(|system| past.sight(tick, system)).transpose()?.flatten();
        if let (None, Some(system)) = (&sight, asked.seen_by) {
            return Err(Failure::Told(format!(
                "has nothing that `{system}` changed in tick {tick}, so that it is not known when \
                 it ran in it: give the system and the tick of a change"
            )));
        }
        let steps = sight.as_ref().map(|sight| &sight.before[..]);
        let is_other = |change: &Change| {
            let (old, new) = (named.cells(change.old.as_ref()), named.cells(change.new.as_ref()));
            change.old.is_none()
                || change.new.is_none()
                || !old.iter().zip(&new).all(|(old, new)| same(old, new))
        };
        let world = match &sight {
            Some(sight) => sight.world.clone(),
            None => past.world(tick)?.0,
        };
        let kinds = (&BTreeSet::from([named.id]), &*world.registry);
        let last = past.last_changes(Some(entity), kinds, (tick, steps), &is_other)?;
        let last = last.into_values().next();
        let value = past_value(&world, entity, named.id);
        if value.is_none() && last.is_none() {
            let what = format!("has {entity}, which had no {} at tick {tick}", named.name());
            return Err(Failure::Told(what));
        }
        let labels = self.labels()?;
        let mut why = Why {
            entity,
            label: labels.label(&world, entity),
            component: named.name().to_owned(),
            field: asked.component.split_once('.').map(|(_, field)| field.to_owned()),
            value: shown(&named, value.as_ref()),
            set: None,
            since: past.first()?,
            read: Vec::new(),
            left_out: 0,
            notes: Vec::new(),
        };
        let Some(change) = last else {
            why.notes.push(format!("nothing has changed it since tick {}", why.since));
            return Ok(why);
        };
        let Origin { tick, step, system, edit } = change.origin.clone();
        let declared = match system.as_deref() {
            Some(system) => self.declared(tick, system)?,
            None => None,
        };
        why.set = Some(Setting {
            tick,
            step: step.name(),
            action: change.action.name(),
            system: system.as_deref().map(str::to_owned),
            sender: edit.as_ref().map(|(_, sender)| sender.to_string()),
            version: declared.as_ref().map(|(of, _)| of.version.clone()),
            old: shown(&named, change.old.as_ref()),
            new: shown(&named, change.new.as_ref()),
        });
        if let Some((number, sender)) = edit {
            why.notes.push(format!("{sender} set it by hand, with edit {number} of tick {tick}"));
        }
        match (step, system, declared) {
            (StepKind::Ticks, ..) => why.notes.push(
                "not every tick is kept, so that it is not known which system changed it: set \
                 `every_ticks` in [history] to 1"
                    .to_owned(),
            ),
            (_, Some(system), Some((declaration, at))) => {
                if let Some(sight) = past.sight(tick, &system)? {
                    let witness = Witness {
                        past,
                        tick,
                        system: &system,
                        sight,
                        labels,
                        declaration: &declaration,
                    };
                    self.tell(&witness, &declaration.systems[at], &mut why)?;
                }
            }
            (_, Some(system), None) => {
                why.notes.push(format!("the save does not know what {system} declared then"));
            }
            _ => {}
        }
        Ok(why)
    }

    /// What the mod of a system had declared when a tick ran, and the system's place in
    /// it.
    fn declared(&self, tick: u64, system: &str) -> Fallible<Option<(Declaration, usize)>> {
        let Some((mod_id, name)) = system.split_once('/') else { return Ok(None) };
        let select = "SELECT declaration FROM st_mods WHERE id = ?1 AND mod_set =
                          (SELECT max(number) FROM st_mod_sets WHERE since < ?2)";
        let text: Option<String> = self
            .connection
            .query_row(select, params![mod_id, tick as i64], |row| row.get(0))
            .optional()?;
        let Some(text) = text else { return Ok(None) };
        match stored::read_declaration(&text) {
            Ok(declaration) => {
                let place = declaration.systems.iter().position(|it| it.name == name);
                Ok(place.map(|place| (declaration, place)))
            }
            Err(error) => damage(format!("the declaration of mod `{mod_id}`: {error}")),
        }
    }

    /// Adds what a system saw.
    fn tell(&self, witness: &Witness<'_>, system: &System, why: &mut Why) -> Fallible<()> {
        let whose = why.entity;
        let world = &witness.sight.world;
        let kinds = |places: &mut dyn Iterator<Item = u32>| -> BTreeSet<KindId> {
            places.filter_map(|place| witness.kind(place)).collect()
        };
        let matching = || system.queries.iter().filter(|query| witness.matches(query, whose));
        let shipped = matching().flat_map(Query::all_terms).filter(|term| reads(term.access));
        let own = kinds(&mut shipped.map(|term| term.kind));
        let lookups = kinds(&mut system.lookups.iter().copied());
        let of_any = system.queries.iter().flat_map(Query::all_terms);
        let of_any = kinds(&mut of_any.filter(|term| reads(term.access)).map(|term| term.kind));
        let mut told = witness.components(whose, own.union(&lookups), None)?;
        let mut near: Vec<(Entity, String)> = Vec::new();
        for kind in kinds(&mut system.relations.iter().copied()) {
            let name = &world.registry.get(kind).name;
            let edges =
                world.relations.outgoing(kind, whose).chain(world.relations.incoming(kind, whose));
            for (other, data) in edges {
                near.push((other, name.clone()));
                told.push(Seen {
                    what: "relation",
                    name: name.clone(),
                    entity: Some(other),
                    label: witness.labels.label(world, other),
                    relation: None,
                    value: to_json(world.registry.get(kind), data),
                    set: None,
                });
            }
        }
        near.extend(witness.named_in(whose, &own));
        let mut known = BTreeSet::from([whose]);
        near.retain(|(entity, _)| known.insert(*entity));
        why.left_out += near.len().saturating_sub(NEIGHBOURS_MAX) as u64;
        for (other, relation) in near.into_iter().take(NEIGHBOURS_MAX) {
            told.extend(witness.components(other, lookups.union(&of_any), Some(&relation))?);
        }
        for used in &system.resources {
            let Some(kind) = witness.kind(used.kind) else { continue };
            let Some(value) = world.resources.get(&kind) else { continue };
            let last = witness.last_changes(None, &BTreeSet::from([kind]))?.remove(&kind);
            told.push(Seen {
                what: "resource",
                name: world.registry.get(kind).name.clone(),
                entity: None,
                label: None,
                relation: None,
                value: to_json(world.registry.get(kind), value),
                set: last,
            });
        }
        for source in &system.reads {
            if let Reading::Event(place) = source
                && let Some(kind) = witness.kind(*place)
            {
                why.left_out += self.events_seen(witness, kind, &mut told)?;
            }
        }
        if !system.reads.is_empty() && self.events_begin()? > witness.tick {
            why.notes.push(format!(
                "events of tick {} are no longer kept: `log_ticks` in [world] says for how long",
                witness.tick
            ));
        }
        if system.span != Span::Shard {
            why.notes.push(format!(
                "{} sees all rows of its queries at once, of which only those of {whose} and of \
                 what it is related to are told",
                witness.system
            ));
        }
        if system.tables {
            why.notes.push(format!("{} also asks tables, which is not recorded", witness.system));
        }
        why.left_out += told.len().saturating_sub(READS_MAX) as u64;
        told.truncate(READS_MAX);
        why.read = told;
        Ok(())
    }

    /// The first tick of which all events are kept.
    fn events_begin(&self) -> Fallible<u64> {
        Ok(match settings(&self.connection)?.world.log_ticks {
            0 => 0,
            kept => (self.past().head()? + 1).saturating_sub(kept),
        })
    }

    /// Adds the events of a kind that a system was the first time given in a tick; says
    /// how many more there were.
    fn events_seen(
        &self,
        witness: &Witness<'_>,
        kind: KindId,
        told: &mut Vec<Seen>,
    ) -> Fallible<u64> {
        let world = &witness.sight.world;
        let topic = Topic::Kind(kind);
        let state = world.systems.get(witness.system);
        let read = state.and_then(|state| state.cursors.get(&topic)).copied().unwrap_or(0);
        let declarations = Declarations::read(&self.connection)?;
        let payloads = Payloads::read(&self.connection, &declarations, &world.registry)?;
        let mut select = self.connection.prepare_cached(
            "SELECT tick, system, payload, number FROM st_events
             WHERE topic = ?1 AND number > ?2 AND tick BETWEEN ?3 AND ?4 ORDER BY number",
        )?;
        // An event that was not read for so long is not looked for.
        let from = witness.tick.saturating_sub(1_000);
        let asked = params![topic_number(topic), read as i64, from as i64, witness.tick as i64];
        let mut rows = select.query(asked)?;
        let (mut count, mut shown) = (0, 0);
        while let Some(row) = rows.next()? {
            let (tick, system): (i64, String) = (row.get(0)?, row.get(1)?);
            let number = Some(row.get::<_, i64>(3)?.unsigned_abs());
            let written = Written { tick: tick.unsigned_abs(), number };
            let payload = row.get_ref(2)?.as_blob().unwrap_or_default();
            // One of the same tick is there for those alone that run after its system.
            let is_later = tick.unsigned_abs() == witness.tick
                && !system.is_empty()
                && !witness.sight.before.iter().any(|it| it.system.as_deref() == Some(&*system));
            let Some(value) = payloads.value(kind, payload, Some(written)).filter(|_| !is_later)
            else {
                continue;
            };
            count += 1;
            if shown == EVENTS_MAX {
                continue;
            }
            shown += 1;
            let name = world.registry.get(kind).name.clone();
            let what = world.registry.get(kind).role.name();
            let by = Some(system).filter(|it| !it.is_empty());
            let (entity, label, relation) = (None, None, None);
            let set = Some((tick.unsigned_abs(), by));
            let value = value.to_json();
            told.push(Seen { what, name, entity, label, relation, value, set });
        }
        Ok(count - shown as u64)
    }
}

/// What is known of the run of a system.
struct Witness<'a> {
    past: HistoryReader<'a>,
    tick: u64,
    system: &'a str,
    sight: Sight,
    labels: Labels,
    declaration: &'a Declaration,
}

impl Witness<'_> {
    /// A kind by its place in the declaration.
    fn kind(&self, place: u32) -> Option<KindId> {
        let declared = self.declaration.kinds.get(place as usize)?;
        self.sight.world.registry.find(&declared.name)
    }

    /// Whether a query ships an entity, as far as what it has decides that.
    fn matches(&self, query: &Query, entity: Entity) -> bool {
        let has = |place: u32| {
            self.kind(place).is_some_and(|kind| self.sight.world.component(entity, kind).is_some())
        };
        query.terms.iter().all(|term| match term.access {
            Access::OptionalRead | Access::OptionalWrite => true,
            Access::Lacks => !has(term.kind),
            _ => has(term.kind),
        })
    }

    /// Those of some components that an entity has.
    fn components<'k>(
        &self,
        entity: Entity,
        kinds: impl Iterator<Item = &'k KindId>,
        relation: Option<&str>,
    ) -> Fallible<Vec<Seen>> {
        let world = &self.sight.world;
        let values = kinds.filter_map(|kind| Some((*kind, past_value(world, entity, *kind)?)));
        let values: BTreeMap<KindId, PastValue> =
            values.filter(|(_, value)| !value.kind.fields.is_empty()).collect();
        let mut last = self.last_changes(Some(entity), &values.keys().copied().collect())?;
        let seen = values.into_iter().map(|(kind, value)| Seen {
            what: "component",
            name: value.kind.name.clone(),
            entity: Some(entity),
            label: self.labels.label(world, entity),
            relation: relation.map(str::to_owned),
            value: value.to_json(),
            set: last.remove(&kind),
        });
        Ok(seen.collect())
    }

    /// Entities that values of another name, each with the field that does.
    fn named_in(&self, entity: Entity, kinds: &BTreeSet<KindId>) -> Vec<(Entity, String)> {
        let world = &self.sight.world;
        let mut named = Vec::new();
        for value in kinds.iter().filter_map(|kind| past_value(world, entity, *kind)) {
            for (field, value_of) in value.kind.fields.iter().zip(plain(&value.kind, &value.bytes))
            {
                if let Plain::Entity(other) = value_of
                    && world.entities.locate(other).is_some()
                {
                    named.push((other, format!("{}.{}", value.kind.name, field.name)));
                }
            }
        }
        named
    }

    /// Ticks and systems of the last changes that the system could see.
    fn last_changes(
        &self,
        entity: Option<Entity>,
        kinds: &BTreeSet<KindId>,
    ) -> Fallible<BTreeMap<KindId, (u64, Option<String>)>> {
        let until = (self.tick, Some(&self.sight.before[..]));
        let kinds = (kinds, &*self.sight.world.registry);
        let last = self.past.last_changes(entity, kinds, until, &|_| true)?;
        let told = last.into_iter().map(|(kind, change)| {
            let Origin { tick, system, .. } = change.origin;
            (kind, (tick, system.map(|system| system.to_string())))
        });
        Ok(told.collect())
    }
}

/// Whether a system is given values for it.
fn reads(access: Access) -> bool {
    access.ships()
}

fn past_value(world: &World, entity: Entity, kind: KindId) -> Option<PastValue> {
    let bytes = world.component(entity, kind)?.into();
    Some(PastValue { kind: world.registry.known(kind)?.clone(), bytes })
}

/// What is asked about of a value: the whole as an object, or the field.
fn shown(named: &Named, value: Option<&PastValue>) -> Json {
    match value {
        None => Json::Null,
        Some(value) if named.is_whole() => value.to_json(),
        value => named.cells(value).first().map_or(Json::Null, cell_to_json),
    }
}
