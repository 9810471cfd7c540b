//! When the ticks of a world are due, and what other threads want of that: to stand
//! still, to go on, some ticks, another speed.
//!
//! One thread does the ticks: it asks [`Pace::wait`] what there is to do. Any other
//! commands through a clone of the same pace, and wakes that thread by the same
//! [`Bell`] as whatever else has something for it.

mod bell;
mod plan;
mod tempo;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use bell::Bell;
use plan::Plan;
pub use tempo::Tempo;

/// Ticks a second, where they are counted: at the least a tick is eleven days away, at
/// the most a microsecond.
pub const HERTZ: RangeInclusive<f64> = 1e-6..=1e6;

/// What the thread that does ticks is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A tick, which has begun as far as the pace is concerned: [`Pace::done`] ends it.
    Tick,
    /// To see to what it was woken for.
    Woken,
}

/// When ticks are due. Clones are of the same world.
#[derive(Clone)]
pub struct Pace(Arc<Shared>);

struct Shared {
    started: Instant,
    plan: Mutex<Plan>,
    bell: Bell,
    listeners: Mutex<Vec<Listener>>,
}

type Listener = Box<dyn Fn(&Tempo) + Send>;

impl Pace {
    /// So many ticks a second, the first of which is due now; 0 for as many as possible.
    pub fn new(hertz: f64) -> Self {
        Self::since(hertz, Instant::now(), Bell::default())
    }

    /// As [`Pace::new`], with the first tick due at a moment, and the bell that wakes the
    /// thread which does the ticks.
    pub fn since(hertz: f64, first: Instant, bell: Bell) -> Self {
        let (plan, listeners) = (Mutex::new(Plan::new(possible(hertz))), Mutex::default());
        Self(Arc::new(Shared { started: first, plan, bell, listeners }))
    }

    /// What wakes the thread that does the ticks, for all that has something for it.
    pub fn bell(&self) -> &Bell {
        &self.0.bell
    }

    /// How it stands.
    pub fn tempo(&self) -> Tempo {
        self.plan().tempo(self.0.started)
    }

    /// Calls a function with how it stands, whenever that is other, on the thread that
    /// makes it so: it should be short.
    pub fn listen(&self, listener: impl Fn(&Tempo) + Send + 'static) {
        self.listeners().push(Box::new(listener));
    }

    /// Stands still. Ticks that were asked for and are not begun are not done.
    pub fn pause(&self) {
        self.alter(Plan::pause);
    }

    /// Goes on. Nothing of the time in which it stood still is made up for.
    pub fn go_on(&self) {
        self.alter(Plan::go_on);
    }

    /// Does some ticks and stands still. Gives the number of ticks that will be done
    /// then, as [`Tempo::done`] counts them.
    pub fn step(&self, ticks: u64) -> u64 {
        self.alter(|plan, now| plan.step(ticks, now))
    }

    /// So many ticks a second from now on; 0 for as many as possible. What is less or
    /// more than can be counted is the least or the most that can be.
    pub fn set_hertz(&self, hertz: f64) {
        self.alter(|plan, now| plan.set_hertz(possible(hertz), now));
    }

    /// Waits until there is something to do. A tick that is late begins at once, and
    /// those after it are as many as make up for it.
    pub fn wait(&self) -> Next {
        let Shared { started, bell, .. } = &*self.0;
        loop {
            let (is_due, may_wake, due) = {
                let plan = self.plan();
                let due = plan.due();
                (due.is_some_and(|due| due <= started.elapsed()), plan.may_wake(), due)
            };
            // A bell that never stops must not keep the world from its ticks.
            if (!is_due || may_wake) && bell.take() {
                self.plan().woken();
                return Next::Woken;
            }
            if is_due {
                self.begin();
                return Next::Tick;
            }
            bell.wait(due.and_then(|due| started.checked_add(due)));
        }
    }

    /// When the next tick is due, also one of those that were asked for in a pause.
    pub fn due(&self) -> Option<Instant> {
        self.plan().due().and_then(|due| self.0.started.checked_add(due))
    }

    /// How long it is until then.
    pub fn until_due(&self) -> Option<Duration> {
        self.due().map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Begins the tick that is due, for a thread that waits otherwise than by
    /// [`Pace::wait`].
    pub fn begin(&self) {
        self.plan().begin(self.0.started.elapsed());
        self.tell();
    }

    /// Ends a tick.
    pub fn done(&self) {
        self.plan().done += 1;
        self.tell();
    }

    fn alter<T>(&self, alter: impl FnOnce(&mut Plan, Duration) -> T) -> T {
        let altered = alter(&mut self.plan(), self.0.started.elapsed());
        self.tell();
        self.0.bell.ring();
        altered
    }

    fn tell(&self) {
        // Held while they are told, so that the last one told is how it stands.
        let listeners = self.listeners();
        if !listeners.is_empty() {
            let tempo = self.tempo();
            listeners.iter().for_each(|listener| listener(&tempo));
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").field(&self.tempo()).finish()
    }
}

fn possible(hertz: f64) -> f64 {
    match hertz > 0.0 {
        true => hertz.clamp(*HERTZ.start(), *HERTZ.end()),
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_that_waits_is_woken_by_what_others_want() {
        let pace = Pace::new(1e-6);
        assert_eq!(pace.wait(), Next::Tick, "the first is due at once");
        pace.done();
        let others = pace.clone();
        let (tell, told) = channel();
        let waits = thread::spawn(move || {
            loop {
                let next = pace.wait();
                if next == Next::Tick {
                    pace.done();
                }
                if tell.send(next).is_err() {
                    break;
                }
            }
        });
        let come_to = |next| assert!(told.iter().any(|it| it == next), "it goes on");
        others.pause();
        come_to(Next::Woken);
        assert_eq!(others.step(2), 3);
        come_to(Next::Tick);
        come_to(Next::Tick);
        let tempo = others.tempo();
        assert_eq!((tempo.done, tempo.is_running(), tempo.due), (3, false, None));
        // What rang for the steps may be heard after them.
        while told.try_recv().is_ok() {}
        others.bell().ring();
        assert_eq!(told.recv(), Ok(Next::Woken), "by anything else, too");
        drop(told);
        others.bell().ring();
        waits.join().expect("it ends");
    }

    #[test]
    fn a_bell_that_never_stops_keeps_no_tick_away() {
        let pace = Pace::new(0.0);
        let mut order = Vec::new();
        for _ in 0..6 {
            pace.bell().ring();
            order.push(pace.wait());
        }
        assert_eq!(order, [Next::Woken, Next::Tick].repeat(3));
    }

    #[test]
    fn those_who_listen_are_told_last_how_it_stands() {
        let pace = Pace::new(20.0);
        let (tell, told) = channel();
        pace.listen(move |tempo| {
            let _ = tell.send(*tempo);
        });
        pace.pause();
        pace.set_hertz(5.0);
        pace.step(1);
        pace.begin();
        pace.done();
        let last = told.try_iter().last().expect("told");
        assert_eq!(last, pace.tempo());
        assert_eq!((last.hertz, last.is_paused, last.steps, last.done), (5.0, true, 0, 1));
    }

    #[test]
    fn no_speed_is_beyond_what_can_be_counted() {
        let pace = Pace::new(f64::INFINITY);
        let mut hertz = vec![pace.tempo().hertz];
        for asked in [1e-300, -1.0, f64::NAN, 0.0] {
            pace.set_hertz(asked);
            hertz.push(pace.tempo().hertz);
        }
        assert_eq!(hertz, [1e6, 1e-6, 0.0, 0.0, 0.0]);
    }
}
