//! What mods logged, as far as a save keeps it.

use rusqlite::params;

use sandtable_world::record::{LogLevel, Logged};

use super::error::{Failure, Fallible, SaveError};
use super::reader::Reader;

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedLines {
    /// Of this mod only.
    pub mod_id: Option<String>,
    /// Lines that matter as much as this, or more; all without it.
    pub level: Option<LogLevel>,
    /// Those after this one.
    pub after: Option<LineId>,
}

/// Which line of a save it is; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(i64);

/// A line that a save keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which it is.
    pub id: LineId,
    /// The tick in which it was logged.
    pub tick: u64,
    /// The line.
    pub logged: Logged,
}

impl Reader {
    /// What mods logged, the oldest first.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn logged(&self, wanted: &WantedLines) -> Result<Vec<Line>, SaveError> {
        self.try_logged(wanted).map_err(|failure| failure.of(&self.path, "read"))
    }

    fn try_logged(&self, wanted: &WantedLines) -> Fallible<Vec<Line>> {
        let mut select = self.connection.prepare(
            "SELECT id, tick, system, level, text FROM st_logs
             WHERE id > ?1 AND (?2 IS NULL OR substr(system, 1, instr(system, '/') - 1) = ?2)
             ORDER BY id",
        )?;
        let after = wanted.after.map_or(0, |LineId(id)| id);
        let mut rows = select.query(params![after, wanted.mod_id])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let level: String = row.get(3)?;
            let Ok(level) = level.parse::<LogLevel>() else {
                return Err(Failure::Damage(format!("it has a line of the level `{level}`")));
            };
            if wanted.level.is_some_and(|wanted| level > wanted) {
                continue;
            }
            let tick = row.get::<_, i64>(1)?.unsigned_abs();
            let logged = Logged { system: row.get(2)?, level, text: row.get(4)? };
            lines.push(Line { id: LineId(row.get(0)?), tick, logged });
        }
        Ok(lines)
    }
}
