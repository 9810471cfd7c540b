//! A number of ticks a second, and how far behind it the world is, in time since the
//! start.
//!
//! Ticks that are late are made up for, but no more than a second of them: after a
//! process was stopped for an hour, an hour's ticks at once are of no use.

use std::time::{Duration, Instant};

use super::tempo::Tempo;

/// How far behind a tick may be, where one tick does not take longer, and still be made
/// up for.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// When ticks are due.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Ticks a second; 0 for as many as possible.
    hertz: f64,
    /// When the next one is due.
    due: Duration,
    is_paused: bool,
    /// Ticks that are to be done all the same.
    steps: u64,
    begun: u64,
    /// Ticks that were done.
    pub done: u64,
    late_by: Duration,
    late_by_most: Duration,
    late: u64,
    left_out: Duration,
    /// Whether the thread was woken since the last tick.
    is_woken: bool,
}

impl Plan {
    /// The first tick is due at once.
    pub fn new(hertz: f64) -> Self {
        Self { hertz, ..Self::default() }
    }

    /// When the next tick is due; none as long as it is paused.
    pub fn due(&self) -> Option<Duration> {
        match self.is_paused {
            true => (self.steps > 0).then_some(Duration::ZERO),
            false => Some(self.due),
        }
    }

    /// Whether the thread may be woken though a tick is due.
    pub fn may_wake(&self) -> bool {
        !self.is_woken
    }

    pub fn woken(&mut self) {
        self.is_woken = true;
    }

    pub fn pause(&mut self, _: Duration) {
        (self.is_paused, self.steps) = (true, 0);
    }

    pub fn go_on(&mut self, now: Duration) {
        if self.is_paused {
            // No tick is due for the time that it stood still.
            (self.is_paused, self.steps, self.due) = (false, 0, now);
        }
    }

    /// Gives the number of ticks that will be begun, and then done.
    pub fn step(&mut self, ticks: u64, _: Duration) -> u64 {
        self.is_paused = true;
        self.steps = self.steps.saturating_add(ticks);
        self.begun.saturating_add(self.steps)
    }

    pub fn set_hertz(&mut self, hertz: f64, now: Duration) {
        self.hertz = hertz;
        self.due = self.due.min(now.saturating_add(self.period()));
    }

    fn period(&self) -> Duration {
        match self.hertz > 0.0 {
            true => Duration::try_from_secs_f64(1.0 / self.hertz).unwrap_or(Duration::MAX),
            false => Duration::ZERO,
        }
    }

    /// Begins the tick that is due.
    pub fn begin(&mut self, now: Duration) {
        let period = self.period();
        if self.is_paused || period.is_zero() {
            (self.steps, self.due) = (self.steps.saturating_sub(1), now);
        }
        let behind = now.saturating_sub(self.due);
        self.late_by = behind.min(BEHIND_MAX.max(period));
        self.left_out = self.left_out.saturating_add(behind - self.late_by);
        self.due = (now.saturating_sub(self.late_by)).saturating_add(period);
        self.begun += 1;
        self.is_woken = false;
        if self.late_by > period {
            self.late += 1;
            self.late_by_most = self.late_by_most.max(behind);
        }
    }

    pub fn tempo(&self, started: Instant) -> Tempo {
        Tempo {
            hertz: self.hertz,
            is_paused: self.is_paused,
            steps: self.steps,
            due: if self.is_paused { None } else { started.checked_add(self.due) },
            begun: self.begun,
            done: self.done,
            late_by: self.late_by,
            late_by_most: self.late_by_most,
            late: self.late,
            left_out: self.left_out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::HERTZ;
    use super::*;

    /// How many ticks begin by a moment, when each begins as soon as it is due.
    fn begun_by(plan: &mut Plan, seconds: f64) -> u64 {
        let now = Duration::from_secs_f64(seconds);
        while plan.due().is_some_and(|due| due <= now) {
            plan.begin(now);
        }
        plan.begun
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_tick_that_is_late_is_made_up_for() {
        let mut plan = Plan::new(20.0);
        assert_eq!(begun_by(&mut plan, 0.0), 1);
        assert_eq!(begun_by(&mut plan, 0.5), 11);
        assert_eq!(plan.left_out, Duration::ZERO);
        assert_eq!((plan.late, plan.late_by_most), (8, Duration::from_millis(450)));
    }

    #[test]
    fn a_pace_stands_still_steps_and_is_changed() {
        let mut plan = Plan::new(20.0);
        begun_by(&mut plan, 0.0);
        plan.pause(at(1));
        assert_eq!(plan.due(), None);
        assert_eq!(plan.step(2, at(9)), 3);
        assert_eq!(begun_by(&mut plan, 9.0), 3);
        assert_eq!((plan.due(), plan.late), (None, 0));
        plan.step(7, at(9));
        plan.pause(at(9));
        assert_eq!(plan.due(), None, "a pause is the end of what was asked for");
        plan.set_hertz(40.0, at(99));
        plan.go_on(at(100));
        assert_eq!(begun_by(&mut plan, 101.0), 44, "nothing of the pause is made up for");
        plan.go_on(at(101));
        plan.set_hertz(20.0, at(101));
        assert_eq!(begun_by(&mut plan, 102.0), 64);
        assert_eq!(plan.left_out, Duration::ZERO);
    }

    #[test]
    fn a_slow_pace_that_is_made_faster_waits_no_longer() {
        let mut plan = Plan::new(*HERTZ.start());
        begun_by(&mut plan, 0.0);
        plan.set_hertz(1.0, at(5));
        assert_eq!(plan.due(), Some(at(6)));
    }

    #[test]
    fn as_many_ticks_as_possible_are_never_late() {
        let mut plan = Plan::new(0.0);
        for second in 0..5 {
            assert!(plan.due().is_some_and(|due| due <= at(second)));
            plan.begin(at(second));
        }
        assert_eq!((plan.late, plan.left_out), (0, Duration::ZERO));
    }

    #[test]
    fn an_hour_is_not_made_up_for() {
        let mut plan = Plan::new(20.0);
        begun_by(&mut plan, 0.0);
        assert_eq!(begun_by(&mut plan, 3600.0), 22, "the ticks of one second");
        assert_eq!(plan.left_out.as_millis(), 3_598_950);
    }

    #[test]
    fn the_slowest_and_the_fastest_pace_have_their_ticks() {
        for hertz in [*HERTZ.start(), *HERTZ.end(), 0.0] {
            let mut plan = Plan::new(hertz);
            plan.begin(at(0));
            plan.begin(Duration::MAX);
            plan.begin(Duration::MAX);
            assert_eq!(plan.begun, 3);
        }
    }
}
