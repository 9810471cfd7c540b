//! Ctrl-C and SIGTERM: the first one asks for an end at the next whole tick, a
//! second one ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell reports of a process that Ctrl-C ended.
const EXIT_ON_SECOND: i32 = 130;

/// Whether somebody wants us to stop.
pub struct Stop {
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order, so that the first signal finds the flag still down.
            flag::register_conditional_shutdown(signal, EXIT_ON_SECOND, asked.clone())
                .and_then(|_| flag::register(signal, asked.clone()))
                .context("signals cannot be listened to")?;
        }
        Ok(Self { asked })
    }

    /// Whether a signal has come.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
