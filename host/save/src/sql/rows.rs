//! A SELECT that is answered row by row.

use std::collections::BTreeMap;
use std::mem;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Error, Statement};

use crate::error::SaveError;

use super::explain::explain;

/// A SELECT that is answered row by row.
#[derive(Debug)]
pub struct SelectRows<'c> {
    statement: Statement<'c>,
    /// What there is to ask, for a caller that asks for something else.
    tables: &'c [String],
    path: &'c Path,
}

impl<'c> SelectRows<'c> {
    pub(crate) fn of(
        connection: &'c Connection,
        tables: &'c [String],
        path: &'c Path,
        sql: &str,
    ) -> Result<Self, SaveError> {
        let prepared = connection.prepare(sql).and_then(|statement| {
            match statement.column_count() > 0 && statement.readonly() {
                true => Ok(statement),
                false => Err(Error::ExecuteReturnedResults),
            }
        });
        let statement = prepared.map_err(|error| explain(error, tables, path))?;
        Ok(Self { statement, tables, path })
    }

    /// Names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.statement.column_names().map(str::to_owned).collect()
    }

    /// The types that the columns are declared with; nothing where there is none.
    pub(crate) fn types(&self) -> Vec<String> {
        // Of strict tables, where that is none; elsewhere it would be a number.
        let is_type = |ty: &&str| !ty.eq_ignore_ascii_case("ANY");
        let columns = self.statement.columns();
        columns.map(|it| it.decl_type().filter(is_type).unwrap_or_default().to_owned()).collect()
    }

    /// Starts again from the first row, with these values for the parameters
    /// `?1`, `?2` and so on.
    ///
    /// # Errors
    ///
    /// There are more arguments than parameters.
    pub fn restart(&mut self, arguments: &[Value]) -> Result<(), SaveError> {
        let mut bind = || {
            drop(self.statement.raw_query());
            self.statement.clear_bindings();
            let mut numbered = arguments.iter().zip(1..);
            numbered.try_for_each(|(it, at)| self.statement.raw_bind_parameter(at, it))
        };
        bind().map_err(|error| explain(error, self.tables, self.path))
    }

    /// Gives values for parameters by their names, before the first row is asked for.
    ///
    /// # Errors
    ///
    /// The statement has a parameter that none is given for.
    pub(crate) fn bind(&mut self, values: &BTreeMap<&str, Value>) -> Result<(), SaveError> {
        let mut bind = || {
            for at in 1..=self.statement.parameter_count() {
                let name = self.statement.parameter_name(at).unwrap_or("?");
                let value = values.get(name.trim_start_matches(':'));
                let value = value.ok_or_else(|| Error::InvalidParameterName(name.to_owned()))?;
                self.statement.raw_bind_parameter(at, value)?;
            }
            Ok(())
        };
        bind().map_err(|error| explain(error, self.tables, self.path))
    }

    /// The next row, with a value for each column; nothing after the last one.
    ///
    /// # Errors
    ///
    /// A row cannot be computed, or the save cannot be read. There is no next row then.
    #[expect(clippy::should_implement_trait, reason = "after an error there is no next one")]
    pub fn next(&mut self) -> Result<Option<Vec<Value>>, SaveError> {
        let columns = self.statement.column_count();
        let mut step = || {
            let mut rows = self.statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(None) };
            let values = (0..columns).map(|at| row.get(at)).collect::<Result<_, Error>>()?;
            // Dropped, it would go back to the first row.
            mem::forget(rows);
            Ok(Some(values))
        };
        step().map_err(|error| explain(error, self.tables, self.path))
    }
}
