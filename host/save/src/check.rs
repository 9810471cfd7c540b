//! Looks at all of a save and says everything that is wrong with it, also while
//! its world runs.
//!
//! What opening looks at is looked at by the same code, which goes on past each
//! finding; and besides that what opening leaves alone: the log of ticks and its
//! chain, older mods, contents. A part that a save gains adds its findings in
//! [`look`].

pub(super) mod contents;
pub(super) mod history;
pub(super) mod logs;

use std::path::Path;

use rusqlite::Connection;

use super::error::{Failure, Fallible, SaveError};
use super::findings::Findings;
use super::save::{Pages, Restored, check_pages};
use super::{connect, outbox, schema};

/// What came of checking a save.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The tick that it stands at.
    pub tick: u64,
    /// What is wrong with it, in a sentence each.
    pub findings: Vec<String>,
    /// How many there were of what was looked at, by name. Where a finding kept
    /// it from going on, there is less.
    pub looked_at: Vec<(&'static str, u64)>,
}

/// Checks a save as its last commit left it. What is no save at all, or of a
/// newer format, is an error.
///
/// # Errors
///
/// There is no save at the path, it is of a newer format, or it cannot be read. Damage
/// is no error but a finding.
pub fn check(path: &Path) -> Result<Checked, SaveError> {
    let path = connect::find(path)?;
    let connection = connect::reading(&path)?;
    let begun = connection.execute_batch("BEGIN");
    begun.map_err(|error| Failure::from(error).of(&path, "read"))?;
    connect::recognise_as_it_is(&connection, &path)?;
    let mut findings = Findings::gathered();
    let mut checked = Checked::default();
    let looked = look(&connection, &mut checked, &mut findings);
    findings.whole(looked).map_err(|failure| failure.of(&path, "read"))?;
    checked.findings = findings.into_sentences();
    Ok(checked)
}

/// Looks at everything, as far as there is something to go on with.
pub(super) fn look(
    connection: &Connection,
    checked: &mut Checked,
    findings: &mut Findings,
) -> Fallible<()> {
    schema::check(connection, findings)?;
    if findings.count() > 0 {
        // The author of this schema decides what reading by it does.
        return Ok(());
    }
    check_pages(connection, Pages::Full, findings)?;
    let Restored { world, head, .. } = Restored::read(connection, findings)?;
    checked.tick = world.tick();
    let mut looked_at = |what, number: u64| checked.looked_at.push((what, number));
    let count = |table: &str| logs::count(connection, table, "true");
    looked_at("entities", u64::from(world.entities.alive()));
    looked_at("relations", world.relations.len() as u64);
    looked_at("pages", count("st_chunks")? + count("st_patches")?);
    looked_at("rows of mods' tables", world.tables.values().map(|table| table.rows).sum());
    looked_at("ticks", count("st_ticks")?);
    looked_at("inputs", count("st_inputs")?);
    looked_at("events", count("st_events")?);
    logs::check(connection, &world.registry, findings)?;
    looked_at("links of the chain", logs::chain(connection, &head, findings)?);
    looked_at("ticks of history", history::check(connection, findings)?);
    looked_at("rows of the outbox", outbox::check(connection, findings)?);
    looked_at("components and files of mods", contents::check(connection, findings)?);
    Ok(())
}
