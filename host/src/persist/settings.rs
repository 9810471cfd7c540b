//! The settings of a save: how its world runs, and how it ran.
//!
//! They are JSON, as the world file has them, with the version of the state hash
//! beside them, which no world file has; where it is missing it is the first.

use rusqlite::Connection;
use serde_json::Value;

use super::error::{Failure, Outcome, damage};
use crate::config::WorldConfig;
use crate::ecs::HashVersion;

/// Rows that a page may have.
const ROWS_PER_PAGE_MAX: usize = 1 << 16;

/// The key of the version of the state hash.
const HASH_VERSION: &str = "hash_version";

/// The key of a setting that is not at the default of today where it is missing:
/// a version that did not know it set nothing aside.
const SET_ASIDE: &str = "faults_to_set_aside";

/// Settings as they are stored.
pub(super) fn text(config: &WorldConfig) -> Outcome<String> {
    let written = serde_json::to_value(config).and_then(|mut value| {
        value[HASH_VERSION] = (config.hash_version as u64).into();
        serde_json::to_string(&value)
    });
    match written {
        Ok(text) => Ok(text),
        Err(error) => damage(format!("its settings cannot be written: {error}")),
    }
}

/// Settings that were stored.
fn parse(text: &str) -> Outcome<WorldConfig> {
    let read = serde_json::from_str(text).and_then(|mut value: Value| {
        let version = value.as_object_mut().and_then(|object| object.remove(HASH_VERSION));
        if let Some(world) = value.get_mut("world").and_then(Value::as_object_mut) {
            world.entry(SET_ASIDE).or_insert(Value::Null);
        }
        Ok((serde_json::from_value::<WorldConfig>(value)?, version))
    });
    let (mut config, version) = match read {
        Ok(read) => read,
        Err(error) => return damage(format!("its settings cannot be read: {error}")),
    };
    config.hash_version = match version {
        None => HashVersion::First,
        Some(version) => match version.as_u64().and_then(HashVersion::from_number) {
            Some(known) => known,
            None => {
                return Err(Failure::Told(format!(
                    "has a state hash of version {version}, which this Sandtable does not know: \
                     use a newer one"
                )));
            }
        },
    };
    Ok(config)
}

/// How the world of a save runs, as it is stored.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT config FROM st_settings ORDER BY number DESC LIMIT 1";
    connection.query_row(sql, [], |row| row.get(0))
}

/// How the world of a save runs.
pub(super) fn settings(connection: &Connection) -> Outcome<WorldConfig> {
    let config = parse(&last(connection)?)?;
    if !(1..=ROWS_PER_PAGE_MAX).contains(&config.world.shard_rows) {
        return damage(format!("its pages have {} rows", config.world.shard_rows));
    }
    Ok(config)
}

/// How it ran, with the tick after which each began.
pub(super) fn all_settings(connection: &Connection) -> Outcome<Vec<(u64, WorldConfig)>> {
    let mut select = connection.prepare("SELECT since, config FROM st_settings ORDER BY number")?;
    let mut rows = select.query([])?;
    let mut settings = Vec::new();
    while let Some(row) = rows.next()? {
        let config = parse(&row.get::<_, String>(1)?)?;
        settings.push((row.get::<_, i64>(0)?.unsigned_abs(), config));
    }
    Ok(settings)
}
