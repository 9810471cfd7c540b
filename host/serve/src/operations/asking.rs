//! Questions that the world file and mods bring along, by their names.
//!
//! They are the author's words and no free SQL: to ask one takes the right to read, which
//! free SQL does not go with. One that reads the whole world reads its log and the tables of
//! mods too, for which `history` is needed, as for SQL; those who see a part are answered
//! from that part.

use std::sync::Arc;

use sandtable::question::QuestionParameter;
use sandtable::save::{Inquiry, KnownQuestion, Questions};
use serde_json::{Map, Value as Json, json};

use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::method::Method;
use super::operation::{AT, Answer, FORMAT, LIMIT, Operation, optional, required};
use super::sql::{self, Select};

pub const QUESTIONS: Operation = Operation {
    name: "questions",
    method: Method::Get,
    path: "/worlds/{world}/questions",
    summary: "The questions that the world file and mods bring along, with what they take.",
    scope: Scope::Read,
    parameters: &[FORMAT],
    answer: Answer::Apart(questions),
};

pub const ASK: Operation = Operation {
    name: "ask",
    method: Method::Get,
    path: "/worlds/{world}/ask",
    summary: "The answer to a question that the world file or a mod brings along.",
    scope: Scope::Read,
    parameters: &[
        required("question", "its name, as `questions` lists it"),
        optional("values", "what is given for its parameters, as a JSON object"),
        LIMIT,
        AT,
        FORMAT,
    ],
    answer: Answer::Apart(ask),
};

/// Those of some questions that they who ask may know of. One who sees a part of the world
/// knows those that can be asked of that part: the others name what they are not to know of.
///
/// # Errors
///
/// The save cannot be read.
pub fn known(
    question: &Question<'_>,
    is_meant: impl Fn(&KnownQuestion) -> bool,
) -> Result<Arc<Questions>, Problem> {
    let all = question.served.questions()?;
    if question.sight.is_none() {
        return Ok(all);
    }
    let inquiry = Inquiry::over(&question.moment()?.world)?;
    inquiry.confine()?;
    let can_be_asked = |known: &KnownQuestion| inquiry.rows(&known.question.sql).is_ok();
    Ok(Arc::new(all.those(|known| is_meant(known) && can_be_asked(known))))
}

/// Which questions there are.
fn questions(question: &Question<'_>) -> Result<Reply, Problem> {
    let parameter = |it: &QuestionParameter| {
        let QuestionParameter { name, takes, about, default, clock, .. } = it;
        let mut told = json!({ "name": name, "type": takes.name(), "about": about });
        if let Some(default) = default {
            told["default"] = default.clone();
        }
        let subjects: Vec<&str> = it.subjects().collect();
        if !subjects.is_empty() {
            told["subjects"] = subjects.into();
        }
        if let Some(clock) = clock {
            told["clock"] = clock.as_str().into();
        }
        told
    };
    let is_whole = question.sight.is_none();
    let row = |KnownQuestion { name, question }: &KnownQuestion| {
        let parameters: Vec<Json> = question.parameters.iter().map(parameter).collect();
        // It may name what one who sees a part does not know of.
        let sql = is_whole.then_some(question.sql.as_str());
        let show = question.show.as_ref().map(|it| json!(it));
        let texts = [name, &question.about].map(|it| Json::from(it.as_str()));
        texts.into_iter().chain([parameters.into(), sql.into(), show.into()]).collect()
    };
    let questions = known(question, |_| true)?;
    let columns = ["name", "about", "parameters", "sql", "show"].map(str::to_owned);
    Ok(Reply::rows(columns.into(), questions.iter().map(row).collect()))
}

/// The answer to one of them.
fn ask(question: &Question<'_>) -> Result<Reply, Problem> {
    let name = question.parameter("question").unwrap_or_default();
    let questions = known(question, |it| it.name == name || it.question.name == name)?;
    // Where there is none, all that there are are named.
    let others = match questions.find(name) {
        Ok(_) => questions.clone(),
        Err(_) => known(question, |_| true)?,
    };
    let known = others.find(name).map_err(|what| Problem::new(Kind::NotFound, what))?;
    let given: Map<String, Json> = match question.parameter("values") {
        None => Map::new(),
        Some(text) => serde_json::from_str(text).map_err(|_| {
            Problem::parameter("values", r#"is no JSON object: write it as {"name": "Ada"}"#)
        })?,
    };
    let values = known.question.values(&known.name, &given);
    let values = values.map_err(|what| Problem::new(Kind::Parameter, what))?;
    let labels = &question.served.feed().now().config.world.label;
    let select = Select::Named { known, values: &values, labels };
    sql::answered(question, &select, question.limit()?)
}
