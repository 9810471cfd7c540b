//! Where what was asked of a world was read, counted.

use prometheus_client::metrics::counter::Counter;

/// How often was read from where. Clones count the same.
#[derive(Clone, Default)]
pub struct Reads {
    /// From the world as it was published.
    pub memory: Counter,
    /// From the world of an earlier tick that was still kept.
    pub past: Counter,
    /// From the world of an earlier tick, which was made of history for it.
    pub rebuilt: Counter,
    /// From the save: SQL, history, logs.
    pub save: Counter,
}
