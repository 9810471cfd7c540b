//! `sandtable worker`: makes calls of worlds that run elsewhere.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Result;
use sandtable::pace::Bell;
use sandtable_workers::{Hello, Worker};

use super::nats::NatsArguments;
use super::screen::{Screen, Show};
use super::stop::Stop;
use super::text;

/// Make calls for worlds that run elsewhere, until Ctrl-C
///
/// Run it on as many machines as there are, any number of times: worlds that are run with
/// the same server find it, tell it which mods to get ready, and send it calls. Nothing is
/// lost with it: it may be killed at any time.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable worker --nats nats://127.0.0.1:4222
  sandtable worker --nats tls://nats.example --nats-credentials worker.creds --threads 8")]
pub struct Arguments {
    /// Calls that are made at once; without it, one for each core
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Columns that it had lately are kept up to this size, and not sent again
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    keep_mib: u32,
    /// What it is called by in lists; without it, its machine and process
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    nats: NatsArguments,
}

/// Makes calls until it is told to stop.
pub fn run(arguments: Arguments) -> Result<()> {
    let screen = Screen::open(Show::All);
    let Arguments { threads, keep_mib, name, nats } = arguments;
    let cores = std::thread::available_parallelism();
    let threads = threads.or(cores.ok()).map_or(1, NonZeroUsize::get);
    let name = name.unwrap_or_else(own_name);
    let (stop, bell) = (Stop::listen()?, Bell::default());
    stop.rings(&bell)?;
    let reached = nats.reach("worker", &screen)?.ok_or(sandtable_nats::Error::NoServer)?;
    let network = Arc::new(reached.network);
    let worker = Worker::start(&network, threads, &name, u64::from(keep_mib) << 20)?;
    let threads = text::counted(threads as u64, "thread");
    screen.insist(&format!("worker {name} is ready at {}, {threads}", network.url()));
    while !stop.asked() {
        bell.wait(None);
        bell.take();
    }
    let Hello { calls, .. } = worker.hello();
    drop(worker);
    screen.insist(&format!("stopped after {}", text::counted(calls, "call")));
    Ok(())
}

/// The machine and the process.
fn own_name() -> String {
    #[cfg(unix)]
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let machine = std::env::var("COMPUTERNAME").unwrap_or_else(|_| "worker".to_owned());
    format!("{machine}-{}", std::process::id())
}
