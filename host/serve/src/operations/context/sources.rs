//! What happened, by what tells of it: questions of the world that are marked `in_context`,
//! events of mods, and the last change of each value of late. Questions tell of what is so,
//! too. Where a time is asked for, they alone tell: the log and the values of the world are
//! of its ticks, and may be of later.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use sandtable::ecs::{Entity, World};
use sandtable::question::{InContext, ParameterType};
use sandtable::save::{Inquiry, KnownQuestion, Labels};
use serde_json::{Map, Value as Json, json};

use super::super::super::at::At;
use super::super::super::moment::Moment;
use super::super::super::problem::{Kind, Problem};
use super::super::super::question::Question;
use super::super::super::rights::Scope;
use super::super::answers;
use super::super::asking;
use super::super::sql::{Select, Share, Shared, shared};
use super::near::Near;
use super::rank::{Happened, ONE};

/// Entities that are near and not asked about of which questions are asked too.
const NEIGHBOURS: usize = 16;
/// Rows of one question about one entity that are taken, and those beyond that are counted.
const ROWS_MAX: usize = 200;
const COUNTED_MAX: usize = 10_000;
/// Bytes of the rows of one question about one entity, of all that is so, and of all that
/// happened as questions tell it; what goes beyond is counted.
const ROWS_MAX_BYTES: usize = 1 << 20;
const STATE_MAX_BYTES: usize = 4 << 20;
const HAPPENED_MAX_BYTES: usize = 16 << 20;
/// Bytes of the events that are looked through.
const EVENTS_MAX_BYTES: usize = 16 << 20;
/// Events that are looked through.
const EVENTS_MAX: usize = 2_000;
/// Ticks that are of late, and changes of one entity in them.
const LATELY: u64 = 100;
const CHANGES_MAX: &str = "200";
/// How long all of it may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What is told.
#[derive(Default)]
pub struct Told {
    /// What is so.
    pub state: Vec<Json>,
    /// What happened.
    pub happened: Vec<Happened>,
    /// Why something is not told.
    pub notes: Vec<String>,
    /// How much more is so, and happened, that was not taken.
    pub more_state: usize,
    pub more_happened: usize,
}

impl Told {
    /// Says why something is not told, once.
    fn note(&mut self, why: String) {
        if !self.notes.contains(&why) {
            self.notes.push(why);
        }
    }
}

/// All that tells of the entities that are near.
pub fn told(
    question: &Question<'_>,
    moment: &Moment,
    labels: &Labels,
    near: &Near,
) -> Result<Told, Problem> {
    let mut told = Told::default();
    let about = Asked { question, moment, labels, near, until: Instant::now() + DEADLINE };
    let has_history = question.principal.check(Scope::History, Some(question.place("world")));
    let is_whole = question.sight.is_none();
    if let Err(problem) = has_history {
        told.note(format!("what happened is not told: {}", problem.detail));
        return Ok(told);
    }
    let is_of_time = question.parameter("time").is_some();
    if !is_of_time {
        about.changes(&mut told)?;
    }
    match is_whole {
        true => {
            let at = At { tick: moment.world.tick(), chain: None };
            let ask = |inquiry: &Inquiry| {
                if !is_of_time {
                    match about.events(inquiry, &mut told) {
                        Err(problem) if problem.kind == Kind::Query => told.note(problem.detail),
                        other => other?,
                    }
                }
                about.questions(inquiry, &mut told)
            };
            question.served.ask(Some(&at), ask)?;
        }
        // Of the log, one who sees a part is told nothing.
        false => about.questions(&Inquiry::over(&moment.world)?, &mut told)?,
    }
    Ok(told)
}

struct Asked<'a> {
    question: &'a Question<'a>,
    moment: &'a Moment,
    labels: &'a Labels,
    near: &'a Near,
    until: Instant,
}

