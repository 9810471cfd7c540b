//! A fixed number of ticks a second, and how far behind it we are.

use std::thread;
use std::time::{Duration, Instant};

use crate::cli::stop::Stop;
use crate::cli::text;

const HZ_MAX: f64 = 1e6;
/// How long a signal may have to wait.
const NAP: Duration = Duration::from_millis(50);

/// Reads `--hz`.
pub fn hz(text: &str) -> Result<f64, String> {
    let hz: f64 = text.parse().map_err(|_| "give a number, such as 20 or 0.5".to_owned())?;
    if hz > 0.0 && hz <= HZ_MAX {
        Ok(hz)
    } else {
        Err(format!("give a number above zero, at most {HZ_MAX}"))
    }
}

/// When ticks are due.
pub struct Pace {
    hz: f64,
    started: Instant,
    begun: u64,
    lag: Duration,
    lag_max: Duration,
    late: u64,
}

impl Pace {
    /// The first tick is due now.
    pub fn new(hz: f64) -> Self {
        let (lag, lag_max) = (Duration::ZERO, Duration::ZERO);
        Self { hz, started: Instant::now(), begun: 0, lag, lag_max, late: 0 }
    }

    /// Waits until the next tick is due; false when somebody wants us to stop
    /// first. A tick that is late begins at once, and those after it are as
    /// many as make up for it.
    pub fn wait(&mut self, stop: &Stop) -> bool {
        let due = Duration::from_secs_f64(self.begun as f64 / self.hz);
        loop {
            if stop.asked() {
                return false;
            }
            let left = due.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(NAP));
        }
        self.begun += 1;
        self.lag = self.started.elapsed().saturating_sub(due);
        if self.lag > self.period() {
            self.late += 1;
            self.lag_max = self.lag_max.max(self.lag);
        }
        true
    }

    /// How far behind the last tick began, when that is more than one tick.
    pub fn lag(&self) -> Option<String> {
        (self.lag > self.period()).then(|| text::short_span(self.lag))
    }

    /// How well the pace was kept.
    pub fn outcome(&self) -> String {
        match self.late {
            0 => format!("{} Hz, kept", self.hz),
            late => format!(
                "{} Hz, {} of {} ticks late, by up to {}",
                self.hz,
                text::count(late),
                text::count(self.begun),
                text::short_span(self.lag_max)
            ),
        }
    }

    fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.hz)
    }
}

#[cfg(test)]
mod tests {
    use super::hz;

    #[test]
    fn a_pace_is_a_number_above_zero() {
        assert_eq!(hz("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "1e7", "fast", ""] {
            assert!(hz(wrong).is_err(), "{wrong}");
        }
    }
}
