//! What is to be told of some entities within so many tokens: what they are now, how they
//! stand to each other, and what happened, the weightiest first.
//!
//! It is made of whole items: a component of an entity, an edge, something that happened.
//! What does not fit is left out whole and counted, and the answer is never longer than was
//! asked for. Of one tick, the same question has the same answer to the byte: all orders are
//! total, and ranks are whole numbers ([`rank`]).
//!
//! What happened is told by three kinds of sources ([`sources`]): questions of the world that
//! are marked `in_context`, events of mods, and what changed lately. The answer as of a time
//! that such questions know has nothing of later: what the world itself has is left out.

mod budget;
mod near;
mod rank;
mod sources;

use sandtable::ecs::{Bytes, Entity, Role, World, to_json};
use sandtable::save::Labels;
use serde_json::{Map, Value as Json, json};

use super::super::at::At;
use super::super::moment::Moment;
use super::super::named::entity_of;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::method::Method;
use super::operation::{AT, Answer, Operation, optional, required};
use budget::{Section, TOKEN_BYTES, fitted};
use near::Near;
use rank::ranked;

pub const CONTEXT: Operation = Operation {
    name: "context",
    method: Method::Get,
    path: "/worlds/{world}/context",
    summary: "What is to be known of some entities within so many tokens: what they are, how they stand to each other, and what happened, the weightiest first.",
    scope: Scope::Read,
    parameters: &[
        required("about", "entities, as 12v3 or by their labels, with commas between them"),
        optional(
            "tokens",
            "how long the answer may be, a token counted as 3 bytes: 300 to 100,000; else 2,000",
        ),
        optional("text", "words: what has them in it comes first"),
        optional(
            "time",
            "as of when, for questions of the world that take a `time`; what the world itself has, which is of the tick, is left out then",
        ),
        AT,
    ],
    answer: Answer::Apart(context),
};

/// Entities that are told of at most.
const ABOUT_MAX: usize = 16;
/// Tokens at least, at most, and where nothing is said.
const TOKENS: (u64, u64, u64) = (300, 100_000, 2_000);
/// Edges of one entity, each way and of one kind, that are looked at.
const EDGES_MAX: usize = 1_000;
/// And of those beyond that, so many are counted.
const COUNTED_MAX: usize = 10_000;

fn context(question: &Question<'_>) -> Result<Reply, Problem> {
    let tokens = match question.number("tokens")? {
        None => TOKENS.2,
        Some(tokens) if (TOKENS.0..=TOKENS.1).contains(&tokens) => tokens,
        Some(tokens) => {
            let what = format!("is {tokens}: give {} to {}", TOKENS.0, TOKENS.1);
            return Err(Problem::parameter("tokens", what));
        }
    };
    if question.parameter("time").is_some_and(|time| time.trim().is_empty()) {
        return Err(Problem::parameter("time", "is empty: give one, or leave it out"));
    }
    let moment = moment(question)?;
    let world = &moment.world;
    let labels = question.served.labels(world);
    let about = about(question, world, &labels)?;
    // How they stand in the tick says nothing of how they stood at another time.
    let near = match question.parameter("time") {
        Some(_) => Near::only(&about),
        None => Near::around(world, &about),
    };
    let mut told = sources::told(question, &moment, &labels, &near)?;
    let (mut standing, mut edges, mut more_edges) = (Vec::new(), Vec::new(), 0);
    if question.parameter("time").is_none() {
        standing = state(world, &labels, &about);
        (edges, more_edges) = relations(world, &labels, &about);
    }
    standing.append(&mut told.state);
    let ids: Vec<Json> = about.iter().map(|entity| entity.to_string().into()).collect();
    let mut members = Map::new();
    members.insert("at".to_owned(), moment.at().into());
    members.insert("about".to_owned(), ids.into());
    let sections = [
        Section {
            name: "notes",
            share: 10,
            items: told.notes.into_iter().map(Json::from).collect(),
            more: 0,
        },
        Section { name: "state", share: 45, items: standing, more: told.more_state },
        Section { name: "relations", share: 65, items: edges, more: more_edges },
        Section {
            name: "events",
            share: 100,
            items: ranked(told.happened, &near, question.parameter("text").unwrap_or_default()),
            more: told.more_happened,
        },
    ];
    let members = fitted(members, sections, tokens as usize * TOKEN_BYTES);
    Ok(Reply::object(members).at(moment.at()).passing())
}

