//! Why a question is not answered.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::error::{Failure, SaveError};

/// Says what is wrong with a question, and where that helps what there is.
pub(super) fn explain(error: Error, tables: &[String], path: &Path) -> SaveError {
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
