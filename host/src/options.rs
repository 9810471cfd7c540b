//! How a world is run, as the program that embeds it says.

use std::sync::Arc;

use crate::calls::Elsewhere;
use crate::config::OutboxOverrides;
use crate::engines::Engines;
use crate::guest::LogLine;

/// Takes what mods say: the system's full name, the tick, the line.
pub type LogSink = Arc<dyn Fn(&str, u64, &LogLine) + Send + Sync>;

/// How a world is run. None of it changes what happens in the world.
#[derive(Clone)]
pub struct Options {
    /// Threads that run guests. Zero: one for each core.
    pub threads: usize,
    /// Takes what mods say.
    pub log: LogSink,
    /// Whether a save may be opened with other mods than it last ran with.
    pub accept_mods: bool,
    /// Whether a new save keeps of its mods only what they are, and not
    /// themselves.
    pub slim: bool,
    /// Public keys of minisign: who is trusted to have made packs, besides those
    /// that a save trusts.
    pub trust: Vec<String>,
    /// What makes calls elsewhere, if anything does.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
    /// What leaves its save, in the place of what its settings say.
    pub outbox: OutboxOverrides,
    /// Engines that it shares with other worlds; without them it has one of its own.
    pub engines: Option<Engines>,
}

impl Default for Options {
    /// All cores; log lines go to `tracing`; a save takes the mods it is given,
    /// and carries them.
    fn default() -> Self {
        let (log, trust) = (Arc::new(trace), Vec::new());
        let (elsewhere, outbox, engines) = (None, OutboxOverrides::default(), None);
        Self { threads: 0, log, accept_mods: true, slim: false, trust, elsewhere, outbox, engines }
    }
}

fn trace(system: &str, tick: u64, line: &LogLine) {
    use crate::guest::LogLevel;
    let text = &line.text;
    match line.level {
        LogLevel::Error => tracing::error!(tick, "{system}: {text}"),
        LogLevel::Warn => tracing::warn!(tick, "{system}: {text}"),
        LogLevel::Info => tracing::info!(tick, "{system}: {text}"),
        LogLevel::Debug => tracing::debug!(tick, "{system}: {text}"),
    }
}

/// Drops what mods say.
pub(crate) fn silent() -> LogSink {
    Arc::new(|_, _, _| {})
}
