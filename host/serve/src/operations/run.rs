//! Whether a world runs, and how fast.

use std::time::Duration;

use axum::http::StatusCode;
use sandtable::pace::{HERTZ, Pace};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::super::at::shown;
use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::served::Served;
use super::super::worlds::Lease;

/// What is wanted of the pace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    paused: Option<bool>,
    hz: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    #[serde(default = "one")]
    ticks: u64,
}

fn one() -> u64 {
    1
}

pub fn run(question: &Question<'_>) -> Result<Reply, Problem> {
    standing(question.served)
}

pub fn set(question: &Question<'_>) -> Result<Reply, Problem> {
    let Wanted { paused, hz } = read(&question.body, r#"{"paused": true, "hz": 5}"#)?;
    let pace = pace(question.served)?;
    if let Some(hz) = hz {
        if hz != 0.0 && !HERTZ.contains(&hz) {
            let (least, most) = (HERTZ.start(), HERTZ.end());
            let what = format!(
                "`hz` is {hz}: give a number from {least} to {most}, or 0 for as many ticks as \
                 possible"
            );
            return Err(Problem::new(Kind::Body, what));
        }
        pace.set_hertz(hz);
    }
    let (who, name) = (question.principal.name(), question.served.name());
    tracing::debug!("{who} says of {name}: paused {paused:?}, hz {hz:?}");
    match paused {
        Some(true) => pace.pause(),
        Some(false) => pace.go_on(),
        None => {}
    }
    standing(question.served)
}

/// Does ticks, and waits for them for as long as the client wants to.
pub async fn step(
    world: &Lease,
    body: &[u8],
    patience: Option<Duration>,
) -> Result<Reply, Problem> {
    const MOST: u64 = 1_000_000;
    let Steps { ticks } = read(body, r#"{"ticks": 10}"#)?;
    if !(1..=MOST).contains(&ticks) {
        let what = format!("`ticks` is {ticks}: give a number from 1 to {MOST}");
        return Err(Problem::new(Kind::Body, what));
    }
    let (pace, mut changes) = (pace(world.served())?, world.done());
    let goal = pace.step(ticks);
    let until = Instant::now() + patience.unwrap_or_default();
    let is_done = loop {
        changes.borrow_and_update();
        let tempo = pace.tempo();
        let is_done = tempo.done >= goal;
        // Another pause is the end of what was asked for.
        if is_done || patience.is_none() || !tempo.is_running() {
            break is_done;
        }
        match timeout_at(until, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break false,
        }
    };
    if !is_done && world.has_ended() {
        let what = "the world had to stop before all ticks were done: ask for it again, which \
                    says why";
        return Err(Problem::new(Kind::Conflict, what));
    }
    let status = if is_done { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(standing(world.served())?.status(status))
}

/// How the world stands.
fn standing(served: &Served) -> Result<Reply, Problem> {
    let (tempo, published) = (pace(served)?.tempo(), served.feed().now());
    let reply = Reply::of(json!({
        "paused": tempo.is_paused,
        "hz": tempo.hertz,
        "steps": tempo.steps,
        "tick": published.tick(),
        "saved_tick": published.saved_tick,
        "lag_seconds": tempo.lag().as_secs_f64(),
        "left_out_seconds": tempo.left_out.as_secs_f64(),
    }));
    Ok(reply.passing().at(shown(published.tick(), &published.chain)))
}

fn pace(served: &Served) -> Result<&Pace, Problem> {
    served.pace().ok_or_else(|| {
        let what = format!(
            "the program that runs {} does its ticks as it likes: it has given the server no pace",
            served.name()
        );
        Problem::new(Kind::Conflict, what)
    })
}

/// Reads what a request carries.
///
/// # Errors
///
/// It is something else.
pub fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(Kind::Body, format!("the body is not understood: {error}; send {example}"))
    })
}
