//! Every tick as it comes, as server-sent events whose ids are ticks.
//!
//! Nothing is queued for a client: who falls behind gets the last tick, which says
//! from which one on it is. A client that comes back says which tick it had last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use sandtable::feed::Published;
use sandtable::record::hex;
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::at::shown;
use super::metrics::StreamClient;
use super::served::Served;

/// Answers with a stream from now on, or from the tick after the one that the client
/// had last.
pub fn response(
    served: Arc<Served>,
    ticks: watch::Receiver<u64>,
    client: StreamClient,
    headers: &HeaderMap,
) -> Response<Body> {
    let state = (served, ticks, client, last_event(headers), true);
    let events = stream::unfold(state, |(served, mut ticks, client, last, is_first)| async move {
        if !is_first && ticks.changed().await.is_err() {
            return None;
        }
        ticks.borrow_and_update();
        let published = served.feed().now();
        let tick = published.tick();
        let event = Event::default().event("tick").id(tick.to_string());
        let event = event.data(told(&published, last).to_string());
        Some((Ok::<_, Infallible>(event), (served, ticks, client, Some(tick), false)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// What happened since a tick, as far as the last one tells.
fn told(published: &Published, since: Option<u64>) -> Json {
    let record = &published.record;
    let faults = record.runs.iter().filter_map(|run| {
        let fault = run.fault.as_ref()?;
        Some(json!({ "system": run.system, "fault": fault }))
    });
    json!({
        "tick": published.tick(),
        "since": since,
        "at": shown(published.tick(), &published.chain),
        "saved_tick": published.saved_tick,
        "state": hex(&published.state),
        "entities": published.world.entities.alive(),
        "spawned": record.spawned,
        "despawned": record.despawned,
        "events": record.events.len(),
        "inputs": record.inputs.len(),
        "faults": faults.collect::<Vec<_>>(),
    })
}

/// The tick that a client had last.
fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}
