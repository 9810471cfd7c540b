//! Ctrl-C, SIGTERM, and SIGHUP where there is one: the first asks for an end at
//! the next whole tick, a second one ends the process at once.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use sandtable::pace::Bell;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell reports of a process that Ctrl-C ended.
const EXIT_ON_SECOND: i32 = 130;

/// Whether a stop was asked for.
#[derive(Clone)]
pub struct Stop {
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM].into_iter().chain(hang_up()) {
            // In this order, so that the first signal finds the flag still down.
            flag::register_conditional_shutdown(signal, EXIT_ON_SECOND, asked.clone())
                .and_then(|_| flag::register(signal, asked.clone()))
                .context("signals cannot be listened to")?;
        }
        Ok(Self { asked })
    }

    /// Rings a bell with every signal that comes from now on, for as long as the process
    /// lives.
    pub fn rings(&self, bell: &Bell) -> Result<()> {
        let (stop, bell) = (self.clone(), bell.clone());
        listener(move || {
            if stop.asked() {
                bell.ring();
            }
        })
        .context("signals cannot be listened to")
    }

    /// Whether a signal has come.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Calls a function after every signal, on a thread of its own: a signal itself may
/// wake none.
#[cfg(unix)]
fn listener(call: impl Fn() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::iterator::Signals;
    // Called after the flag is up: it was registered first.
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hang_up()))?;
    let all = thread::Builder::new().name("signals".to_owned());
    all.spawn(move || signals.forever().for_each(|_| call())).map(drop)
}

/// Elsewhere there is nothing to wait for a signal by.
#[cfg(not(unix))]
fn listener(call: impl Fn() + Send + 'static) -> std::io::Result<()> {
    const LOOK: std::time::Duration = std::time::Duration::from_millis(50);
    let all = thread::Builder::new().name("signals".to_owned());
    all.spawn(move || {
        loop {
            thread::sleep(LOOK);
            call();
        }
    })
    .map(drop)
}

/// The signal of a terminal that goes away, unless we are to outlive it.
#[cfg(unix)]
fn hang_up() -> Option<c_int> {
    use signal_hook::consts::SIGHUP;
    (!is_ignored(SIGHUP)).then_some(SIGHUP)
}

#[cfg(not(unix))]
fn hang_up() -> Option<c_int> {
    None
}

/// Whether a signal is ignored, as `nohup` makes it. Where the system does not
/// tell, it is taken to be where there is no terminal.
#[cfg(unix)]
fn is_ignored(signal: c_int) -> bool {
    use std::io::{IsTerminal, stderr, stdout};
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match ignored.and_then(|ignored| u64::from_str_radix(ignored.trim(), 16).ok()) {
        Some(ignored) => ignored >> (signal - 1) & 1 == 1,
        None => !stdout().is_terminal() && !stderr().is_terminal(),
    }
}
