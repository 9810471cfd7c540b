//! Ticks of worlds that have much that does not change: events that nobody has
//! read yet, and edges.

use std::path::Path;
use std::time::{Duration, Instant};

use sandtable::Simulation;
use sandtable::config::Durability;

use crate::compare::Table;
use crate::mods;

/// Ticks of one turn: 21 turns are a thousand, and more.
const TICKS: u32 = 50;

/// A world with so many unread events and edges, with a save and its history.
fn world(folder: &Path, count: usize) -> Simulation {
    let source = mods::guest("backlog", count);
    let mut config = mods::config(std::slice::from_ref(&source));
    config.durability = Durability::SyncEveryTicks { ticks: 0 };
    let save = folder.join(format!("{count}.db"));
    let made = Simulation::create(Some(&save), config, vec![source], mods::options(1));
    let mut world = made.expect("the world starts");
    for _ in 0..2 {
        let record = world.tick().expect("a tick");
        record.runs.iter().for_each(|run| assert_eq!(run.fault, None, "{}", run.system));
    }
    world
}

fn ticks(world: &mut Simulation) -> Duration {
    let started = Instant::now();
    for _ in 0..TICKS {
        world.tick().expect("a tick");
    }
    started.elapsed() / TICKS
}

/// Row 19: a tick that sends 20 events and changes one edge.
pub fn unread(table: &mut Table) {
    if !table.wants("unread_events") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [mut much, mut some, mut none] =
        [40_000, 20_000, 0].map(|count| world(folder.path(), count));
    table.compare(
        "unread_events, whole tick",
        [
            ("40k unread, 40k edges", Box::new(|| ticks(&mut much))),
            ("20k of each", Box::new(|| ticks(&mut some))),
            ("none at first", Box::new(|| ticks(&mut none))),
        ],
    );
}
