//! What happens in a world as it happens, as server-sent events whose ids are ticks.
//!
//! Nothing is queued for a client: of it the server knows the tick that it had last.
//! One that falls behind is told what lies between that tick and now as one difference
//! of two worlds. One that comes back says which tick it had last, also to another
//! process than the one that it left, and is told of what it missed from the save.
//!
//! What is sent is made once for all clients that had the same tick last and ask for
//! the same.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use futures_util::stream;
use sandtable::ecs::Role;
use sandtable::feed::Published;
use sandtable::record::{Digest, hex};
use sandtable::save::{Inquiry, cell_to_json, event_told};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::time::timeout;

use super::at::{At, shown};
use super::changes::{Gap, Wanted};
use super::metrics::StreamClient;
use super::principal::Principal;
use super::problem::{Kind, Problem};
use super::question::Question;
use super::rights::Scope;
use super::served::Served;
use super::sight::Sight;
use super::told::Asked;
use super::worlds::Lease;

/// Ticks of which a client that comes back is told one by one, where it keeps no copy.
const MISSED_MAX: u64 = 1_000;
/// Events that are told at once.
const EVENTS_MAX: usize = 10_000;
/// How long a connection may be silent.
const SILENCE: Duration = Duration::from_secs(15);

/// Reads what is asked for.
///
/// # Errors
///
/// There is no such kind or entity.
pub fn asked(question: &Question<'_>) -> Result<Asked, Problem> {
    let (kinds, entity) = (question.parameter("changes"), question.parameter("entity"));
    let now = question.now();
    let labels = question.served.labels(&now.world);
    let changes = Wanted::parse(&now.world, &labels, kinds, entity)?;
    let events = question.parameter("events").map(str::to_owned);
    let registry = &now.world.registry;
    let is_event = |name: &str| registry.find_as(name, &[Role::Event, Role::Input]).is_some();
    let names = events.iter().flat_map(|it| it.split(',')).filter(|it| *it != "*");
    if let Some(none) = names.into_iter().find(|it| !is_event(it)) {
        let what = format!("names `{none}`, which is no event or input: `kinds` lists them");
        return Err(Problem::parameter("events", what));
    }
    Ok(Asked { changes, events })
}

/// One client.
struct Client {
    world: Lease,
    ticks: watch::Receiver<u64>,
    asker: Principal,
    asked: Asked,
    last: Option<At>,
    /// The state hash of what it had last, which is another one after a swap.
    state: Option<Digest>,
    /// What it is told before anything else.
    first: Option<Bytes>,
    /// Whether something failed, after which it is told nothing more.
    is_over: bool,
    _counted: StreamClient,
}