impl Asked<'_> {
    /// What questions of the world tell of those that are near.
    fn questions(&self, inquiry: &Inquiry, told: &mut Told) -> Result<(), Problem> {
        let all = asking::known(self.question, |it| it.question.in_context.is_some())?;
        let of = |what| all.iter().filter(move |known| known.question.in_context == Some(what));
        let is_of_time = self.question.parameter("time").is_some();
        let takes_time =
            |known: &&KnownQuestion| known.question.parameters.iter().any(|it| it.name == "time");
        let mut bytes = 0;
        for known in of(InContext::State).filter(|known| takes_time(known) == is_of_time) {
            let mut standing = Vec::new();
            for entity in self.near.at(0) {
                self.check_time()?;
                match self.standing(inquiry, known, entity) {
                    Ok((rows, more)) => {
                        standing.extend(rows.into_iter().enumerate());
                        told.more_state += more;
                    }
                    Err(problem) if problem.kind == Kind::Query => told.note(problem.detail),
                    Err(problem) => return Err(problem),
                }
            }
            // The first rows of each before the second ones of any: all are told of, however
            // little fits.
            standing.sort_by_key(|(place, _)| *place);
            for (_, row) in standing {
                bytes += row.to_string().len();
                match bytes <= STATE_MAX_BYTES {
                    true => told.state.push(row),
                    false => told.more_state += 1,
                }
            }
        }
        let mut found: BTreeMap<String, Happened> = BTreeMap::new();
        let mut bytes = 0;
        for known in of(InContext::Events).filter(|known| takes_time(known) || !is_of_time) {
            for entity in self.near.at(0).chain(self.near.at(1).take(NEIGHBOURS)) {
                self.check_time()?;
                let rows = match self.happened(inquiry, known, entity) {
                    Ok((rows, more)) => {
                        told.more_happened += more;
                        rows
                    }
                    // A part may lack the tables that it asks for.
                    Err(problem) if problem.kind == Kind::Query => {
                        told.note(problem.detail);
                        break;
                    }
                    Err(problem) => return Err(problem),
                };
                for happened in rows {
                    bytes += happened.cite.len() + happened.text.len();
                    if bytes > HAPPENED_MAX_BYTES {
                        told.more_happened += 1;
                        continue;
                    }
                    let place = happened.place;
                    let known = found.entry(happened.cite.clone()).or_insert(happened);
                    known.place = known.place.min(place);
                    known.named.insert(entity);
                }
            }
        }
        told.happened.extend(found.into_values());
        Ok(())
    }

    fn check_time(&self) -> Result<(), Problem> {
        if Instant::now() <= self.until { Ok(()) } else { Err(late()) }
    }

    /// What happened to an entity, as a question tells it.
    fn happened(
        &self,
        inquiry: &Inquiry,
        known: &KnownQuestion,
        entity: Entity,
    ) -> Result<(Vec<Happened>, usize), Problem> {
        let (rows, more) = self.rows(inquiry, known, entity)?;
        let rows = rows.into_iter().zip(0..);
        let rows = rows.map(|(row, place)| happened(known, place, &row));
        Ok((rows.collect::<Result<_, Problem>>()?, more))
    }

    /// What is so of an entity, as a question tells it.
    fn standing(
        &self,
        inquiry: &Inquiry,
        known: &KnownQuestion,
        entity: Entity,
    ) -> Result<(Vec<Json>, usize), Problem> {
        let label = self.labels.label(&self.moment.world, entity);
        let (rows, more) = self.rows(inquiry, known, entity)?;
        let rows = rows.into_iter().map(|row| {
            let told = row.into_iter().filter(|(_, value)| !value.is_null());
            json!({
                "entity": entity.to_string(), "label": label, "question": known.name,
                "value": told.collect::<Map<_, _>>(),
            })
        });
        Ok((rows.collect(), more))
    }

    /// The answer to a question about an entity, and how many more rows it has.
    fn rows(
        &self,
        inquiry: &Inquiry,
        known: &KnownQuestion,
        entity: Entity,
    ) -> Result<(Vec<Map<String, Json>>, usize), Problem> {
        let mut given = Map::new();
        for parameter in &known.question.parameters {
            let value = match parameter.name.as_str() {
                "about" if parameter.takes == ParameterType::Entity => {
                    Some(Json::from(entity.to_string()))
                }
                "about" => {
                    let label = self.labels.label(&self.moment.world, entity);
                    Some(label.unwrap_or_else(|| entity.to_string()).into())
                }
                "time" => self.question.parameter("time").map(|time| {
                    // What does not fit is refused by name.
                    parameter.takes.read(time).unwrap_or_else(|| time.into())
                }),
                _ => None,
            };
            given.extend(value.map(|value| (parameter.name.clone(), value)));
        }
        let values = known.question.values(&known.name, &given);
        let values = values.map_err(|what| Problem::new(Kind::Parameter, what))?;
        let labels = &self.question.served.feed().now().config.world.label;
        let select = Select::Named { known, values: &values, labels };
        let (bytes, counted) = (ROWS_MAX_BYTES, COUNTED_MAX);
        let share = Share { rows: ROWS_MAX, bytes, counted, until: self.until };
        let (columns, rows, more) = self.shared(inquiry, &select, &share)?;
        let row = |row: Vec<Json>| columns.iter().cloned().zip(row).collect();
        Ok((rows.into_iter().map(row).collect(), more))
    }

    fn shared(
        &self,
        inquiry: &Inquiry,
        select: &Select<'_>,
        share: &Share,
    ) -> Result<Shared, Problem> {
        shared(inquiry, select, share)?.ok_or_else(late)
    }

    /// Events of mods that name one who is near.
    fn events(&self, inquiry: &Inquiry, told: &mut Told) -> Result<(), Problem> {
        let tick = self.moment.world.tick();
        let select = format!(
            "SELECT tick, number, name, payload FROM events WHERE tick <= {tick} \
             ORDER BY tick DESC, number DESC, name DESC"
        );
        let (bytes, counted) = (EVENTS_MAX_BYTES, 1);
        let share = Share { rows: EVENTS_MAX, bytes, counted, until: self.until };
        let (_, rows, more) = self.shared(inquiry, &Select::Sql(&select), &share)?;
        if more > 0 {
            // Which of the others name them is not known.
            let first = rows.last().map_or(Json::Null, |row| row[0].clone());
            told.note(format!(
                "events of mods before those of tick {first} are not looked through"
            ));
        }
        let mut place = 0;
        for row in rows {
            let [tick, number, name, payload] = &row[..] else { continue };
            let payload = payload.as_str().unwrap_or_default();
            let mut named = BTreeSet::new();
            if let Ok(value) = serde_json::from_str(payload) {
                self.named(&value, &mut named);
            }
            if named.is_empty() {
                continue;
            }
            let called = self.called(&named);
            let name = name.as_str().unwrap_or_default();
            told.happened.push(Happened {
                cite: format!("event {tick}/{name}/{number}"),
                text: format!("{name} {payload}{called}"),
                place,
                weight: ONE,
                named,
            });
            place += 1;
        }
        Ok(())
    }

    /// Those who are near and stand in a value.
    fn named(&self, value: &Json, named: &mut BTreeSet<Entity>) {
        let mut text = |text: &str| {
            let entity = Entity::parse(text);
            named.extend(entity.filter(|entity| self.near.steps(*entity).is_some()));
        };
        match value {
            Json::String(it) => text(it),
            Json::Array(all) => all.iter().for_each(|it| self.named(it, named)),
            Json::Object(all) => {
                all.keys().for_each(|key| text(key));
                all.values().for_each(|it| self.named(it, named));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => (),
        }
    }

    /// What some are called, to stand behind their numbers.
    fn called(&self, named: &BTreeSet<Entity>) -> String {
        let world: &World = &self.moment.world;
        let one = |entity: &Entity| {
            self.labels.label(world, *entity).map(|label| format!("{entity} is {label}"))
        };
        let all: Vec<String> = named.iter().filter_map(one).collect();
        if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
    }

    /// The last change of each value and edge of those that are asked about, of late.
    fn changes(&self, told: &mut Told) -> Result<(), Problem> {
        let served = self.question.served;
        // What a save does not have yet was not written down either.
        let tick = self.moment.world.tick().min(served.feed().now().saved_tick);
        let first = served.reader()?.first_tick()?.unwrap_or(tick);
        // Of a part, changes are what differs from the tick before.
        let first = if self.question.sight.is_some() { first + 1 } else { first };
        let from = tick.saturating_sub(LATELY - 1).max(first);
        if from > tick {
            return Ok(());
        }
        for entity in self.near.at(0) {
            self.check_time()?;
            let given = [
                ("entity", entity.to_string()),
                ("from", from.to_string()),
                ("to", tick.to_string()),
                ("limit", CHANGES_MAX.to_owned()),
            ];
            let given = given.map(|(name, value)| (name.to_owned(), value)).into();
            let asked = Question {
                served,
                principal: self.question.principal.clone(),
                sight: self.question.sight.clone(),
                places: self.question.places.clone(),
                given,
                body: Bytes::new(),
                secret: self.question.secret,
            };
            let mut rows = match answers::changes(&asked) {
                Ok(reply) => {
                    let mut members = reply.members();
                    if members.get("truncated") == Some(&Json::Bool(true)) {
                        let what = format!("changes of {entity} before its last {CHANGES_MAX}");
                        told.note(format!("{what} are not looked through"));
                    }
                    members.remove("rows").unwrap_or_default()
                }
                Err(problem) if is_of_history(problem.kind) => {
                    told.note(problem.detail);
                    continue;
                }
                Err(problem) => return Err(problem),
            };
            let mut known = BTreeSet::new();
            let rows = rows.as_array_mut().map(std::mem::take).unwrap_or_default();
            for row in rows {
                let of = ["action", "name", "target"].map(|of| row[of].to_string());
                if !known.insert(of) {
                    continue;
                }
                let place = known.len() as u64 - 1;
                let mut named = BTreeSet::from([entity]);
                self.named(&row["target"], &mut named);
                let text = changed(&row, &self.called(&named));
                let cite = format!("change {}", row["tick"]);
                told.happened.push(Happened { cite, text, place, weight: ONE / 2, named });
            }
        }
        Ok(())
    }
}

