//! The log of the save: views of it, the last rows first.

use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::sql::{self, Select};

/// A view, what it is narrowed by, and how it is ordered.
struct Asked {
    view: &'static str,
    /// A column, and the parameter that says what it must be.
    by: Option<(&'static str, &'static str)>,
    order: &'static str,
}

pub fn ticks(question: &Question<'_>) -> Result<Reply, Problem> {
    narrowed(question, &Asked { view: "ticks", by: None, order: "tick DESC" })
}

pub fn events(question: &Question<'_>) -> Result<Reply, Problem> {
    let by = Some(("name", "name"));
    narrowed(question, &Asked { view: "events", by, order: "tick DESC, number DESC" })
}

pub fn system_runs(question: &Question<'_>) -> Result<Reply, Problem> {
    let by = Some(("system", "system"));
    narrowed(question, &Asked { view: "system_runs", by, order: "tick DESC" })
}

pub fn edits(question: &Question<'_>) -> Result<Reply, Problem> {
    narrowed(question, &Asked { view: "edits", by: None, order: "tick DESC, number DESC" })
}

pub fn logs(question: &Question<'_>) -> Result<Reply, Problem> {
    narrowed(question, &Asked { view: "logs", by: Some(("mod", "mod")), order: "tick DESC" })
}

pub fn mods(question: &Question<'_>) -> Result<Reply, Problem> {
    sql::answered(question, &Select::Sql("SELECT * FROM mods ORDER BY id"), 10_000)
}

pub fn systems(question: &Question<'_>) -> Result<Reply, Problem> {
    sql::answered(question, &Select::Sql("SELECT * FROM systems ORDER BY name"), 10_000)
}

fn narrowed(question: &Question<'_>, asked: &Asked) -> Result<Reply, Problem> {
    let from = question.number("from")?.unwrap_or(0).min(i64::MAX as u64);
    let to = question.number("to")?.unwrap_or(u64::MAX).min(i64::MAX as u64);
    let mut select = format!("SELECT * FROM {} WHERE tick BETWEEN {from} AND {to}", asked.view);
    if let Some((column, value)) = asked
        .by
        .and_then(|(column, parameter)| question.parameter(parameter).map(|value| (column, value)))
    {
        if value.contains('\0') {
            return Err(Problem::parameter(column, "has a zero byte in it"));
        }
        select.push_str(&format!(" AND {column} = '{}'", value.replace('\'', "''")));
    }
    select.push_str(&format!(" ORDER BY {}", asked.order));
    sql::answered(question, &Select::Sql(&select), question.limit()?)
}
