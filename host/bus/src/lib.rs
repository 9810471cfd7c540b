//! What a world tells over NATS: its outbox, in order, to a stream of JetStream.
//!
//! A [`Relay`] carries the rows of the outbox of one save to one stream, and never more
//! than one does. It reads the save beside the process that runs its world, on the thread
//! of its connection, and holds no tick up.
//!
//! Deliberately absent: which rows there are. That is the save's.

mod error;
mod message;
mod naming;
mod relay;

pub use error::Error;
pub use naming::Naming;
pub use relay::{Relay, RelayState};
