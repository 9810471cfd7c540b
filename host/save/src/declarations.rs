//! How the kinds of a save were declared from tick to tick, as the sets of mods
//! that ran in it say.
//!
//! What was written in the past has the form of its time. Values of history come
//! with their kind; of what is in the log only the tick is known, and for events
//! how far readers had come when their kind was declared anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::stored;
use sandtable_world::declaration::{ResolvedKind, resolve};
use sandtable_world::ecs::{Kind, Lineage};

/// Every declaration of every kind that a save had.
#[derive(Clone, Debug, Default)]
pub(super) struct Declarations {
    kinds: BTreeMap<String, Arc<Lineage>>,
}

impl Declarations {
    /// Those of the save of this connection. A declaration that cannot be read,
    /// which an older host may have written, is passed over.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select = connection.prepare(
            "SELECT mod_set, since, id, declaration FROM st_mods
             JOIN st_mod_sets ON number = mod_set ORDER BY mod_set, id",
        )?;
        let mut rows = select.query([])?;
        let mut kinds: BTreeMap<String, Lineage> = BTreeMap::new();
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        // What others say of a mod's kinds counts where the mod itself is not.
        let mut repeated = Vec::new();
        let mut of_set = 0;
        while let Some(row) = rows.next()? {
            let (set, since): (i64, i64) = (row.get(0)?, row.get(1)?);
            if set != of_set {
                declare_all(&mut kinds, repeated.drain(..));
                of_set = set;
            }
            let (id, declaration): (String, String) = (row.get(2)?, row.get(3)?);
            if last.get(&id) == Some(&declaration) {
                continue;
            }
            for declared in kinds_of(&id, &declaration) {
                let own = declared.kind.owner() == id;
                let of = (set, since.unsigned_abs());
                match own {
                    true => declare_all(&mut kinds, [(of, declared)]),
                    false => repeated.push((of, declared)),
                }
            }
            last.insert(id, declaration);
        }
        declare_all(&mut kinds, repeated);
        let kinds = kinds.into_iter().map(|(name, lineage)| (name, Arc::new(lineage)));
        Ok(Self { kinds: kinds.collect() })
    }

    /// Those of one kind, and of no other.
    #[cfg(test)]
    pub(super) fn of_one(lineage: Lineage) -> Self {
        let name = lineage.kind(0).map_or(String::new(), |kind| kind.name.clone());
        Self { kinds: [(name, Arc::new(lineage))].into() }
    }

    /// Those of one kind; none where nothing is known of it.
    pub(super) fn of(&self, kind: &Kind) -> Arc<Lineage> {
        self.kinds.get(&kind.name).cloned().unwrap_or_default()
    }
}

/// The kinds that a mod declared, from what a save keeps of its declaration. What
/// cannot be read, which an older host may have written, is passed over.
fn kinds_of(mod_id: &str, declaration: &str) -> Vec<ResolvedKind> {
    let declaration = stored::read_declaration(declaration).ok();
    let kinds = declaration.into_iter().flat_map(|declaration| declaration.kinds);
    kinds.filter_map(|kind| resolve(mod_id, &kind).ok()).collect()
}

type Dated = ((i64, u64), ResolvedKind);

fn declare_all(kinds: &mut BTreeMap<String, Lineage>, all: impl IntoIterator<Item = Dated>) {
    for (of, ResolvedKind { kind, histories }) in all {
        kinds.entry(kind.name.clone()).or_default().declare(of, Arc::new(kind), histories);
    }
}
