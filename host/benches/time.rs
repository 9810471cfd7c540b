//! Earlier ticks, beside running the mods again and reading all of history.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use sandtable::Simulation;
use sandtable::config::Durability;
use sandtable::save::{Reader, Ticks};

use crate::compare::Table;
use crate::mods;

const ENTITIES: usize = 100_000;
const TICKS: u64 = 10_000;

/// A world of which one entity in ten moves each tick.
fn world(save: Option<&Path>) -> Simulation {
    let source = mods::guest("movers", ENTITIES);
    let mut config = mods::config(std::slice::from_ref(&source));
    config.durability = Durability::SyncEveryTicks { ticks: 0 };
    (config.history.ticks, config.history.max_mib) = (0, 0);
    Simulation::create(save, config, vec![source], mods::options(2)).expect("the world starts")
}

/// The ticks of the keyframes in a save.
fn keyframes(save: &Path) -> Vec<u64> {
    let connection = Connection::open(save).expect("a save");
    let mut select =
        connection.prepare("SELECT DISTINCT tick FROM st_keyframes ORDER BY tick").expect("SQL");
    let ticks = select.query_map([], |row| row.get::<_, i64>(0)).expect("rows");
    ticks.map(|tick| tick.expect("a tick").unsigned_abs()).collect()
}

/// Rows 13 and 14: a world of 100k entities that ran for 10,000 ticks.
pub fn seek_and_history(table: &mut Table) {
    let (seek, history) = ("seek", "entity_history");
    if !table.wants(seek) && !table.wants(history) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let save = folder.path().join("time.db");
    let mut made = world(Some(&save));
    for _ in 0..TICKS {
        made.tick().expect("a tick");
    }
    made.close().expect("the save closes");
    let (keyframes, reader) = (keyframes(&save), Reader::open(&save).expect("a save"));
    let nearest = |tick: u64| keyframes[keyframes.partition_point(|at| *at <= tick) - 1];
    let pick = |random: &mut u64| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        1 + (*random >> 33) % TICKS
    };
    if table.wants(seek) {
        let (mut ours, mut theirs) = (7, 7);
        let mut again = world(None);
        table.compare(
            "seek, 10,000 ticks of 100k entities",
            [
                (
                    "sandtable",
                    Box::new(|| {
                        let tick = pick(&mut ours);
                        let started = Instant::now();
                        let found = reader.world_at(tick).expect("a world");
                        assert_eq!(found.tick(), tick);
                        started.elapsed()
                    }),
                ),
                (
                    "the mods from the keyframe",
                    Box::new(|| {
                        // Reading the keyframe itself is left out.
                        let tick = pick(&mut theirs);
                        let started = Instant::now();
                        for _ in nearest(tick)..tick {
                            again.tick().expect("a tick");
                        }
                        started.elapsed()
                    }),
                ),
            ],
        );
    }
    if table.wants(history) {
        let mut at = 0;
        table.compare(
            "entity_history, 10,000 ticks",
            [
                (
                    "sandtable",
                    Box::new(|| {
                        let started = Instant::now();
                        let answer = reader.history("0v1", "movers/Position.x", Ticks::default());
                        let rows = answer.expect("an answer").table.rows.len() as u64;
                        assert!(rows >= TICKS / 10);
                        started.elapsed()
                    }),
                ),
                (
                    "every delta",
                    Box::new(|| {
                        // Those of one keyframe each turn, counted for all of them.
                        at = (at + 1) % keyframes.len();
                        let (from, to) = (keyframes[at], keyframes.get(at + 1).copied());
                        let to = to.unwrap_or(TICKS + 1) - 1;
                        let started = Instant::now();
                        reader.world_at(from).expect("a world");
                        let whole = started.elapsed();
                        reader.world_at(to).expect("a world");
                        let deltas = (started.elapsed() - whole).saturating_sub(whole);
                        deltas * TICKS as u32 / ((to - from) as u32).max(1)
                    }),
                ),
            ],
        );
    }
}
