//! Kill the process anywhere: the save opens at the last whole tick.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use sandtable::Simulation;
use sandtable::record::hex;

use crate::harness::*;

fn start(world: &Path, save: &Path) -> Child {
    let mut command = sandtable();
    command.arg("run").arg(world).arg("--save").arg(save).args(["--ticks", "1000000", "--quiet"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// Numbers that look random and repeat.
fn scramble(seed: u64) -> u64 {
    let hash = blake3::hash(&seed.to_le_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap())
}

fn killed_so_often(kills: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("a world"), folder.path().join("save.db"));
    write_world(&world, WORLD, &["menagerie", "diary"]);
    let mut done = 0;
    for kill in 0..kills {
        let mut child = start(&world, &save);
        while last_tick(&save) <= done {
            assert!(child.try_wait().unwrap().is_none(), "it runs until it is killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(scramble(kill) % 20_000));
        assert!(child.try_wait().unwrap().is_none(), "the kill lands inside the run");
        let acknowledged = last_tick(&save);
        child.kill().unwrap();
        child.wait().unwrap();

        let connection = Connection::open(&save).unwrap();
        let check: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "after kill {kill}");
        drop(connection);
        done = last_tick(&save);
        assert!(done >= acknowledged, "tick {acknowledged} was committed, and {done} is left");

        let mut again = Simulation::open(&save, None, quiet(1)).unwrap();
        assert_eq!(again.world().tick(), done, "it stands at a whole tick");
        let recomputed = hash(&mut again);
        let next = again.tick().unwrap();
        assert_eq!(next.tick, done + 1);
        done = next.tick;
        again.close().unwrap();
        let recorded: Vec<u8> = Connection::open(&save)
            .unwrap()
            .query_row("SELECT state FROM st_ticks WHERE tick = ?1", [done as i64 - 1], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(recomputed, hex(&recorded.try_into().unwrap()), "after kill {kill}");
    }
    let mut killed = Simulation::open(&save, None, quiet(1)).unwrap();
    let mods = vec![guest("menagerie"), guest("diary")];
    let mut through = world_of(WORLD, mods, 2);
    run(&mut through, killed.world().tick());
    assert_eq!(hash(&mut killed), hash(&mut through), "after {done} ticks and {kills} kills");
    assert_eq!(killed.chain(), through.chain());
}

#[test]
fn fifty_kills_lose_no_committed_tick() {
    killed_so_often(50);
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn five_hundred_kills_lose_no_committed_tick() {
    killed_so_often(500);
}
