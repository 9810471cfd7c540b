//! Whose statement the connection is at, and what it may.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

use super::digester::Digester;
use super::follower::{Change, FOLLOWER, TRIGGERS};
use super::given::{GIVEN, Given};
use super::{TableChange, memory, owner, rows, value};
use sandtable_world::config::Limits;
use sandtable_world::fault::Fault;
use sandtable_world::grants::Rights;

/// Steps of SQLite's machine between two looks at the guards.
const STEPS_BETWEEN_LOOKS: i32 = 1000;

/// Functions that give the same for the same arguments on every machine.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "first_value",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "typeof",
    "unicode",
    "unlikely",
    "upper",
    "zeroblob",
];

/// Functions that SQLite itself calls for ALTER TABLE.
const OF_ALTER: &[&str] = &[
    "sqlite_add_constraint",
    "sqlite_drop_column",
    "sqlite_drop_constraint",
    "sqlite_fail",
    "sqlite_find_constraint",
    "sqlite_rename_column",
    "sqlite_rename_quotefix",
    "sqlite_rename_table",
    "sqlite_rename_test",
];

/// Who a statement is of.
#[derive(Clone, Debug, Default)]
pub(super) enum Principal {
    /// The host: it may all.
    #[default]
    Host,
    /// A mod at run time: rows only.
    Mod(Arc<Rights>),
    /// The migrations of the mod with this id: its own tables only.
    Migration(String),
}

/// What the statements of a run may still do.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowance {
    /// Rows that may still be written.
    pub rows: u64,
    /// Bytes that the tables of each mod may still grow by; those of a mod that is
    /// not named have all of them.
    pub room: Vec<(String, u64)>,
    /// The limits themselves.
    pub rows_max: u64,
    pub bytes_max: u64,
}

impl Allowance {
    /// What the tables of the mod that owns this one may still grow by.
    pub fn room(&mut self, table: &str) -> &mut u64 {
        named(&mut self.room, owner(table).unwrap_or_default(), || self.bytes_max)
    }
}

/// What stands in a short list under a name, where it is put if it is not there.
fn named<'l, T>(list: &'l mut Vec<(String, T)>, name: &str, new: impl FnOnce() -> T) -> &'l mut T {
    let at = list.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        list.push((name.to_owned(), new()));
        list.len() - 1
    });
    &mut list[at].1
}

/// What stops a statement that no quota stopped.
#[derive(Clone, Debug)]
struct Guards {
    steps: u64,
    until: Option<Instant>,
    memory_max: u64,
    fired: Option<String>,
    limits: Limits,
}

#[derive(Debug, Default)]
struct State {
    principal: Principal,
    allowance: Allowance,
    changes: Vec<(String, TableChange)>,
    /// Whether what becomes of rows is written down.
    records: bool,
    digester: Digester,
    over: Option<Fault>,
    guards: Option<Guards>,
}

/// What came of the statements of one principal.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// What was changed, by table.
    pub changes: Vec<(String, TableChange)>,
    /// The quota that was passed.
    pub over: Option<Fault>,
    /// The guard that stopped a statement.
    pub fired: Option<String>,
    /// What is left of the allowance.
    pub allowance: Allowance,
}

