//! The terminal: a progress bar at the bottom, log lines above it, answers on
//! stdout. All that the command writes goes through here.
//!
//! What is written to stderr is written as well as it can be: a terminal that is
//! gone and a pipe without a reader stop nothing. An answer that cannot be
//! written is an error, for a verb that is asked something has nothing else to
//! do.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use console::{Term, style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt as lines};

#[cfg(feature = "otlp")]
use super::traces;

const LOG_VARIABLE: &str = "SANDTABLE_LOG";

/// What a verb may show while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Bars, when stderr is a terminal, and lines.
    All,
    /// Lines only.
    Lines,
    /// Only what must be known.
    Least,
}

/// Where people look.
pub struct Screen {
    bars: MultiProgress,
    show: Show,
}

impl Screen {
    /// Takes over stderr, and gives it the process's log lines.
    pub fn open(show: Show) -> Self {
        let target = match show {
            Show::All => Lenient::target(Term::buffered_stderr()),
            _ => ProgressDrawTarget::hidden(),
        };
        let bars = MultiProgress::with_draw_target(target);
        let usual = ours(if show == Show::Least { "warn" } else { "info" });
        let asked = std::env::var(LOG_VARIABLE).ok().filter(|asked| !asked.trim().is_empty());
        let filter = asked.as_ref().map(|asked| EnvFilter::try_new(ours(asked)));
        let filter = match filter {
            Some(Ok(filter)) => filter,
            Some(Err(error)) => {
                tell(&format!("warning: {LOG_VARIABLE} is not understood: {error}"));
                usual.into()
            }
            None => usual.into(),
        };
        let above = Above(bars.clone());
        let lines = lines::layer()
            .with_writer(move || above.clone())
            .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_target(false)
            .without_time()
            // It would say on stderr that nothing can be written to stderr.
            .log_internal_errors(false)
            .with_filter(filter);
        let subscriber = tracing_subscriber::registry().with(lines);
        #[cfg(feature = "otlp")]
        let subscriber = subscriber.with(traces::layer(tell));
        // Only a second screen in one process can fail to become the log.
        let _ = subscriber.try_init();
        Self { bars, show }
    }

    /// Whether bars can be seen.
    pub fn is_live(&self) -> bool {
        !self.bars.is_hidden()
    }

    /// Says what is good to know.
    pub fn say(&self, line: &str) {
        if self.show != Show::Least {
            self.insist(line);
        }
    }

    /// Says what is not as it should be.
    pub fn warn(&self, line: &str) {
        self.insist(&format!("{} {line}", Mark::Warning));
    }

    /// Says what must be known.
    pub fn insist(&self, line: &str) {
        self.bars.suspend(|| tell(line));
    }

    /// Something that turns for as long as it takes.
    pub fn spinner(&self, what: &str) -> ProgressBar {
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        let bar = self.bars.add(ProgressBar::new_spinner().with_message(what.to_owned()));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar over so many ticks, or a count of ticks without end.
    pub fn ticks(&self, ticks: Option<u64>) -> ProgressBar {
        let (bar, template) = match ticks {
            Some(ticks) => (
                ProgressBar::new(ticks),
                "{wide_bar:.cyan/dim} {percent}% · {per_sec} · {eta} · {msg}",
            ),
            None => (ProgressBar::no_length(), "{spinner} {elapsed} · {per_sec} · {msg}"),
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key(
                "per_sec",
                |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{:.0} ticks/s", state.per_sec());
                },
            );
        let bar = self.bars.add(bar);
        bar.set_style(style);
        // Also between two ticks that are far apart the line is that of now.
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

/// A level alone is that of our own lines: what libraries have to say is shown
/// where they are named, and otherwise where it is a warning. That of MCP warns of each
/// request that is refused, with what was asked, which is nothing for a log.
fn ours(asked: &str) -> String {
    match asked.trim().parse::<LevelFilter>() {
        Ok(level) if level <= LevelFilter::WARN => format!("{level},rmcp=off"),
        Ok(level) => format!("warn,rmcp=off,sandtable={level}"),
        Err(_) => asked.to_owned(),
    }
}

/// Prints an answer on stdout, with a line break after it.
pub fn answer(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// What a line on stderr begins with, in its colour where a terminal shows it and
/// `NO_COLOR` is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Something is good to know.
    Note,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Mark::Error => style("error:").red(),
            Mark::Warning => style("warning:").yellow(),
            Mark::Note => style("note:").cyan(),
        };
        word.bold().for_stderr().fmt(f)
    }
}

/// Prints what a verb found, as [`answer`] does, where its exit code says it too:
/// that must be right also when the reader is gone.
pub fn verdict(text: &str) -> io::Result<()> {
    match answer(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Says something on stderr, with a line break after it, if it can be written.
/// Where bars may be, [`Screen::insist`] says it above them.
pub fn tell(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Writes to stderr above the bars.
#[derive(Clone)]
struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.suspend(|| io::stderr().write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal that may be gone. Bars take an error for a reason to panic.
#[derive(Debug)]
struct Lenient(Term);

impl Lenient {
    /// Draws here, if there is a terminal that can be drawn on.
    fn target(term: Term) -> ProgressDrawTarget {
        const HZ: u8 = 20;
        if !term.is_term() || console::is_dumb() {
            return ProgressDrawTarget::hidden();
        }
        ProgressDrawTarget::term_like_with_hz(Box::new(Self(term)), HZ)
    }
}

macro_rules! whatever_comes_of_it {
    ($($name:ident($($argument:ident: $type:ty)?);)*) => {
        $(fn $name(&self $(, $argument: $type)?) -> io::Result<()> {
            let _ = self.0.$name($($argument)?);
            Ok(())
        })*
    };
}

impl TermLike for Lenient {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    whatever_comes_of_it! {
        move_cursor_up(lines: usize);
        move_cursor_down(lines: usize);
        move_cursor_right(letters: usize);
        move_cursor_left(letters: usize);
        write_line(line: &str);
        write_str(text: &str);
        clear_line();
        flush();
    }
}

#[cfg(test)]
mod tests {
    use super::ours;

    #[test]
    fn a_level_alone_is_that_of_our_own_lines() {
        for (asked, expected) in [
            ("off", "off,rmcp=off"),
            ("error", "error,rmcp=off"),
            ("warn", "warn,rmcp=off"),
            ("INFO", "warn,rmcp=off,sandtable=info"),
            (" debug ", "warn,rmcp=off,sandtable=debug"),
            ("trace", "warn,rmcp=off,sandtable=trace"),
            ("info,wasmtime=debug", "info,wasmtime=debug"),
            ("sandtable::save=debug", "sandtable::save=debug"),
        ] {
            assert_eq!(ours(asked), expected, "{asked}");
        }
    }
}