/// Answers with a stream from now on, or from the tick after the one that the client
/// had last: what it missed comes from the save, as far as that is kept.
pub async fn response(
    world: Lease,
    asker: Principal,
    asked: Asked,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let mut last = last_event(headers)?;
    let mut first = None;
    if let Some(at) = &last {
        let (of, at) = (world.clone(), at.clone());
        let sight = Sight::of(&asker, of.served().name(), &of.served().feed().now().config);
        let is_whole = asked.changes.is_some() || asked.events.is_some() || sight.is_some();
        let may_look_back = asker.check(Scope::History, Some(world.served().name())).is_ok();
        let missed = move || missed(of.served(), at, is_whole, may_look_back);
        let missed = tokio::task::spawn_blocking(missed).await;
        let fault = |_| Problem::new(Kind::Save, "what was missed cannot be read: ask anew");
        let (text, upto) = missed.map_err(fault)??;
        (first, last) = (Some(Bytes::from(text)), Some(upto));
    }
    let (ticks, counted) = (world.ticks(), world.figures().stream_client());
    let (state, is_over) = (None, false);
    let client =
        Client { world, ticks, asker, asked, last, state, first, is_over, _counted: counted };
    let events = stream::unfold(client, |mut client| async move {
        let bytes = client.next().await?;
        Some((Ok::<_, Infallible>(bytes), client))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

impl Client {
    /// What it is told next; nothing once the world is served no more.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take().filter(|it| !it.is_empty()) {
            return Some(first);
        }
        if self.is_over {
            return None;
        }
        let published = loop {
            self.ticks.borrow_and_update();
            let published = self.world.served().feed().now();
            let had = self.last.as_ref().map(|last| last.tick);
            let is_same = had == Some(published.tick())
                && self.state.is_none_or(|state| state == published.state);
            if !is_same {
                break published;
            }
            self.state = Some(published.state);
            match timeout(SILENCE, self.ticks.changed()).await {
                Ok(changed) => changed.ok()?,
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
            }
        };
        let (last, asked) = (self.last.clone(), self.asked.clone());
        let sight = Sight::of(&self.asker, self.world.served().name(), &published.config);
        let key = (sight.clone(), last.clone(), published.tick(), published.state, asked.clone());
        let (world, of) = (self.world.clone(), published.clone());
        let make = move || {
            let (served, last) = (world.served(), last.as_ref());
            let told = match &sight {
                None => told(served, last, &of, &asked),
                Some(sight) => told_in_part(served, last, &of, &asked, sight),
            };
            told.map(Bytes::from)
        };
        let bytes = match self.world.told().get(key, make).await {
            Ok(bytes) => bytes,
            Err(problem) => {
                self.is_over = true;
                let mut text = String::new();
                push(&mut text, "problem", None, &problem.document());
                return Some(Bytes::from(text));
            }
        };
        self.last = Some(At::of(published.tick(), &published.chain));
        self.state = Some(published.state);
        Some(bytes)
    }
}

/// One event. What has no id is a part of the event with one that follows it.
fn push(into: &mut String, event: &str, id: Option<&str>, data: &Json) {
    let _ = writeln!(into, "event: {event}");
    if let Some(id) = id {
        let _ = writeln!(into, "id: {id}");
    }
    let _ = writeln!(into, "data: {data}\n");
}

/// That what lies between a tick that a client had and another cannot be told; it goes on
/// at a third.
fn push_gap(into: &mut String, had: &At, (to, at): (u64, &str), why: Gap) {
    let from = had.tick.saturating_add(1);
    push(into, "gap", None, &json!({ "from": from, "to": to, "at": at, "why": why.name() }));
}

/// What a client is told of a world that it had at a tick, or never, up to now.
fn told(
    served: &Served,
    last: Option<&At>,
    published: &Published,
    asked: &Asked,
) -> Result<String, Problem> {
    let mut text = String::new();
    let at = shown(published.tick(), &published.chain);
    let mut since = last.map(|last| last.tick);
    // The world went back to an earlier tick.
    let is_rewound = last.is_some_and(|last| last.tick > published.tick());
    if let Some(last) = last.filter(|_| is_rewound) {
        push_gap(&mut text, last, (published.tick(), &at), Gap::Rewound);
        since = None;
    } else if let (Some(wanted), Some(last)) = (&asked.changes, last) {
        match served.whole(last).map_err(Gap::of) {
            Ok(before) => {
                let mut told = wanted.between(&before.world, &published.world);
                told["from"] = last.tick.into();
                told["to"] = published.tick().into();
                told["at"] = at.clone().into();
                told["merged"] = (published.tick() > last.tick + 1).into();
                push(&mut text, "changes", None, &told);
            }
            Err(gap) => {
                let gap = gap?;
                push_gap(&mut text, last, (published.tick(), &at), gap);
                since = None;
            }
        }
    }
    if asked.events.is_some() {
        let from = since.map_or(published.tick(), |since| since + 1);
        let (rows, kept_from) = events(served, from, published, asked)?;
        if !rows.is_empty() || kept_from > from {
            let told = json!({
                "from": kept_from, "to": published.tick(), "truncated": kept_from > from,
                "rows": rows,
            });
            push(&mut text, "events", None, &told);
        }
    }
    push(&mut text, "tick", Some(&at), &tick(published, since));
    Ok(text)
}

/// What a client is told that sees a part of the world: what differs between that part
/// then and now; of events those of the last ticks that name no entity which it does not
/// see.
fn told_in_part(
    served: &Served,
    last: Option<&At>,
    published: &Published,
    asked: &Asked,
    sight: &Sight,
) -> Result<String, Problem> {
    let mut text = String::new();
    let at = shown(published.tick(), &published.chain);
    let mut since = last.map(|last| last.tick);
    let now = served.part(Some(sight), published);
    if let (Some(wanted), Some(last)) = (&asked.changes, last) {
        let before = sight.check_past(&published.config).and_then(|()| served.whole(last));
        match before.map_err(Gap::of) {
            Ok(before) => {
                let before = before.as_seen(sight, served.seen());
                let mut told = wanted.between(&before.world, &now);
                told["from"] = last.tick.into();
                told["to"] = published.tick().into();
                told["at"] = at.clone().into();
                told["merged"] = (published.tick() > last.tick + 1).into();
                push(&mut text, "changes", None, &told);
            }
            Err(gap) => {
                push_gap(&mut text, last, (published.tick(), &at), gap?);
                since = None;
            }
        }
    }
    if asked.events.is_some() {
        let from = since.map_or(published.tick(), |since| since + 1);
        let recent: Vec<Arc<Published>> = served.recent().into();
        let mut rows = Vec::new();
        let mut kept_from = published.tick() + 1;
        for (before, of) in recent.iter().zip(recent.iter().skip(1)) {
            let is_asked = (from..=published.tick()).contains(&of.tick());
            if !is_asked || before.tick() + 1 != of.tick() || of.record.tick != of.tick() {
                continue;
            }
            kept_from = kept_from.min(of.tick());
            for event in &of.record.events {
                let (name, value) = event_told(event, &of.world.registry);
                let may_be_told = asked.wants_event(&name)
                    && sight.shows(&name)
                    && sight.may_be_told(&value, &before.world, &of.world);
                if may_be_told {
                    rows.push(json!({ "tick": of.tick(), "name": name, "value": value }));
                }
            }
        }
        if !rows.is_empty() || kept_from > from {
            let told = json!({
                "from": kept_from, "to": published.tick(), "truncated": kept_from > from,
                "rows": rows,
            });
            push(&mut text, "events", None, &told);
        }
    }
    let told = json!({
        "tick": published.tick(), "since": since, "at": at,
        "saved_tick": published.saved_tick, "entities": now.entities.alive(),
    });
    push(&mut text, "tick", Some(&at), &told);
    Ok(text)
}

/// The events from a tick up to now, as far as they are kept and are not too many, and
/// from which tick on they are: those of the last ticks from memory, the others from the
/// save.
fn events(
    served: &Served,
    from: u64,
    published: &Published,
    asked: &Asked,
) -> Result<(Vec<Json>, u64), Problem> {
    let recent = served.recent();
    let recent = recent.iter().filter(|it| it.record.tick == it.tick() && it.tick() > 0);
    let recent: Vec<&Arc<Published>> =
        recent.filter(|it| (from..=published.tick()).contains(&it.tick())).collect();
    let mut rows = VecDeque::new();
    let known = recent.first().map_or(published.tick() + 1, |first| first.tick());
    let mut kept_from = from;
    if from < known {
        kept_from = from.max(match published.config.world.log_ticks {
            0 => from,
            kept => (published.saved_tick + 1).saturating_sub(kept),
        });
        let select = format!(
            "SELECT tick, name, system, payload FROM events
             WHERE tick BETWEEN {kept_from} AND {} ORDER BY tick, number",
            known - 1
        );
        let select = |inquiry: &Inquiry| {
            let mut kept = inquiry.rows(&select)?;
            while let Some(row) = kept.next()? {
                let cells: Vec<Json> = row.iter().map(cell_to_json).collect();
                let payload = cells[3].as_str().and_then(|text| serde_json::from_str(text).ok());
                if asked.wants_event(cells[1].as_str().unwrap_or_default()) {
                    rows.push_back(json!({
                        "tick": cells[0], "name": cells[1], "system": cells[2],
                        "value": payload.unwrap_or_else(|| cells[3].clone()),
                    }));
                }
                // One more than is told, so that it shows that some are missing.
                if rows.len() > EVENTS_MAX + 1 {
                    rows.pop_front();
                }
            }
            Ok(())
        };
        served.ask(None, select)?;
    }
    for of in recent {
        for event in &of.record.events {
            let (name, value) = event_told(event, &of.world.registry);
            if asked.wants_event(&name) {
                let system = Some(&event.system).filter(|it| !it.is_empty());
                rows.push_back(json!({
                    "tick": of.tick(), "name": name, "system": system, "value": value,
                }));
            }
        }
    }
    if rows.len() > EVENTS_MAX {
        rows.drain(..rows.len() - EVENTS_MAX);
        // Of the tick in which the cut is, some are missing.
        kept_from = rows[0]["tick"].as_u64().map_or(kept_from, |tick| tick + 1);
        rows.retain(|row| row["tick"].as_u64() >= Some(kept_from));
    }
    Ok((rows.into(), kept_from))
}

/// What a client missed, and the tick up to which it is told of it. One that asks for
/// ticks alone is told of each in the save; where some are no longer kept, or there are
/// too many, a `gap` stands in their place. One that asks for all that happened is told
/// of it at once, and here only when it cannot go on from the tick that it had.
fn missed(
    served: &Served,
    last: At,
    is_whole: bool,
    may_look_back: bool,
) -> Result<(String, At), Problem> {
    let now = served.feed().now();
    let here = At::of(now.tick(), &now.chain);
    let gap = |why: Gap| {
        let (at, mut text) = (here.to_string(), String::new());
        push_gap(&mut text, &last, (now.tick(), &at), why);
        push(&mut text, "tick", Some(&at), &tick(&now, None));
        (text, here.clone())
    };
    if let Err(problem) = served.check(&last) {
        return Ok(gap(Gap::of(problem)?));
    }
    let first = served.recent().front().map_or(now.tick(), |first| first.tick());
    if !may_look_back && last.tick < first {
        return Ok(gap(Gap::Denied));
    }
    let saved = now.saved_tick;
    if is_whole || last.tick >= saved {
        return Ok((String::new(), last));
    }
    let from = last.tick.max(saved.saturating_sub(MISSED_MAX));
    let select = format!(
        "SELECT tick, state, chain, entities, spawned, despawned FROM ticks
         WHERE tick > {from} AND tick <= {saved} ORDER BY tick"
    );
    let (table, _) = served.ask(None, |inquiry| Ok(inquiry.query(&select)?))?;
    let (mut text, mut before) = (String::new(), last);
    for row in &table.rows {
        let cells: Vec<Json> = row.iter().map(cell_to_json).collect();
        let Some(tick) = cells[0].as_u64() else { continue };
        let at = At::with(tick, cells[2].as_str().unwrap_or_default());
        if tick != before.tick + 1 {
            push_gap(&mut text, &before, (tick - 1, &at.to_string()), Gap::Pruned);
        }
        let told = json!({
            "tick": tick,
            "since": tick - 1,
            "at": at.to_string(),
            "saved_tick": saved,
            "state": cells[1],
            "entities": cells[3],
            "spawned": cells[4],
            "despawned": cells[5],
        });
        push(&mut text, "tick", Some(&at.to_string()), &told);
        before = at;
    }
    Ok((text, before))
}

/// What happened since a tick, as far as the last one tells.
fn tick(published: &Published, since: Option<u64>) -> Json {
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
fn last_event(headers: &HeaderMap) -> Result<Option<At>, Problem> {
    let last = headers.get("last-event-id").and_then(|it| it.to_str().ok()).map(str::trim);
    let wrong = |text: &str| {
        let what = format!("is `{text}`: give the id that was told last, as in 1200~6db9a168");
        Problem::parameter("Last-Event-ID", what)
    };
    let last = last.filter(|text| !text.is_empty());
    last.map(|text| At::parse(text).map_err(|_| wrong(text))).transpose()
}
