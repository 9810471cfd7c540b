//! Which entities are asked for, by what they have, in which order, and what is shown
//! of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use sandtable::ecs::{Archetype, Entity, Kind, KindId, Plain, Role, World, plain, to_json};
use sandtable::save::Labels;
use serde_json::Value as Json;

use super::super::named::of_archetype;
use super::super::problem::Problem;
use super::super::question::Question;

/// What decides which entities are answered, in which order, and what is shown.
pub const DECISIVE: [&str; 5] = ["with", "without", "where", "select", "order"];

/// What is asked of entities.
pub struct Wanted {
    with: Vec<KindId>,
    without: Vec<KindId>,
    conditions: Vec<Condition>,
    order: Option<Order>,
    /// What is shown, column by column.
    pub shown: Vec<Shown>,
}

/// What entities are ordered by; those that lack it come last.
struct Order {
    by: By,
    is_descending: bool,
}

enum By {
    Label,
    Field(KindId, usize),
}

/// What two entities are compared by.
enum Key {
    Number(f64),
    Text(String),
    Absent,
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
pub struct Shown {
    /// What stands above it.
    pub name: String,
    kind: KindId,
    field: Option<usize>,
}

impl Wanted {
    /// Reads what is asked.
    ///
    /// # Errors
    ///
    /// A parameter names what there is not, or is none.
    pub fn of(question: &Question<'_>, world: &World) -> Result<Self, Problem> {
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
            order: question.parameter("order").map(|it| Order::parse(world, it)).transpose()?,
            shown,
        })
    }

    /// Those that are wanted, in the order that is asked for; else in that in which the
    /// world has them.
    pub fn in_order<'a>(
        &'a self,
        world: &'a World,
        labels: &Labels,
    ) -> Box<dyn Iterator<Item = Entity> + 'a> {
        let Some(order) = &self.order else { return Box::new(self.entities(world)) };
        let keyed = self.entities(world).map(|entity| (order.key(world, labels, entity), entity));
        let mut keyed: Vec<(Key, Entity)> = keyed.collect();
        keyed.sort_by(|(one, _), (other, _)| order.compare(one, other));
        Box::new(keyed.into_iter().map(|(_, entity)| entity))
    }

    /// Those that are wanted, in the order in which the world has them.
    pub fn entities<'a>(&'a self, world: &'a World) -> impl Iterator<Item = Entity> + 'a {
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

/// A component that is there.
pub fn component(world: &World, parameter: &str, name: &str) -> Result<KindId, Problem> {
    let found = world.registry.find_as(name, &[Role::Component]);
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

impl Order {
    fn parse(world: &World, text: &str) -> Result<Self, Problem> {
        let (name, is_descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        if name == "label" {
            return Ok(Self { by: By::Label, is_descending });
        }
        match field(world, "order", name)? {
            (kind, Some(at)) => Ok(Self { by: By::Field(kind, at), is_descending }),
            (_, None) => {
                let what = format!(
                    "is `{text}`: give mod/Kind.field or label, with - before it for the greatest first"
                );
                Err(Problem::parameter("order", what))
            }
        }
    }

    fn key(&self, world: &World, labels: &Labels, entity: Entity) -> Key {
        let value = match self.by {
            By::Label => labels.label(world, entity).map(Plain::Text),
            By::Field(id, at) => {
                let bytes = world.component(entity, id);
                bytes.and_then(|bytes| plain(world.registry.get(id), bytes).into_iter().nth(at))
            }
        };
        match value {
            None | Some(Plain::Absent) => Key::Absent,
            Some(value) => match number(&value) {
                Some(number) => Key::Number(number),
                None => Key::Text(text(value)),
            },
        }
    }

    fn compare(&self, one: &Key, other: &Key) -> Ordering {
        let order = match (one, other) {
            (Key::Number(one), Key::Number(other)) => one.total_cmp(other),
            (Key::Text(one), Key::Text(other)) => one.cmp(other),
            (Key::Absent, Key::Absent) => return Ordering::Equal,
            (Key::Absent, _) => return Ordering::Greater,
            (_, Key::Absent) => return Ordering::Less,
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        };
        if self.is_descending { order.reverse() } else { order }
    }
}

/// A value as a number, where it is one.
fn number(value: &Plain) -> Option<f64> {
    match value {
        Plain::Unsigned(value) => Some(*value as f64),
        Plain::Signed(value) => Some(*value as f64),
        Plain::Real(value) => Some(*value),
        _ => None,
    }
}

/// A value as the text that stands in answers.
fn text(value: Plain) -> String {
    match value {
        Plain::Absent => "null".to_owned(),
        Plain::Text(text) => text,
        value => match Json::from(value) {
            Json::String(text) => text,
            other => other.to_string(),
        },
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
        let (number, text) = (number(&value), text(value));
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

/// Whether a text is a condition.
#[cfg(test)]
pub fn condition_of(world: &World, text: &str) -> Result<(), Problem> {
    Condition::parse(world, text).map(drop)
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

    /// What an entity has there.
    pub fn cell(&self, world: &World, entity: Entity) -> Json {
        let Some(bytes) = world.component(entity, self.kind) else { return Json::Null };
        let kind = world.registry.get(self.kind);
        match self.field {
            None => to_json(kind, bytes),
            Some(at) => plain(kind, bytes).into_iter().nth(at).map_or(Json::Null, Json::from),
        }
    }
}
