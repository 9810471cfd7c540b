//! Going about in time: ticks with names, other saves that go on from them, and the way
//! back.

use std::time::UNIX_EPOCH;

use axum::http::StatusCode;
use sandtable::names::is_file_stem;
use sandtable::record::hex;
use sandtable::save;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::super::at::shown;
use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::operation::Errand;
use super::run::read;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Branch {
    tick: u64,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    tick: u64,
}

pub fn snapshots(question: &Question<'_>) -> Result<Reply, Problem> {
    let all = save::snapshots(question.served.save())?;
    let row = |it: save::Snapshot| {
        let made_at = it.made_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        vec![
            Json::from(it.name),
            it.tick.into(),
            it.note.into(),
            (made_at.as_millis() as u64).into(),
            it.is_automatic.into(),
        ]
    };
    let columns = ["name", "tick", "note", "made_at_ms", "automatic"];
    let rows = all.into_iter().map(row).collect();
    Ok(Reply::rows(columns.map(str::to_owned).into(), rows).passing())
}

pub fn take_snapshot(question: &Question<'_>) -> Result<Errand, Problem> {
    let Named { name, note } = read(&question.body, r#"{"name": "before-the-war"}"#)?;
    Ok(Box::new(move |simulation| {
        simulation.snapshot(&name, &note).map_err(refused)?;
        let (tick, chain) = (simulation.world().tick(), simulation.chain());
        let made = json!({ "name": name, "tick": tick, "at": shown(tick, &chain) });
        Ok(Reply::of(made).passing().status(StatusCode::CREATED))
    }))
}

pub fn branch(question: &Question<'_>) -> Result<Reply, Problem> {
    let Branch { tick, name } = read(&question.body, r#"{"tick": 1200, "name": "what-if"}"#)?;
    if !is_file_stem(&name) {
        let what = "`name` is none: give letters, digits, - and _, 64 of them at most";
        return Err(Problem::new(Kind::Body, what));
    }
    // It is a copy of all that is kept, to which other rights lead.
    for scope in [Scope::History, Scope::Sql] {
        question.principal.check(scope, Some(question.place("world")))?;
    }
    let target = question.served.save().with_file_name(format!("{name}.db"));
    // What is at a name that leads nowhere would be made elsewhere.
    if target.is_symlink() {
        let what = format!("{} is a link: give another name", target.display());
        return Err(Problem::new(Kind::Conflict, what));
    }
    let made = save::branch(question.served.save(), tick, &target).map_err(told)?;
    let made = json!({ "name": name, "tick": made.tick, "state": hex(&made.hash) });
    Ok(Reply::of(made).passing().status(StatusCode::CREATED))
}

pub fn rewind(question: &Question<'_>) -> Result<Errand, Problem> {
    let Back { tick } = read(&question.body, r#"{"tick": 1200}"#)?;
    Ok(Box::new(move |simulation| {
        let rewound = simulation.rewind(tick).map_err(refused)?;
        let ahead = rewound.ahead.as_deref().and_then(|path| path.file_stem()?.to_str());
        Ok(Reply::of(json!({
            "tick": rewound.tick,
            "from": rewound.from,
            "at": shown(rewound.tick, &simulation.chain()),
            "ahead": ahead,
            "lost_inputs": rewound.lost_inputs,
        }))
        .passing())
    }))
}

fn refused(error: sandtable::Error) -> Problem {
    match error {
        sandtable::Error::Save(error) => told(error),
        error => Problem::new(Kind::Conflict, error.to_string()),
    }
}

/// What a save cannot do is a conflict with how it stands.
fn told(error: save::SaveError) -> Problem {
    let is_in_the_way = matches!(error, save::SaveError::Exists { .. });
    let problem = Problem::from(error);
    match problem.kind {
        Kind::NotFound | Kind::Query => Problem { kind: Kind::Conflict, ..problem },
        _ if is_in_the_way => Problem { kind: Kind::Conflict, ..problem },
        _ => problem,
    }
}
