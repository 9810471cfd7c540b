//! Calls that are made far from their world.
//!
//! A call goes to another process as one message: the columns of its shards, as a guest
//! here would be given them, and the argument of its run. There a guest runs without a
//! world. What it hands over is not looked at but noted, and comes back as one message,
//! which is replayed here through the functions that check a guest: so a call that was
//! made elsewhere cannot bring anything into a world that one made here could not.
//!
//! Only success comes back. A call that failed there for whatever reason is made here,
//! and what becomes of it here counts: so no clock, memory or stack elsewhere decides
//! anything.
//!
//! What a guest looks up while it runs is asked of the process with the world. Columns that
//! the other process has already go by name.
//!
//! Messages begin with [`MESSAGE_VERSION`] and go on in MessagePack. Nothing of one is
//! believed before it was read to its end.
//!
//! Deliberately absent: how messages travel.

mod answer;
mod column;
mod effect;
mod guest;
mod made;
mod message;
mod question;
mod request;
mod settle;

pub use self::answer::Answer;
pub use self::column::{ColumnName, Held, Page};
pub use self::guest::Ask;
pub use self::made::Made;
pub use self::message::{MESSAGE_VERSION, Unreadable};
pub use self::question::Question;
pub use self::request::{AwayCall, Request, pages, request};
pub use self::settle::{Report, Settled, settle};

pub(crate) use self::guest::Away;
