//! What happened, when and by whom: what the verbs of the command line answer.

use sandtable::save::{Answer, Asked, Change, ChangesOf, Ticks, cell_to_json, distinct_names};
use serde_json::{Value as Json, json};

use super::super::at::shown;
use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::seen;
use super::told_change::{COUNTED, WHAT_HAPPENED, counted, what_happened};

pub fn history(question: &Question<'_>) -> Result<Reply, Problem> {
    let (entity, component) = (&question.entity(question.place("entity")), of(question));
    answered(question.served.reader()?.history(entity, component, ticks(question)?)?)
}

pub fn blame(question: &Question<'_>) -> Result<Reply, Problem> {
    let (entity, component) = (&question.entity(question.place("entity")), of(question));
    answered(question.served.reader()?.blame(entity, component, ticks(question)?)?)
}

pub fn timeline(question: &Question<'_>) -> Result<Reply, Problem> {
    answered(
        question
            .served
            .reader()?
            .timeline(&question.entity(question.place("entity")), ticks(question)?)?,
    )
}

pub fn diff(question: &Question<'_>) -> Result<Reply, Problem> {
    let is_summary = match question.parameter("summary") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            return Err(Problem::parameter("summary", format!("is `{other}`: give true or false")));
        }
    };
    if question.sight.is_some() {
        return seen::diff(question, is_summary);
    }
    let answer = question.served.reader()?.diff(ticks(question)?)?;
    match is_summary {
        false => answered(answer),
        true => Ok(summary(&answer)),
    }
}

/// How often there is each action, kind and field.
fn summary(answer: &Answer) -> Reply {
    let place = |name: &&str| answer.table.columns.iter().position(|it| it == name);
    let places: Vec<usize> = COUNTED.iter().filter_map(place).collect();
    let key = |row: &Vec<_>| {
        let mut key: Vec<Json> = places.iter().map(|at| cell_to_json(&row[*at])).collect();
        // Rows of tables have their key where values have their field.
        if key[1].as_str().is_some_and(|name| !name.contains('/')) {
            key[2] = Json::Null;
        }
        key
    };
    let reply = counted(answer.table.rows.iter().map(key));
    match answer.notes.is_empty() {
        true => reply,
        false => reply.with("notes", answer.notes.clone()),
    }
}

/// Why a value is what it is: as a tick left it, or as a system saw it in that tick.
pub fn why(question: &Question<'_>) -> Result<Reply, Problem> {
    let (at, entity, component) =
        (question.at()?, question.parameter("entity").unwrap_or_default(), of(question));
    let entity = &question.entity(entity);
    let (reader, tick) = question.served.reader_at(at.as_ref())?;
    let seen_by = question.parameter("seen_by");
    let why = reader.why(Asked { entity, component, tick: Some(tick), seen_by })?;
    let place = |tick: u64| -> Result<Json, Problem> {
        Ok(reader.chain(tick)?.map_or(Json::Null, |chain| shown(tick, &chain).into()))
    };
    let set = match &why.set {
        None => Json::Null,
        Some(set) => json!({
            "tick": set.tick, "at": place(set.tick)?, "step": set.step, "action": set.action,
            "mod": mod_of(set.system.as_deref()), "system": set.system, "sender": set.sender, "version": set.version,
            "old": set.old, "new": set.new,
        }),
    };
    let read = why.read.iter().map(|seen| {
        let set = seen.set.as_ref().map(|(tick, system)| {
            json!({ "tick": tick, "mod": mod_of(system.as_deref()), "system": system })
        });
        json!({
            "what": seen.what, "name": seen.name,
            "entity": seen.entity.map(|it| it.to_string()), "label": seen.label,
            "relation": seen.relation, "value": seen.value, "set": set,
        })
    });
    let read: Vec<Json> = read.collect();
    let at = place(tick)?;
    let about = json!({
        "at": at, "entity": why.entity.to_string(), "label": why.label,
        "component": why.component, "field": why.field, "seen_by": seen_by, "value": why.value,
        "set": set, "since": why.since, "read": read, "left_out": why.left_out,
        "notes": why.notes,
    });
    // History is pruned, and then knows less.
    Ok(Reply::of(about).passing())
}

fn mod_of(system: Option<&str>) -> Option<&str> {
    system.and_then(|it| it.split('/').next())
}

/// Ticks whose changes are asked for at once, where they are not those of one entity.
const TICKS_MAX: u64 = 1_000;

/// What happened to entities, edges and resources, the last first: in one tick, or in
/// some; of one entity, in all that are kept.
pub fn changes(question: &Question<'_>) -> Result<Reply, Problem> {
    if question.sight.is_some() {
        return seen::changes(question);
    }
    let Ticks { from, to } = ticks(question)?;
    let entity = question.parameter("entity").map(|text| question.entity(text));
    let (entity, kind) = (entity.as_deref(), question.parameter("kind"));
    let last = question.served.feed().now().saved_tick;
    let to = to.unwrap_or(last).min(last);
    let from = from.or_else(|| entity.is_none().then_some(to));
    if from.is_some_and(|from| from > last) {
        let what = format!(
            "tick {} is still to come: the last in the save is {last}",
            from.unwrap_or(last)
        );
        return Err(Problem::new(Kind::Future, what));
    }
    if entity.is_none() && from.is_some_and(|from| to.saturating_sub(from) >= TICKS_MAX) {
        let what = format!(
            "begins more than {TICKS_MAX} ticks before tick {to}: give a later one, an earlier \
             `to`, or an `entity`"
        );
        return Err(Problem::parameter("from", what));
    }
    let (reader, limit) = (question.served.reader()?, question.limit()?);
    let told = reader.changes(ChangesOf { entity, kind }, Ticks { from, to: Some(to) }, limit)?;
    let now = question.served.now();
    let labels = question.served.labels(&now.world);
    let row = |change: &Change| {
        let origin = &change.origin;
        let mut row = what_happened(change, &labels, &now.world);
        row.extend([
            origin.mod_id().into(),
            origin.system.as_deref().into(),
            origin.step.name().into(),
            origin.sender().into(),
            origin.edit.as_ref().map(|(number, _)| *number).into(),
        ]);
        row
    };
    let rows = told.changes.iter().rev().map(row).collect();
    let by = ["mod", "system", "step", "sender", "edit"];
    let columns = WHAT_HAPPENED.into_iter().chain(by).map(str::to_owned).collect();
    let reply = Reply::rows(columns, rows);
    Ok(reply.with("truncated", told.is_cut).with("notes", told.notes))
}

fn of<'q>(question: &'q Question<'_>) -> &'q str {
    question.parameter("component").unwrap_or_default()
}

/// The ticks that are asked about.
pub fn ticks(question: &Question<'_>) -> Result<Ticks, Problem> {
    Ok(Ticks { from: question.number("from")?, to: question.number("to")? })
}

/// An answer with its notes.
pub fn answered(answer: Answer) -> Result<Reply, Problem> {
    let Answer { table, notes } = answer;
    let rows = table.rows.iter().map(|row| row.iter().map(cell_to_json).collect()).collect();
    let reply = Reply::rows(distinct_names(&table.columns), rows);
    Ok(match notes.is_empty() {
        true => reply,
        false => reply.with("notes", notes.into_iter().map(Json::from).collect::<Vec<_>>()),
    })
}
