//! Turns: a fixed number of threads do the ticks of all worlds.
//!
//! Of the worlds that have something to do, the one that waits longest has the next
//! turn, and a turn is one tick. So a world with slow ticks has as many turns as any
//! other, and keeps one thread at a time.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use sandtable::pace::{Bell, Next, Pace};

/// What a world does in a turn. It says whether it did it.
type Work = Arc<dyn Fn(Next) -> bool + Send + Sync>;

/// Threads that take turns. They end when this is dropped.
pub struct Turns {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    members: BTreeMap<u64, Member>,
    /// How many there were so far.
    numbered: u64,
    is_over: bool,
}

struct Member {
    pace: Pace,
    work: Work,
    /// Since when it waits at the longest: the end of its last turn.
    since: Instant,
    is_at_work: bool,
    /// Whether its last turn was what it was woken for.
    was_woken: bool,
}

/// A place among those that have turns, until it is dropped.
pub struct Place {
    number: u64,
    shared: Weak<Shared>,
}

impl Turns {
    /// Starts so many threads.
    ///
    /// # Errors
    ///
    /// The system has none to spare.
    pub fn start(threads: usize) -> io::Result<Self> {
        let mut turns = Self { shared: Arc::default(), threads: Vec::new() };
        for number in 0..threads {
            let shared = turns.shared.clone();
            let thread = Builder::new().name(format!("turns-{number}"));
            turns.threads.push(thread.spawn(move || shared.take_turns())?);
        }
        Ok(turns)
    }

    /// A bell for the pace of a world that is to have turns.
    pub fn bell(&self) -> Bell {
        let shared = Arc::downgrade(&self.shared);
        Bell::passing_on(move || {
            if let Some(shared) = shared.upgrade() {
                // Held, so that no thread is between its look and its wait.
                let _queue = shared.queue();
                shared.changed.notify_one();
            }
        })
    }

    /// Gives a world turns. Its pace must have a bell of these.
    pub fn join(&self, pace: Pace, work: impl Fn(Next) -> bool + Send + Sync + 'static) -> Place {
        let mut queue = self.shared.queue();
        queue.numbered += 1;
        let (number, since) = (queue.numbered, Instant::now());
        let work: Work = Arc::new(work);
        let member = Member { pace, work, since, is_at_work: false, was_woken: false };
        queue.members.insert(number, member);
        self.shared.changed.notify_one();
        Place { number, shared: Arc::downgrade(&self.shared) }
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.shared.queue().is_over = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.queue().members.remove(&self.number);
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_turns(&self) {
        let mut queue = self.queue();
        while !queue.is_over {
            let now = Instant::now();
            let Some((number, next)) = queue.next(now) else {
                let until = queue.due();
                queue = match until.map(|until| until.saturating_duration_since(now)) {
                    None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                    Some(left) => {
                        let waited = self.changed.wait_timeout(queue, left);
                        waited.unwrap_or_else(PoisonError::into_inner).0
                    }
                };
                continue;
            };
            let Some(member) = queue.members.get_mut(&number) else { continue };
            (member.is_at_work, member.was_woken) = (true, next == Next::Woken);
            let (pace, work) = (member.pace.clone(), member.work.clone());
            // There may be more to do.
            self.changed.notify_one();
            drop(queue);
            take_turn(&pace, &*work, next);
            queue = self.queue();
            if let Some(member) = queue.members.get_mut(&number) {
                (member.is_at_work, member.since) = (false, Instant::now());
            }
        }
    }
}

fn take_turn(pace: &Pace, work: &(dyn Fn(Next) -> bool + Send + Sync), next: Next) {
    match next {
        Next::Woken => {
            pace.bell().take();
            work(next);
        }
        Next::Tick => {
            pace.begin();
            if work(next) {
                pace.done();
            }
        }
    }
}

impl Queue {
    fn waiting(&self) -> impl Iterator<Item = (u64, &Member)> {
        let all = self.members.iter().map(|(number, member)| (*number, member));
        all.filter(|(_, member)| !member.is_at_work)
    }

