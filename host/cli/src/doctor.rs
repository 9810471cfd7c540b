//! `sandtable doctor`: what is there for worlds to be run with, and what is missing.

use std::time::{Duration, Instant};

use anyhow::Result;
use sandtable::guest::Engine;
use sandtable_nats::Network;
use sandtable_nats::async_nats::Client;
use sandtable_workers::survey;
use serde_json::{Value as Json, json};
use tokio::time::{sleep, timeout};

use super::nats::{NatsArguments, Reached};
use super::screen::answer;
use super::text;

/// How long each question is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Say what is there to run worlds with: this program, a NATS server, what it allows
///
/// Asks the server for its version, for JetStream and for the largest message, and tries
/// which subjects this user may publish to and subscribe to.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable doctor
  sandtable doctor --nats nats://127.0.0.1:4222
  sandtable doctor --nats tls://nats.example --nats-credentials worker.creds --json")]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    nats: NatsArguments,
}

/// A subject that a part of Sandtable needs, and what for.
struct Need {
    what: &'static str,
    publishes: bool,
    subject: String,
}

/// Looks, and says what it found.
pub fn run(arguments: Arguments) -> Result<()> {
    let mut found = json!({
        "engine": Engine::identity(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
    });
    if arguments.nats.is_given() {
        found["nats"] = look(&arguments.nats.must_reach("doctor")?);
    }
    let told = if arguments.json { found.to_string() } else { shown(&found) };
    Ok(answer(&told)?)
}

/// What there is at a server.
fn look(reached: &Reached) -> Json {
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

/// What was found, for people.
fn shown(found: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![
        format!("this program   {}", text(&found["engine"])),
        format!("cores          {}", found["cores"]),
    ];
    let Some(nats) = found.get("nats") else {
        lines.push("NATS           not asked for: give --nats".to_owned());
        return lines.join("\n");
    };
    lines.push(format!("NATS server    {} at {}", text(&nats["version"]), text(&nats["url"])));
    lines.push(match nats["round_trip_ms"].as_f64() {
        Some(millis) => format!("there and back {millis} ms"),
        None => "there and back no answer".to_owned(),
    });
    let most = nats["max_payload"].as_u64().unwrap_or_default();
    lines.push(format!("a message      {} at most", text::bytes(most)));
    let streams = &nats["jetstream"];
    lines.push(match streams["is_there"].as_bool() {
        Some(true) => format!("JetStream      yes, {} streams", streams["streams"]),
        _ => format!("JetStream      no: {}", text(&streams["why"])),
    });
    lines.push(format!("workers        {}", nats["workers"]));
    for right in nats["rights"].as_array().into_iter().flatten() {
        if right["may"] == Json::Bool(false) {
            let (what, subject) = (text(&right["what"]), text(&right["subject"]));
            lines.push(format!("REFUSED        {what}: {subject}"));
        }
    }
    lines.join("\n")
}
