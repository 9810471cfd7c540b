//! What a person at the terminal does to the pace of a world that is being
//! worked on, key by key.
//!
//! The terminal is told to pass on each key at once and not to show it. A thread
//! reads, and puts the terminal back as it was on every way out: when the world
//! is done, when a signal asks for the end, when anything panics. Ctrl-C stays
//! what it is.

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;
use std::time::Duration;

use sandtable::pace::Pace;

use crate::run::pace::Key;
use crate::screen::Screen;
use crate::stop::Stop;

/// What the keys do, in a line.
pub const HELP: &str = "keys: p pauses and goes on, s does one tick, + faster, - slower";

/// How often it is looked whether a key was pressed.
const LOOK: Duration = Duration::from_millis(20);

/// Does what keys say until the world is done; false without a terminal.
pub fn listen<'scope>(
    scope: &'scope Scope<'scope, '_>,
    screen: &'scope Screen,
    pace: &Pace,
    stop: &Stop,
    done: Arc<AtomicBool>,
) -> bool {
    let (stop, pace) = (stop.clone(), pace.clone());
    let Some(terminal) = Terminal::take() else { return false };
    scope.spawn(move || {
        let _terminal = terminal;
        while !done.load(Ordering::Relaxed) && !stop.asked() {
            match next() {
                Ok(Some(key)) => screen.say(&key.press(&pace)),
                Ok(None) => {}
                Err(_) => break,
            }
        }
    });
    true
}

/// The next key, if there is one soon.
fn next() -> io::Result<Option<Key>> {
    let mut byte = [0];
    match io::stdin().read(&mut byte) {
        Ok(0) => {
            std::thread::sleep(LOOK);
            Ok(None)
        }
        Ok(_) => Ok(key(byte[0])),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

fn key(byte: u8) -> Option<Key> {
    match byte {
        b'p' | b'P' | b' ' => Some(Key::Pause),
        b's' | b'S' | b'.' => Some(Key::Step),
        b'+' | b'=' => Some(Key::Faster),
        b'-' | b'_' => Some(Key::Slower),
        _ => None,
    }
}

/// A terminal that passes on each key at once, and is put back when it is
/// dropped.
struct Terminal {
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl Terminal {
    fn take() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex};
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let before = rustix::termios::tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        // Reading gives what is there, and waits for nothing.
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self { before })
    }
}

#[cfg(unix)]
impl Drop for Terminal {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Elsewhere keys come a line at a time, which is no use.
#[cfg(not(unix))]
impl Terminal {
    fn take() -> Option<Self> {
        None
    }
}
