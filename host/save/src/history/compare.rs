//! Where two accounts of one tick differ: the one that a save has, and the one
//! of running it again.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use sandtable_world::ecs::{Entity, Kind, KindId, Page, PageKey, Part, World, to_json};

use super::super::error::{Failure, Fallible, damage};
use super::apply::Loaded;
use super::frames::{Frames, read_head};

/// The first place at which two accounts of a tick differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The system whose run or commands it is, by full name, where one is.
    pub system: Option<String>,
    /// Whether it is its commands.
    pub is_commands: bool,
    /// The entity, where one is.
    pub entity: Option<Entity>,
    /// The component, resource, relation or table.
    pub component: Option<String>,
    /// The field of it.
    pub field: Option<String>,
    /// What the save has, and what running it again gave.
    pub values: (String, String),
}

/// Finds the first place at which what a save recorded of a tick differs from
/// what running it again gave. Both begin at the same world.
///
/// # Errors
///
/// Says why the accounts cannot be compared: one of them is damaged.
pub fn compare(
    before: &World,
    recorded: &Frames,
    replayed: &Frames,
) -> Result<Option<Difference>, String> {
    try_compare(before, recorded, replayed).map_err(Failure::told)
}

fn try_compare(
    before: &World,
    recorded: &Frames,
    replayed: &Frames,
) -> Fallible<Option<Difference>> {
    let nothing = BTreeSet::new();
    let load = |frames: &Frames| {
        let tick = before.tick() + 1;
        let Some(head) = frames.first().and_then(|head| read_head(head)).map(Arc::new) else {
            return damage(format!("the history of tick {tick} cannot be read"));
        };
        let frames = frames.clone();
        Loaded::new(head, &nothing, move |number| match frames.get(usize::from(number)) {
            Some(frame) => Ok(frame.clone()),
            None => damage(format!("the history of tick {tick} is not whole")),
        })
    };
    let accounts = [load(recorded)?, load(replayed)?];
    let names = accounts.each_ref().map(|account| account.systems_after(before.systems.keys()));
    let mut worlds = [before.clone(), before.clone()];
    for step in 0.. {
        let heads = accounts.each_ref().map(|account| account.delta.steps.get(step));
        let who: [Option<(&str, bool)>; 2] = std::array::from_fn(|at| {
            let head = heads[at]?;
            let name = head.system.and_then(|system| names[at].get(system as usize));
            let other = if head.edit.is_some() { "an edit" } else { "several ticks" };
            Some((name.copied().unwrap_or(other), head.commands))
        });
        if who == [None, None] {
            break;
        }
        let of_whom = who[1].or(who[0]);
        let placed = |difference: Difference| Difference {
            system: of_whom.map(|(name, _)| name.to_owned()),
            is_commands: of_whom.is_some_and(|(_, commands)| commands),
            ..difference
        };
        if who[0] != who[1] {
            let shown = who.map(|who| match who {
                Some((name, true)) => format!("the commands of {name}"),
                Some((name, false)) => format!("the run of {name}"),
                None => "nothing".to_owned(),
            });
            return Ok(Some(placed(Difference { values: shown.into(), ..Difference::default() })));
        }
        for (account, world) in accounts.iter().zip(&mut worlds) {
            account.apply_step(world, step)?;
        }
        let found = differs(&accounts, step, &worlds);
        if let Some(difference) = found {
            return Ok(Some(placed(difference)));
        }
    }
    for (account, world) in accounts.iter().zip(&mut worlds) {
        account.finish(world)?;
    }
    Ok(differs_at_end(&accounts))
}

