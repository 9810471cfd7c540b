//! Copies rows out of a damaged file.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::error::{Failure, Fallible};
use super::super::findings::Findings;
use super::super::schema;
use crate::tables::{self, TableError};

/// Copies every table of ours and of mods that has the form it must have.
/// Nothing is read by another schema than that.
pub(super) fn copy(from: &Connection, into: &Connection, findings: &mut Findings) -> Fallible<()> {
    schema::check(from, findings)?;
    for table in schema::sound(from)? {
        copy_table(from, into, &table, findings)?;
    }
    let mut lost = BTreeSet::new();
    for error in tables::check(from)? {
        if let TableError::Form { table, .. } = error {
            lost.extend(tables::owner(&table).map(str::to_owned));
        }
    }
    for table in tables::names(from)? {
        if tables::owner(&table).is_none_or(|owner| lost.contains(owner)) {
            continue;
        }
        let mut select = from.prepare(
            "SELECT sql FROM main.sqlite_schema
             WHERE tbl_name = ?1 AND sql IS NOT NULL AND type IN ('table', 'index')
             ORDER BY type = 'index', name",
        )?;
        let made = select.query_map([&table], |row| row.get::<_, String>(0))?;
        for sql in made {
            into.execute_batch(&sql?)?;
        }
        copy_table(from, into, &table, findings)?;
    }
    for owner in lost {
        // Its migrations make them anew, all together.
        into.execute("DELETE FROM st_migrations WHERE mod = ?1", [&owner])?;
        let what = format!("the tables of mod `{owner}` are lost: it starts with empty ones");
        findings.note(Failure::Damage(what))?;
    }
    Ok(())
}

/// Copies rows from the first on, and where SQLite cannot go on from the last
/// one backwards.
fn copy_table(
    from: &Connection,
    into: &Connection,
    table: &str,
    findings: &mut Findings,
) -> Fallible<()> {
    for backwards in [false, true] {
        from.pragma_update(None, "reverse_unordered_selects", backwards)?;
        let mut select = from.prepare(&format!("SELECT * FROM main.\"{table}\""))?;
        let columns = select.column_count();
        let places = vec!["?"; columns].join(", ");
        let insert = format!("INSERT OR IGNORE INTO main.\"{table}\" VALUES ({places})");
        let mut insert = into.prepare(&insert)?;
        let mut rows = select.query([])?;
        let stopped = loop {
            match rows.next() {
                Ok(None) => return Ok(()),
                Err(error) => break Failure::from(error).told(),
                Ok(Some(row)) => {
                    let values: Result<Vec<Value>, _> =
                        (0..columns).map(|at| row.get(at)).collect();
                    let copied = values.and_then(|values| insert.execute(params_from_iter(values)));
                    if let Err(error) = copied
                        && !backwards
                    {
                        let why = Failure::from(error).told();
                        findings
                            .note(Failure::Damage(format!("a row of `{table}` is lost: {why}")))?;
                    }
                }
            }
        };
        if !backwards {
            let what =
                format!("not all rows of `{table}` can be read, and those are lost: {stopped}");
            findings.note(Failure::Damage(what))?;
        }
    }
    Ok(())
}
