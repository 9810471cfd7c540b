//! What clients of streams ask for, and what was sent to them lately: made once for all
//! that had the same last and ask for the same.

use std::sync::Arc;

use axum::body::Bytes;
use sandtable::record::Digest;

use super::at::At;
use super::changes::Wanted;
use super::once::Once;
use super::packed_columns::Columns;
use super::sight::Sight;

/// What clients were told lately: by what they see, what they had last, tick, state, and
/// what they ask for.
pub type Told = Once<(Option<Sight>, Option<At>, u64, Digest, Asked), Bytes>;

/// Columns that were sent lately, by what is seen, kind, tick and state.
pub type Sent = Once<(Option<Sight>, String, u64, Digest), Arc<Columns>>;

/// What a client asks for, beside the ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// What it keeps a copy of.
    pub changes: Option<Wanted>,
    /// Kinds of events, with commas between them; `*` for all.
    pub events: Option<String>,
}

impl Asked {
    /// Whether it asks for an event.
    pub fn wants_event(&self, name: &str) -> bool {
        let mut asked = self.events.iter().flat_map(|all| all.split(','));
        asked.any(|it| it == "*" || it == name)
    }
}
