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

mod answer;
pub(super) mod cells;
mod earlier_tick;
mod explain;
mod functions;
mod names;
mod needs;
mod past;
mod rows;
mod search;
mod table;
mod text;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use sandtable_world::ecs::{Entity, Registry};

use super::declarations::Declarations;
use super::payloads::Payloads;
use super::table_shape::TableShape;
use crate::tables;

pub use answer::Table;
pub(super) use earlier_tick::EarlierTick;
pub(super) use functions::make as make_functions;
pub use functions::{FUNCTIONS, Function};
pub(super) use names::tables_of_kinds;
pub use names::{quoted, table_name};
pub(super) use needs::{Need, Needs};
pub(super) use past::Archive;
pub use rows::SelectRows;
pub use search::{RowNumbers, may_be_number, plain_integer};
pub use text::{cell_bytes, cell_to_json, distinct_names, exact};
pub use views::is_lasting;
pub(super) use views::types_of_view;

/// What there is to be asked besides the world.
#[derive(Default)]
pub(super) struct About<'a> {
    /// What led to it.
    pub archive: Option<Archive>,
    /// The tick at which it stands, where that is an earlier one.
    pub moment: Option<EarlierTick>,
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
        hidden = earlier_tick::of_now(connection)?;
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
        AuthAction::Read { table_name: earlier_tick::MOD_STATES, .. }
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