/// Where two worlds differ after a step that was done to both.
fn differs(accounts: &[Loaded<'_>; 2], step: usize, worlds: &[World; 2]) -> Option<Difference> {
    let mut touched: BTreeSet<PageKey> = BTreeSet::new();
    for account in accounts {
        let blocks = &account.delta.blocks[account.blocks_of(step)];
        touched.extend(blocks.iter().filter_map(|block| block.key()));
    }
    let order = |key: &PageKey| match key.part {
        Part::Entities => 0,
        Part::Values => 1,
        _ => 2,
    };
    let mut touched: Vec<PageKey> = touched.into_iter().collect();
    touched.sort_by_key(|key| (order(key), *key));
    touched
        .into_iter()
        .find_map(|key| differs_in_page(key, worlds))
        .or_else(|| differs_besides(accounts, step, worlds))
}

fn differs_in_page(key: PageKey, worlds: &[World; 2]) -> Option<Difference> {
    let pages = worlds.each_ref().map(|world| world.page(key));
    if key.part == Part::Slots {
        return (pages[0] != pages[1]).then(|| Difference {
            values: ("other entities".to_owned(), "some entities".to_owned()),
            ..Difference::default()
        });
    }
    let archetypes =
        worlds.each_ref().map(|world| world.archetypes().get(key.archetype.0 as usize));
    let [Some(recorded), Some(replayed)] = archetypes else {
        let shown = |there: bool| if there { "an archetype" } else { "none" }.to_owned();
        let values = (shown(archetypes[0].is_some()), shown(archetypes[1].is_some()));
        return Some(Difference { values, ..Difference::default() });
    };
    let at = first_differing_row(pages)?;
    if key.part == Part::Entities {
        let rows = pages.map(|page| match page {
            Some(Page::Entities(entities)) => entities.get(at),
            _ => None,
        });
        let shown = rows.map(|row| row.map_or("nobody".to_owned(), Entity::to_string));
        let entity = rows[1].or(rows[0]).copied();
        return Some(Difference { entity, values: shown.into(), ..Difference::default() });
    }
    let row = key.page as usize * worlds[0].rows_per_page() + at;
    let entity = (row < replayed.len()).then(|| replayed.entities().row(row)[0]);
    let kind = worlds[1].registry.get(key.kind);
    if key.part == Part::Values {
        let columns = [recorded.column(key.kind)?, replayed.column(key.kind)?];
        let is_there = columns.iter().all(|column| row < column.values.len());
        let values = is_there.then(|| columns.map(|column| column.values.row(row)))?;
        return Some(Difference { entity, ..in_value(kind, values) });
    }
    let shown = pages.map(|page| match page {
        Some(Page::Stamps(stamps)) => stamps.get(at),
        _ => None,
    });
    let shown = shown.map(|stamp| match stamp {
        Some(stamp) => format!("tick {}", stamp.to_bits() >> 16),
        None => "none".to_owned(),
    });
    let field = if key.part == Part::Changed { "(changed)" } else { "(added)" };
    Some(Difference {
        entity,
        component: Some(kind.name.clone()),
        field: Some(field.to_owned()),
        values: shown.into(),
        ..Difference::default()
    })
}

/// The first row of a page that two worlds do not have alike.
fn first_differing_row([one, two]: [Option<Page<'_>>; 2]) -> Option<usize> {
    let (one, two) = match (one, two) {
        (Some(one), Some(two)) => (one, two),
        (Some(page), None) | (None, Some(page)) => (page, page.emptied()),
        (None, None) => return None,
    };
    one.differing_rows(two).next()
}

/// The first field in which two values of a kind differ.
fn in_value(kind: &Kind, values: [&[u8]; 2]) -> Difference {
    let shown = values.map(|value| to_json(kind, value));
    let field = kind.fields.iter().map(|field| &field.name).find(|name| {
        // As text, in which also the two zeros differ.
        let of = |value: &Json| value.get(name.as_str()).map(Json::to_string);
        of(&shown[0]) != of(&shown[1])
    });
    let text = |value: &Json| match field.and_then(|name| value.get(name.as_str())) {
        Some(value) => value.to_string(),
        None => value.to_string(),
    };
    Difference {
        component: Some(kind.name.clone()),
        field: field.cloned(),
        values: (text(&shown[0]), text(&shown[1])),
        ..Difference::default()
    }
}

/// Where relations, resources or rows of tables differ after a step.
fn differs_besides(
    accounts: &[Loaded<'_>; 2],
    step: usize,
    worlds: &[World; 2],
) -> Option<Difference> {
    let [recorded, replayed] = worlds;
    if let Some(((kind, from, to), _)) = replayed.relations.diff(&recorded.relations).next() {
        let kind = replayed.registry.get(kind);
        let data = |world: &World| {
            let id = world.registry.find(&kind.name)?;
            let mut edges = world.relations.outgoing(id, from);
            edges.find(|(other, _)| *other == to).map(|(_, data)| to_json(kind, data).to_string())
        };
        let shown = [recorded, replayed].map(|world| data(world).unwrap_or("no edge".to_owned()));
        return Some(Difference {
            entity: Some(from),
            component: Some(kind.name.clone()),
            field: Some(format!("to {to}")),
            values: shown.into(),
            ..Difference::default()
        });
    }
    let kinds: BTreeSet<KindId> =
        recorded.resources.keys().chain(replayed.resources.keys()).copied().collect();
    for id in kinds {
        let values = worlds.each_ref().map(|world| world.resources.get(&id));
        if values[0] == values[1] {
            continue;
        }
        let kind = replayed.registry.get(id);
        return Some(match values {
            [Some(one), Some(two)] => in_value(kind, [one, two]),
            values => Difference {
                component: Some(kind.name.clone()),
                values: values
                    .map(|value| {
                        value.map_or("none".to_owned(), |value| to_json(kind, value).to_string())
                    })
                    .into(),
                ..Difference::default()
            },
        });
    }
    let rows = accounts.each_ref().map(|account| {
        let of_step = account.delta.rows.iter().filter(|(of, ..)| usize::from(*of) == step);
        of_step.map(|(_, table, log)| (table, log)).collect::<Vec<_>>()
    });
    if rows[0] == rows[1] {
        return None;
    }
    let table = (0..).find_map(|at| match (rows[0].get(at), rows[1].get(at)) {
        (one, two) if one == two && one.is_some() => None,
        (one, two) => Some(two.or(one).map(|(table, _)| (*table).clone())),
    })?;
    Some(Difference {
        component: table,
        values: ("other rows".to_owned(), "some rows".to_owned()),
        ..Difference::default()
    })
}

/// Where what a head has once for a tick differs.
fn differs_at_end(accounts: &[Loaded<'_>; 2]) -> Option<Difference> {
    let [recorded, replayed] = accounts.each_ref().map(|account| &account.delta);
    let what = if recorded.topics != replayed.topics {
        "the events that are left to be read"
    } else if recorded.systems != replayed.systems || recorded.new_systems != replayed.new_systems {
        "what systems have read"
    } else if recorded.mods != replayed.mods {
        "how mods have behaved"
    } else if recorded.tables != replayed.tables {
        "the digests of tables"
    } else if recorded.first_free != replayed.first_free {
        "which entities are free"
    } else {
        return None;
    };
    Some(Difference {
        component: Some(what.to_owned()),
        values: ("one thing".to_owned(), "another".to_owned()),
        ..Difference::default()
    })
}
