//! What leaves a save in order: rows that come with the commit of their tick, and that a
//! relay carries to where others wait for them.
//!
//! Rows have numbers without gaps, which never go back: a world that goes back says so in
//! a row of its own. Each row has a digest of itself and of the one before it, so that a
//! stream can be told from that of another future. Rows stay for a while once they were
//! acknowledged, because what has them may lose some again.

mod carry;
mod rows;

use std::time::Duration;

use serde_json::Value as Json;

use sandtable_world::record::{Digest, OutboxFormat};

use super::error::{Fallible, damage};

pub use carry::{Outbox, OutboxRow, OutboxStanding, RelayLock, Relayed, glance};
pub(super) use rows::{begin_anew, check, rewound, standing, write};

/// The kind of a row that tells of an entity which came.
pub const SPAWNED: &str = "sandtable/Spawned";
/// The kind of a row that tells of an entity which went.
pub const DESPAWNED: &str = "sandtable/Despawned";
/// The kind of a row that tells of a way back to an earlier tick.
pub const REWOUND: &str = "sandtable/Rewound";

/// How long a relay waits for the save to write down how far it is, which is a hint: the
/// world is not to wait for it.
const PATIENCE: Duration = Duration::from_millis(20);

/// A value in a form.
pub fn body(format: OutboxFormat, value: &Json) -> Vec<u8> {
    match format {
        OutboxFormat::Json => value.to_string().into_bytes(),
        // A value of JSON always has a form in MessagePack.
        OutboxFormat::Msgpack => rmp_serde::to_vec_named(value).unwrap_or_default(),
    }
}

/// The digest of a row, over that of the row before it.
fn link(before: &Digest, row: &OutboxRow) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    for number in [row.seq, row.tick, row.entity.map_or(0, |it| it.to_bits())] {
        hasher.update(&number.to_le_bytes());
    }
    for part in [row.kind.as_bytes(), row.format.name().as_bytes(), &row.body] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The form of a payload, by its number in a save.
fn format_of(number: i64) -> Fallible<OutboxFormat> {
    let known = usize::try_from(number).ok().and_then(|at| OutboxFormat::ALL.get(at));
    match known {
        Some((format, _)) => Ok(*format),
        None => damage(format!("its outbox has a payload of form {number}, which is none")),
    }
}

/// Whether a row may be called so: what it is called stands in headers and subjects.
fn is_kind(kind: &str) -> bool {
    let is_part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !part.is_empty() && part.bytes().all(plain)
    };
    kind.len() <= 512 && kind.split_once('/').is_some_and(|(of, name)| is_part(of) && is_part(name))
}
