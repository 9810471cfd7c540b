//! Events that some system has not read yet.
//!
//! Each topic is a queue with a running number. An event stays until every
//! system that reads the topic has passed it; a topic that no system reads keeps
//! nothing.
//!
//! A queue grows at one end for as long as its slowest reader waits, and is
//! cloned with its world at every step. So its events lie in blocks that clones
//! share: whatever comes to a queue or leaves it costs one block, however many
//! there are.
//!
//! Invariants: numbers have no gaps, up to the last; a block has the unread
//! events of [`PER_BLOCK`] numbers that begin at a multiple of it, and at least
//! one; a block that another clone holds is never written, only replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::Vector;

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

/// Numbers of events that lie in one block.
const PER_BLOCK: u64 = 256;

/// The unread events of 256 numbers, ascending.
pub type EventBlock = Arc<Vec<Event>>;

#[derive(Clone, Debug, Default)]
struct Queue {
    last: u64,
    unread: Vector<EventBlock>,
}

impl Queue {
    /// The number of the first unread event.
    fn first(&self) -> Option<u64> {
        self.unread.front()?.first().map(|event| event.number)
    }

    /// The number up to which every reader has read.
    fn passed(&self) -> u64 {
        self.first().map_or(self.last, |first| first - 1)
    }

    /// Adds the event whose number comes next.
    fn push(&mut self, event: Event) {
        self.last = event.number;
        let begins = event.number.is_multiple_of(PER_BLOCK);
        match self.unread.back_mut().filter(|_| !begins) {
            Some(block) => Arc::make_mut(block).push(event),
            None => self.unread.push_back(Arc::new(vec![event])),
        }
    }

    /// Drops the events up to a number.
    fn drop_up_to(&mut self, passed: u64) {
        let is_read = |block: &EventBlock| block.last().is_some_and(|it| it.number <= passed);
        while self.unread.front().is_some_and(is_read) {
            self.unread.pop_front();
        }
        if self.passed() < passed
            && let Some(block) = self.unread.front_mut()
        {
            Arc::make_mut(block).retain(|event| event.number > passed);
        }
    }

    /// The unread events after a number, oldest first.
    fn after(&self, number: u64) -> impl Iterator<Item = &Event> {
        let first = self.first().unwrap_or(0);
        let skipped = number.max(first) / PER_BLOCK - first / PER_BLOCK;
        let blocks = usize::try_from(skipped).unwrap_or(usize::MAX)..self.unread.len();
        blocks
            .filter_map(|at| self.unread.get(at))
            .flat_map(|block| block.iter())
            .skip_while(move |event| event.number <= number)
    }
}

/// The queues of all topics.
#[derive(Clone, Debug, Default)]
pub struct Events {
    queues: BTreeMap<Topic, Queue>,
}

impl Events {
    /// Adds an event and returns its number.
    pub fn push(&mut self, topic: Topic, tick: u64, payload: Bytes) -> u64 {
        let queue = self.queues.entry(topic).or_default();
        queue.push(Event { number: queue.last + 1, tick, payload });
        queue.last
    }

    /// Brings a queue to where a later tick left it: its last number, the one
    /// that every reader has passed, and the unread events that came. Says
    /// whether that follows on what is there.
    pub fn go_on(
        &mut self,
        topic: Topic,
        last: u64,
        passed: u64,
        pushed: impl IntoIterator<Item = Event>,
    ) -> bool {
        let queue = self.queues.entry(topic).or_default();
        // A save keeps numbers as i64.
        if !(queue.passed()..=last).contains(&passed) || last > i64::MAX as u64 {
            return false;
        }
        queue.drop_up_to(passed);
        queue.last = queue.last.max(passed);
        for event in pushed {
            if event.number != queue.last + 1 {
                return false;
            }
            queue.push(event);
        }
        queue.last == last
    }

    /// Leaves nothing unread of a topic that has come to a number.
    pub fn forget(&mut self, topic: Topic, last: u64) {
        self.queues.insert(topic, Queue { last, unread: Vector::new() });
    }

    /// The number of the last event of a topic; zero when there was none.
    pub fn last(&self, topic: Topic) -> u64 {
        self.queues.get(&topic).map_or(0, |queue| queue.last)
    }

    /// The number up to which every reader has read a topic.
    pub fn passed(&self, topic: Topic) -> u64 {
        self.queues.get(&topic).map_or(0, Queue::passed)
    }

    /// The events of a topic after the given number, oldest first.
    pub fn after(&self, topic: Topic, number: u64) -> impl Iterator<Item = &Event> {
        self.queues.get(&topic).into_iter().flat_map(move |queue| queue.after(number))
    }

    /// An unread event.
    pub fn get(&self, topic: Topic, number: u64) -> Option<&Event> {
        let found = self.after(topic, number.checked_sub(1)?).next();
        found.filter(|event| event.number == number)
    }

