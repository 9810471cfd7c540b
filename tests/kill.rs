//! Kill the process anywhere: the save opens at the last whole tick.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sandtable::Simulation;
use sandtable::record::hex;

use crate::harness::*;

/// A world file beside its components, so that nothing has to be built.
fn world_folder(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for name in ["menagerie", "diary"] {
        fs::write(folder.join(format!("{name}.wasm")), component(name)).unwrap();
    }
    let text = format!(
        "{WORLD}[mods.menagerie]\npath = \"menagerie.wasm\"\n[mods.diary]\npath = \"diary.wasm\"\n"
    );
    fs::write(folder.join("world.toml"), text).unwrap();
}

fn start(world: &Path, save: &Path) -> Child {
    let mut command = sandtable();
    command.arg("run").arg(world).arg("--save").arg(save).args(["--ticks", "1000000", "--quiet"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

/// The last tick in a save, as a reader beside the running writer sees it.
fn last_tick(save: &Path) -> u64 {
    let read = || -> rusqlite::Result<i64> {
        let connection = Connection::open_with_flags(save, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        let last = "SELECT coalesce(max(tick), 0) FROM st_ticks";
        connection.query_row(last, [], |row| row.get::<_, i64>(0))
    };
    read().unwrap_or(0) as u64
}

/// Numbers that look random and repeat.
fn scramble(seed: u64) -> u64 {
    let hash = blake3::hash(&seed.to_le_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap())
}

fn killed_so_often(kills: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (world, save) = (folder.path().join("a world"), folder.path().join("save.db"));
    world_folder(&world);
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