/// Shared by the connection's hooks.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    given: Given,
    /// Everything that a statement could read by name, in small letters.
    readable: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// Sets the hooks of a connection, once.
    pub(super) fn install(&self, connection: &mut Connection) -> Result<()> {
        let gate = self.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| gate.authorize(&context)))?;
        let gate = self.clone();
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || gate.look()))
    }

    /// What is lent to the table of parameters.
    pub(super) fn given(&self) -> Given {
        self.0.given.clone()
    }

    /// Notes what there is to be read, whenever that has changed.
    pub(super) fn note_readable(&self, connection: &Connection) -> Result<()> {
        let sql = "SELECT lower(name) FROM sqlite_schema UNION SELECT lower(name) FROM pragma_module_list";
        let names = connection
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect::<Result<BTreeSet<String>>>()?;
        *self.readable() = names;
        Ok(())
    }

    fn readable(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.readable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a name is that of a part of the statement itself. Of tables that
    /// no column is read of, SQLite tells the name as it was written; so that
    /// must be the name of nothing else.
    fn is_part(&self, name: &str) -> bool {
        const INTERNAL: [&str; 3] = ["st_", "sqlite_", "pragma_"];
        let name = name.to_ascii_lowercase();
        !INTERNAL.iter().any(|start| name.starts_with(start))
            && owner(&name).is_none()
            && !self.readable().contains(&name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a principal in, whose statements are counted and guarded from now on. What
    /// becomes of rows is written down where `records` says so.
    pub(super) fn begin_statement(
        &self,
        principal: Principal,
        allowance: Allowance,
        limits: &Limits,
        records: bool,
    ) {
        let millis = limits.wall_clock_max_millis;
        let guards = Guards {
            steps: limits.sql_steps_max,
            until: Instant::now().checked_add(Duration::from_millis(millis)).filter(|_| millis > 0),
            memory_max: memory::used().saturating_add(limits.sql_memory_max_bytes),
            fired: None,
            limits: limits.clone(),
        };
        *self.state() =
            State { principal, allowance, records, guards: Some(guards), ..State::default() };
    }

    /// Gives the connection back to the host.
    pub(super) fn end_statement(&self) -> Passed {
        let State { allowance, changes, over, guards, .. } = std::mem::take(&mut *self.state());
        Passed { changes, over, fired: guards.and_then(|guards| guards.fired), allowance }
    }

    /// Counts a row that came, went or became another.
    pub(super) fn follow<'v>(
        &self,
        change: Change,
        table: &str,
        values: impl ExactSizeIterator<Item = ValueRef<'v>>,
    ) -> Result<(), &'static str> {
        let mut state = self.state();
        let State { allowance, over, changes, records, digester, .. } = &mut *state;
        let TableChange { state: known, rows } = named(changes, table, TableChange::default);
        let gone = matches!(change, Change::Deleted | Change::Left);
        if *records {
            rows::begin(gone, values.len(), rows);
        }
        digester.begin(table);
        for value in values {
            if matches!(value, ValueRef::Text(text) if std::str::from_utf8(text).is_err()) {
                return Err("a text that is no UTF-8 cannot be kept: keep it as a blob");
            }
            digester.value(value);
            if *records {
                value::write(value, rows);
            }
        }
        let row = digester.end();
        *known = if gone { known.minus(row) } else { known.plus(row) };
        let left = allowance.rows.checked_sub(u64::from(change != Change::Left));
        let room = allowance.room(table);
        let bytes =
            if gone { Some(room.saturating_add(row.bytes)) } else { room.checked_sub(row.bytes) };
        match (left, bytes) {
            (Some(left), Some(bytes)) => {
                *room = bytes;
                allowance.rows = left;
                return Ok(());
            }
            (None, _) => {
                *over = Some(Fault::TooMuch {
                    what: "rows written to tables",
                    limit: "rows_written_max",
                    most: allowance.rows_max,
                });
            }
            (_, None) => {
                *over = Some(Fault::TooMuch {
                    what: "bytes in tables",
                    limit: "tables_max_bytes",
                    most: allowance.bytes_max,
                });
            }
        }
        Err("a quota is used up")
    }

    /// Whether to stop the statement at work.
    fn look(&self) -> bool {
        let mut state = self.state();
        let Some(guards) = &mut state.guards else { return false };
        guards.steps = guards.steps.saturating_sub(STEPS_BETWEEN_LOOKS as u64);
        let limits = &guards.limits;
        let fired = if limits.sql_steps_max > 0 && guards.steps == 0 {
            format!("{} steps of SQLite (limit `sql_steps_max`)", limits.sql_steps_max)
        } else if limits.sql_memory_max_bytes > 0 && memory::used() > guards.memory_max {
            let bytes = limits.sql_memory_max_bytes;
            format!("{bytes} bytes of memory in SQLite (limit `sql_memory_max_bytes`)")
        } else if guards.until.is_some_and(|until| Instant::now() > until) {
            let millis = limits.wall_clock_max_millis;
            format!("{millis} ms on the wall (limit `wall_clock_max_millis`)")
        } else {
            return false;
        };
        guards.fired = Some(fired);
        true
    }

    fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        let state = self.state();
        let allowed = match &state.principal {
            Principal::Host => true,
            Principal::Mod(rights) => self.may(rights, context),
            Principal::Migration(id) => may_migrate(id, context),
        };
        if allowed { Authorization::Allow } else { Authorization::Deny }
    }

    fn may(&self, rights: &Rights, context: &AuthContext<'_>) -> bool {
        if !is_main(context) {
            return false;
        }
        match context.action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Read { table_name: "json_each" | "json_tree", .. } => true,
            AuthAction::Read { table_name: GIVEN, .. } => self.0.given.is_open(),
            AuthAction::Read { table_name, column_name: "" } if owner(table_name).is_none() => {
                context.database_name.is_none() && self.is_part(table_name)
            }
            AuthAction::Read { table_name, .. } => {
                owner(table_name).is_some() && rights.may_read_table(table_name)
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => {
                owner(table_name).is_some() && rights.may_write_table(table_name)
            }
            // What follows rows is a trigger of the host, and no part of a
            // statement has such a name: the session refuses it.
            AuthAction::Function { function_name: FOLLOWER } => {
                context.accessor.is_some_and(|accessor| accessor.starts_with(TRIGGERS))
            }
            AuthAction::Function { function_name } => is_known(function_name, FUNCTIONS),
            _ => false,
        }
    }
}

fn is_main(context: &AuthContext<'_>) -> bool {
    matches!(context.database_name, None | Some("main"))
}

fn may_migrate(id: &str, context: &AuthContext<'_>) -> bool {
    // Names that only SQLite itself can give.
    const AUTOMATIC: &str = "sqlite_autoindex_";
    const OF_SQLITE: [&str; 3] = ["sqlite_master", "sqlite_temp_master", "pragma_quick_check"];
    let own = |table: &str| is_main(context) && owner(table) == Some(id);
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::CreateTable { table_name } | AuthAction::DropTable { table_name } => {
            own(table_name)
        }
        // The name that the hook has for the database is of a column here.
        AuthAction::AlterTable { database_name, table_name } => {
            database_name == "main" && owner(table_name) == Some(id)
        }
        AuthAction::CreateIndex { index_name, table_name } => {
            own(table_name) && (own(index_name) || index_name.starts_with(AUTOMATIC))
        }
        AuthAction::DropIndex { index_name, .. } | AuthAction::Reindex { index_name } => {
            own(index_name) || index_name.starts_with(AUTOMATIC)
        }
        AuthAction::Read { table_name, .. }
        | AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => {
            own(table_name) || OF_SQLITE.contains(&table_name)
        }
        // ALTER TABLE lets SQLite check the rows.
        AuthAction::Pragma { pragma_name, .. } => pragma_name == "quick_check",
        AuthAction::Function { function_name } => {
            is_known(function_name, FUNCTIONS) || is_known(function_name, OF_ALTER)
        }
        _ => false,
    }
}

fn is_known(function: &str, list: &[&str]) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(function))
}
