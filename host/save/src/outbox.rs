//! What leaves a save in order: rows that come with the commit of their tick, and that a
//! relay carries to where others wait for them.
//!
//! Rows have numbers without gaps, which never go back: a world that goes back says so in
//! a row of its own. Each row has a digest of itself and of the one before it, so that a
//! stream can be told from that of another future. Rows stay for a while once they were
//! acknowledged, because what has them may lose some again.

mod carry;
mod row;
mod rows;

pub use carry::{Outbox, RelayLock, glance};
pub use row::{DESPAWNED, OutboxRow, OutboxStanding, REWOUND, Relayed, SPAWNED, body};
pub(super) use rows::{begin_anew, check, mend, rewound, standing, write};
