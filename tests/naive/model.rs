//! What there was, seen through the front door, and what changes make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::ecs::{Entity, Kind, World, to_json};
use sandtable::save::{Inquiry, exact};
use serde_json::{Value as Json, json};

use crate::harness::*;

/// As it comes out of text, where floats may lose their last bit.
pub fn as_read(json: Json) -> Json {
    serde_json::from_str(&json.to_string()).unwrap()
}

/// What has a value: an entity's component, a resource, or an edge.
pub type Place = (Option<Entity>, String, Option<Entity>);

/// Everything there is at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    pub alive: BTreeSet<Entity>,
    pub values: BTreeMap<Place, Json>,
    /// Rows of a table.
    pub entries: i64,
}

impl Seen {
    pub fn of(world: &World) -> Self {
        let mut seen = Self::default();
        let json = |kind: &Kind, value: &[u8]| as_read(to_json(kind, value));
        for archetype in world.archetypes() {
            for row in 0..archetype.len() {
                let entity = archetype.entities().row(row)[0];
                seen.alive.insert(entity);
                for column in archetype.columns() {
                    let kind = world.registry.get(column.kind);
                    let place = (Some(entity), kind.name.clone(), None);
                    seen.values.insert(place, json(kind, column.values.row(row)));
                }
            }
        }
        for (kind, value) in world.resources.iter() {
            let kind = world.registry.get(*kind);
            seen.values.insert((None, kind.name.clone(), None), json(kind, value));
        }
        for (kind, from, to, data) in world.relations.iter() {
            let kind = world.registry.get(kind);
            seen.values.insert((Some(from), kind.name.clone(), Some(to)), json(kind, data));
        }
        let entries = world.tables.get("ledger__entries");
        seen.entries = entries.map_or(0, |state| state.rows as i64);
        seen
    }
}

impl Seen {
    /// Fails where the two differ, and shows nothing else.
    pub fn is_same(&self, other: &Self, when: &str) {
        let alive: Vec<_> = self.alive.symmetric_difference(&other.alive).collect();
        let places: BTreeSet<&Place> = self.values.keys().chain(other.values.keys()).collect();
        let values: Vec<_> = places
            .into_iter()
            .map(|place| (place, self.values.get(place), other.values.get(place)))
            .filter(|(_, one, two)| one != two)
            .collect();
        assert!(alive.is_empty() && values.is_empty(), "{when}: {alive:?} {values:?}");
    }
}

/// All that was seen: as each tick left the world, and after the swaps behind it.
pub type Model = BTreeMap<u64, (Seen, Seen)>;

/// Runs a world, and looks.
pub fn record(save: &Path, seed: u64, threads: usize, swap: u64, ticks: u64) -> Model {
    let text = format!("[world]\nname = \"naive\"\nseed = {seed}\nshard_rows = 64\n");
    let shop =
        |version: &str| sandtable::catalog::ModSource { id: "shop".into(), ..guest(version) };
    let mods =
        |version: &str| vec![guest("menagerie"), guest("watcher"), guest("ledger"), shop(version)];
    let all = mods("shop");
    let mut world =
        Simulation::create(Some(save), config(&text, &all), all, quiet(threads)).unwrap();
    let start = Seen::of(world.world());
    let mut model = Model::from([(0, (start.clone(), start))]);
    for tick in 1..=ticks {
        for (kind, number) in [("Poke", tick), ("Untag", tick * 3), ("Kill", tick * 7)] {
            let input = match kind {
                "Poke" => json!({"number": number, "to": number + 1}),
                _ => json!({"number": number}),
            };
            world.send(&format!("watcher/{kind}"), &input, "test").unwrap();
        }
        world.tick().unwrap();
        let left = Seen::of(world.world());
        if tick == swap {
            world.swap(mods("shop_renamed")).unwrap();
        }
        if tick == swap + 5 {
            world.swap(vec![guest("menagerie"), guest("watcher"), guest("ledger")]).unwrap();
        }
        model.insert(tick, (left, Seen::of(world.world())));
    }
    world.close().unwrap();
    model
}