fn late() -> Problem {
    let what = "what there is to be told took too long to find: ask about fewer";
    Problem::new(Kind::Deadline, what)
}

/// Whether history says no more, and what there is else can be told all the same.
fn is_of_history(kind: Kind) -> bool {
    matches!(kind, Kind::Pruned | Kind::NotFound)
}

/// A change in a line.
fn changed(row: &Json, called: &str) -> String {
    let word = |of: &str| row[of].as_str().unwrap_or_default().to_owned();
    let part = |before: &str, of: &str| match &row[of] {
        Json::Null => String::new(),
        Json::String(text) => format!("{before}{text}"),
        other => format!("{before}{other}"),
    };
    format!(
        "{}{}{}{}{}{}{called}",
        word("action"),
        part(" ", "name"),
        part(" with ", "target"),
        part(" from ", "old"),
        part(" to ", "new"),
        part(" by ", "system"),
    )
}

/// A row of a question: `id` is what is cited, `text` what is told, `weight` a number that
/// is 1 where there is none.
fn happened(
    known: &KnownQuestion,
    place: u64,
    row: &Map<String, Json>,
) -> Result<Happened, Problem> {
    let column = |of: &str| match row.get(of) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Number(number)) => Ok(number.to_string()),
        _ => {
            let what = format!(
                "question `{}` is told in context and gives no `{of}` in each row",
                known.name
            );
            Err(Problem::new(Kind::Query, what))
        }
    };
    let weight = row.get("weight").and_then(Json::as_f64).unwrap_or(1.0);
    // From a thousandth up to a thousand times as much.
    let weight = (weight * ONE as f64).clamp(1.0, (ONE * ONE) as f64) as u64;
    let cite = format!("{} {}", known.name, column("id")?);
    Ok(Happened { cite, text: column("text")?, place, weight, named: BTreeSet::new() })
}
