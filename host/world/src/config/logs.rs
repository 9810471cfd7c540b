//! What the save keeps of what mods log.

use serde::{Deserialize, Serialize};

use crate::record::LogLevel;

/// What the save keeps of what mods log. Lines of ticks that `log_ticks` does not
/// keep go too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Lines that are kept, the last ones. Zero: none.
    pub lines: u64,
    /// What matters less than this is not kept: `error`, `warn`, `info`, `debug`.
    pub level: LogLevel,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { lines: 10_000, level: LogLevel::Info }
    }
}

impl LogSettings {
    /// Whether nothing is said about it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a line that matters so much is kept.
    pub fn keeps(&self, level: LogLevel) -> bool {
        self.lines > 0 && level <= self.level
    }
}
