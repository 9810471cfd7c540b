//! The statements of one system run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{CachedStatement, Connection, Error, ErrorCode};

use super::database::{Database, Inner};
use super::follower::TRIGGERS;
use super::gate::{Allowance, Principal};
use super::{TableChange, bulk, given, value};
use sandtable_world::config::Limits;
use sandtable_world::ecs::TableState;
use sandtable_world::fault::{Fault, Halt, Verdict};
use sandtable_world::grants::Rights;
use sandtable_world::statements::{Done, ResultSet, Statements};

/// The statements of one system run. Undone when it is dropped without being
/// kept.
pub struct Session {
    database: Arc<Database>,
    rights: Arc<Rights>,
    /// What its prepared statements are kept under.
    prefix: String,
    limits: Limits,
    /// Whether what becomes of rows is written down.
    records: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun: bool,
    statements: u64,
    rows_read: u64,
    bytes: u64,
    allowance: Allowance,
    changes: BTreeMap<String, TableChange>,
}

/// Why a statement has not been done.
enum Failed {
    Told(String),
    Sqlite(Error),
    Over(Fault),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<String> for Failed {
    fn from(told: String) -> Self {
        Self::Told(told)
    }
}

impl Statements for Session {
    /// All of an answer is read, so that no change is left half done.
    fn query(&self, sql: &str, parameters: &[u8]) -> Done<ResultSet> {
        self.statement(sql, parameters.len(), |session, state, connection| {
            let mut statement = session.prepare(connection, sql)?;
            if statement.column_count() == 0 {
                let told = "a change answers nothing without RETURNING: use `execute`";
                return Err(Failed::Told(told.to_owned()));
            }
            let mut from = parameters;
            value::bind(&mut statement, &mut from)?;
            value::ended(from)?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut answer = value::Rows::new();
            let before = state.bytes;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let encoded = answer.begin(columns.len());
                for at in 0..columns.len() {
                    value::write(row.get_ref(at)?, encoded);
                }
                state.rows_read += 1;
                if state.rows_read > session.limits.rows_read_max {
                    return Err(Failed::Over(Fault::TooMuch {
                        what: "rows read from tables",
                        limit: "rows_read_max",
                        most: session.limits.rows_read_max,
                    }));
                }
                state.bytes = before + answer.bytes();
                session.check_bytes(state)?;
            }
            Ok(ResultSet { columns, rows: answer.end() })
        })
    }

    fn execute(&self, sql: &str, rows: &[u8]) -> Done<u64> {
        self.statement(sql, rows.len(), |session, _, connection| {
            let mut statement = session.prepare(connection, sql)?;
            if statement.readonly() {
                return Err(Failed::Told("a SELECT changes nothing: use `query`".to_owned()));
            }
            if statement.column_count() > 0 {
                let told = "what RETURNING returns is an answer: use `query`, or leave it away";
                return Err(Failed::Told(told.to_owned()));
            }
            let mut from = rows;
            let count = value::array(&mut from)?;
            if count > 1
                && let Some(bulk) = bulk::rewritten(sql)
                && !value::has_long_row(from, count)
            {
                let rows = given::Rows::new(from, count, statement.parameter_count());
                return session.insert(connection, &bulk, rows);
            }
            let mut changed = 0;
            for _ in 0..count {
                value::bind(&mut statement, &mut from)?;
                changed += statement.raw_execute()? as u64;
            }
            value::ended(from)?;
            Ok(changed)
        })
    }
}

impl Session {
    /// For a run of a mod's system over a world with these tables. Nothing is
    /// begun before the first statement.
    pub fn new(
        database: Arc<Database>,
        mod_id: &str,
        rights: Arc<Rights>,
        limits: &Limits,
        tables: &BTreeMap<String, TableState>,
    ) -> Self {
        let mut allowance = Allowance {
            rows: limits.rows_written_max,
            rows_max: limits.rows_written_max,
            room: Vec::new(),
            bytes_max: limits.tables_max_bytes,
        };
        for (name, state) in tables {
            let left = allowance.room(name);
            *left = left.saturating_sub(state.bytes);
        }
        let state = Mutex::new(State { allowance, ..State::default() });
        // A mod that was granted more or less is another.
        let granted = blake3::hash(format!("{rights:?}").as_bytes()).to_hex();
        let prefix = format!("/*{mod_id} {}*/", &granted[..16]);
        Self { database, rights, prefix, limits: limits.clone(), records: true, state }
    }

