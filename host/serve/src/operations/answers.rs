//! What happened, when and by whom: what the verbs of the command line answer.

use sandtable::save::{Answer, Ticks, cell_to_json, distinct_names};
use serde_json::Value as Json;

use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;

pub fn history(question: &Question<'_>) -> Result<Reply, Problem> {
    let (entity, component) = (question.place("entity"), of(question));
    answered(question.served.reader()?.history(entity, component, ticks(question)?)?)
}

pub fn blame(question: &Question<'_>) -> Result<Reply, Problem> {
    let (entity, component) = (question.place("entity"), of(question));
    answered(question.served.reader()?.blame(entity, component, ticks(question)?)?)
}

pub fn timeline(question: &Question<'_>) -> Result<Reply, Problem> {
    answered(question.served.reader()?.timeline(question.place("entity"), ticks(question)?)?)
}

pub fn diff(question: &Question<'_>) -> Result<Reply, Problem> {
    answered(question.served.reader()?.diff(ticks(question)?)?)
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
