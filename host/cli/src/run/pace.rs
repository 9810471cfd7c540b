//! The pace of a world in words: read from the command line and from keys, and told.

use sandtable::pace::{HERTZ, Pace, Tempo};

use std::time::Duration;

use crate::text;

/// As much time as is lost before it is told of.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// Reads `--hz`.
pub fn hz(text: &str) -> Result<f64, String> {
    let hz: f64 = text.parse().map_err(|_| "give a number, such as 20 or 0.5".to_owned())?;
    if HERTZ.contains(&hz) {
        Ok(hz)
    } else {
        Err(format!("give a number from {} to {}", HERTZ.start(), HERTZ.end()))
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

impl Key {
    /// Does what the key says, and tells what that is.
    pub fn press(self, pace: &Pace) -> String {
        let before = pace.tempo();
        match self {
            Key::Pause if before.is_paused => pace.go_on(),
            Key::Pause => pace.pause(),
            Key::Step => drop(pace.step(1)),
            Key::Faster => pace.set_hertz(before.hertz * 2.0),
            Key::Slower => pace.set_hertz(before.hertz / 2.0),
        }
        let Tempo { hertz, is_paused, .. } = pace.tempo();
        match (self, is_paused) {
            (Key::Step, _) => "one tick".to_owned(),
            (_, false) => format!("{hertz} ticks a second"),
            (Key::Pause, true) => "paused: p goes on, s does one tick".to_owned(),
            (_, true) => format!("paused, then {hertz} ticks a second"),
        }
    }
}

/// Tells of time that is lost, the more seldom the more it is.
pub struct Losses {
    told_from: Duration,
}

impl Default for Losses {
    fn default() -> Self {
        Self { told_from: TOLD_FROM }
    }
}

impl Losses {
    /// What there is to tell.
    pub fn news(&mut self, tempo: &Tempo) -> Option<String> {
        if tempo.left_out < self.told_from {
            return None;
        }
        self.told_from = tempo.left_out * 2;
        Some(format!(
            "{} fell behind {} Hz: no more than {} of ticks are made up for, the others are left out",
            text::short_span(tempo.left_out),
            tempo.hertz,
            text::short_span(TOLD_FROM)
        ))
    }
}

/// How far behind the last tick began, when that is more than one tick.
pub fn lag(tempo: &Tempo) -> Option<String> {
    let is_late = tempo.hertz > 0.0 && tempo.late_by.as_secs_f64() > 1.0 / tempo.hertz;
    is_late.then(|| text::short_span(tempo.late_by))
}

/// How well the pace was kept.
pub fn outcome(tempo: &Tempo) -> String {
    let mut outcome = match tempo.late {
        0 => format!("{} Hz, kept", tempo.hertz),
        late => format!(
            "{} Hz, {} of {} ticks late, by up to {}",
            tempo.hertz,
            text::count(late),
            text::count(tempo.begun),
            text::short_span(tempo.late_by_most)
        ),
    };
    if !tempo.left_out.is_zero() {
        let left_out = text::short_span(tempo.left_out);
        outcome.push_str(&format!("; {left_out} of ticks left out"));
    }
    outcome
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

    #[test]
    fn keys_pause_and_step_and_change_the_pace() {
        let pace = Pace::new(20.0);
        let press = |key: Key| key.press(&pace);
        assert!(press(Key::Pause).starts_with("paused"));
        assert_eq!(press(Key::Step), "one tick");
        assert_eq!(pace.tempo().steps, 1);
        assert_eq!(press(Key::Faster), "paused, then 40 ticks a second");
        assert_eq!(press(Key::Pause), "40 ticks a second");
        assert_eq!(press(Key::Slower), "20 ticks a second");
        assert_eq!(press(Key::Step), "one tick");
        assert!(pace.tempo().is_paused, "a step is the end of running");
        for _ in 0..100 {
            press(Key::Faster);
        }
        assert_eq!(pace.tempo().hertz, *HERTZ.end());
    }

    #[test]
    fn what_is_lost_is_told_the_more_seldom_the_more_it_is() {
        let (mut losses, mut tempo) = (Losses::default(), Pace::new(20.0).tempo());
        let mut news = |seconds| {
            tempo.left_out = Duration::from_secs(seconds);
            losses.news(&tempo)
        };
        assert_eq!(news(0), None);
        let told = news(3600).expect("news");
        assert!(told.starts_with("60.0 min fell behind 20 Hz"), "{told}");
        assert_eq!(news(3600), None, "once");
        assert_eq!(news(3700), None, "not twice as much");
        assert!(news(7200).is_some());
    }

    #[test]
    fn how_well_it_was_kept_is_told() {
        let mut tempo = Pace::new(20.0).tempo();
        assert_eq!(outcome(&tempo), "20 Hz, kept");
        (tempo.begun, tempo.late, tempo.late_by_most) = (11, 8, Duration::from_millis(450));
        assert_eq!(outcome(&tempo), "20 Hz, 8 of 11 ticks late, by up to 0.5 s");
        tempo.left_out = Duration::from_secs(3600);
        assert!(outcome(&tempo).ends_with("; 60.0 min of ticks left out"), "{}", outcome(&tempo));
    }
}
