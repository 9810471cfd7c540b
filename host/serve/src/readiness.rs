//! Whether a world does what it is there for: ticks, and answers.

use std::time::Duration;

use super::served::Served;

/// How late a tick may be in a world that is well. A tick that takes longer than this
/// is one that a client does not wait for.
const LATE_MAX: Duration = Duration::from_secs(30);

/// Says in one sentence why a world does no ticks though it should, if that is so.
pub fn trouble(served: &Served) -> Option<String> {
    let (name, feed) = (served.name(), served.feed());
    let tick = feed.now().tick();
    if feed.is_over() {
        return Some(format!("{name} has ended at tick {tick}, and nothing runs it any more"));
    }
    let lag = served.pace().map_or(Duration::ZERO, |pace| pace.tempo().lag());
    (lag > LATE_MAX).then(|| {
        let late = lag.as_secs();
        format!("{name} stands at tick {tick}: the next one should have begun {late} s ago")
    })
}