    /// Writes down what becomes of rows only where `records` says so.
    pub fn recording(self, records: bool) -> Self {
        Self { records, ..self }
    }

    /// What was changed, by table, if the run is to be kept.
    /// Otherwise nothing was.
    ///
    /// # Errors
    ///
    /// SQLite undid the tick, or cannot write. The tick must be undone.
    pub fn end(&self, keep: bool) -> Result<BTreeMap<String, TableChange>, Halt> {
        let mut state = self.state();
        if !std::mem::take(&mut state.begun) {
            return Ok(BTreeMap::new());
        }
        let mut inner = self.database.inner();
        if inner.connection.is_autocommit() {
            return Err(Halt::Statement("SQLite undid the tick".to_owned()));
        }
        inner.end_run(keep).map_err(|error| Halt::Save(error.to_string()))?;
        Ok(if keep { std::mem::take(&mut state.changes) } else { BTreeMap::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one statement as the mod, and sees to what came of it. What it
    /// changed is undone unless all of it was done.
    fn statement<T>(
        &self,
        sql: &str,
        parameters: usize,
        work: impl FnOnce(&Self, &mut State, &Connection) -> Result<T, Failed>,
    ) -> Done<T> {
        let mut state = self.state();
        state.statements += 1;
        state.bytes += (sql.len() + parameters) as u64;
        if state.statements > self.limits.statements_max {
            return Err(Verdict::Fault(Fault::TooMuch {
                what: "statements",
                limit: "statements_max",
                most: self.limits.statements_max,
            }));
        }
        if let Err(Failed::Over(fault)) = self.check_bytes(&state) {
            return Err(Verdict::Fault(fault));
        }
        if let Some(told) = refusal(sql) {
            return Ok(Err(told));
        }
        let mut inner = self.database.inner();
        let save = |error: Error| Verdict::Halt(Halt::Save(error.to_string()));
        if !state.begun {
            inner.begin_run().map_err(save)?;
            state.begun = true;
        }
        mark(&inner, "SAVEPOINT st_statement").map_err(save)?;
        let (result, passed) = self.as_mod(&inner, &mut state, work).map_err(save)?;
        let told = match (passed.over, passed.fired, result) {
            (.., Err(Failed::Sqlite(error))) if matches!(halt(&error), Some(Halt::Save(_))) => {
                return Err(save(error));
            }
            _ if inner.connection.is_autocommit() => {
                let why = "SQLite could only undo the whole tick".to_owned();
                return Err(Verdict::Halt(Halt::Statement(why)));
            }
            (_, Some(fired), _) => {
                return Err(Verdict::Halt(Halt::Statement(format!("a statement took {fired}"))));
            }
            (Some(fault), ..) | (.., Err(Failed::Over(fault))) => {
                return Err(Verdict::Fault(fault));
            }
            (.., Err(Failed::Sqlite(error))) if halt(&error).is_some() => {
                return Err(Verdict::Halt(Halt::Statement(error.to_string())));
            }
            (.., Ok(done)) => {
                mark(&inner, "RELEASE st_statement").map_err(save)?;
                state.allowance = passed.allowance;
                for (table, change) in passed.changes {
                    let known = state.changes.entry(table).or_default();
                    known.state = known.state.plus(change.state);
                    match known.rows.is_empty() {
                        true => known.rows = change.rows,
                        false => known.rows.extend_from_slice(&change.rows),
                    }
                }
                return Ok(Ok(done));
            }
            (.., Err(Failed::Sqlite(error))) => explain(error),
            (.., Err(Failed::Told(told))) => told,
        };
        mark(&inner, "ROLLBACK TO st_statement").map_err(save)?;
        mark(&inner, "RELEASE st_statement").map_err(save)?;
        Ok(Err(told))
    }

    /// Lets the connection work for the mod.
    fn as_mod<T>(
        &self,
        inner: &Inner,
        state: &mut State,
        work: impl FnOnce(&Self, &mut State, &Connection) -> Result<T, Failed>,
    ) -> Result<(Result<T, Failed>, super::gate::Passed), Error> {
        inner.confine(true)?;
        let principal = Principal::Mod(self.rights.clone());
        let allowance = state.allowance.clone();
        self.database.gate.begin_statement(principal, allowance, &self.limits, self.records);
        let result = work(self, state, &inner.connection);
        let passed = self.database.gate.end_statement();
        inner.confine(false)?;
        Ok((result, passed))
    }

    /// Prepares a statement, under the mod's name: one that is prepared is not
    /// authorised again.
    fn prepare<'c>(
        &self,
        connection: &'c Connection,
        sql: &str,
    ) -> Result<CachedStatement<'c>, Failed> {
        let statement = connection.prepare_cached(&[&self.prefix, sql].concat())?;
        if statement.is_explain() != 0 {
            return Err(Failed::Told("EXPLAIN is refused".to_owned()));
        }
        Ok(statement)
    }

    /// Makes an INSERT that reads the rows from the table of what is given. Its text
    /// is the host's, and so are the names under which it is kept: no mod's begins
    /// like them.
    fn insert(&self, connection: &Connection, sql: &str, rows: given::Rows) -> Result<u64, Failed> {
        let given = self.database.gate.given();
        let statements = given.lend(rows);
        let insert = || {
            let mut insert = connection.prepare_cached(&["/*+", &self.prefix, sql].concat())?;
            (0..statements)
                .try_fold(0, |changed, _| insert.raw_execute().map(|more| changed + more as u64))
        };
        let changed: Result<u64, Error> = insert();
        let wrong = given.take_back();
        let changed = changed?;
        wrong?;
        Ok(changed)
    }

    fn check_bytes(&self, state: &State) -> Result<(), Failed> {
        if state.bytes > self.limits.sql_max_bytes {
            return Err(Failed::Over(Fault::TooMuch {
                what: "bytes to and from tables",
                limit: "sql_max_bytes",
                most: self.limits.sql_max_bytes,
            }));
        }
        Ok(())
    }
}

fn mark(inner: &Inner, sql: &str) -> Result<(), Error> {
    inner.connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// What is refused before SQLite sees it, because the authorizer is not asked or
/// could not tell: the word that undoes the tick, and the name that a part of the
/// statement would have to bear to pass for the host's.
fn refusal(sql: &str) -> Option<String> {
    let holds = |word: &str| {
        sql.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    if let Some(word) = ["ROLLBACK", TRIGGERS, "\0"].into_iter().find(|word| holds(word)) {
        return Some(format!(
            "{word:?} is refused wherever it stands in a statement: give texts as parameters"
        ));
    }
    const VERBS: [&str; 7] = ["SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"];
    let first = first_word(sql);
    let is_one = VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(first));
    // SQLite does not ask the authorizer about a DROP of what is not there.
    (!is_one).then(|| {
        format!("not authorized: a mod's statements are {}, and not {first:?}", VERBS.join(", "))
    })
}

/// The first word of a statement, past comments.
fn first_word(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let comment = match rest.get(..2) {
            Some("--") => rest.find('\n'),
            Some("/*") => rest[2..].find("*/").map(|at| at + 3),
            _ => {
                let end = rest.find(|letter: char| !letter.is_ascii_alphabetic());
                return &rest[..end.unwrap_or(rest.len())];
            }
        };
        let Some(end) = comment else { return "" };
        rest = rest[end + 1..].trim_start();
    }
}

/// What a failure means on which no two machines need agree.
fn halt(error: &Error) -> Option<Halt> {
    match error.sqlite_error_code()? {
        ErrorCode::OutOfMemory | ErrorCode::OperationInterrupted | ErrorCode::OperationAborted => {
            Some(Halt::Statement(error.to_string()))
        }
        // No mod can be blamed for the disk.
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::ReadOnly
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::CannotOpen
        | ErrorCode::FileLockingProtocolFailed => Some(Halt::Save(error.to_string())),
        _ => None,
    }
}

/// What a mod's author is told.
fn explain(error: Error) -> String {
    match error {
        Error::MultipleStatement => "give one statement at a time".to_owned(),
        Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg)) => msg,
        error => error.to_string(),
    }
}
