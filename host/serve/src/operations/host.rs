//! What is served, and how it stands.

use sandtable::ecs::World;
use sandtable::finding::KnownFinding;
use sandtable::record::{Timings, hex};
use serde_json::{Map, Value as Json, json};

use super::super::at::shown;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::served::Served;

pub fn world(question: &Question<'_>) -> Result<Reply, Problem> {
    let served = question.served;
    let published = served.feed().now();
    let mut about = about(served, &question.now().world, question.sight.is_none());
    let config = &published.config;
    about.extend([
        ("dt_seconds".to_owned(), config.world.dt_seconds.into()),
        ("relations".to_owned(), question.now().world.relations.len().into()),
        (
            "mods".to_owned(),
            config.mods.keys().map(|id| Json::from(id.as_str())).collect::<Vec<_>>().into(),
        ),
        (
            "suspended".to_owned(),
            published.world.suspended().map(Json::from).collect::<Vec<_>>().into(),
        ),
        ("stages_ms".to_owned(), stages(&published.record.timings)),
    ]);
    let at = shown(published.tick(), &published.chain);
    Ok(Reply::object(about).at(at))
}

/// The charts that the world file names.
pub fn charts(question: &Question<'_>) -> Result<Reply, Problem> {
    let charts = &question.served.feed().now().config.chart;
    let rows = charts.iter().map(|it| vec![it.title.as_str().into(), it.sql.as_str().into()]);
    Ok(Reply::rows(["title", "sql"].map(str::to_owned).into(), rows.collect()))
}

/// How the world goes: what its last ticks took, and what went wrong in them.
pub fn health(question: &Question<'_>) -> Result<Reply, Problem> {
    const SLOWEST: usize = 10;
    let served = question.served;
    let published = served.feed().now();
    let (beats, faults) = served.pulse().past();
    let rate = match (beats.first(), beats.last()) {
        (Some(first), Some(last)) if last.at > first.at => {
            Json::from((beats.len() - 1) as f64 / (last.at - first.at).as_secs_f64())
        }
        _ => Json::Null,
    };
    let mut sorted = beats;
    let idle = sorted.last().map(|beat| beat.at.elapsed().as_secs_f64());
    sorted.sort_by_key(|beat| beat.nanos);
    let quantile = |share: f64| {
        let at = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(at).map_or(Json::Null, |beat| ms(beat.nanos).into())
    };
    let slowest = sorted.iter().rev().take(SLOWEST);
    let slowest: Vec<Json> =
        slowest.map(|beat| json!({ "tick": beat.tick, "ms": ms(beat.nanos) })).collect();
    let faults = faults
        .iter()
        .rev()
        .map(|fault| json!({ "tick": fault.tick, "system": fault.system, "fault": fault.what }));
    let faults: Vec<Json> = faults.collect();
    let (file_bytes, log_bytes) = served.bytes();
    let suspended: Vec<&str> = published.world.suspended().collect();
    let suspended_systems: Vec<String> = published.world.suspended_systems().collect();
    let findings: Vec<Json> = published.findings.iter().map(|it| found(served, it)).collect();
    Ok(Reply::of(json!({
        "tick": published.tick(),
        "saved_tick": published.saved_tick,
        "unsaved_ticks": published.tick() - published.saved_tick,
        "first_tick": served.reader()?.first_tick()?,
        "ticks_per_second": rate,
        "seconds_since_tick": idle,
        "entities": published.world.entities.alive(),
        "file_bytes": file_bytes,
        "log_bytes": log_bytes,
        "tick_ms": {
            "p50": quantile(0.5), "p95": quantile(0.95), "p99": quantile(0.99),
            "max": quantile(1.0), "of": sorted.len(),
        },
        "stages_ms": stages(&published.record.timings),
        "slowest": slowest,
        "faults": faults,
        "suspended": suspended,
        "suspended_systems": suspended_systems,
        "findings": findings,
        "uptime_s": served.pulse().began().elapsed().as_secs(),
        "version": env!("CARGO_PKG_VERSION"),
    })))
}

/// What a mod finds wrong, how often it did, and the last of it since the world is served.
fn found(served: &Served, finding: &KnownFinding) -> Json {
    let (published, event) = (served.feed().now(), finding.kind());
    let last = served.pulse().found(&event);
    json!({
        "event": event,
        "severity": finding.declared.severity.name(),
        "about": finding.declared.about,
        "count": finding.count(&published.world),
        "tick": last.as_ref().map(|(tick, _)| tick),
        "value": last.map(|(_, value)| value),
    })
}

/// What each stage of a tick took.
fn stages(timings: &Timings) -> Json {
    timings.stages().into_iter().map(|(name, nanos)| (name, ms(nanos))).collect()
}

/// What is said of a world at the least.
/// Hashes are of all of it, and of no use to one who sees a part.
pub fn about(served: &Served, seen: &World, is_whole: bool) -> Map<String, Json> {
    let published = served.feed().now();
    let of_whole = |digest| is_whole.then(|| hex(digest));
    let members = json!({
        "name": served.name(),
        "tick": published.tick(),
        "saved_tick": published.saved_tick,
        "at": shown(published.tick(), &published.chain),
        "state": of_whole(&published.state),
        "chain": of_whole(&published.chain),
        "entities": seen.entities.alive(),
    });
    match members {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

fn ms(nanos: u64) -> f64 {
    (nanos as f64 / 1e3).round() / 1e3
}
