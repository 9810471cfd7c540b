//! A fixed number of ticks a second, and how far behind it we are.
//!
//! Ticks that are late are made up for, but no more than a second of them: after
//! a process was stopped for an hour nobody wants an hour's ticks at once.

use std::ops::RangeInclusive;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::stop::Stop;
use crate::cli::text;

/// At the least a tick is eleven days away, at the most a microsecond.
const HZ: RangeInclusive<f64> = 1e-6..=1e6;
/// How long a signal may have to wait.
const NAP: Duration = Duration::from_millis(50);
/// How far behind a tick may be, where one tick does not take longer, and still
/// be made up for.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// Reads `--hz`.
pub fn hz(text: &str) -> Result<f64, String> {
    let hz: f64 = text.parse().map_err(|_| "give a number, such as 20 or 0.5".to_owned())?;
    if HZ.contains(&hz) {
        Ok(hz)
    } else {
        Err(format!("give a number from {} to {}", HZ.start(), HZ.end()))
    }
}

/// When ticks are due.
pub struct Pace {
    started: Instant,
    plan: Plan,
}

impl Pace {
    /// The first tick is due now.
    pub fn new(hz: f64) -> Self {
        Self { started: Instant::now(), plan: Plan::new(hz) }
    }

    /// Waits until the next tick is due; false when somebody wants us to stop
    /// first. A tick that is late begins at once, and those after it are as
    /// many as make up for it.
    pub fn wait(&mut self, stop: &Stop) -> bool {
        loop {
            if stop.asked() {
                return false;
            }
            let left = self.plan.due.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(NAP));
        }
        self.plan.begin(self.started.elapsed());
        true
    }

    /// What is worth telling at once: that time was left out, and again each
    /// time that it has become twice as much.
    pub fn news(&mut self) -> Option<String> {
        self.plan.news()
    }

    /// How far behind the last tick began, when that is more than one tick.
    pub fn lag(&self) -> Option<String> {
        let late = self.plan.lag > self.plan.period();
        late.then(|| text::short_span(self.plan.lag))
    }

    /// How well the pace was kept.
    pub fn outcome(&self) -> String {
        self.plan.outcome()
    }
}

/// When ticks are due, in time since the start.
struct Plan {
    hz: f64,
    /// When the next one is.
    due: Duration,
    begun: u64,
    lag: Duration,
    lag_max: Duration,
    late: u64,
    /// Time whose ticks are not made up for.
    left_out: Duration,
    /// As much of it as makes the next news.
    told_from: Duration,
}

impl Plan {
    fn new(hz: f64) -> Self {
        const NONE: Duration = Duration::ZERO;
        let (due, lag, lag_max, left_out) = (NONE, NONE, NONE, NONE);
        Self { hz, due, begun: 0, lag, lag_max, late: 0, left_out, told_from: BEHIND_MAX }
    }

    fn period(&self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.hz).unwrap_or(Duration::MAX)
    }

    /// Begins the tick that is due.
    fn begin(&mut self, now: Duration) {
        let period = self.period();
        let behind = now.saturating_sub(self.due);
        self.lag = behind.min(BEHIND_MAX.max(period));
        self.left_out = self.left_out.saturating_add(behind - self.lag);
        self.due = (now.saturating_sub(self.lag)).saturating_add(period);
        self.begun += 1;
        if self.lag > period {
            self.late += 1;
            self.lag_max = self.lag_max.max(behind);
        }
    }

    fn news(&mut self) -> Option<String> {
        if self.left_out < self.told_from {
            return None;
        }
        self.told_from = self.left_out * 2;
        Some(format!(
            "{} fell behind {} Hz: no more than {} of ticks are made up for, the others are left out",
            text::short_span(self.left_out),
            self.hz,
            text::short_span(BEHIND_MAX)
        ))
    }

    fn outcome(&self) -> String {
        let mut outcome = match self.late {
            0 => format!("{} Hz, kept", self.hz),
            late => format!(
                "{} Hz, {} of {} ticks late, by up to {}",
                self.hz,
                text::count(late),
                text::count(self.begun),
                text::short_span(self.lag_max)
            ),
        };
        if !self.left_out.is_zero() {
            let left_out = text::short_span(self.left_out);
            outcome.push_str(&format!("; {left_out} of ticks left out"));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_number_above_zero() {
        assert_eq!(hz("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "-inf", "1e7", "1e-20", "1e-400", "fast", ""] {
            assert!(hz(wrong).is_err(), "{wrong}");
        }
    }

    /// How many ticks begin by a moment, when each begins as soon as it is due.
    fn begun_by(plan: &mut Plan, seconds: f64) -> u64 {
        let now = Duration::from_secs_f64(seconds);
        while plan.due <= now {
            plan.begin(now);
        }
        plan.begun
    }

    #[test]
    fn a_tick_that_is_late_is_made_up_for() {
        let mut plan = Plan::new(20.0);
        assert_eq!(begun_by(&mut plan, 0.0), 1);
        assert_eq!(begun_by(&mut plan, 0.5), 11);
        assert_eq!(plan.news(), None);
        assert_eq!(plan.outcome(), "20 Hz, 8 of 11 ticks late, by up to 0.5 s");
    }

    #[test]
    fn an_hour_is_not_made_up_for() {
        let mut plan = Plan::new(20.0);
        begun_by(&mut plan, 0.0);
        assert_eq!(begun_by(&mut plan, 3600.0), 22, "the ticks of one second");
        let told = plan.news().expect("news");
        assert!(told.starts_with("60.0 min fell behind 20 Hz"), "{told}");
        assert_eq!(plan.news(), None, "once");
        assert!(plan.outcome().ends_with("; 60.0 min of ticks left out"), "{}", plan.outcome());
        begun_by(&mut plan, 3601.0);
        assert_eq!(plan.news(), None);
        begun_by(&mut plan, 3700.0);
        assert_eq!(plan.news(), None, "not twice as much");
        begun_by(&mut plan, 9000.0);
        assert!(plan.news().is_some());
    }

    #[test]
    fn the_slowest_and_the_fastest_pace_have_their_ticks() {
        for hz in [HZ.start(), HZ.end()] {
            let mut plan = Plan::new(*hz);
            assert_eq!(begun_by(&mut plan, 0.0), 1);
            plan.begin(Duration::MAX);
            plan.begin(Duration::MAX);
        }
    }
}
