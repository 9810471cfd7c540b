//! What there is at a NATS server, and what it allows.

use std::time::{Duration, Instant};

use sandtable_nats::Network;
use sandtable_nats::async_nats::Client;
use sandtable_workers::survey;
use serde_json::{Value as Json, json};
use tokio::time::{sleep, timeout};

use crate::nats::Reached;
use crate::text;

/// How long each question is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// A subject that a part of Sandtable needs, and what for.
struct Need {
    what: &'static str,
    publishes: bool,
    subject: String,
}

/// What there is at it.
pub fn look(reached: &Reached) -> Json {
    let Reached { network, .. } = reached;
    let client = network.client();
    let info = client.server_info();
    let streams = network.wait_for(streams(client));
    let needs = needs(network);
    let refused = network.wait_for(refused(network, &needs));
    let rights = needs.iter().map(|need| {
        let is_refused = refused.iter().any(|told| need.is_named_in(told));
        json!({"what": need.what, "subject": need.subject, "may": !is_refused})
    });
    json!({
        "url": network.url(),
        "version": info.version,
        "max_payload": info.max_payload,
        "jetstream": streams,
        "round_trip_ms": network.wait_for(round_trip(network)),
        "rights": rights.collect::<Vec<_>>(),
        "workers": survey(network, PATIENCE).len(),
    })
}

/// Whether there is JetStream for us, and if not, why.
async fn streams(client: &Client) -> Json {
    if !client.server_info().jetstream {
        return json!({"is_there": false, "why": "the server was started without it: give it -js"});
    }
    // By hand: the client reads the answers of newer servers alone.
    let asked = client.request("$JS.API.INFO", Vec::new().into());
    let answer = match timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => serde_json::from_slice(&answer.payload).unwrap_or(Json::Null),
        _ => Json::Null,
    };
    match (answer["streams"].as_u64(), answer["error"]["description"].as_str()) {
        (Some(streams), _) => json!({"is_there": true, "streams": streams}),
        (None, Some(why)) => json!({"is_there": false, "why": why}),
        (None, None) => json!({"is_there": false, "why": "it does not answer this user"}),
    }
}

/// Milliseconds to the server and back.
async fn round_trip(network: &Network) -> Option<f64> {
    let started = Instant::now();
    timeout(PATIENCE, network.client().flush()).await.ok()?.ok()?;
    Some((started.elapsed().as_secs_f64() * 1e6).round() / 1e3)
}

/// What worlds and workers need.
fn needs(network: &Network) -> Vec<Need> {
    let prefix = network.prefix();
    let need = |what, publishes, subject: String| Need { what, publishes, subject };
    vec![
        need("answers to us", false, format!("{}.doctor.*", network.inbox())),
        need("a world: who is there", true, format!("{prefix}.who")),
        need("a world: workers", false, format!("{prefix}.hello")),
        need("a world: calls", true, format!("{prefix}.doctor.w.doctor.call")),
        need("a world: questions", false, format!("{prefix}.doctor.ask.doctor")),
        need("a world: ticks", true, format!("{prefix}.doctor.tick")),
        need("a world: queries", false, format!("{prefix}.doctor.query")),
        need("a world: the stream of its outbox", true, "$JS.API.STREAM.INFO.st_doctor".to_owned()),
        need("a worker: who is there", false, format!("{prefix}.who")),
        need("a worker: that it is", true, format!("{prefix}.hello")),
        need("a worker: calls", false, format!("{prefix}.*.w.doctor.call")),
        need("a worker: questions", true, format!("{prefix}.doctor.ask.doctor")),
        need("a worker: mods", true, format!("{prefix}.doctor.blob.doctor")),
    ]
}

impl Need {
    /// Whether the words of a server refuse it.
    fn is_named_in(&self, told: &str) -> bool {
        let verb = if self.publishes { "publish to" } else { "subscription to" };
        let told = told.to_lowercase();
        told.contains(verb) && told.contains(&format!("\"{}\"", self.subject.to_lowercase()))
    }
}

/// Tries all of it, and gives what the server refused.
async fn refused(network: &Network, needs: &[Need]) -> Vec<String> {
    let client = network.client();
    let mut held = Vec::new();
    for Need { publishes, subject, .. } in needs {
        // An empty message is none to those that listen there.
        match publishes {
            true => drop(client.publish(subject.clone(), Vec::new().into()).await),
            false => held.push(client.subscribe(subject.clone()).await),
        }
    }
    let _ = timeout(PATIENCE, client.flush()).await;
    // What is refused is told behind what was flushed.
    sleep(PATIENCE / 5).await;
    network.link().borrow().refused.clone()
}

/// The same, for people.
pub fn shown(nats: &Json) -> Vec<String> {
    let said = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    lines.push(format!("NATS server    {} at {}", said(&nats["version"]), said(&nats["url"])));
    lines.push(match nats["round_trip_ms"].as_f64() {
        Some(millis) => format!("there and back {millis} ms"),
        None => "there and back no answer".to_owned(),
    });
    let most = nats["max_payload"].as_u64().unwrap_or_default();
    lines.push(format!("a message      {} at most", text::bytes(most)));
    let streams = &nats["jetstream"];
    lines.push(match streams["is_there"].as_bool() {
        Some(true) => {
            let count = streams["streams"].as_u64().unwrap_or_default();
            format!("JetStream      yes, {}", text::counted(count, "stream"))
        }
        _ => format!("JetStream      no: {}", said(&streams["why"])),
    });
    lines.push(format!("workers        {}", nats["workers"]));
    for right in nats["rights"].as_array().into_iter().flatten() {
        if right["may"] == Json::Bool(false) {
            let (what, subject) = (said(&right["what"]), said(&right["subject"]));
            lines.push(format!("REFUSED        {what}: {subject}"));
        }
    }
    lines
}
