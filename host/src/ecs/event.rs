//! Events that some system has not read yet.
//!
//! Each topic is a queue with a running number. An event stays until every
//! system that reads the topic has passed it; a topic that nobody reads keeps
//! nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Bytes, KindId};

/// What events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Events or inputs of one kind; the payload is the kind's value.
    Kind(KindId),
    /// Removals of one component; the payload is the entity.
    Removed(KindId),
    /// Despawns; the payload is the entity.
    Despawned,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in its topic; from one on, without gaps.
    pub number: u64,
    /// The tick that emitted it, or whose input it is.
    pub tick: u64,
    /// A MessagePack value.
    pub payload: Bytes,
}

#[derive(Clone, Debug, Default)]
struct Queue {
    last: u64,
    unread: Arc<VecDeque<Event>>,
}

/// The queues of all topics.
#[derive(Clone, Debug, Default)]
pub struct Events {
    queues: BTreeMap<Topic, Queue>,
}

impl Events {
    /// Adds an event and returns its number.
    pub(crate) fn push(&mut self, topic: Topic, tick: u64, payload: Bytes) -> u64 {
        let queue = self.queues.entry(topic).or_default();
        queue.last += 1;
        let event = Event { number: queue.last, tick, payload };
        Arc::make_mut(&mut queue.unread).push_back(event);
        queue.last
    }

    /// Puts a stored queue back.
    pub(crate) fn restore(&mut self, topic: Topic, last: u64, unread: VecDeque<Event>) {
        self.queues.insert(topic, Queue { last, unread: Arc::new(unread) });
    }

    /// The number of the last event of a topic; zero when there was none.
    pub fn last(&self, topic: Topic) -> u64 {
        self.queues.get(&topic).map_or(0, |queue| queue.last)
    }

    /// The events of a topic after the given number, oldest first.
    pub fn after(&self, topic: Topic, number: u64) -> impl Iterator<Item = &Event> {
        self.queues
            .get(&topic)
            .into_iter()
            .flat_map(|queue| queue.unread.iter())
            .skip_while(move |event| event.number <= number)
    }

    /// An unread event.
    pub(crate) fn get(&self, topic: Topic, number: u64) -> Option<&Event> {
        let unread = &self.queues.get(&topic)?.unread;
        // Numbers have no gaps, so the place follows from the first.
        let place = number.checked_sub(unread.front()?.number)?;
        unread.get(usize::try_from(place).ok()?)
    }

    /// Replaces the payloads of a topic; nothing when one has no replacement.
    pub(super) fn recast(
        &mut self,
        topic: Topic,
        mut payload: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<()> {
        if let Some(queue) = self.queues.get_mut(&topic) {
            for event in Arc::make_mut(&mut queue.unread) {
                event.payload = payload(&event.payload)?.into();
            }
        }
        Some(())
    }

    /// Drops what everybody has read: `read_up_to` gives, for a topic, the
    /// number that its slowest reader has passed, or nothing without readers.
    pub(crate) fn drop_read(&mut self, read_up_to: impl Fn(Topic) -> Option<u64>) {
        for (topic, queue) in &mut self.queues {
            let passed = read_up_to(*topic).unwrap_or(queue.last);
            if queue.unread.front().is_some_and(|event| event.number <= passed) {
                Arc::make_mut(&mut queue.unread).retain(|event| event.number > passed);
            }
        }
    }

    /// Every topic with the number of its last event and what is unread.
    pub fn iter(&self) -> impl Iterator<Item = (Topic, u64, impl Iterator<Item = &Event>)> {
        self.queues.iter().map(|(topic, queue)| (*topic, queue.last, queue.unread.iter()))
    }
}
