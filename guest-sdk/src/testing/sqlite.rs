//! Tables in memory.

use std::rc::Rc;

use rmpv::Value;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::sandtable::guest::tables::Answer;
use crate::codec::write;
use crate::sys::double::SomeTables;

/// Tables in memory, which trials use and tests look into. What one trial leaves
/// in them the next one finds. They know no other mods, quotas or refusals.
///
/// ```
/// use sandtable_sdk::prelude::*;
/// use sandtable_sdk::testing::{Sqlite, Trial};
///
/// #[system]
/// fn note(mut tables: Tables, tick: Tick) -> Result<(), TableError> {
///     tables.execute("INSERT INTO diary__days VALUES (?1)", (tick.number(),))?;
///     Ok(())
/// }
///
/// let tables = Sqlite::new(&["CREATE TABLE diary__days (tick INTEGER PRIMARY KEY) \
///                             STRICT, WITHOUT ROWID"])?;
/// Trial::of::<note>().tick(7, 1.0).tables(&tables).run()?;
/// assert_eq!(tables.query::<(u64,)>("SELECT tick FROM diary__days", ())?, [(7,)]);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sqlite(pub(super) Rc<Connection>);

impl Sqlite {
    /// Tables as these migrations make them.
    ///
    /// # Errors
    ///
    /// A migration fails: what SQLite says.
    pub fn new(migrations: &[&str]) -> Result<Self, String> {
        let connection = Connection::open_in_memory().map_err(told)?;
        migrations.iter().try_for_each(|sql| connection.execute_batch(sql)).map_err(told)?;
        Ok(Self(Rc::new(connection)))
    }

    /// The rows that a SELECT answers.
    ///
    /// # Errors
    ///
    /// The statement fails, or its rows are no `R`.
    pub fn query<R: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Vec<R>, String> {
        let parameters = rmp_serde::to_vec(&parameters).map_err(|error| error.to_string())?;
        let answer = SomeTables::query(&*self.0, sql, &parameters)?;
        rmp_serde::from_slice(&answer.rows).map_err(|error| error.to_string())
    }

    pub(super) fn begin(&self) -> Result<(), String> {
        self.0.execute_batch("SAVEPOINT trial").map_err(told)
    }

    pub(super) fn end(&self, keep: bool) -> Result<(), String> {
        let undo = if keep { "" } else { "ROLLBACK TO trial; " };
        self.0.execute_batch(&format!("{undo}RELEASE trial")).map_err(told)
    }
}

fn told(error: rusqlite::Error) -> String {
    error.to_string()
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            Value::Nil => ValueRef::Null,
            Value::Boolean(truth) => ValueRef::Integer((*truth).into()),
            Value::Integer(number) => {
                let bits = number.as_i64().or(number.as_u64().map(|bits| bits as i64));
                ValueRef::Integer(bits.unwrap_or_default())
            }
            Value::F32(number) => ValueRef::Real(f64::from(*number)),
            Value::F64(number) => ValueRef::Real(*number),
            Value::String(text) => ValueRef::Text(text.as_bytes()),
            Value::Binary(bytes) => ValueRef::Blob(bytes),
            _ => return Err(rusqlite::Error::InvalidParameterName("one with parts".to_owned())),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

fn array(bytes: &mut &[u8]) -> Result<Vec<Value>, String> {
    match rmpv::decode::read_value(bytes).map_err(|error| error.to_string())? {
        Value::Nil => Ok(Vec::new()),
        Value::Array(items) => Ok(items),
        other => Err(format!("the parameters must be an array or a tuple, and are {other}")),
    }
}

fn bind(statement: &mut Statement<'_>, values: &[Value]) -> Result<(), String> {
    let (given, wanted) = (values.len(), statement.parameter_count());
    if given != wanted {
        return Err(format!("the statement has {wanted} parameters, and {given} were given"));
    }
    for (place, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(place + 1, Parameter(value)).map_err(told)?;
    }
    Ok(())
}

impl SomeTables for Connection {
    fn query(&self, sql: &str, mut parameters: &[u8]) -> Result<Answer, String> {
        let mut statement = self.prepare(sql).map_err(told)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        bind(&mut statement, &array(&mut parameters)?)?;
        let (mut count, mut encoded) = (0, Vec::new());
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(told)? {
            count += 1;
            write::array(&mut encoded, columns.len());
            for at in 0..columns.len() {
                match row.get_ref(at).map_err(told)? {
                    ValueRef::Null => write::nil(&mut encoded),
                    ValueRef::Integer(number) => write::int(&mut encoded, number),
                    ValueRef::Real(number) => write::f64(&mut encoded, number),
                    ValueRef::Text(text) => {
                        write::str(&mut encoded, &String::from_utf8_lossy(text));
                    }
                    ValueRef::Blob(bytes) => write::bin(&mut encoded, bytes),
                }
            }
        }
        let mut all = Vec::with_capacity(encoded.len() + 5);
        write::array(&mut all, count);
        all.append(&mut encoded);
        Ok(Answer { columns, rows: all })
    }

    fn execute(&self, sql: &str, mut rows: &[u8]) -> Result<u64, String> {
        let mut statement = self.prepare(sql).map_err(told)?;
        let mut changed = 0;
        for row in array(&mut rows)? {
            let Value::Array(values) = row else {
                return Err("each row of parameters must be an array or a tuple".to_owned());
            };
            bind(&mut statement, &values)?;
            changed += statement.raw_execute().map_err(told)? as u64;
        }
        Ok(changed)
    }
}
