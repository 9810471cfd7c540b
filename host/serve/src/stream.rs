//! Every tick as it comes, as server-sent events whose ids are ticks.
//!
//! Nothing is queued for a client: one that falls behind gets the last tick, which says
//! from which one on it is. One that comes back says which tick it had last, and is told
//! of those since from the save, also by another process than the one that it left.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{StreamExt, stream};
use sandtable::feed::Published;
use sandtable::record::hex;
use sandtable::save::cell_to_json;
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::at::shown;
use super::metrics::StreamClient;
use super::problem::{Kind, Problem};
use super::served::Served;

/// Ticks of which a client that comes back is told one by one.
const MISSED_MAX: u64 = 1_000;

/// Answers with a stream from now on, or from the tick after the one that the client
/// had last: what it missed comes from the save, as far as that is kept.
pub async fn response(
    served: Arc<Served>,
    ticks: watch::Receiver<u64>,
    client: StreamClient,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let (missed, last) = match last_event(headers) {
        None => (Vec::new(), None),
        Some(last) => {
            let served = served.clone();
            let missed = tokio::task::spawn_blocking(move || missed(&served, last)).await;
            let fault = |_| Problem::new(Kind::Save, "what was missed cannot be read: ask anew");
            let (missed, last) = missed.map_err(fault)??;
            (missed, Some(last))
        }
    };
    let state = (served, ticks, client, last, true);
    let events = stream::unfold(state, |(served, mut ticks, client, last, is_first)| async move {
        let published = loop {
            if !is_first || last.is_some_and(|last| last >= served.feed().now().tick()) {
                ticks.changed().await.ok()?;
            }
            ticks.borrow_and_update();
            let published = served.feed().now();
            if last != Some(published.tick()) {
                break published;
            }
        };
        let tick = published.tick();
        let event = Event::default().event("tick").id(tick.to_string());
        let event = event.data(told(&published, last).to_string());
        Some((Ok::<_, Infallible>(event), (served, ticks, client, Some(tick), false)))
    });
    let events = stream::iter(missed.into_iter().map(Ok)).chain(events);
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    Ok(events.into_response())
}

/// The ticks after one, up to the last in the save, and which tick that is. Where some
/// are no longer kept, or there are too many, a `gap` stands in their place.
fn missed(served: &Served, last: u64) -> Result<(Vec<Event>, u64), Problem> {
    let saved = served.feed().now().saved_tick;
    if last >= saved {
        return Ok((Vec::new(), last));
    }
    let from = last.max(saved.saturating_sub(MISSED_MAX));
    let select = format!(
        "SELECT tick, state, chain, entities, spawned, despawned FROM ticks
         WHERE tick > {from} AND tick <= {saved} ORDER BY tick"
    );
    let (table, _) = served.ask(None, |inquiry| Ok(inquiry.query(&select)?))?;
    let (mut events, mut before) = (Vec::new(), last);
    for row in &table.rows {
        let cells: Vec<Json> = row.iter().map(cell_to_json).collect();
        let Some(tick) = cells[0].as_u64() else { continue };
        if tick != before + 1 {
            let gap = json!({ "from": before + 1, "to": tick - 1 });
            let event = Event::default().event("gap").id((tick - 1).to_string());
            events.push(event.data(gap.to_string()));
        }
        let chain = cells[2].as_str().unwrap_or_default();
        let told = json!({
            "tick": tick,
            "since": tick - 1,
            "at": format!("{tick}~{}", chain.get(..8).unwrap_or(chain)),
            "saved_tick": saved,
            "state": cells[1],
            "entities": cells[3],
            "spawned": cells[4],
            "despawned": cells[5],
        });
        let event = Event::default().event("tick").id(tick.to_string());
        events.push(event.data(told.to_string()));
        before = tick;
    }
    Ok((events, before))
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
