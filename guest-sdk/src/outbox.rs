//! What a call sends to other systems.

use crate::codec::write;

/// The events that a call sends, encoded one after another.
#[derive(Default)]
pub(crate) struct Outbox {
    events: Vec<u8>,
    count: usize,
}

impl Outbox {
    /// Starts an event; its value is appended to what this gives.
    pub(crate) fn start(&mut self, at: u64, emitted: u32) -> &mut Vec<u8> {
        self.count += 1;
        write::array(&mut self.events, 3);
        write::uint(&mut self.events, at);
        write::uint(&mut self.events, u64::from(emitted));
        &mut self.events
    }

    /// All events as the host takes them, if there are any.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        if self.count == 0 {
            return None;
        }
        let mut out = Vec::with_capacity(self.events.len() + 5);
        write::array(&mut out, self.count);
        out.append(&mut self.events);
        self.count = 0;
        Some(out)
    }
}
