//! Measures two ways of doing the same, turn by turn, and says how they relate.

use std::time::{Duration, Instant};

/// Rounds of each measurement: one turn of ours, one of every peer.
const ROUNDS: usize = 21;

/// One thing that can be timed: it does its work once and says how long the
/// part that counts took.
pub type Timed<'a> = (&'static str, Box<dyn FnMut() -> Duration + 'a>);

/// The figures of one contestant.
#[derive(Clone, Copy)]
pub struct Figures {
    pub min: Duration,
    pub median: Duration,
    pub p99: Duration,
}

/// What has been measured so far.
pub struct Table {
    words: Vec<String>,
}

impl Table {
    pub fn new(words: Vec<String>) -> Self {
        println!(
            "{:<34} {:<26} {:>10} {:>10} {:>16}",
            "workload", "who", "min", "median", "ours / peer"
        );
        Self { words }
    }

    /// Whether a workload was asked for.
    pub fn wants(&self, workload: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| workload.contains(word.as_str()))
    }

    /// Times ours, then each peer, round by round, and prints the ratios of
    /// the medians (and of the minima).
    pub fn compare<const N: usize>(
        &mut self,
        workload: &str,
        mut contestants: [Timed<'_>; N],
    ) -> [Figures; N] {
        let mut times = [const { Vec::new() }; N];
        for round in 0..ROUNDS + 2 {
            for (at, (_, work)) in contestants.iter_mut().enumerate() {
                let took = work();
                // The first rounds warm caches and pools.
                if round >= 2 {
                    times[at].push(took);
                }
            }
        }
        let figures = times.map(figures);
        for (at, (name, _)) in contestants.iter().enumerate() {
            let Figures { min, median, .. } = figures[at];
            let relation = if at == 0 {
                String::new()
            } else {
                format!(
                    "{:.2}x ({:.2}x)",
                    figures[0].median.as_secs_f64() / median.as_secs_f64(),
                    figures[0].min.as_secs_f64() / min.as_secs_f64()
                )
            };
            let workload = if at == 0 { workload } else { "" };
            println!(
                "{workload:<34} {name:<26} {:>10} {:>10} {relation:>16}",
                shown(min),
                shown(median)
            );
        }
        figures
    }
}

fn figures(mut times: Vec<Duration>) -> Figures {
    times.sort_unstable();
    Figures {
        min: times[0],
        median: times[times.len() / 2],
        p99: times[(times.len() * 99).div_ceil(100).min(times.len()) - 1],
    }
}

/// A duration with three digits or so.
pub fn shown(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        ..1.0 => format!("{:.0} ns", micros * 1e3),
        ..1000.0 => format!("{micros:.1} µs"),
        _ => format!("{:.2} ms", micros / 1e3),
    }
}

/// Times several repetitions, and gives the time of one.
pub fn repeat(times: u32, mut work: impl FnMut()) -> Duration {
    let started = Instant::now();
    for _ in 0..times {
        work();
    }
    started.elapsed() / times
}
