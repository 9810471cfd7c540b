//! The components and files of every mod that ever ran.

use rusqlite::Connection;

use super::super::error::{Fallible, damage};
use super::super::findings::Findings;
use super::super::mods::{ModSet, load_blob};
use sandtable_world::record::Digest;

/// Every digest that a set of mods names or that contents are kept under, with
/// the mods that it is of.
const NAMED: &str = "SELECT digest, group_concat(DISTINCT id) FROM (
        SELECT component AS digest, id FROM st_mods
        UNION ALL SELECT blob, mod FROM st_assets
        UNION ALL SELECT digest, NULL FROM st_blobs
    ) WHERE length(digest) = 32 GROUP BY digest ORDER BY digest";

/// Notes contents that are not what their digest says, and sets of mods that
/// cannot be read. Says how many contents there are.
pub(super) fn check(connection: &Connection, findings: &mut Findings) -> Fallible<u64> {
    let select = "SELECT number FROM st_mod_sets ORDER BY number";
    findings.each(connection, select, [], |findings, row| {
        for listed in ModSet::read_one(connection, row.get(0)?)?.mods {
            findings.whole(listed.manifest())?;
        }
        Ok(())
    })?;
    let (all, _) = lost(connection, findings)?;
    Ok(all)
}

/// How many contents there are, and the digests of those that are lost.
pub(crate) fn lost(
    connection: &Connection,
    findings: &mut Findings,
) -> Fallible<(u64, Vec<Digest>)> {
    let (mut all, mut lost) = (0, Vec::new());
    findings.each(connection, NAMED, [], |_, row| {
        let (digest, mods): (Digest, Option<String>) = (row.get(0)?, row.get(1)?);
        all += 1;
        load_blob(connection, &digest).map(drop).or_else(|failure| {
            lost.push(digest);
            let of = mods.map_or("no mod".to_owned(), |mods| format!("mod `{mods}`"));
            damage(format!("a component or file of {of} is lost: {}", failure.told()))
        })
    })?;
    Ok((all, lost))
}
