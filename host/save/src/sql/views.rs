//! The log of a save as views: what its ticks did, and which mods ran.
//!
//! They are temporary views of the connection; the file has none, and could not
//! run any that another program put there.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::payloads::{Payloads, Written};
use crate::topics::{topic_name, topic_of};
use sandtable_world::ecs::{Registry, Topic};

/// A view of the log.
pub(super) struct View {
    pub name: &'static str,
    /// Names and types of its columns.
    columns: &'static str,
    /// May ask `{before}` for sets of mods of earlier ticks, and `{aside}` for what
    /// was set aside by then.
    select: &'static str,
    /// Which rows are shown of an earlier tick, if any.
    until: Option<&'static str>,
}

impl View {
    /// Names and types of its columns.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.columns.split(',').filter_map(|column| column.trim().split_once(' '))
    }

    /// Names of its columns.
    pub fn names(&self) -> String {
        self.columns().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }
}

/// Up to the tick.
const UP_TO: Option<&str> = Some("tick <= {tick}");

/// Every view.
pub(super) const VIEWS: &[View] = &[
    View {
        name: "ticks",
        columns: "tick INTEGER, spawned INTEGER, despawned INTEGER, entities INTEGER,
                  committed_at TEXT, state TEXT, chain TEXT",
        select: "SELECT tick, spawned, despawned, entities,
                     strftime('%Y-%m-%dT%H:%M:%fZ', committed_at / 1000.0, 'unixepoch'),
                     lower(hex(state)), lower(hex(chain))
                 FROM main.st_ticks",
        until: UP_TO,
    },
    View {
        name: "events",
        columns: "tick INTEGER, number INTEGER, name TEXT, system TEXT, payload TEXT",
        select: "SELECT tick, number, st_topic(topic), nullif(system, ''), st_json(topic, payload, tick, number)
                 FROM main.st_events",
        until: UP_TO,
    },
    View {
        name: "inputs",
        columns: "tick INTEGER, name TEXT, sender TEXT, payload TEXT, set_aside_by TEXT",
        select: "SELECT tick, st_topic(kind), sender, st_json(kind, payload, tick, NULL),
                     (SELECT group_concat(ifnull(nullif(system, ''), 'nobody'), ', ')
                      FROM st_set_aside AS aside
                      WHERE (emitted, topic, input) = (st_inputs.tick, kind, st_inputs.number)
                          AND {aside})
                 FROM main.st_inputs",
        until: UP_TO,
    },
    View {
        name: "inbox",
        columns: "name TEXT, sender TEXT, payload TEXT, sent_at TEXT",
        select: "SELECT st_topic(kind), sender, st_json(kind, payload, NULL, NULL),
                     strftime('%Y-%m-%dT%H:%M:%fZ', sent_at / 1000.0, 'unixepoch')
                 FROM main.st_inbox
                 UNION ALL
                 SELECT 'edit', sender, edit,
                     strftime('%Y-%m-%dT%H:%M:%fZ', sent_at / 1000.0, 'unixepoch')
                 FROM st_edit_inbox",
        until: None,
    },
    View {
        name: "edits",
        columns: "tick INTEGER, number INTEGER, sender TEXT, edit TEXT, spawned TEXT, refused TEXT",
        select: "SELECT tick, number, sender, edit, spawned, refused FROM st_edits",
        until: UP_TO,
    },
    View {
        name: "systems",
        columns: "name TEXT, last_tick INTEGER, runs INTEGER, calls INTEGER, rows INTEGER,
                  commands INTEGER, stale INTEGER, events INTEGER, guest_ms REAL, faults INTEGER,
                  calls_of_workers INTEGER",
        select: "SELECT coalesce(name, system), last_run >> 16, ifnull(runs, 0), ifnull(calls, 0),
                     ifnull(rows, 0), ifnull(commands, 0), ifnull(stale, 0), ifnull(events, 0),
                     ifnull(guest_ns, 0) / 1e6, ifnull(faults, 0),
                     ifnull((SELECT st_lent.calls FROM st_lent
                             WHERE st_lent.system = coalesce(name, st_totals.system)), 0)
                 FROM main.st_systems FULL JOIN main.st_totals ON name = system",
        until: None,
    },
    View {
        name: "system_runs",
        columns: "tick INTEGER, system TEXT, calls INTEGER, rows INTEGER, commands INTEGER,
                  stale INTEGER, events INTEGER, guest_ms REAL, fault TEXT",
        select: "SELECT tick, st_runs.system, calls, rows, commands, stale, events, guest_ns / 1e6,
                     cause
                 FROM main.st_runs LEFT JOIN main.st_faults USING (tick, place)",
        until: UP_TO,
    },
    View {
        name: "faults",
        columns: "tick INTEGER, system TEXT, cause TEXT",
        select: "SELECT tick, system, cause FROM main.st_faults",
        until: UP_TO,
    },
    View {
        name: "exclusions",
        columns: "tick INTEGER, mod TEXT, cause TEXT",
        select: "SELECT tick, mod, cause FROM main.st_exclusions",
        until: UP_TO,
    },
    View {
        name: "suspensions",
        columns: "tick INTEGER, mod TEXT",
        select: "SELECT tick, mod FROM main.st_suspensions",
        until: UP_TO,
    },
    View {
        name: "logs",
        columns: "tick INTEGER, mod TEXT, system TEXT, level TEXT, text TEXT",
        select: "SELECT tick, substr(system, 1, instr(system, '/') - 1), system, level, text
                 FROM st_logs",
        until: UP_TO,
    },
    View {
        name: "resumes",
        columns: "tick INTEGER, mod TEXT, sender TEXT",
        select: "SELECT tick, mod, sender FROM st_resumes",
        until: UP_TO,
    },
    View {
        name: "set_aside",
        columns: "tick INTEGER, system TEXT, name TEXT, emitted INTEGER, number INTEGER, sender TEXT,
                  payload TEXT, cause TEXT",
        select: "SELECT tick, nullif(system, ''), st_topic(topic), emitted, number, sender,
                     payload, cause
                 FROM st_set_aside",
        until: UP_TO,
    },
    View {
        name: "snapshots",
        columns: "name TEXT, tick INTEGER, note TEXT, made_at TEXT, automatic INTEGER",
        select: "SELECT name, tick, note,
                     strftime('%Y-%m-%dT%H:%M:%fZ', made_at / 1000.0, 'unixepoch'), automatic
                 FROM main.st_snapshots",
        until: UP_TO,
    },
    View {
        name: "mods",
        columns: "id TEXT, version TEXT, hash TEXT, bytes INTEGER, suspended INTEGER,
                  faults_in_a_row INTEGER",
        select: "SELECT st_mods.id, version, lower(hex(component)), bytes, ifnull(suspended, 0),
                     ifnull(faults_in_a_row, 0)
                 FROM main.st_mods LEFT JOIN main.st_blobs ON digest = component
                     LEFT JOIN st_mod_states ON st_mod_states.id = st_mods.id
                 WHERE mod_set = (SELECT max(number) FROM main.st_mod_sets {before})",
        until: Some("true"),
    },
    View {
        name: "mod_history",
        columns: "after_tick INTEGER, cause TEXT, id TEXT, version TEXT, hash TEXT",
        select: "SELECT since, cause, id, version, lower(hex(component))
                 FROM main.st_mods JOIN main.st_mod_sets ON number = mod_set",
        until: Some("after_tick < max({tick}, 1)"),
    },
];

