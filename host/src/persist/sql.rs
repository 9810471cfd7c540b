//! Answers to SQL over a save, for people.
//!
//! What a save stores as pages is shown as tables: one for each component and
//! relation, the entities, the resources ([`names`] says how they are called),
//! and views of the log ([`views`]). They are made anew for each question over
//! the restored world, column by column as the query asks for cells, so nothing
//! is copied first.
//!
//! Deliberately absent: any way to change a save. The connection refuses
//! whatever is not a SELECT.

mod cells;
mod names;
mod rows;
mod table;
mod text;
mod views;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::Value;
use rusqlite::{Connection, Error, ErrorCode};

use crate::ecs::{Entity, World};

use super::error::{Failure, SaveError};

pub use rows::Rows;
pub use text::exact;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its rows, each with a value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// Makes the tables, with one of entities that were given names where some were,
/// and closes the connection against everything but reading.
/// Returns what they are called.
pub(super) fn set_up(
    connection: &mut Connection,
    world: &Arc<World>,
    given: Option<&BTreeMap<String, Entity>>,
) -> rusqlite::Result<Vec<String>> {
    let mut shown = names::shown(world, &names::taken(connection)?);
    shown.extend(given.map(names::given));
    let of_mods = names::of_mods(connection, world)?;
    shown.push(names::listing(&shown, &of_mods));
    let names = shown.iter().map(|shown| shown.name.clone()).chain(views::names());
    let names = names.chain(of_mods.into_iter().map(|(name, _)| name)).collect();
    // Temporary views are kept in memory, and count as writing.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", false)?;
    views::make(connection, world)?;
    connection.pragma_update(None, "query_only", true)?;
    for shown in shown {
        table::register(connection, world.clone(), shown)?;
    }
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))?;
    Ok(names)
}

/// A name as SQL takes any.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Says what is wrong with a question, and where that helps what there is.
fn explain(error: Error, tables: &[String], path: &Path) -> SaveError {
    let message = match &error {
        Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg)) => msg.clone(),
        error => error.to_string(),
    };
    let refused = matches!(error, Error::MultipleStatement | Error::ExecuteReturnedResults)
        || message.contains("cannot modify")
        || message.contains("may not be modified");
    let what = match error.sqlite_error_code() {
        _ if refused => ONLY_SELECT.to_owned(),
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => {
            ONLY_SELECT.to_owned()
        }
        _ if message.contains("no such table") => {
            format!("{message}; there are {}", tables.join(", "))
        }
        _ if message.contains("no such column") => {
            format!("{message}; `SELECT * FROM tables` says which columns each table has")
        }
        Some(ErrorCode::Unknown | ErrorCode::TooBig) | None => {
            format!("the query cannot be answered: {message}")
        }
        _ => return Failure::from(error).of(path, "read"),
    };
    SaveError::Query { what }
}

const ONLY_SELECT: &str =
    "only one SELECT is answered: a save is changed by running its world, or by `send`";
