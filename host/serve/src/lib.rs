//! Sandtable on the air: reads of any tick over HTTP, a stream of ticks, and a page
//! that is a client of both.
//!
//! ```text
//! request ─► guard ─► operation ─► served world ─► reply
//!              │          │             │            └ JSON, NDJSON, CSV or MessagePack
//!              │          │             └ memory, past, save: where what is asked for is read
//!              │          └ one table: the router and the OpenAPI document are made of it
//!              └ Host, Origin; whose token it is, and what they may
//! ```
//!
//! The process that runs a world serves it. What is asked of "now" is answered from
//! what the last tick published ([`sandtable::feed`]), without the save and without
//! waiting for a tick; what is asked of an earlier tick comes from the save. Requests
//! that take longer run on threads of their own, each with a deadline.
//!
//! Deliberately absent: any way to change a world.

mod apart;
mod asked_elsewhere;
mod at;
mod audited;
mod changes;
mod column_stream;
mod connections;
mod cursor;
#[cfg(test)]
mod fuzz;
mod guard;
mod hand_in;
mod hosts;
mod limits;
mod lines;
mod mcp;
mod metrics;
mod moment;
mod named;
mod on_air;
mod once;
mod openapi;
mod operations;
mod packed_columns;
mod page;
mod points;
mod principal;
mod problem;
mod pulse;
mod question;
mod readiness;
mod reads;
mod reply;
mod rights;
mod router;
mod saved;
mod schema;
mod served;
mod server;
mod sight;
mod stream;
mod told;
mod trust;
mod worlds;

pub use asked_elsewhere::Queries;
pub use guard::{Access, Key};
pub use hosts::{Origin, OriginError};
pub use limits::Limits;
pub use mcp::{StdioError, over_stdio as mcp_over_stdio};
pub use principal::Principal;
pub use rights::{Grant, GrantError, Grants, Scope};
pub use router::router;
pub use served::Served;
pub use server::{ServeError, Server};
pub use trust::{Act, AuditRow, NewToken, Outcome, Token, TokenText, Trust, TrustError, Verdict};
pub use worlds::{Begins, Beside, Folder, Worlds};
