//! The settings of a save: how its world runs, and how it ran.

use rusqlite::Connection;

use super::error::{Outcome, damage};
use crate::config::WorldConfig;

/// How the world runs now.
pub(super) const LAST_SETTINGS: &str =
    "SELECT config FROM st_settings ORDER BY number DESC LIMIT 1";

/// How the world of a save runs.
pub(super) fn settings(connection: &Connection) -> Outcome<WorldConfig> {
    let text: String = connection.query_row(LAST_SETTINGS, [], |row| row.get(0))?;
    match serde_json::from_str(&text) {
        Ok(config) => Ok(config),
        Err(error) => damage(format!("its settings cannot be read: {error}")),
    }
}

/// How it ran, with the tick after which each began.
pub(super) fn all_settings(connection: &Connection) -> Outcome<Vec<(u64, WorldConfig)>> {
    let mut select = connection.prepare("SELECT since, config FROM st_settings ORDER BY number")?;
    let mut rows = select.query([])?;
    let mut settings = Vec::new();
    while let Some(row) = rows.next()? {
        match serde_json::from_str(&row.get::<_, String>(1)?) {
            Ok(config) => settings.push((row.get::<_, i64>(0)?.unsigned_abs(), config)),
            Err(error) => return damage(format!("its settings cannot be read: {error}")),
        }
    }
    Ok(settings)
}