    /// Whose turn it is, and what for.
    fn next(&self, now: Instant) -> Option<(u64, Next)> {
        let ready = self.waiting().filter_map(|(number, member)| {
            let (since, next) = member.ready(now)?;
            Some((since, number, next))
        });
        ready
            .min_by_key(|(since, number, _)| (*since, *number))
            .map(|(_, number, next)| (number, next))
    }

    /// When the next of those that wait has something to do.
    fn due(&self) -> Option<Instant> {
        self.waiting().filter_map(|(_, member)| member.pace.due()).min()
    }
}

impl Member {
    /// What it has to do, and since when it waits for that.
    fn ready(&self, now: Instant) -> Option<(Instant, Next)> {
        let due = self.pace.due().filter(|due| *due <= now);
        let is_rung = self.pace.bell().is_ringing();
        match due {
            // A bell that never stops must not keep the world from its ticks.
            _ if is_rung && !(self.was_woken && due.is_some()) => Some((self.since, Next::Woken)),
            Some(due) => Some((due.max(self.since), Next::Tick)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn member(pace: &Pace, since: Instant) -> Member {
        let (pace, work): (_, Work) = (pace.clone(), Arc::new(|_| true));
        Member { pace, work, since, is_at_work: false, was_woken: false }
    }

    #[test]
    fn the_one_that_waits_longest_is_next() {
        let now = Instant::now();
        let ago = |millis| now.checked_sub(Duration::from_millis(millis)).expect("a moment");
        let due = |millis| Pace::since(1.0, ago(millis), Bell::default());
        let mut queue = Queue::default();
        let later = Pace::since(1.0, now + Duration::from_secs(60), Bell::default());
        queue.members.insert(1, member(&later, ago(900)));
        assert_eq!(queue.next(now), None);
        // Due for long, but it had a turn just now.
        queue.members.insert(2, member(&due(800), ago(1)));
        queue.members.insert(3, member(&due(20), ago(500)));
        assert_eq!(queue.next(now), Some((3, Next::Tick)));
        queue.members.get_mut(&3).expect("it").is_at_work = true;
        assert_eq!(queue.next(now), Some((2, Next::Tick)), "one thread at a time for each");
        later.bell().ring();
        assert_eq!(queue.next(now), Some((1, Next::Woken)));
    }

    #[test]
    fn slow_ticks_have_no_more_turns_than_quick_ones() {
        let turns = Turns::start(1).expect("a thread");
        let (tell, told) = channel();
        let go = Arc::new(Mutex::new(()));
        let held: MutexGuard<'_, ()> = go.lock().expect("it goes on");
        let mut places = Vec::new();
        for name in ["slow", "quick", "quicker"] {
            let (tell, go) = (tell.clone(), go.clone());
            let pace = Pace::since(0.0, Instant::now(), turns.bell());
            places.push(turns.join(pace, move |next| {
                if next == Next::Tick {
                    // All are due long before the first turn is over.
                    drop(go.lock());
                    if name == "slow" {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    let _ = tell.send(name);
                }
                true
            }));
        }
        drop(held);
        let order: Vec<&str> = told.iter().take(60).collect();
        for name in ["slow", "quick", "quicker"] {
            let turns = order.iter().filter(|it| **it == name).count();
            assert!((18..=22).contains(&turns), "{name}: {turns} of {order:?}");
        }
    }

    #[test]
    fn a_place_that_is_given_up_has_no_turns() {
        let turns = Turns::start(2).expect("threads");
        let (tell, told) = channel();
        let pace = Pace::since(0.0, Instant::now(), turns.bell());
        let place = turns.join(pace.clone(), move |_| {
            let _ = tell.send(());
            true
        });
        told.recv().expect("a turn");
        drop(place);
        drop(turns);
        while told.recv().is_ok() {}
        let done = pace.tempo().done;
        pace.bell().ring();
        assert_eq!(pace.tempo().done, done);
    }
}
