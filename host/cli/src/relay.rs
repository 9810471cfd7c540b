//! `sandtable relay`: carries the outbox of a save to a stream.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sandtable::config::OutboxSettings;
use sandtable::pace::Bell;
use sandtable_bus::Relay;

use super::nats::NatsArguments;
use super::screen::{Screen, Show};
use super::stop::Stop;
use super::text::{count, counted};

/// Carry the outbox of a save to a stream of JetStream
///
/// Works beside the process that runs the world, where that carries none itself, and on
/// a save that is closed. The stream is made where it is missing, one for each world:
/// `sandtable info` says by which name. Each row is in it once and in its place, whatever
/// of the relay, the server and the network fails meanwhile.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable relay earth.db --nats nats://127.0.0.1:4222
  sandtable relay earth.db --nats nats://127.0.0.1:4222 --once")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// End once all rows that are there are acknowledged; without it, at Ctrl-C
    #[arg(long)]
    once: bool,
    /// Messages that are under way at once
    #[arg(long, value_name = "MESSAGES", default_value_t = OutboxSettings::default().in_flight,
        value_parser = clap::value_parser!(u64).range(1..=OutboxSettings::IN_FLIGHT_MAX))]
    in_flight: u64,
    #[command(flatten)]
    nats: NatsArguments,
}

/// Carries rows until it is told to stop, or until there are none left.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, once, in_flight, nats } = arguments;
    let screen = Screen::open(Show::All);
    let (stop, bell) = (Stop::listen()?, Bell::default());
    stop.rings(&bell)?;
    let relay = Relay::start(&save, &nats.settings(None)?, in_flight)?;
    let (stream, url) = (relay.naming().stream(), relay.network().url());
    screen.say(&format!("relaying the outbox of {} to {stream} at {url}", save.display()));
    if once {
        return carry_all(&relay, &screen);
    }
    let state = relay.state();
    while !stop.asked() {
        bell.wait(Some(Instant::now() + Duration::from_millis(200)));
        bell.take();
        if let Some(why) = state.borrow().stopped.clone() {
            bail!("{why}");
        }
    }
    let state = state.borrow().clone();
    screen.insist(&format!(
        "stopped after row {}; {} behind",
        count(state.acknowledged),
        counted(state.behind(), "row")
    ));
    Ok(())
}

fn carry_all(relay: &Relay, screen: &Screen) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let state = relay.wait_for_all(PATIENCE, None)?;
    let why = state.stopped.clone().or(state.trouble.clone());
    if state.behind() == 0 {
        // All of them are in the stream, which is further than the save.
        if let Some(why) = why {
            bail!("{why}");
        }
        screen.say(&format!("all rows up to {} are acknowledged", count(state.acknowledged)));
        return Ok(());
    }
    let why = why.unwrap_or_else(|| "nothing acknowledges them".to_owned());
    bail!("{} behind: {why}", counted(state.last - state.acknowledged, "row"))
}
