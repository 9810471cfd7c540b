//! Entities of one tick: by what they have, in pages, or one of them whole.

use sandtable::ecs::{Bytes, Entity, Role, to_json};
use sandtable::record::hex;
use sandtable::save::Labels;
use serde_json::{Map, Value as Json};

use super::super::moment::Moment;
use super::super::named::entity_of;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::filter::{DECISIVE, Wanted};
use super::pages::Page;

/// A page of entities.
pub fn list(question: &Question<'_>) -> Result<Reply, Problem> {
    let page = Page::open(question, "entities", &DECISIVE)?;
    let (world, labels) = (&page.moment.world, question.served.labels(&page.moment.world));
    let wanted = Wanted::of(question, world)?;
    let names = wanted.shown.iter().map(|shown| shown.name.clone());
    let columns = ["entity", "label"].map(str::to_owned).into_iter().chain(names).collect();
    let row = |entity: Entity| {
        let label = labels.label(world, entity).map_or(Json::Null, Json::from);
        let cells = wanted.shown.iter().map(|shown| shown.cell(world, entity));
        [Json::from(entity.to_string()), label].into_iter().chain(cells).collect()
    };
    let count = || wanted.entities(world).count() as u64;
    page.reply(question, columns, wanted.in_order(world, &labels), row, count)
}

/// Edges each way that are shown of one entity; all of them are counted.
const EDGES_MAX: usize = 1_000;

enum Way {
    Outgoing,
    Incoming,
}

/// One entity, whole. It is recognised by what it has, so that it stays the same while
/// the world goes on.
pub fn one(question: &Question<'_>) -> Result<Reply, Problem> {
    let moment = question.moment()?;
    let labels = question.served.labels(&moment.world);
    let entity = entity_of(&moment.world, question.place("entity"), &labels)?;
    Ok(whole(&moment, &labels, entity))
}

/// What an entity is recognised by, whatever the form of the answer.
pub fn tag(question: &Question<'_>, moment: &Moment, entity: Entity) -> String {
    let labels = question.served.labels(&moment.world);
    whole(moment, &labels, entity).tag.unwrap_or_default()
}

fn whole(moment: &Moment, labels: &Labels, entity: Entity) -> Reply {
    let world = &moment.world;
    let mut components = Map::new();
    let place = world.entities.locate(entity);
    let kinds = place.map(|(archetype, _)| world.archetype(archetype).kinds()).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    for id in kinds {
        let Some(bytes) = world.component(entity, *id) else { continue };
        let kind = world.registry.get(*id);
        hasher.update(kind.name.as_bytes());
        hasher.update(bytes);
        components.insert(kind.name.clone(), to_json(kind, bytes));
    }
    let mut edges = |way: Way| -> (Vec<Json>, u64) {
        let kinds = world.registry.iter().filter(|(_, kind)| kind.role == Role::Relation);
        let (mut shown, mut count) = (Vec::new(), 0);
        for (id, kind) in kinds {
            let mut add = |(other, data): (Entity, &Bytes)| {
                count += 1;
                if shown.len() == EDGES_MAX {
                    return;
                }
                let label = labels.label(world, other);
                for part in [kind.name.as_bytes(), data, label.as_deref().unwrap_or("").as_bytes()]
                {
                    hasher.update(&(part.len() as u64).to_le_bytes());
                    hasher.update(part);
                }
                hasher.update(&other.to_bits().to_le_bytes());
                shown.push(serde_json::json!({
                    "kind": kind.name, "entity": other.to_string(), "label": label,
                    "data": to_json(kind, data),
                }));
            };
            match way {
                Way::Incoming => world.relations.incoming(id, entity).for_each(&mut add),
                Way::Outgoing => world.relations.outgoing(id, entity).for_each(&mut add),
            }
        }
        hasher.update(&u64::to_le_bytes(count));
        (shown, count)
    };
    let ((outgoing, out_count), (incoming, in_count)) =
        (edges(Way::Outgoing), edges(Way::Incoming));
    let mut members = Map::new();
    members.insert("entity".to_owned(), entity.to_string().into());
    let label = labels.label(world, entity).map_or(Json::Null, Json::from);
    hasher.update(label.to_string().as_bytes());
    members.insert("label".to_owned(), label);
    members.insert("at".to_owned(), moment.at().into());
    members.insert("components".to_owned(), Json::Object(components));
    members.insert("outgoing".to_owned(), outgoing.into());
    members.insert("incoming".to_owned(), incoming.into());
    members.insert("outgoing_count".to_owned(), out_count.into());
    members.insert("incoming_count".to_owned(), in_count.into());
    let mut reply = Reply::object(members).at(moment.at());
    reply.tag = Some(hex(hasher.finalize().as_bytes())[..32].to_owned());
    reply
}