/// The tick that is told of, which is one: without another that which the save has, so that
/// all parts can be of it.
fn moment(question: &Question<'_>) -> Result<Moment, Problem> {
    let is_of_part = question.sight.is_some();
    if is_of_part || question.parameter("at").is_some() {
        return question.moment();
    }
    let tick = question.served.feed().now().saved_tick;
    Ok(question.moment_at(Some(&At { tick, chain: None }))?.0)
}

/// The entities that are asked about, each once.
fn about(question: &Question<'_>, world: &World, labels: &Labels) -> Result<Vec<Entity>, Problem> {
    let wrong = || {
        let what = format!("names none or more than {ABOUT_MAX} entities: give 1 to {ABOUT_MAX}");
        Problem::parameter("about", what)
    };
    let (mut about, mut texts) = (Vec::new(), Vec::new());
    for text in question.all("about") {
        if texts.contains(&text) {
            continue;
        }
        if texts.len() == ABOUT_MAX {
            return Err(wrong());
        }
        texts.push(text);
    }
    for text in texts {
        // A label may have commas in it.
        let whole = entity_of(world, text.trim(), labels);
        let found = match whole {
            Err(_) if text.contains(',') => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                parts.take(ABOUT_MAX + 1).map(|it| entity_of(world, it, labels)).collect()
            }
            whole => whole.map(|entity| vec![entity]),
        }?;
        for entity in found {
            if !about.contains(&entity) {
                about.push(entity);
            }
        }
    }
    match about.len() {
        1..=ABOUT_MAX => Ok(about),
        _ => Err(wrong()),
    }
}

/// What each of them is: a component an item.
fn state(world: &World, labels: &Labels, about: &[Entity]) -> Vec<Json> {
    let of = |entity: &Entity| {
        let label = labels.label(world, *entity);
        let place = world.entities.locate(*entity);
        let kinds = place.map(|(archetype, _)| world.archetype(archetype).kinds());
        let value = |id| {
            let bytes = world.component(*entity, id)?;
            let kind = world.registry.known(id)?;
            Some(json!({
                "entity": entity.to_string(), "label": label, "component": kind.name,
                "value": to_json(kind, bytes),
            }))
        };
        let mut values: Vec<Json> =
            kinds.unwrap_or_default().iter().filter_map(|id| value(*id)).collect();
        values.sort_by(|one, other| one["component"].as_str().cmp(&other["component"].as_str()));
        values
    };
    about.iter().flat_map(of).collect()
}

/// Their edges: first those among them, then those to others; and how many more there are.
fn relations(world: &World, labels: &Labels, about: &[Entity]) -> (Vec<Json>, usize) {
    let mut kinds: Vec<_> =
        world.registry.iter().filter(|(_, kind)| kind.role == Role::Relation).collect();
    kinds.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    let (mut among, mut others, mut more) = (Vec::new(), Vec::new(), 0);
    for (id, kind) in kinds {
        let label = |entity| labels.label(world, entity).map_or(Json::Null, Json::from);
        let mut add = |source: Entity, target: Entity, data: &Bytes| {
            let is_among = about.contains(&source) && about.contains(&target);
            let edges = if is_among { &mut among } else { &mut others };
            edges.push(json!({
                "kind": kind.name, "source": source.to_string(), "source_label": label(source),
                "target": target.to_string(), "target_label": label(target),
                "data": to_json(kind, data),
            }));
        };
        for entity in about {
            let mut outgoing = world.relations.outgoing(id, *entity);
            for (target, data) in outgoing.by_ref().take(EDGES_MAX) {
                add(*entity, target, data);
            }
            // One among them is there from its other end.
            let incoming = world.relations.incoming(id, *entity);
            let mut incoming = incoming.filter(|(source, _)| !about.contains(source));
            for (source, data) in incoming.by_ref().take(EDGES_MAX) {
                add(source, *entity, data);
            }
            more += outgoing.take(COUNTED_MAX).count() + incoming.take(COUNTED_MAX).count();
        }
    }
    among.extend(others);
    (among, more)
}
