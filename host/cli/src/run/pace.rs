//! A fixed number of ticks a second, and how far behind it we are.
//!
//! Ticks that are late are made up for, but no more than a second of them: after
//! a process was stopped for an hour, an hour's ticks at once are of no use.

use std::ops::RangeInclusive;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use sandtable_serve::{Metronome, Tempo};

use crate::screen::Screen;
use crate::stop::Stop;
use crate::text;

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

/// What a person wants of the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Stand still, or go on.
    Pause,
    /// Do one tick, and stand still.
    Step,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
}

/// When ticks are due.
pub struct Pace {
    started: Instant,
    plan: Plan,
    keys: Option<Receiver<Key>>,
    metronome: Option<Metronome>,
}

impl Pace {
    /// The first tick is due now. The pace is told where one is to know it.
    pub fn new(hz: f64, keys: Option<Receiver<Key>>, metronome: Option<Metronome>) -> Self {
        Self { started: Instant::now(), plan: Plan::new(hz), keys, metronome }
    }

    /// Waits until the next tick is due; false when a stop is asked for
    /// first. A tick that is late begins at once, and those after it are as
    /// many as make up for it.
    pub fn wait(&mut self, stop: &Stop, screen: &Screen) -> bool {
        loop {
            if stop.asked() {
                return false;
            }
            let mut is_changed = false;
            for key in self.keys.iter().flat_map(Receiver::try_iter) {
                screen.say(&self.plan.press(key, self.started.elapsed()));
                is_changed = true;
            }
            if is_changed {
                self.tell();
            }
            match self.plan.left(self.started.elapsed()) {
                Some(Duration::ZERO) => break,
                left => thread::sleep(left.unwrap_or(NAP).min(NAP)),
            }
        }
        self.plan.begin(self.started.elapsed());
        self.tell();
        if let Some(news) = self.plan.news() {
            screen.warn(&news);
        }
        true
    }

    fn tell(&self) {
        if let Some(metronome) = &self.metronome {
            let Plan { hz, due, is_paused, left_out, .. } = self.plan;
            let due = if is_paused { None } else { self.started.checked_add(due) };
            metronome.set(Tempo { hertz: hz, due, is_paused, left_out });
        }
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.plan.is_paused
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
    is_paused: bool,
    /// Ticks that are to be done all the same.
    steps: u64,
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
        Self {
            hz,
            due,
            is_paused: false,
            steps: 0,
            begun: 0,
            lag,
            lag_max,
            late: 0,
            left_out,
            told_from: BEHIND_MAX,
        }
    }

    /// How long it is until the next tick; nothing as long as it is paused.
    fn left(&self, now: Duration) -> Option<Duration> {
        match self.is_paused {
            true => (self.steps > 0).then_some(Duration::ZERO),
            false => Some(self.due.saturating_sub(now)),
        }
    }

    /// Does what a key says, and tells what that is.
    fn press(&mut self, key: Key, now: Duration) -> String {
        match key {
            Key::Pause => self.is_paused = !self.is_paused,
            Key::Step => (self.is_paused, self.steps) = (true, self.steps + 1),
            Key::Faster => self.hz = (self.hz * 2.0).min(*HZ.end()),
            Key::Slower => self.hz = (self.hz / 2.0).max(*HZ.start()),
        }
        // No tick is due for the time that it stood still.
        self.due = match key {
            Key::Pause => now,
            _ => self.due.min(now.saturating_add(self.period())),
        };
        match (key, self.is_paused) {
            (Key::Step, _) => "one tick".to_owned(),
            (_, false) => format!("{} ticks a second", self.hz),
            (Key::Pause, true) => "paused: p goes on, s does one tick".to_owned(),
            (_, true) => format!("paused, then {} ticks a second", self.hz),
        }
    }

    fn period(&self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.hz).unwrap_or(Duration::MAX)
    }

    /// Begins the tick that is due.
    fn begin(&mut self, now: Duration) {
        let period = self.period();
        if self.is_paused {
            (self.steps, self.due) = (self.steps.saturating_sub(1), now);
        }
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
    fn keys_pause_and_step_and_change_the_pace() {
        let at = Duration::from_secs;
        let mut plan = Plan::new(20.0);
        begun_by(&mut plan, 0.0);
        assert!(plan.press(Key::Pause, at(1)).starts_with("paused"));
        assert_eq!(plan.left(at(9)), None);
        assert_eq!(plan.press(Key::Step, at(9)), "one tick");
        assert_eq!(plan.left(at(9)), Some(Duration::ZERO));
        plan.begin(at(9));
        assert_eq!((plan.left(at(99)), plan.begun), (None, 2));
        assert_eq!(plan.press(Key::Faster, at(99)), "paused, then 40 ticks a second");
        assert_eq!(plan.press(Key::Pause, at(100)), "40 ticks a second");
        assert_eq!(begun_by(&mut plan, 101.0), 43, "nothing of the pause is made up for");
        assert_eq!(plan.news(), None);
        assert_eq!(plan.press(Key::Slower, at(101)), "20 ticks a second");
        assert_eq!(begun_by(&mut plan, 102.0), 63);
        for _ in 0..100 {
            plan.press(Key::Faster, at(102));
        }
        assert_eq!(plan.hz, *HZ.end());
    }

    #[test]
    fn a_pace_is_told_where_one_is_to_know_it() {
        let metronome = Metronome::default();
        let mut pace = Pace::new(20.0, None, Some(metronome.clone()));
        pace.plan.begin(Duration::ZERO);
        pace.tell();
        let (due, told) = (pace.started + Duration::from_millis(50), metronome.last());
        assert_eq!((told.hertz, told.due, told.is_paused), (20.0, Some(due), false));
        pace.plan.press(Key::Pause, Duration::ZERO);
        pace.tell();
        assert_eq!((metronome.last().due, metronome.last().is_paused), (None, true));
        assert_eq!(metronome.last().lag(), Duration::ZERO);
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
