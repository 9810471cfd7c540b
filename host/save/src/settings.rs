//! The settings of a save: how its world runs, and how it ran.
//!
//! Their form is a matter of [`stored`](super::stored).

use rusqlite::Connection;

use super::error::{Failure, Fallible, damage};
use super::stored::{self, StoredError};
use sandtable_world::config::WorldConfig;

/// Rows that a page may have.
const ROWS_PER_PAGE_MAX: usize = 1 << 16;

/// Settings as they are stored.
pub(super) fn text(config: &WorldConfig) -> Fallible<String> {
    stored::settings::text(config)
        .or_else(|error| damage(format!("its settings cannot be written: {error}")))
}

/// Settings that were stored.
fn parse(text: &str) -> Fallible<WorldConfig> {
    stored::settings::parse(text).or_else(|error| match error {
        StoredError::HashVersion(version) => Err(Failure::Told(format!(
            "has a state hash of version {version}, which this Sandtable does not know: use a \
             newer one"
        ))),
        StoredError::Newer(form) => Err(Failure::Told(format!(
            "has settings of form {form}, which this Sandtable does not know: use a newer one"
        ))),
        StoredError::Malformed(error) if is_of_newer(&error) => Err(Failure::Told(format!(
            "has settings that this Sandtable does not know ({error}): use the one that it was \
             last run with, or a newer one"
        ))),
        error => damage(format!("its settings cannot be read: {error}")),
    })
}

/// Whether settings have something that no version up to this one wrote.
fn is_of_newer(error: &serde_json::Error) -> bool {
    let error = error.to_string();
    error.starts_with("unknown field") || error.starts_with("unknown variant")
}

/// How the world of a save runs, as it is stored.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT config FROM st_settings ORDER BY number DESC LIMIT 1";
    connection.query_row(sql, [], |row| row.get(0))
}

/// How the world of a save runs.
pub(super) fn settings(connection: &Connection) -> Fallible<WorldConfig> {
    let config = parse(&last(connection)?)?;
    if !(1..=ROWS_PER_PAGE_MAX).contains(&config.world.shard_rows) {
        return damage(format!("its pages have {} rows", config.world.shard_rows));
    }
    Ok(config)
}

/// How it ran, with the tick after which each began.
pub(super) fn all_settings(connection: &Connection) -> Fallible<Vec<(u64, WorldConfig)>> {
    let mut select = connection.prepare("SELECT since, config FROM st_settings ORDER BY number")?;
    let mut rows = select.query([])?;
    let mut settings = Vec::new();
    while let Some(row) = rows.next()? {
        let config = parse(&row.get::<_, String>(1)?)?;
        settings.push((row.get::<_, i64>(0)?.unsigned_abs(), config));
    }
    Ok(settings)
}
