//! What the table of operations has a row of.

use axum::http::HeaderMap;
use sandtable::Simulation;
use sandtable::save::Parcel;

use super::super::problem::Problem;
use super::super::question::{Question, WorldsQuestion};
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::method::Method;

/// Where the addresses of operations begin.
pub const BASE: &str = "/api/v1";

/// One thing that can be asked.
pub struct Operation {
    /// What it is called, which is one word.
    pub name: &'static str,
    /// What is sent for it.
    pub method: Method,
    /// Its address below `/api/v1`; what is in braces is part of the question.
    pub path: &'static str,
    /// What it answers, in a sentence.
    pub summary: &'static str,
    /// What it asks a right for; that of a world as it is now, asked `at` a tick, asks
    /// for [`Scope::History`] too.
    pub scope: Scope,
    /// What may stand behind the `?`.
    pub parameters: &'static [Parameter],
    /// How it is answered.
    pub answer: Answer,
}

/// What may stand behind the `?`.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Whether there is no answer without it.
    pub is_required: bool,
}

/// What answers a question.
pub type Function = fn(&Question<'_>) -> Result<Reply, Problem>;

/// How a question is answered.
#[derive(Clone, Copy)]
pub enum Answer {
    /// From memory, at once.
    AtOnce(Function),
    /// From memory at once where it is asked of now; else as what takes a while.
    AtOnceOfNow(Function),
    /// By work that may take a while, on a thread of its own.
    Apart(Function),
    /// By work about the worlds of the server, which may take a while.
    OfAll(fn(&WorldsQuestion<'_>) -> Result<Reply, Problem>),
    /// By ticks that are done.
    Step,
    /// By the tick that is given what is sent: an object, an array or lines of inputs.
    Inputs,
    /// By the tick that does the edit which is sent.
    Edit(ReadEdit),
    /// By what is done with the world between two ticks.
    Between(ReadErrand),
    /// As a stream of what happens.
    Stream,
    /// As a stream of a component's columns.
    ColumnStream,
}

impl Answer {
    /// What answers a question about one world, where a function does.
    pub fn function(self) -> Option<Function> {
        match self {
            Answer::AtOnce(answer) | Answer::AtOnceOfNow(answer) | Answer::Apart(answer) => {
                Some(answer)
            }
            _ => None,
        }
    }
}

/// Reads an edit that is sent, which may take a while.
pub type ReadEdit = fn(&Question<'_>, &HeaderMap) -> Result<Parcel, Problem>;

/// Reads what is to be done with the world between two ticks.
pub type ReadErrand = fn(&Question<'_>) -> Result<Errand, Problem>;

/// What is done with the world between two ticks.
pub type Errand = Box<dyn FnOnce(&mut Simulation) -> Result<Reply, Problem> + Send>;

/// One without which there is an answer.
pub const fn optional(name: &'static str, summary: &'static str) -> Parameter {
    Parameter { name, summary, is_required: false }
}

/// One without which there is none.
pub const fn required(name: &'static str, summary: &'static str) -> Parameter {
    Parameter { name, summary, is_required: true }
}

/// `at`, as most have it.
pub const AT: Parameter = optional("at", "the tick, as in 1200 or 1200~6db9a168; else now");
/// `format`, as most have it.
pub const FORMAT: Parameter = optional("format", "json, ndjson, csv or msgpack; else by Accept");
/// `from`, as most have it.
pub const FROM: Parameter = optional("from", "the first tick; else the first that is kept");
/// `to`, as most have it.
pub const TO: Parameter = optional("to", "the last tick; else the last");
/// `limit`, as most have it.
pub const LIMIT: Parameter = optional("limit", "rows at most: 1 to 10,000; else 1,000");
/// `cursor`, as most have it.
pub const CURSOR: Parameter = optional("cursor", "`next` of the page before");
/// `count`, as most have it.
pub const COUNT: Parameter = optional("count", "`true`: also how many there are in all");
/// `component`, as most have it.
pub const COMPONENT: Parameter =
    required("component", "a component, or a field of it behind a dot: economy/Economy.gdp_usd");
