//! Edges between entities: all of them in pages, or those around one entity.

use std::collections::BTreeMap;

use sandtable::ecs::{Bytes, Entity, KindId, Role, World, to_json};
use serde_json::{Value as Json, json};

use super::super::named::entity_of;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::pages::Page;

/// Steps from the entity that a graph is drawn around.
const DEPTH_MAX: u64 = 3;
/// Entities of a graph at most, and where nothing else is asked for.
const NODES: (u64, u64) = (500, 100);
/// Edges of an entity that a graph looks at.
const EDGES_MAX: usize = 1_000;

/// A relation that is there.
fn relation(world: &World, name: &str) -> Result<KindId, Problem> {
    let found = world.registry.find_as(name, &[Role::Relation]);
    found.ok_or_else(|| {
        let what = format!("names `{name}`, which is no relation: `kinds` lists them");
        Problem::parameter("kind", what)
    })
}

/// The relations that are asked for: one, or all.
fn asked(question: &Question<'_>, world: &World) -> Result<Vec<KindId>, Problem> {
    match question.parameter("kind") {
        Some(name) => Ok(vec![relation(world, name)?]),
        None => {
            let all = world.registry.iter().filter(|(_, kind)| kind.role == Role::Relation);
            Ok(all.map(|(id, _)| id).collect())
        }
    }
}

/// A page of edges.
pub fn list(question: &Question<'_>) -> Result<Reply, Problem> {
    let page = Page::open(question, "relations", &["kind", "from", "to"])?;
    let (world, labels) = (&page.moment.world, question.served.labels(&page.moment.world));
    let kinds = asked(question, world)?;
    let end = |name: &str| -> Result<Option<Entity>, Problem> {
        let named = question.parameter(name);
        named.map(|text| entity_of(world, text, &labels)).transpose()
    };
    let (from, to) = (end("from")?, end("to")?);
    type Edge<'a> = (KindId, Entity, Entity, &'a Bytes);
    let edges = || -> Box<dyn Iterator<Item = Edge<'_>> + '_> {
        let relations = &world.relations;
        let of = move |kind: KindId| -> Box<dyn Iterator<Item = Edge<'_>> + '_> {
            match (from, to) {
                (Some(from), _) => Box::new(
                    relations.outgoing(kind, from).map(move |(to, data)| (kind, from, to, data)),
                ),
                (None, Some(to)) => Box::new(
                    relations.incoming(kind, to).map(move |(from, data)| (kind, from, to, data)),
                ),
                (None, None) => Box::new(
                    relations.of_kind(kind).map(move |(from, to, data)| (kind, from, to, data)),
                ),
            }
        };
        let all = kinds.iter().copied().flat_map(of);
        Box::new(all.filter(move |(_, _, target, _)| to.is_none_or(|to| *target == to)))
    };
    let label = |entity: Entity| labels.label(world, entity).map_or(Json::Null, Json::from);
    let row = |(kind, from, to, data): Edge<'_>| {
        let kind = world.registry.get(kind);
        let (source, target) = (from.to_string().into(), to.to_string().into());
        vec![kind.name.clone().into(), source, label(from), target, label(to), to_json(kind, data)]
    };
    let columns = ["kind", "source", "source_label", "target", "target_label", "data"];
    let count = || edges().count() as u64;
    page.reply(question, columns.map(str::to_owned).into(), edges(), row, count)
}

/// The entities around one, up to some steps away, and the edges among them.
pub fn graph(question: &Question<'_>) -> Result<Reply, Problem> {
    let within = |name: &str, most: u64, usual: u64| match question.number(name)? {
        None => Ok(usual),
        Some(number) if (1..=most).contains(&number) => Ok(number),
        Some(number) => Err(Problem::parameter(name, format!("is {number}: give 1 to {most}"))),
    };
    let (depth, limit) = (within("depth", DEPTH_MAX, 1)?, within("limit", NODES.0, NODES.1)?);
    let moment = question.moment()?;
    let (world, labels) = (&moment.world, question.served.labels(&moment.world));
    let kinds = asked(question, world)?;
    let around = question.parameter("around").unwrap_or_default();
    let around = entity_of(world, around, &labels)?;
    let neighbours = |entity: Entity| {
        let relations = &world.relations;
        let of = move |kind: &KindId| {
            let outgoing = relations.outgoing(*kind, entity);
            outgoing.chain(relations.incoming(*kind, entity)).map(|(other, _)| other)
        };
        kinds.iter().flat_map(of).filter(move |other| *other != entity)
    };
    let mut found = BTreeMap::from([(around, 0)]);
    let (mut rim, mut is_cut) = (vec![around], false);
    for away in 1..=depth {
        let mut next = Vec::new();
        for entity in rim {
            is_cut |= neighbours(entity).nth(EDGES_MAX).is_some();
            for other in neighbours(entity).take(EDGES_MAX) {
                if found.contains_key(&other) {
                    continue;
                }
                if found.len() as u64 == limit {
                    is_cut = true;
                    break;
                }
                found.insert(other, away);
                next.push(other);
            }
        }
        rim = next;
    }
    let mut edges = Vec::new();
    for kind in &kinds {
        let name = &world.registry.get(*kind).name;
        for source in found.keys() {
            let targets = world.relations.outgoing(*kind, *source).map(|(target, _)| target);
            edges.extend(targets.filter(|it| found.contains_key(it)).map(|target| {
                json!({ "kind": name, "source": source.to_string(), "target": target.to_string() })
            }));
        }
    }
    let nodes = found.iter().map(|(entity, depth)| {
        let edges = neighbours(*entity).count();
        let label = labels.label(world, *entity);
        json!({ "entity": entity.to_string(), "label": label, "depth": depth, "edges": edges })
    });
    let nodes: Vec<Json> = nodes.collect();
    let at = moment.at();
    let about = json!({ "at": at, "nodes": nodes, "edges": edges, "truncated": is_cut });
    Ok(Reply::of(about).at(at))
}
