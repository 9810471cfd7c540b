//! What a world tells over NATS: its outbox, in order, to a stream of JetStream; and while
//! it runs each tick as it is done, and answers to queries.
//!
//! A [`Relay`] carries the rows of the outbox of one save to one stream, and never more
//! than one does. It reads the save beside the process that runs its world, on the thread
//! of its connection, and holds no tick up.
//!
//! A [`Telling`] is for what may be lost: ticks as they are done.
//!
//! Deliberately absent: which rows there are, which is the save's, and who may ask what,
//! which is the server's.

mod error;
mod message;
mod naming;
mod relay;
mod telling;

pub use error::Error;
pub use naming::Naming;
pub use relay::{Relay, RelayState};
pub use telling::{Answerer, Telling};
