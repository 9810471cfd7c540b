//! A virtual table of the outer SQLite: what it calls, and in whose words.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::rc::Rc;
use std::slice;

use rusqlite::ffi::{
    SQLITE_ERROR, SQLITE_INDEX_CONSTRAINT_EQ, SQLITE_INDEX_CONSTRAINT_GE,
    SQLITE_INDEX_CONSTRAINT_GT, SQLITE_INDEX_CONSTRAINT_IS, SQLITE_INDEX_CONSTRAINT_ISNULL,
    SQLITE_INDEX_CONSTRAINT_LE, SQLITE_INDEX_CONSTRAINT_LT, SQLITE_OK, sqlite3, sqlite3_context,
    sqlite3_index_info, sqlite3_module, sqlite3_value, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::types::Value;
use sandtable_save::{TableShape, quoted};

use super::{c, guarded, owned};
use crate::loaded::Loaded;
use crate::plan::{Condition, Operator, Order, Plan};
use crate::scan::Scan;

/// What SQLite calls. There is nothing to write with.
pub static MODULE: sqlite3_module = sqlite3_module {
    iVersion: 0,
    xCreate: Some(connect),
    xConnect: Some(connect),
    xBestIndex: Some(best_index),
    xDisconnect: Some(disconnect),
    xDestroy: Some(disconnect),
    xOpen: Some(open),
    xClose: Some(close),
    xFilter: Some(filter),
    xNext: Some(next),
    xEof: Some(eof),
    xColumn: Some(column),
    xRowid: Some(rowid),
    xUpdate: None,
    xBegin: None,
    xSync: None,
    xCommit: None,
    xRollback: None,
    xFindFunction: None,
    xRename: None,
    xSavepoint: None,
    xRelease: None,
    xRollbackTo: None,
    xShadowName: None,
    xIntegrity: None,
};

/// Starts as SQLite's own does, which fills that in.
#[repr(C)]
struct Table {
    base: sqlite3_vtab,
    loaded: Rc<Loaded>,
    shape: TableShape,
    /// Searches that were planned; a search names its plan by its place.
    plans: RefCell<Vec<Plan>>,
}

/// Starts as SQLite's own does, which fills that in.
#[repr(C)]
struct Cursor {
    base: sqlite3_vtab_cursor,
    scan: Scan,
}

impl Table {
    fn declare(&self) -> Result<CString, String> {
        let columns = self.shape.columns.iter().map(|it| {
            let ty = if it.ty.is_empty() { String::new() } else { quoted(&it.ty) };
            format!("{} {ty} COLLATE {}", quoted(&it.name), quoted(&it.collation))
        });
        let columns: Vec<String> = columns.collect();
        c(format!("CREATE TABLE x({})", columns.join(", ")))
    }

    /// Ends a call: what went wrong goes into the place for it.
    ///
    /// # Safety
    ///
    /// For callbacks, with a table of this module.
    unsafe fn done(table: *mut sqlite3_vtab, result: Result<(), String>) -> c_int {
        match result {
            Ok(()) => SQLITE_OK,
            // SAFETY: SQLite frees the text that it takes, and one from before is
            // freed here.
            Err(what) => unsafe {
                let routines = (&*table.cast::<Self>()).loaded.outer.routines;
                (routines.free)((*table).zErrMsg.cast());
                (*table).zErrMsg = owned(routines.malloc, &what);
                SQLITE_ERROR
            },
        }
    }
}

unsafe extern "C" fn connect(
    db: *mut sqlite3,
    loaded: *mut c_void,
    count: c_int,
    words: *const *const c_char,
    table: *mut *mut sqlite3_vtab,
    message: *mut *mut c_char,
) -> c_int {
    // SAFETY: the data is what the module was registered with, which lives at
    // least as long as its tables: each has a share. There are always the names
    // of module, database and table.
    unsafe {
        Rc::increment_strong_count(loaded.cast_const().cast::<Loaded>());
        let loaded = Rc::from_raw(loaded.cast_const().cast::<Loaded>());
        let routines = loaded.outer.routines;
        let words = slice::from_raw_parts(words, count as usize);
        let name = CStr::from_ptr(words[2]).to_string_lossy();
        let made = guarded(|| {
            let image = loaded.image()?;
            let none = || format!("the save has no table {name}; `tables` lists what there is");
            let shape = image.table(&name).ok_or_else(none)?.clone();
            let base = sqlite3_vtab { pModule: &MODULE, nRef: 0, zErrMsg: std::ptr::null_mut() };
            let loaded = loaded.clone();
            let made = Box::new(Table { base, loaded, shape, plans: RefCell::default() });
            let declared = (routines.declare_vtab)(db, made.declare()?.as_ptr());
            made.loaded.outer.checked(db, declared)?;
            Ok(made)
        });
        match made {
            Ok(made) => {
                *table = Box::into_raw(made).cast();
                SQLITE_OK
            }
            Err(what) => {
                *message = owned(routines.malloc, &what);
                SQLITE_ERROR
            }
        }
    }
}

unsafe extern "C" fn disconnect(table: *mut sqlite3_vtab) -> c_int {
    // SAFETY: it is what `connect` made, and comes once.
    let table = unsafe { Box::from_raw(table.cast::<Table>()) };
    let _ = guarded(|| {
        drop(table);
        Ok(())
    });
    SQLITE_OK
}

unsafe extern "C" fn best_index(table: *mut sqlite3_vtab, info: *mut sqlite3_index_info) -> c_int {
    // SAFETY: the arrays have the lengths that are given with them; what is not
    // looked at may not be there in older versions.
    unsafe {
        let Table { loaded, shape, plans, .. } = &*table.cast::<Table>();
        let routines = loaded.outer.routines;
        let constraints = array((*info).aConstraint, (*info).nConstraint);
        let uses = (*info).aConstraintUsage;
        let mut conditions = Vec::new();
        for (at, constraint) in constraints.iter().enumerate() {
            let Some(operator) = operator(constraint.op) else { continue };
            let column = usize::try_from(constraint.iColumn).ok();
            let Some(column) = column.filter(|_| constraint.usable != 0) else { continue };
            let collation = CStr::from_ptr((routines.vtab_collation)(info, at as c_int));
            let own = shape.columns.get(column).map_or("", |it| it.collation.as_str());
            if collation.to_bytes().eq_ignore_ascii_case(own.as_bytes()) {
                conditions.push(Condition { column, operator });
                (*uses.add(at)).argvIndex = conditions.len() as c_int;
            }
        }
        let terms = array((*info).aOrderBy, (*info).nOrderBy).iter();
        let order: Option<Vec<Order>> = terms
            .map(|it| {
                let column = usize::try_from(it.iColumn).ok()?;
                Some(Order { column, descending: it.desc != 0 })
            })
            .collect();
        let planned = guarded(|| {
            let plan = Plan::new(conditions, order.clone().unwrap_or_default());
            // For `EXPLAIN QUERY PLAN` only.
            (*info).idxStr = owned(routines.malloc, &plan.rest(shape));
            (*info).needToFreeIdxStr = 1;
            (*info).orderByConsumed = c_int::from(order.is_some());
            (*info).estimatedCost = plan.cost;
            (*info).estimatedRows = plan.rows;
            let mut plans = plans.borrow_mut();
            let known = plans.iter().position(|known| *known == plan);
            (*info).idxNum = known.unwrap_or_else(|| {
                plans.push(plan);
                plans.len() - 1
            }) as c_int;
            Ok(())
        });
        Table::done(table, planned)
    }
}

fn operator(code: u8) -> Option<Operator> {
    Some(match c_int::from(code) {
        SQLITE_INDEX_CONSTRAINT_EQ => Operator::Equal,
        SQLITE_INDEX_CONSTRAINT_IS | SQLITE_INDEX_CONSTRAINT_ISNULL => Operator::Is,
        SQLITE_INDEX_CONSTRAINT_LT => Operator::Less,
        SQLITE_INDEX_CONSTRAINT_LE => Operator::AtMost,
        SQLITE_INDEX_CONSTRAINT_GT => Operator::Greater,
        SQLITE_INDEX_CONSTRAINT_GE => Operator::AtLeast,
        _ => return None,
    })
}

/// # Safety
///
/// There must be so many, for as long as the result is used.
unsafe fn array<'a, T>(start: *const T, length: c_int) -> &'a [T] {
    match usize::try_from(length) {
        // SAFETY: see above.
        Ok(length) if !start.is_null() => unsafe { slice::from_raw_parts(start, length) },
        _ => &[],
    }
}

unsafe extern "C" fn open(_: *mut sqlite3_vtab, cursor: *mut *mut sqlite3_vtab_cursor) -> c_int {
    let base = sqlite3_vtab_cursor { pVtab: std::ptr::null_mut() };
    let made = Box::new(Cursor { base, scan: Scan::default() });
    // SAFETY: SQLite gives a place for it.
    unsafe { *cursor = Box::into_raw(made).cast() };
    SQLITE_OK
}

unsafe extern "C" fn close(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: it is what `open` made, and comes once.
    let cursor = unsafe { Box::from_raw(cursor.cast::<Cursor>()) };
    let _ = guarded(|| {
        drop(cursor);
        Ok(())
    });
    SQLITE_OK
}

unsafe extern "C" fn filter(
    cursor: *mut sqlite3_vtab_cursor,
    plan: c_int,
    _: *const c_char,
    count: c_int,
    values: *mut *mut sqlite3_value,
) -> c_int {
    // SAFETY: the values are as many as `best_index` asked for, and a cursor
    // knows its table.
    unsafe {
        let table = (*cursor).pVtab;
        let Table { loaded, shape, plans, .. } = &*table.cast::<Table>();
        let scan = &mut (*cursor.cast::<Cursor>()).scan;
        let started = guarded(|| {
            let values = array(values, count).iter();
            let values: Vec<Value> = values.map(|it| loaded.outer.value(*it)).collect();
            let plans = plans.borrow();
            let plan = plans.get(plan as usize).ok_or("the search was never planned")?;
            let (select, values) = plan.select(shape, values);
            scan.start(&loaded.image()?, &select, &values)
        });
        Table::done(table, started)
    }
}

unsafe extern "C" fn next(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: a cursor knows its table.
    unsafe {
        let scan = &mut (*cursor.cast::<Cursor>()).scan;
        Table::done((*cursor).pVtab, guarded(|| scan.next()))
    }
}

unsafe extern "C" fn eof(cursor: *mut sqlite3_vtab_cursor) -> c_int {
    // SAFETY: it is what `open` made.
    c_int::from(unsafe { (*cursor.cast::<Cursor>()).scan.row().is_none() })
}

unsafe extern "C" fn column(
    cursor: *mut sqlite3_vtab_cursor,
    context: *mut sqlite3_context,
    column: c_int,
) -> c_int {
    // SAFETY: a cursor knows its table, and the context is that of this call.
    unsafe {
        let table = &*(*cursor).pVtab.cast::<Table>();
        let row = (*cursor.cast::<Cursor>()).scan.row().unwrap_or_default();
        let value = usize::try_from(column).ok().and_then(|at| row.get(at));
        table.loaded.outer.answer(context, value.unwrap_or(&Value::Null));
    }
    SQLITE_OK
}

unsafe extern "C" fn rowid(cursor: *mut sqlite3_vtab_cursor, number: *mut i64) -> c_int {
    // SAFETY: SQLite gives a place for it.
    unsafe { *number = (*cursor.cast::<Cursor>()).scan.number() };
    SQLITE_OK
}
