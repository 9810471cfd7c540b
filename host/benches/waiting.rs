//! Ticks of worlds with much that does not change: events that no system has read
//! yet, and edges.

use std::path::Path;
use std::time::{Duration, Instant};

use sandtable::Simulation;
use sandtable::config::Durability;

use crate::compare::Table;
use crate::mods;

/// Ticks of one turn: all turns together are a thousand, and more.
const TICKS: u32 = 50;

/// A world with so many unread events and edges, with a save and its history.
fn world(folder: &Path, events: usize, edges: usize) -> Simulation {
    let mut source = mods::guest("backlog", events);
    source.assets.insert("edges".to_owned(), edges.to_string().into_bytes());
    let mut config = mods::config(std::slice::from_ref(&source));
    config.durability = Durability::SyncEveryTicks { ticks: 0 };
    let save = folder.join(format!("{events}-{edges}.db"));
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

/// Rows 19 and 20: a tick that sends 20 events and changes one edge.
pub fn waiting(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    if table.wants("unread_events") {
        let [mut much, mut some, mut none] =
            [40_000, 20_000, 0].map(|events| world(folder.path(), events, 0));
        table.compare(
            "unread_events, whole tick",
            [
                ("40k at first", Box::new(|| ticks(&mut much))),
                ("20k at first", Box::new(|| ticks(&mut some))),
                ("none at first", Box::new(|| ticks(&mut none))),
            ],
        );
    }
    if table.wants("edges") {
        let [mut many, mut few] = [40_000, 100].map(|edges| world(folder.path(), 1, edges));
        table.compare(
            "edges, whole tick",
            [("40k", Box::new(|| ticks(&mut many))), ("100", Box::new(|| ticks(&mut few)))],
        );
    }
}
