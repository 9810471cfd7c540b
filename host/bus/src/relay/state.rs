//! How a relay stands.

/// How a relay stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayState {
    /// The last row of the outbox, as far as it was looked at.
    pub last: u64,
    /// The last row that the stream acknowledged.
    pub acknowledged: u64,
    /// Why nothing goes on at the moment, if that is so.
    pub trouble: Option<String>,
    /// Why it stopped, if it did: nothing goes on until it is started again.
    pub stopped: Option<String>,
}

impl RelayState {
    /// How many rows were not acknowledged yet.
    pub fn behind(&self) -> u64 {
        self.last.saturating_sub(self.acknowledged)
    }
}
