//! What is served, and how it stands.

use sandtable::record::{Timings, hex};
use serde_json::{Map, Value as Json, json};

use super::super::at::shown;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::served::Served;

pub fn worlds(question: &Question<'_>) -> Result<Reply, Problem> {
    let about = about(question.served);
    let (columns, row) = about.into_iter().unzip();
    Ok(Reply::rows(columns, vec![row]))
}

pub fn world(question: &Question<'_>) -> Result<Reply, Problem> {
    let served = question.served;
    let published = served.feed().now();
    let record = &published.record;
    let mut about = about(served);
    let Timings { inputs, systems, deferred, hash, history, commit } = record.timings;
    let config = served.config();
    about.extend([
        ("dt_seconds".to_owned(), config.world.dt_seconds.into()),
        ("relations".to_owned(), published.world.relations.len().into()),
        (
            "mods".to_owned(),
            config.mods.keys().map(|id| Json::from(id.as_str())).collect::<Vec<_>>().into(),
        ),
        (
            "suspended".to_owned(),
            published.world.suspended().map(Json::from).collect::<Vec<_>>().into(),
        ),
        (
            "stages_ms".to_owned(),
            json!({
                "inputs": ms(inputs), "systems": ms(systems), "deferred": ms(deferred),
                "hash": ms(hash), "history": ms(history), "commit": ms(commit),
            }),
        ),
    ]);
    let at = shown(published.tick(), &published.chain);
    Ok(Reply::object(about).at(at))
}

fn about(served: &Served) -> Map<String, Json> {
    let published = served.feed().now();
    let members = json!({
        "name": served.name(),
        "tick": published.tick(),
        "saved_tick": published.saved_tick,
        "at": shown(published.tick(), &published.chain),
        "state": hex(&published.state),
        "chain": hex(&published.chain),
        "entities": published.world.entities.alive(),
    });
    match members {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

fn ms(nanos: u64) -> f64 {
    (nanos as f64 / 1e3).round() / 1e3
}