/// A row of `changes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub tick: u64,
    pub place: Option<Place>,
    pub entity: Option<Entity>,
    pub action: String,
    pub old: Option<Json>,
    pub new: Option<Json>,
    pub system: Option<String>,
    pub step: String,
}

const CHANGES: &str = "SELECT tick, entity, component, action, old, new, system, step, target, mod \
                       FROM changes";

pub fn rows(asked: &Inquiry, filter: &str) -> Vec<Row> {
    let table = asked.query(&format!("{CHANGES} {filter}")).unwrap();
    let entity = |value: &Value| match value {
        Value::Integer(bits) => Some(Entity::from_bits(*bits as u64)),
        _ => None,
    };
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let json = |value: &Value| text(value).map(|text| serde_json::from_str(&text).unwrap());
    let row = |row: &Vec<Value>| {
        let system = text(&row[6]);
        let of_mod = system.as_deref().map(|system| system.split('/').next().unwrap().to_owned());
        assert_eq!(text(&row[9]), of_mod, "the mod is that of the system");
        Row {
            tick: exact(&row[0]).parse().unwrap(),
            place: text(&row[2]).map(|name| (entity(&row[1]), name, entity(&row[8]))),
            entity: entity(&row[1]),
            action: text(&row[3]).unwrap(),
            old: json(&row[4]),
            new: json(&row[5]),
            system,
            step: text(&row[7]).unwrap(),
        }
    };
    table.rows.iter().map(row).collect()
}

/// The components that a system may write, in its run or by its commands.
pub fn may_write(system: &str, step: &str) -> &'static [&'static str] {
    match (system, step) {
        ("menagerie/live", "run") => &["menagerie/Age", "menagerie/Weight"],
        ("menagerie/count", "run") => &["menagerie/Census"],
        ("menagerie/wake", "commands") => &["menagerie/Sleepy"],
        ("menagerie/name_children", "commands") => &["menagerie/Name", "menagerie/Likes"],
        ("menagerie/populate" | "menagerie/live", "commands") => &[
            "menagerie/Age",
            "menagerie/Weight",
            "menagerie/Sleepy",
            "menagerie/Name",
            "menagerie/ChildOf",
            "menagerie/Likes",
        ],
        ("watcher/poke", "run") => &["watcher/Value"],
        ("watcher/populate" | "watcher/obey", "commands") => &["watcher/Value", "watcher/Tag"],
        (system, "run") if system.starts_with("watcher/") => &["watcher/Counts"],
        ("ledger/book", "run") => &["ledger/Told"],
        ("shop/open", "run") => &["shop/Tax"],
        ("shop/open", "commands") => &["shop/Purse", "shop/Name", "shop/Owes"],
        ("shop/earn", "run") => &["shop/Purse"],
        _ => &[],
    }
}

/// Takes one change over, and checks that it fits what was there.
pub fn follow(now: &mut Seen, row: &Row) {
    match (&row.place, &row.action[..]) {
        (None, "spawned") => assert!(now.alive.insert(row.entity.unwrap()), "{row:?}"),
        (None, "despawned") => assert!(now.alive.remove(&row.entity.unwrap()), "{row:?}"),
        (Some(place), action) => {
            let old = match &row.new {
                Some(new) => now.values.insert(place.clone(), new.clone()),
                None => now.values.remove(place),
            };
            assert_eq!(old, row.old, "{row:?}");
            let expected = match (&row.old, &row.new, place.2) {
                (None, Some(_), None) => "inserted",
                (None, Some(_), Some(_)) => "related",
                (Some(_), None, None) => "removed",
                (Some(_), None, Some(_)) => "unrelated",
                _ => "changed",
            };
            assert_eq!(action, expected, "{row:?}");
        }
        _ => panic!("{row:?}"),
    }
    if let (Some((_, kind, _)), Some(system)) = (&row.place, &row.system) {
        assert!(may_write(system, &row.step).contains(&kind.as_str()), "{row:?}");
    }
}
