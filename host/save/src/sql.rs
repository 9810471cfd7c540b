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

pub(super) mod cells;
mod functions;
mod moment;
mod names;
mod needs;
mod past;
mod rows;
mod search;
mod table;
mod text;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::Value;
use rusqlite::{Connection, Error, ErrorCode};

use sandtable_world::ecs::{Entity, Registry};

use super::declarations::Declarations;
use super::error::{Failure, SaveError};
use super::inquiry::TableShape;
use super::payloads::Payloads;
use crate::tables;

pub use functions::{FUNCTIONS, Function};
pub(super) use moment::Moment;
pub(super) use names::tables_of_kinds;
pub(super) use needs::{Need, Needs};
pub(super) use past::Archive;
pub use rows::Rows;
pub use search::{RowNumbers, may_be_number, plain_integer};
pub use text::cell_to_json;
pub use text::exact;
pub(super) use views::types_of_view;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Its rows, each with a value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// What there is to be asked besides the world.
#[derive(Default)]
pub(super) struct About<'a> {
    /// What led to it.
    pub archive: Option<Archive>,
    /// The tick at which it stands, where that is an earlier one.
    pub moment: Option<Moment>,
    /// The tables of mods then, where those were others than now; else they are
    /// made when they are asked for.
    pub tables: Option<&'a Connection>,
    /// Entities that were given names.
    pub given: Option<&'a BTreeMap<String, Entity>>,
}

/// Makes the tables over a world of these kinds, and closes the connection
/// against everything but reading. Returns what they are called, and the shapes
/// of those that are not the file's own.
pub(super) fn set_up(
    connection: &mut Connection,
    registry: &Arc<Registry>,
    needs: &Arc<Needs>,
    About { archive, moment, tables, given }: About<'_>,
) -> rusqlite::Result<(Vec<String>, BTreeMap<String, TableShape>)> {
    let declarations = Declarations::read(connection)?;
    let mut shown = names::shown(registry, &declarations, &names::taken(connection)?);
    shown.extend(given.map(names::given));
    // What is temporary is kept in memory, and counts as writing.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", false)?;
    let mut hidden = BTreeSet::new();
    if let Some(moment) = moment {
        hidden = moment::of_now(connection)?;
        moment.begin(connection)?;
        if let Some(then) = tables {
            moment.show_tables(connection, then)?;
            needs.set_tables();
        }
    }
    let tick = moment.map(|moment| moment.tick);
    functions::make(connection)?;
    let payloads = Payloads::read(connection, &declarations, registry)?;
    views::make(connection, registry, payloads, tick)?;
    connection.pragma_update(None, "query_only", true)?;
    let of_mods = tables::names(tables.unwrap_or(connection))?;
    let shown_then: BTreeSet<String> = of_mods.iter().cloned().collect();
    let of_mods = names::of_mods(connection, of_mods)?;
    shown.push(names::listing(&shown, tick, &of_mods));
    let names = shown.iter().map(|shown| shown.name.clone());
    let names = names.chain(views::at(tick).map(|view| view.name.to_owned()));
    let names = names.chain(of_mods.into_iter().map(|(name, _)| name)).collect();
    let shapes = shown.iter().map(|shown| (shown.name.clone(), shown.shape())).collect();
    let archive = archive.map(Arc::new);
    for shown in shown {
        table::register(connection, needs.clone(), registry.clone(), archive.clone(), shown)?;
    }
    let needs = needs.clone();
    // Of a table from which no column is asked for, SQLite says only what the
    // statement says: no database, where it names none.
    let is_of = |found: Option<&str>, database| found.is_none_or(|found| found == database);
    connection.authorizer(Some(move |context: AuthContext<'_>| match context.action {
        _ if needs.is_making() => Authorization::Allow,
        AuthAction::Read { table_name, .. }
            if is_of(context.database_name, "main") && hidden.contains(table_name) =>
        {
            let is_then = context.database_name.is_none() && shown_then.contains(table_name);
            if is_then && needs.has_tables() {
                return Authorization::Allow;
            }
            needs.ask_for_tables();
            Authorization::Deny
        }
        AuthAction::Read { table_name: moment::MOD_STATES, .. }
            if is_of(context.database_name, "temp") && tick.is_some() && needs.world().is_err() =>
        {
            Authorization::Deny
        }
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => {
            Authorization::Allow
        }
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }))?;
    Ok((names, shapes))
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
        _ if message.contains("is prohibited") => {
            format!("there was no such table at that tick; there were {}", tables.join(", "))
        }
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
