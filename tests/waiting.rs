//! Worlds with much that waits: events of a slow reader, and edges.

use sandtable::Simulation;
use sandtable::catalog::ModSource;
use sandtable::save;
use sandtable::verify::verify;

use crate::harness::*;

fn backlog(count: u32, edges: u32) -> ModSource {
    let source = with_asset(guest("backlog"), "count", &count.to_string());
    with_asset(source, "edges", &edges.to_string())
}

/// Nothing but the log of the last two ticks is kept of what was read.
const SHORT: &str = "[world]\nname = \"test\"\nseed = 7\nlog_ticks = 2\n";

#[test]
fn a_world_with_a_backlog_is_the_same_however_it_came_there() {
    let folder = tempfile::tempdir().unwrap();
    let mods = vec![backlog(1500, 700)];
    let mut at_once = world_of(SHORT, mods.clone(), 2);
    let records = run(&mut at_once, 40);
    assert!(records.iter().all(|record| faults(record).is_empty()));
    let expected: Vec<_> = records.into_iter().map(|it| it.state).collect();

    let save = folder.path().join("backlog.db");
    let config = config(SHORT, &mods);
    let mut world = Simulation::create(Some(&save), config, mods, quiet(1)).unwrap();
    for piece in expected.chunks(10) {
        let found: Vec<_> = run(&mut world, 10).into_iter().map(|it| it.state).collect();
        assert_eq!(found, piece);
        world.close().unwrap();
        world = Simulation::open(&save, None, quiet(1)).unwrap();
    }
    world.close().unwrap();
    let verified = verify(&save, None, None, 2, &mut |_| {}).unwrap();
    assert_eq!((verified.mismatch, verified.ticks), (None, 40));
    let unread = save::query(&save, "SELECT count(*) FROM events").unwrap();
    assert_eq!(format!("{:?}", unread.rows[0][0]), format!("Integer({})", 1500 + 40 * 20));
    let rewound = save::rewind(&save, 17).unwrap();
    assert_eq!(rewound.hash, expected[16]);
}