/// The views that are there at an earlier tick, or now.
pub(super) fn at(tick: Option<u64>) -> impl Iterator<Item = &'static View> {
    VIEWS.iter().filter(move |view| tick.is_none() || view.until.is_some())
}

/// What all are called.
pub(super) fn names() -> impl Iterator<Item = String> {
    VIEWS.iter().map(|view| view.name.to_owned())
}

/// The types of the columns of a view; nothing where there is none of this name.
pub(crate) fn types_of_view(name: &str) -> Option<Vec<String>> {
    let view = VIEWS.iter().find(|view| view.name == name)?;
    Some(view.columns().map(|(_, ty)| ty.to_owned()).collect())
}

/// Whether what a SELECT answers as of an earlier tick stays what it is: it names
/// nothing of the log, which is pruned, nor what follows from clocks and chance. One
/// that only may, in a text or as the name of a column, is taken to name it.
pub fn is_lasting(sql: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "changes",
        "current_date",
        "current_time",
        "current_timestamp",
        "date",
        "datetime",
        "julianday",
        "random",
        "randomblob",
        "strftime",
    ];
    const MORE: [&str; 3] = ["time", "timediff", "unixepoch"];
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut words = sql.split(|letter| !is_word(letter)).map(str::to_ascii_lowercase);
    let names = || VIEWS.iter().map(|view| view.name).chain(OTHERS).chain(MORE);
    !words.any(|word| {
        names().any(|name| name == word) || word.starts_with("st_") || word.ends_with("_history")
    })
}

/// Makes the views, of an earlier tick or of now, and the functions that they
/// use.
pub(super) fn make(
    connection: &Connection,
    known: &Arc<Registry>,
    payloads: Payloads,
    tick: Option<u64>,
) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    let registry = known.clone();
    connection.create_scalar_function("st_topic", 1, flags, move |context| {
        Ok(topic(context)?.map(|topic| topic_name(topic, &registry)))
    })?;
    connection.create_scalar_function("st_json", 4, flags, move |context| {
        let payload = context.get_raw(1).as_blob_or_null()?.unwrap_or_default();
        let (tick, number): (Option<i64>, Option<i64>) = (context.get(2)?, context.get(3)?);
        let number = number.map(i64::unsigned_abs);
        let written = tick.map(|tick| Written { tick: tick.unsigned_abs(), number });
        let json = topic(context)?.and_then(|topic| payloads.json(topic, payload, written));
        Ok(json.map(|json| json.to_string()))
    })?;
    let before = tick.map(|tick| format!("WHERE since < max({tick}, 1)")).unwrap_or_default();
    let aside = tick.map_or_else(|| "true".to_owned(), |tick| format!("aside.tick <= {tick}"));
    for view in at(tick) {
        let View { name, select, until, .. } = view;
        let select = select.replace("{before}", &before).replace("{aside}", &aside);
        let until = match tick {
            Some(tick) => until.unwrap_or("true").replace("{tick}", &tick.to_string()),
            None => "true".to_owned(),
        };
        let names = view.names();
        let of_all = format!("WITH of_all ({names}) AS ({select})");
        // What is computed has no type by itself, and would compare otherwise than
        // a column that has one.
        let statement = connection.prepare(&format!("{of_all} SELECT * FROM of_all"))?;
        let stored = statement.columns().map(|column| column.decl_type().is_some());
        let cells = view.columns().zip(stored).map(|((name, ty), is_stored)| match is_stored {
            true => name.to_owned(),
            false => format!("CAST({name} AS {ty})"),
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        connection.execute_batch(&format!(
            "CREATE TEMP VIEW {name} ({names}) AS {of_all} SELECT {cells} FROM of_all WHERE {until}"
        ))?;
    }
    Ok(())
}

fn topic(context: &Context<'_>) -> rusqlite::Result<Option<Topic>> {
    Ok(context.get::<Option<i64>>(0)?.and_then(topic_of))
}
