//! Connections to NATS: one thread for a process, made from settings.
//!
//! A [`Network`] is a client with a thread for all that waits on the network. It is
//! there at once, whether or not a server is: what a server says, or that there is none,
//! is news of its [`Link`], and it is tried again for as long as the network is there.
//! What is wrong with the settings themselves is an error.
//!
//! Deliberately absent: what is sent. That is for the crates that lie on this one.

mod error;
mod inbox;
mod link;
mod network;

pub use async_nats;
pub use error::Error;
pub use inbox::{Inbox, NoAnswer};
pub use link::Link;
pub use network::{Network, may_answer, random_token};