    /// Replaces the payloads of a topic; nothing when one has no replacement.
    pub(super) fn map_values(
        &mut self,
        topic: Topic,
        mut payload: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<()> {
        if let Some(queue) = self.queues.get_mut(&topic) {
            for block in queue.unread.iter_mut() {
                for event in Arc::make_mut(block) {
                    event.payload = payload(&event.payload)?.into();
                }
            }
        }
        Some(())
    }

    /// Drops what every reader has read: `read_up_to` gives, for a topic, the
    /// number that its slowest reader has passed, or nothing without readers.
    pub fn drop_read(&mut self, read_up_to: impl Fn(Topic) -> Option<u64>) {
        for (topic, queue) in &mut self.queues {
            let passed = read_up_to(*topic).unwrap_or(queue.last);
            queue.drop_up_to(passed);
        }
    }

    /// Every topic with the number of its last event and what is unread.
    pub fn iter(&self) -> impl Iterator<Item = (Topic, u64, impl Iterator<Item = &Event>)> {
        self.queues.iter().map(|(topic, queue)| (*topic, queue.last, queue.after(0)))
    }

    /// Every topic with the number of its last event and what is unread, block
    /// by block.
    pub fn blocks(
        &self,
    ) -> impl Iterator<Item = (Topic, u64, impl ExactSizeIterator<Item = &EventBlock>)> {
        self.queues.iter().map(|(topic, queue)| (*topic, queue.last, queue.unread.iter()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    const TOPIC: Topic = Topic::Kind(KindId(3));

    #[derive(Clone, Debug)]
    enum Step {
        Push(u64),
        Pass(u64),
        Remember,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1_u64..400).prop_map(Step::Push),
            (0_u64..500).prop_map(Step::Pass),
            Just(Step::Remember),
        ];
        prop::collection::vec(step, 1..30)
    }

    fn numbers<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<u64> {
        events.map(|event| event.number).collect()
    }

    proptest! {
        #[test]
        fn a_queue_is_a_list_without_what_was_passed(steps in steps()) {
            let mut events = Events::default();
            let (mut list, mut last, mut passed) = (VecDeque::<u64>::new(), 0, 0);
            let mut remembered = Vec::new();
            for step in steps {
                match step {
                    Step::Push(count) => for _ in 0..count {
                        last += 1;
                        prop_assert_eq!(events.push(TOPIC, last, Bytes::from([])), last);
                        list.push_back(last);
                    },
                    Step::Pass(count) => {
                        passed = last.min(passed + count);
                        events.drop_read(|_| Some(passed));
                        list.retain(|number| *number > passed);
                    }
                    Step::Remember => remembered.push((events.clone(), list.clone())),
                }
                prop_assert_eq!(numbers(events.after(TOPIC, 0)), list.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!((events.last(TOPIC), events.passed(TOPIC)), (last, passed));
                for number in [passed.saturating_sub(1), passed, passed + 1, (passed + last) / 2, last] {
                    let later: Vec<u64> = list.iter().copied().filter(|it| *it > number).collect();
                    prop_assert_eq!(numbers(events.after(TOPIC, number)), later);
                    let found = events.get(TOPIC, number).map(|event| event.number);
                    prop_assert_eq!(found, list.contains(&number).then_some(number));
                }
                for (_, _, blocks) in events.blocks() {
                    for block in blocks {
                        let of = |event: &Event| event.number / PER_BLOCK;
                        prop_assert!(block.iter().all(|event| of(event) == of(&block[0])));
                    }
                }
            }
            for (events, list) in remembered {
                prop_assert_eq!(numbers(events.after(TOPIC, 0)), list.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn clones_share_all_blocks_but_the_one_that_grows() {
        let mut before = Events::default();
        for _ in 0..1000 {
            before.push(TOPIC, 1, Bytes::from([]));
        }
        let mut after = before.clone();
        after.push(TOPIC, 2, Bytes::from([]));
        after.drop_read(|_| Some(10));
        let blocks = |events: &Events| -> Vec<EventBlock> {
            events.blocks().flat_map(|(_, _, blocks)| blocks.cloned().collect::<Vec<_>>()).collect()
        };
        let same = blocks(&before)
            .iter()
            .zip(&blocks(&after))
            .map(|(one, two)| Arc::ptr_eq(one, two))
            .collect::<Vec<_>>();
        assert_eq!(same, [false, true, true, false]);
    }

    #[test]
    fn a_later_tick_must_follow_on_what_is_there() {
        let event = |number| Event { number, tick: 7, payload: Bytes::from([]) };
        let mut five = Events::default();
        for _ in 0..5 {
            five.push(TOPIC, 1, Bytes::from([]));
        }
        five.drop_read(|_| Some(2));
        let goes_on = |last, passed, pushed: &[u64]| {
            let mut events = five.clone();
            let follows = events.go_on(TOPIC, last, passed, pushed.iter().map(|it| event(*it)));
            follows.then(|| numbers(events.after(TOPIC, 0)))
        };
        assert_eq!(goes_on(5, 2, &[]), Some(vec![3, 4, 5]));
        assert_eq!(goes_on(7, 3, &[6, 7]), Some(vec![4, 5, 6, 7]));
        assert_eq!(goes_on(9, 8, &[9]), Some(vec![9]));
        assert_eq!(goes_on(9, 9, &[]), Some(vec![]));
        assert_eq!(goes_on(5, 1, &[]), None);
        assert_eq!(goes_on(7, 3, &[7]), None);
        assert_eq!(goes_on(7, 3, &[6]), None);
        assert_eq!(goes_on(9, 8, &[8, 9]), None);
    }
}
