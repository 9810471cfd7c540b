//! Entities of one tick: by what they have, in pages, or one of them whole.

use std::collections::BTreeSet;

use sandtable::ecs::{Archetype, Bytes, Entity, Kind, KindId, Plain, Role, World, plain, to_json};
use sandtable::record::hex;
use sandtable::save::Labels;
use serde_json::{Map, Value as Json};

use super::super::cursor::Cursor;
use super::super::problem::{Kind as ProblemKind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;

/// What is asked of entities.
struct Wanted {
    with: Vec<KindId>,
    without: Vec<KindId>,
    conditions: Vec<Condition>,
    shown: Vec<Shown>,
}

/// What a field must be.
struct Condition {
    kind: KindId,
    field: usize,
    op: Op,
    value: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Has,
    Begins,
}

const OPS: [(&str, Op); 8] = [
    ("eq", Op::Eq),
    ("ne", Op::Ne),
    ("lt", Op::Lt),
    ("le", Op::Le),
    ("gt", Op::Gt),
    ("ge", Op::Ge),
    ("has", Op::Has),
    ("begins", Op::Begins),
];

/// What is shown in a column.
struct Shown {
    name: String,
    kind: KindId,
    field: Option<usize>,
}

/// A page of entities.
pub fn list(question: &Question<'_>) -> Result<Reply, Problem> {
    let asked = asked(question);
    let at = question.at()?;
    let cursor = question.parameter("cursor");
    let cursor = cursor.map(|text| Cursor::open(text, &asked, &question.secret)).transpose()?;
    let at = match &cursor {
        Some(cursor) => Some(cursor.tick(at.as_ref())?),
        None => at,
    };
    let moment = question.served.moment(at.as_ref())?;
    let (world, limit) = (&moment.world, question.limit()?);
    let wanted = Wanted::of(question, world)?;
    let counts = match question.parameter("count") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            return Err(Problem::parameter("count", format!("is `{other}`: give true or false")));
        }
    };
    let labels = question.served.labels(world);
    let after = cursor.map_or(0, |cursor| cursor.after);
    let mut found = wanted.entities(world).skip(after as usize);
    let page: Vec<Entity> = found.by_ref().take(limit).collect();
    let is_more = found.next().is_some();
    let rows = page.iter().map(|entity| {
        let label = labels.label(world, *entity).map_or(Json::Null, Json::from);
        let cells = wanted.shown.iter().map(|shown| shown.cell(world, *entity));
        [Json::from(entity.to_string()), label].into_iter().chain(cells).collect()
    });
    let names = wanted.shown.iter().map(|shown| shown.name.clone());
    let columns = ["entity", "label"].map(str::to_owned).into_iter().chain(names).collect();
    let mut reply = Reply::rows(columns, rows.collect()).with("at", moment.at()).at(moment.at());
    if counts {
        reply = reply.with("count", wanted.entities(world).count() as u64);
    }
    if is_more {
        let next = Cursor { at: moment.at(), after: after + page.len() as u64 };
        reply = reply.with("next", next.seal(&asked, &question.secret));
    }
    Ok(reply)
}

/// The question without what may differ from page to page.
fn asked(question: &Question<'_>) -> String {
    let mut asked = String::new();
    for name in ["with", "without", "where", "select"] {
        for value in question.all(name) {
            asked.push_str(&format!("{name}={}:{value};", value.len()));
        }
    }
    asked
}

impl Wanted {
    fn of(question: &Question<'_>, world: &World) -> Result<Self, Problem> {
        let listed = |name: &'static str| -> Result<Vec<KindId>, Problem> {
            let names = question.all(name).flat_map(|it| it.split(','));
            names.filter(|it| !it.is_empty()).map(|it| component(world, name, it)).collect()
        };
        let conditions = question.all("where").map(|it| Condition::parse(world, it));
        let shown = question.all("select").flat_map(|it| it.split(','));
        let shown = shown.filter(|it| !it.is_empty()).map(|it| Shown::parse(world, it));
        let shown = shown.collect::<Result<Vec<Vec<Shown>>, Problem>>()?;
        let mut shown: Vec<Shown> = shown.into_iter().flatten().collect();
        let mut names = BTreeSet::new();
        shown.retain(|shown| names.insert(shown.name.clone()));
        Ok(Self {
            with: listed("with")?,
            without: listed("without")?,
            conditions: conditions.collect::<Result<_, _>>()?,
            shown,
        })
    }

    /// Those that are wanted, in the order in which the world has them.
    fn entities<'a>(&'a self, world: &'a World) -> impl Iterator<Item = Entity> + 'a {
        let fits = |archetype: &Archetype| {
            let has = |kind: &KindId| archetype.find(*kind).is_some();
            self.with.iter().all(has)
                && !self.without.iter().any(has)
                && self.conditions.iter().all(|condition| has(&condition.kind))
        };
        let archetypes = world.archetypes().iter().filter(move |archetype| fits(archetype));
        let entities = archetypes.flat_map(|it| of_archetype(it));
        entities.filter(move |entity| {
            self.conditions.iter().all(|condition| condition.holds(world, *entity))
        })
    }
}

/// The entities of an archetype, in the order in which it has them.
pub fn of_archetype(archetype: &Archetype) -> impl Iterator<Item = Entity> {
    archetype.entities().pages().iter().flat_map(|page| page.iter().copied())
}

