//! What would be if.

use std::time::Duration;

use sandtable::edit::Edit;
use sandtable::what_if::{TICKS_MAX, WATCH_MAX, Watch, Watched, WhatIf, what_if};
use serde::Deserialize;
use serde_json::Value as Json;

use super::super::at::{At, shown};
use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::method::{Body, Method};
use super::operation::{Answer, Operation};
use super::run::read;
use super::sent::Sent;

/// How long a fork may take; what was done by then is the answer.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// A tick as permanent links have it, or as a number.
    #[serde(default)]
    at: Json,
    #[serde(default = "one")]
    ticks: u64,
    #[serde(default)]
    inputs: Vec<Sent>,
    #[serde(default)]
    edits: Vec<Json>,
    #[serde(default)]
    watch: Vec<Look>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Look {
    Sql { title: Option<String>, sql: String },
    Field { title: Option<String>, entity: String, component: String },
}

fn one() -> u64 {
    1
}

pub const FORK: Operation = Operation {
    name: "fork",
    method: Method::Post(Body::Json),
    path: "/worlds/{world}/forks",
    summary: "What would be if: {\"at\": 1200, \"ticks\": 365, \"inputs\": […], \"edits\": […], \"watch\": [{\"entity\": \"12v3\", \"component\": \"mod/Kind.field\"}, {\"sql\": \"SELECT …\"}]}. The world goes on in memory, with what is changed and without; nothing is written.",
    scope: Scope::Fork,
    parameters: &[],
    answer: Answer::Apart(fork),
};

fn fork(question: &Question<'_>) -> Result<Reply, Problem> {
    let asked: Asked = read(&question.body, r#"{"at": 1200, "ticks": 365, "edits": [{…}]}"#)?;
    let served = question.served;
    let at = match &asked.at {
        Json::Null => None,
        Json::Number(tick) => Some(At::parse(&tick.to_string())?),
        Json::String(text) => Some(At::parse(text)?),
        _ => return Err(body("`at` is no tick: give 1200, or \"1200~6db9a168\"")),
    };
    if let Some(at) = &at {
        served.check(at)?;
    }
    if !(1..=TICKS_MAX).contains(&asked.ticks) || asked.watch.len() > WATCH_MAX {
        return Err(body(&format!(
            "a fork goes on for 1 to {TICKS_MAX} ticks, and {WATCH_MAX} series are watched at most"
        )));
    }
    let edit = |json: &Json| Edit::parse(json).map_err(|why| body(&why));
    let watch = |look: Look| match look {
        Look::Sql { title, sql } => {
            Ok(Watch { title: title.unwrap_or_else(|| sql.clone()), of: Watched::Select(sql) })
        }
        Look::Field { title, entity, component } => {
            let Some((kind, field)) = component.split_once('.') else {
                return Err(body(&format!(
                    "`{component}` is no field: write it as economy/Economy.gdp_usd"
                )));
            };
            let title = title.unwrap_or_else(|| format!("{entity} {component}"));
            let (component, field) = (kind.to_owned(), field.to_owned());
            Ok(Watch { title, of: Watched::Field { entity, component, field } })
        }
    };
    let what = WhatIf {
        at: at.as_ref().map(|at| at.tick),
        ticks: asked.ticks,
        inputs: asked.inputs.into_iter().map(|it| (it.input, it.value)).collect(),
        edits: asked.edits.iter().map(edit).collect::<Result<_, _>>()?,
        watch: asked.watch.into_iter().map(watch).collect::<Result<_, _>>()?,
        sender: question.principal.name(),
        deadline: DEADLINE,
    };
    let compiler = served.fork_compiler();
    let (forked, compiler) = what_if(served.save(), &what, compiler).map_err(|error| {
        let kind = match &error {
            sandtable::Error::Save(_) => Kind::Conflict,
            sandtable::Error::Input { .. } => Kind::Body,
            _ => Kind::Save,
        };
        Problem::new(kind, error.to_string())
    })?;
    served.keep_fork_compiler(compiler);
    let mut json = forked.to_json();
    if let Some(chain) = served.reader()?.chain(forked.at)? {
        json["at"] = shown(forked.at, &chain).into();
    }
    Ok(Reply::of(json).passing())
}

fn body(what: &str) -> Problem {
    Problem::new(Kind::Body, what)
}
