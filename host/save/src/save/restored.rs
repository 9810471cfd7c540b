//! A save as its writer finds it: read, and held against its hash and its seal.

use rusqlite::Connection;
use sandtable_world::config::WorldConfig;
use sandtable_world::ecs::{Registry, World};
use sandtable_world::hash::StateHasher;
use sandtable_world::record::Digest;

use crate::error::{Failure, Fallible, damage};
use crate::findings::Findings;
use crate::head::{Head, seal};
use crate::mods::ModSet;
use crate::restore::Sums;
use crate::{inbox, mark, page_writer, restore, settings};

/// What a save holds, and what its writer needs to know of it.
pub(crate) struct Restored {
    pub settings_text: String,
    pub config: WorldConfig,
    pub world: World,
    pub head: Head,
    pub index: page_writer::Index,
    pub mods: ModSet,
}

impl Restored {
    /// Reads and checks everything. Without its settings, its kinds, or the row
    /// of the world there is nothing to be read.
    pub(crate) fn read(connection: &Connection, findings: &mut Findings) -> Fallible<Self> {
        Self::of(connection, Sums::OfRows, findings)
    }

    /// As [`Restored::read`], for a caller that only reads: of the tables of mods it
    /// believes what is recorded of them.
    pub(crate) fn without_rows(connection: &Connection) -> Fallible<Self> {
        Self::of(connection, Sums::Recorded, &mut Findings::strict())
    }

    fn of(connection: &Connection, sums: Sums, findings: &mut Findings) -> Fallible<Self> {
        let settings_text = settings::last(connection)?;
        let config = settings::settings(connection)?;
        let (head, sealed) = Head::read(connection)?;
        let before = findings.count();
        let rows_per_page = config.world.shard_rows;
        let tick = (head.tick, head.first_free);
        let (mut world, index) = restore::world(connection, tick, rows_per_page, sums, findings)?;
        world.hash_version = config.hash_version;
        let is_whole = findings.count() == before;
        let mods = findings.whole(ModSet::read(connection))?.unwrap_or_default();
        if !is_sealed(&sealed, &seal(&head, &settings_text, &world.registry, &mods)) {
            findings.note(Failure::Damage(UNSEALED.to_owned()))?;
        }
        // A world of which parts were left out is another anyway.
        if is_whole && StateHasher::default().digest(&world) != head.state {
            let what = format!("its world is not the one that tick {} left", head.tick);
            findings.note(Failure::Damage(what))?;
        }
        inbox::gather(connection, &world.registry, 0, findings)?;
        Ok(Self { settings_text, config, world, head, index, mods })
    }
}

/// What a save says of its world without the world, all of it under the seal.
pub(crate) struct Sealed {
    pub config: WorldConfig,
    pub registry: Registry,
    pub mods: ModSet,
    pub head: Head,
}

impl Sealed {
    /// Reads and checks it.
    pub(crate) fn read(connection: &Connection) -> Fallible<Self> {
        let (text, config) = (settings::last(connection)?, settings::settings(connection)?);
        let (head, sealed) = Head::read(connection)?;
        let registry = restore::read_kinds(connection)?;
        let mods = ModSet::read(connection)?;
        if !is_sealed(&sealed, &seal(&head, &text, &registry, &mods)) {
            return damage(UNSEALED);
        }
        Ok(Self { config, registry, mods, head })
    }
}

/// Whether there is this seal, and a whole mark behind it.
fn is_sealed(found: &[u8], seal: &Digest) -> bool {
    found.starts_with(seal) && mark::is_whole(found)
}

const UNSEALED: &str = "its settings, kinds or mods are not those that were committed";
