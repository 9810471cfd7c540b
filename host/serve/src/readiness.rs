//! Whether worlds do what they are there for: ticks, and answers.

use std::time::Duration;

use super::served::Served;
use super::worlds::{Status, Worlds};

/// How late a tick may be in a world that is well. A tick that takes longer than this
/// is one that a client does not wait for.
const LATE_MAX: Duration = Duration::from_secs(30);

/// How the worlds of a server stand, in a line each; as an error where some do no ticks
/// though they should. How far a save is behind stands beside.
pub fn standing(worlds: &Worlds) -> Result<String, String> {
    let all = worlds.on_air();
    let mut troubles: Vec<String> = all.iter().filter_map(|it| trouble(it.served())).collect();
    let told = match worlds.saves() {
        None => {
            let now = all.first().map(|world| world.served().feed().now());
            now.map(|now| format!("tick {}, saved {}", now.tick(), now.saved_tick))
        }
        Some(saves) => {
            let (counts, stopped) = saves.standing();
            troubles.extend(stopped);
            let count = |status: Status| {
                let count = counts.get(&status)?;
                Some(format!("{count} {}", status.name()))
            };
            let counts: Vec<String> = Status::ALL.into_iter().filter_map(count).collect();
            Some(if counts.is_empty() { "no worlds".to_owned() } else { counts.join(", ") })
        }
    };
    match troubles.is_empty() {
        true => Ok(told.unwrap_or_default()),
        false => Err(troubles.join("\n")),
    }
}

/// Says in one sentence why a world does no ticks though it should, if that is so.
fn trouble(served: &Served) -> Option<String> {
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
