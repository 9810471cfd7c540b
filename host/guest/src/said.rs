//! What a guest says: the lines it logs, and what it prints.
//!
//! Saying something never fails and decides nothing, whatever a guest says and
//! however much: what is past the bounds is dropped and counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use sandtable_world::record::LogLevel;

/// What a mod said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// One line, without control characters.
    pub text: String,
}

/// The log lines of a call, or of all calls of a run. Debug lines have a budget
/// of their own: they are seldom shown, and never cost a line that is.
#[derive(Debug, Default)]
pub struct Log {
    lines: Vec<LogLine>,
    debug: Count,
    others: Count,
}

#[derive(Debug, Default)]
struct Count {
    kept: u64,
    dropped: u64,
}

impl Log {
    const LINE_MAX_BYTES: usize = 4096;

    /// Adds a line, if there are not as many already.
    pub(super) fn add(&mut self, level: LogLevel, text: &str, most: u64) {
        let count = if level == LogLevel::Debug { &mut self.debug } else { &mut self.others };
        if count.kept >= most {
            count.dropped += 1;
            return;
        }
        count.kept += 1;
        let end = text.floor_char_boundary(Self::LINE_MAX_BYTES.min(text.len()));
        let text = text[..end].chars().filter(|c| !c.is_control()).collect();
        self.lines.push(LogLine { level, text });
    }

    /// The last line that a person should act on.
    pub(super) fn last_error(&self) -> Option<String> {
        let line = self.lines.iter().rfind(|line| line.level == LogLevel::Error)?;
        Some(line.text.clone())
    }

    /// All lines, and how many more were dropped: debug lines, others.
    pub(super) fn parts(&self) -> (&[LogLine], [u64; 2]) {
        (&self.lines, [self.debug.dropped, self.others.dropped])
    }

    /// Counts lines that were dropped: debug lines, others.
    pub(super) fn drop_more(&mut self, [debug, others]: [u64; 2]) {
        self.debug.dropped = self.debug.dropped.saturating_add(debug);
        self.others.dropped = self.others.dropped.saturating_add(others);
    }

    /// Adds what another call of the same run said.
    pub fn append(&mut self, mut other: Log) {
        self.lines.append(&mut other.lines);
        self.debug.dropped += other.debug.dropped;
        self.others.dropped += other.others.dropped;
    }

    /// All lines; and for what was dropped one that says how much.
    pub fn into_lines(self) -> impl Iterator<Item = LogLine> {
        let dropped = |level, what, Count { dropped, .. }: Count| {
            let lines = if dropped == 1 { "line was" } else { "lines were" };
            let text = format!("{dropped} more {what}{lines} dropped (limit `log_lines_max`)");
            (dropped > 0).then_some(LogLine { level, text })
        };
        let others = dropped(LogLevel::Warn, "", self.others);
        self.lines.into_iter().chain(others).chain(dropped(LogLevel::Debug, "debug ", self.debug))
    }
}

/// What a guest prints, by whatever stream.
#[derive(Clone, Default)]
pub(super) struct Printed(Arc<Mutex<Ends>>);

/// How it begins and how it ends; what a panic says is at the end.
#[derive(Default)]
struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: usize,
}

impl Ends {
    const HEAD_MAX_BYTES: usize = 64 << 10;
    const TAIL_MAX_BYTES: usize = 8 << 10;

    fn add(&mut self, bytes: &[u8]) {
        let room = Self::HEAD_MAX_BYTES - self.head.len();
        let (head, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(rest);
        if self.tail.len() > 2 * Self::TAIL_MAX_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let over = self.tail.len().saturating_sub(Self::TAIL_MAX_BYTES);
        self.tail.drain(..over);
        self.dropped += over;
    }
}

impl Printed {
    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is kept of it, with a line in the place of what is not.
    pub fn text(&self) -> String {
        let mut ends = std::mem::take(&mut *self.ends());
        ends.cut();
        let Ends { head: mut bytes, tail, dropped } = ends;
        let mut tail = &tail[..];
        if dropped > 0 {
            // A line that is cut in two is no line.
            let rest = tail.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            tail = &tail[rest..];
            let dropped = dropped + rest;
            bytes.extend(format!("\n{dropped} bytes of what it printed were dropped\n").bytes());
        }
        bytes.extend_from_slice(tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    /// For versions of WASI that the linker does not have.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(MemoryOutputPipe::new(0))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl OutputStream for Printed {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ends().add(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    /// There is always room for as much as is kept.
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(Ends::HEAD_MAX_BYTES)
    }
}

#[async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(log: Log) -> Vec<String> {
        log.into_lines().map(|line| format!("{:?} {}", line.level, line.text)).collect()
    }

    #[test]
    fn debug_lines_cost_no_others_and_what_is_dropped_is_counted() {
        let mut log = Log::default();
        for n in 0..5 {
            log.add(LogLevel::Debug, &format!("debug {n}"), 2);
        }
        for n in 0..3 {
            log.add(LogLevel::Info, &format!("in\x1b\nfo {n}"), 2);
        }
        let mut other = Log::default();
        other.add(LogLevel::Error, "error", 0);
        log.append(other);
        assert_eq!(
            told(log),
            [
                "Debug debug 0",
                "Debug debug 1",
                "Info info 0",
                "Info info 1",
                "Warn 2 more lines were dropped (limit `log_lines_max`)",
                "Debug 3 more debug lines were dropped (limit `log_lines_max`)",
            ]
        );
        let mut long = Log::default();
        long.add(LogLevel::Warn, &"ü".repeat(4096), 1);
        assert_eq!(told(long), [format!("Warn {}", "ü".repeat(2048))]);
    }

    #[test]
    fn of_what_is_printed_both_ends_are_kept() {
        let mut printed = Printed::default();
        let mut print = |text: &str| printed.write(text.to_owned().into()).expect("never fails");
        print("first\n");
        let line = format!("{}\n", "x".repeat(99));
        for _ in 0..10_000 {
            print(&line);
        }
        print("last\n");
        let text = printed.text();
        assert!(text.starts_with("first\nxx") && text.ends_with("xx\nlast\n"), "{text}");
        assert!(text.len() < 80 << 10);
        let words = " bytes of what it printed were dropped";
        let told = text.lines().find_map(|line| line.strip_suffix(words)).expect("a count");
        let kept = text.len() - told.len() - words.len() - 2;
        assert_eq!(told.parse::<usize>().expect("a number") + kept, 6 + 1_000_000 + 5);
        assert_eq!(printed.text(), "", "it is told once");
    }

    #[test]
    fn what_fits_is_kept_as_it_is() {
        let printed = Printed::default();
        let text = "ü".repeat(Ends::HEAD_MAX_BYTES / 2 + 100);
        for chunk in text.as_bytes().chunks(1001) {
            printed.ends().add(chunk);
        }
        assert_eq!(printed.text(), text);
    }
}