/// A component that is there.
pub fn component(world: &World, parameter: &str, name: &str) -> Result<KindId, Problem> {
    let found =
        world.registry.find(name).filter(|id| world.registry.get(*id).role == Role::Component);
    found.ok_or_else(|| {
        let what = format!("names `{name}`, which is no component: `kinds` lists them");
        Problem::parameter(parameter, what)
    })
}

/// A component, and a field of it behind a dot.
fn field(world: &World, parameter: &str, name: &str) -> Result<(KindId, Option<usize>), Problem> {
    let Some((component_name, field)) = name.rsplit_once('.') else {
        return Ok((component(world, parameter, name)?, None));
    };
    let id = component(world, parameter, component_name)?;
    let kind = world.registry.get(id);
    match kind.fields.iter().position(|it| it.name == field) {
        Some(at) => Ok((id, Some(at))),
        None => {
            let fields = kind.fields.iter().map(|it| it.name.as_str()).collect::<Vec<_>>();
            let what = format!(
                "names the field `{field}`, which {component_name} has not: it has {}",
                fields.join(", ")
            );
            Err(Problem::parameter(parameter, what))
        }
    }
}

impl Condition {
    fn parse(world: &World, text: &str) -> Result<Self, Problem> {
        let wrong = || {
            let ops = OPS.map(|(name, _)| name).join(", ");
            let what = format!("is `{text}`: give mod/Kind.field:op:value, with op one of {ops}");
            Problem::parameter("where", what)
        };
        let mut parts = text.splitn(3, ':');
        let (Some(name), Some(op), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let (kind, at) = field(world, "where", name)?;
        let op = OPS.iter().find(|(it, _)| *it == op).map(|(_, op)| *op).ok_or_else(wrong)?;
        let field = at.ok_or_else(wrong)?;
        Ok(Self { kind, field, op, value: value.to_owned() })
    }

    fn holds(&self, world: &World, entity: Entity) -> bool {
        let kind = world.registry.get(self.kind);
        let Some(bytes) = world.component(entity, self.kind) else { return false };
        let value = plain(kind, bytes).into_iter().nth(self.field).unwrap_or(Plain::Absent);
        let number = match &value {
            Plain::Unsigned(value) => Some(*value as f64),
            Plain::Signed(value) => Some(*value as f64),
            Plain::Real(value) => Some(*value),
            _ => None,
        };
        let text = match value {
            Plain::Absent => "null".to_owned(),
            Plain::Text(text) => text,
            value => match Json::from(value) {
                Json::String(text) => text,
                other => other.to_string(),
            },
        };
        let wanted = self.value.as_str();
        let order = match (number, wanted.parse::<f64>()) {
            (Some(number), Ok(wanted)) => number.partial_cmp(&wanted),
            _ => Some(text.as_str().cmp(wanted)),
        };
        match self.op {
            Op::Eq => order.is_some_and(|it| it.is_eq()),
            Op::Ne => !order.is_some_and(|it| it.is_eq()),
            Op::Lt => order.is_some_and(|it| it.is_lt()),
            Op::Le => order.is_some_and(|it| it.is_le()),
            Op::Gt => order.is_some_and(|it| it.is_gt()),
            Op::Ge => order.is_some_and(|it| it.is_ge()),
            Op::Has => text.contains(wanted),
            Op::Begins => text.starts_with(wanted),
        }
    }
}

impl Shown {
    fn parse(world: &World, name: &str) -> Result<Vec<Self>, Problem> {
        if name == "*" {
            let all = world.registry.iter().filter(|(_, kind)| kind.role == Role::Component);
            let shown = |(kind, of): (KindId, &std::sync::Arc<Kind>)| Self {
                name: of.name.clone(),
                kind,
                field: None,
            };
            return Ok(all.map(shown).collect());
        }
        let (kind, field) = field(world, "select", name)?;
        Ok(vec![Self { name: name.to_owned(), kind, field }])
    }

    fn cell(&self, world: &World, entity: Entity) -> Json {
        let Some(bytes) = world.component(entity, self.kind) else { return Json::Null };
        let kind = world.registry.get(self.kind);
        match self.field {
            None => to_json(kind, bytes),
            Some(at) => plain(kind, bytes).into_iter().nth(at).map_or(Json::Null, Json::from),
        }
    }
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
    let (world, name) = (&moment.world, question.place("entity"));
    let labels = question.served.labels(world);
    let entity = entity(world, name, &labels)?;
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
    Ok(reply)
}

/// The living entity of a text: `12v3`, its number as SQL has it, or its label.
fn entity(world: &World, text: &str, labels: &Labels) -> Result<Entity, Problem> {
    let of_number = || text.parse().map(|bits: i64| Entity::from_bits(bits as u64)).ok();
    let written = Entity::parse(text).or_else(of_number);
    if let Some(entity) = written.filter(|it| world.entities.locate(*it).is_some()) {
        return Ok(entity);
    }
    let all = world.archetypes().iter().flat_map(|it| of_archetype(it));
    let called = |entity: &Entity| labels.label(world, *entity).is_some_and(|it| it == text);
    let mut found = match written {
        Some(_) => Vec::new(),
        None => all.filter(called).take(2).collect::<Vec<_>>(),
    };
    match (found.len(), found.pop()) {
        (1, Some(entity)) => Ok(entity),
        (2, Some(entity)) => Err(Problem::new(
            ProblemKind::NotFound,
            format!(
                "several entities are called `{text}` at tick {}: {entity} is one of them",
                world.tick()
            ),
        )),
        _ => Err(Problem::new(
            ProblemKind::NotFound,
            format!(
                "no entity `{text}` is alive at tick {}: entities are written as 12v3",
                world.tick()
            ),
        )),
    }
}
