//! Which calls are worth sending away: what they cost here, against what it costs here to
//! send them.
//!
//! Both are measured by system, for a row, and follow what they become. They decide where
//! a call is made and never what it does.

use std::collections::HashMap;
use std::time::Duration;

/// What is measured, by system.
#[derive(Default)]
pub struct Measures(HashMap<String, Measure>);

#[derive(Default)]
struct Measure {
    /// Nanoseconds that a row takes where it is made here.
    here: Average,
    /// Nanoseconds that a row takes here where it is made elsewhere.
    sending: Average,
    /// Nanoseconds from sending a call to having its answer.
    away: Average,
    /// Calls that were not worth it, since the last that was sent all the same.
    declined: u32,
    /// Whether the last one that was sent could not be made there.
    fails: bool,
}

/// An average that forgets.
#[derive(Clone, Copy, Default)]
struct Average(Option<f64>);

impl Average {
    const WEIGHT: f64 = 0.2;

    fn add(&mut self, value: f64) {
        self.0 = Some(self.0.map_or(value, |before| before + (value - before) * Self::WEIGHT));
    }
}

impl Measures {
    /// What a byte costs on its way, besides what is measured: the thread for the network
    /// copies it, and a wire of 10 gigabits carries it in about as long.
    const NANOS_A_BYTE: f64 = 1.0;
    /// What a call costs on its way, however small.
    const NANOS_A_CALL: f64 = 30_000.0;
    /// Of so many calls that are not worth it one is sent, to see whether that is still so.
    const TRY_AGAIN: u32 = 256;
    const PATIENCE_MIN: Duration = Duration::from_millis(2);
    const PATIENCE_MAX: Duration = Duration::from_millis(250);
    /// While it is not known how long a call takes.
    const PATIENCE_FIRST: Duration = Duration::from_millis(50);

    fn of(&mut self, system: &str) -> &mut Measure {
        self.0.entry(system.to_owned()).or_default()
    }

    /// Whether a call of so many rows is worth sending.
    pub fn is_worth(&mut self, system: &str, rows: u64) -> bool {
        let measure = self.of(system);
        let rows = rows.max(1) as f64;
        let is_worth = match (measure.here.0, measure.sending.0) {
            (None, _) => return false,
            _ if measure.fails => false,
            (Some(here), None) => here * rows > Self::NANOS_A_CALL,
            (Some(here), Some(sending)) => here > sending,
        };
        if !is_worth {
            measure.declined += 1;
            if measure.declined >= Self::TRY_AGAIN {
                measure.declined = 0;
                return true;
            }
        }
        is_worth
    }

    /// A call was made here.
    pub fn made_here(&mut self, system: &str, rows: u64, nanos: u64) {
        self.of(system).here.add(nanos as f64 / rows.max(1) as f64);
    }

    /// A call was made elsewhere: what that took of this machine, and its bytes.
    pub fn made_away(&mut self, system: &str, rows: u64, nanos: u64, bytes: usize) {
        let cost = nanos as f64 + bytes as f64 * Self::NANOS_A_BYTE + Self::NANOS_A_CALL;
        let measure = self.of(system);
        measure.sending.add(cost / rows.max(1) as f64);
        measure.fails = false;
    }

    /// A call could not be made elsewhere: its answer is too large, or it faults.
    pub fn failed(&mut self, system: &str) {
        self.of(system).fails = true;
    }

    /// An answer came.
    pub fn answered(&mut self, system: &str, after: Duration) {
        self.of(system).away.add(after.as_nanos() as f64);
    }

    /// How long a call is waited for before it is made here too: twice as long as it
    /// usually takes.
    pub fn patience(&mut self, system: &str) -> Duration {
        let Some(usual) = self.of(system).away.0 else { return Self::PATIENCE_FIRST };
        let twice = Duration::from_nanos((2.0 * usual) as u64);
        twice.clamp(Self::PATIENCE_MIN, Self::PATIENCE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_sent_where_that_costs_less_than_making_them() {
        let mut measures = Measures::default();
        assert!(!measures.is_worth("a/b", 1000), "nothing is known of it");
        measures.made_here("a/b", 1000, 1_000_000);
        assert!(measures.is_worth("a/b", 1000), "to see what it costs");
        assert!(!measures.is_worth("a/b", 10), "too small to be worth it at any cost");
        measures.made_away("a/b", 1000, 100_000, 100_000);
        assert!(measures.is_worth("a/b", 1000));
        for _ in 0..50 {
            measures.made_away("a/b", 1000, 100_000, 2_000_000);
        }
        assert!(!measures.is_worth("a/b", 1000), "too many bytes for a row");
        let sent = (0..1000).filter(|_| measures.is_worth("a/b", 1000)).count();
        assert!((1..10).contains(&sent), "now and then it is tried again: {sent}");
    }

    #[test]
    fn what_fails_elsewhere_is_seldom_tried_there() {
        let mut measures = Measures::default();
        measures.made_here("a/b", 1000, 1_000_000);
        assert!(measures.is_worth("a/b", 1000));
        measures.failed("a/b");
        let sent = (0..1000).filter(|_| measures.is_worth("a/b", 1000)).count();
        assert!((1..10).contains(&sent), "{sent}");
        measures.made_away("a/b", 1000, 1000, 1000);
        assert!(measures.is_worth("a/b", 1000), "once it does not");
    }

    #[test]
    fn patience_follows_what_calls_take() {
        let mut measures = Measures::default();
        assert_eq!(measures.patience("a/b"), Measures::PATIENCE_FIRST);
        measures.answered("a/b", Duration::from_millis(10));
        assert_eq!(measures.patience("a/b"), Duration::from_millis(20));
        (0..100).for_each(|_| measures.answered("a/b", Duration::from_secs(9)));
        assert_eq!(measures.patience("a/b"), Measures::PATIENCE_MAX);
        (0..100).for_each(|_| measures.answered("a/b", Duration::ZERO));
        assert_eq!(measures.patience("a/b"), Measures::PATIENCE_MIN);
    }
}
