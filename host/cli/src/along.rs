//! What goes along with a world that is run or served: what leaves its save, and with a
//! NATS server the workers that make its calls, the relay of its outbox, and what is told
//! of its ticks. A program that is built without `nats` keeps the outbox in the save alone.

#[cfg(feature = "nats")]
mod with_nats;
#[cfg(not(feature = "nats"))]
mod without_nats;

#[cfg(feature = "nats")]
pub use self::with_nats::{Along, AlongArguments, beside};
#[cfg(not(feature = "nats"))]
pub use self::without_nats::{Along, AlongArguments, beside};
