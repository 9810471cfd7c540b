//! The row of the world: where it stands, and the seal.

use blake3::Hasher;
use rusqlite::{Connection, params};
use sandtable_world::ecs::{Registry, World};
use sandtable_world::record::Digest;

use super::clock::now_millis;
use super::error::{Failure, Fallible};
use super::mark;
use super::mods::ModSet;
use super::state;

/// What the row of the world says besides the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub tick: i64,
    pub first_free: i64,
    pub committed_at: i64,
    pub state: Digest,
    pub chain: Digest,
}

impl Head {
    /// Of a world that is about to be committed.
    pub(super) fn now(world: &World, state: Digest, chain: Digest) -> Self {
        let (tick, first_free) = (world.tick() as i64, world.entities.first_free().into());
        Self { tick, first_free, committed_at: now_millis(), state, chain }
    }

    /// Reads it, and the seal with the mark behind it.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<(Self, Vec<u8>)> {
        let sql = "SELECT tick, first_free, committed_at, state, chain, seal FROM st_world";
        connection.query_row(sql, [], |row| {
            let head = Head {
                tick: row.get(0)?,
                first_free: row.get(1)?,
                committed_at: row.get(2)?,
                state: row.get(3)?,
                chain: row.get(4)?,
            };
            Ok((head, row.get(5)?))
        })
    }
}

/// Which commit of which world a save holds: another commit, also of the same tick, is
/// another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The tick that the world stands at.
    pub tick: u64,
    /// The state hash of the world.
    pub state: Digest,
    /// The chain hash of all ticks up to it.
    pub chain: Digest,
    /// What binds these to settings, kinds, mods and the time of the commit.
    seal: Digest,
}

impl Commit {
    /// Reads it.
    pub(super) fn read(connection: &Connection) -> Fallible<Self> {
        let (head, sealed) = Head::read(connection)?;
        let (tick, state, chain) = (head.tick.unsigned_abs(), head.state, head.chain);
        let seal = sealed.first_chunk().copied();
        let seal = seal.ok_or_else(|| Failure::Damage("its world has no seal".to_owned()))?;
        Ok(Self { tick, state, chain, seal })
    }
}

/// Writes the row of the world, with the mark of the commit that it is part of,
/// and gives that. `held` is what the save is known to hold without its log.
pub(super) fn write_head(
    connection: &Connection,
    head: &Head,
    seal: &Digest,
    held: Option<mark::Commit>,
) -> rusqlite::Result<mark::Commit> {
    let (sealed, commit) = mark::next(connection, seal, held)?;
    let mut upsert = connection.prepare_cached(
        "INSERT INTO st_world (id, tick, first_free, committed_at, state, chain, seal)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET
             tick = ?1, first_free = ?2, committed_at = ?3, state = ?4, chain = ?5, seal = ?6",
    )?;
    upsert.execute(params![
        head.tick,
        head.first_free,
        head.committed_at,
        head.state,
        head.chain,
        sealed
    ])?;
    Ok(commit)
}

/// The digest of everything that the state hash leaves out and a damaged save
/// must not get wrong.
pub(super) fn seal(head: &Head, config: &str, registry: &Registry, mods: &ModSet) -> Digest {
    let mut into = Hasher::new();
    for number in [head.tick, head.first_free, head.committed_at, config.len() as i64] {
        into.update(&number.to_le_bytes());
    }
    into.update(&head.state);
    into.update(&head.chain);
    into.update(config.as_bytes());
    state::feed_kinds(registry, &mut into);
    mods.feed(&mut into);
    *into.finalize().as_bytes()
}
