//! `sandtable doctor`: what is there for worlds to be run with, and what is missing.

#[cfg(feature = "nats")]
mod server;

use anyhow::Result;
use sandtable::guest::Engine;
use serde_json::{Value as Json, json};

#[cfg(feature = "nats")]
use super::nats::NatsArguments;
use super::screen::answer;

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
    #[cfg(feature = "nats")]
    #[command(flatten)]
    nats: NatsArguments,
}

/// Looks, and says what it found.
pub fn run(arguments: Arguments) -> Result<()> {
    let mut found = json!({
        "engine": Engine::identity(),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
    });
    look(&arguments, &mut found)?;
    let told = if arguments.json { found.to_string() } else { shown(&found) };
    Ok(answer(&told)?)
}

/// What there is at the server that is named.
#[cfg(feature = "nats")]
fn look(arguments: &Arguments, found: &mut Json) -> Result<()> {
    if arguments.nats.is_given() {
        found["nats"] = server::look(&arguments.nats.must_reach("doctor")?);
    }
    Ok(())
}

#[cfg(not(feature = "nats"))]
fn look(_: &Arguments, _: &mut Json) -> Result<()> {
    Ok(())
}

/// What was found, for people.
fn shown(found: &Json) -> String {
    let mut lines = vec![
        format!("this program   {}", found["engine"].as_str().unwrap_or_default()),
        format!("cores          {}", found["cores"]),
    ];
    lines.extend(of_server(found));
    lines.join("\n")
}

#[cfg(feature = "nats")]
fn of_server(found: &Json) -> Vec<String> {
    let not_asked = || vec!["NATS           not asked for: give --nats".to_owned()];
    found.get("nats").map_or_else(not_asked, server::shown)
}

#[cfg(not(feature = "nats"))]
fn of_server(_: &Json) -> Vec<String> {
    vec!["NATS           this program was built without it".to_owned()]
}
