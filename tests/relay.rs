//! What left a save is in its stream once and in order, whatever fails on the way; and a
//! consumer that keeps its cursor with its effect has each of it once.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use sandtable::save::outbox::{Outbox, OutboxRow};
use sandtable::save::{self, Reader};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::harness::*;
use crate::nats::NatsServer;
use crate::outside::{NATS_PY, NATS_SERVER, PYTHON_PACKAGES, needs};

mod drill;

/// A world whose mod tells eight things a tick, in a folder of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let text = format!("{WORLD}[outbox]\nevents = [\"secrets/*\"]\nkeep_rows = 10_000_000\n");
        write_world(&folder.path().join("w"), &text, &["secrets"]);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn save(&self) -> PathBuf {
        self.path("w.db")
    }

    /// `sandtable run`, to be given more.
    fn run(&self) -> Command {
        let mut command = sandtable();
        command.arg("run").arg(self.path("w")).arg("--save").arg(self.save()).arg("--quiet");
        command
    }

    /// Runs ten ticks, whose rows are all carried, and takes the last five back: as if power
    /// had failed before the disk had them.
    fn falls_behind(&self, server: &NatsServer) {
        told(self.run().args(["--ticks", "5"]));
        let before = self.path("before.db");
        save::backup(&self.save(), &before).unwrap();
        told(self.run().args(["--ticks", "5", "--nats", &server.url()]));
        std::fs::rename(&before, self.save()).unwrap();
    }

    fn rows(&self) -> Vec<OutboxRow> {
        Outbox::open(&self.save()).unwrap().after(0, usize::MAX, usize::MAX).unwrap()
    }

    fn world_id(&self) -> String {
        Reader::open(&self.save()).unwrap().info().unwrap().world_id.unwrap().to_string()
    }

    /// `sandtable relay --once`; gives what it said and whether it ended well.
    fn relay(&self, url: &str) -> (bool, String) {
        let mut command = sandtable();
        command.arg("relay").arg(self.save()).args(["--once", "--nats", url]);
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    }
}

/// What `--json` of info says of an outbox.
fn outbox(save: &Path) -> Json {
    let told = told(sandtable().arg("info").arg(save).arg("--json"));
    serde_json::from_str::<Json>(&told).unwrap()["outbox"].clone()
}

/// The consumer in Rust, from the examples.
fn rust_consumer() -> &'static Path {
    static CONSUMER: OnceLock<PathBuf> = OnceLock::new();
    CONSUMER.get_or_init(|| {
        let profile = Path::new(env!("CARGO_BIN_EXE_sandtable")).parent().unwrap();
        let mut command = Command::new(cargo());
        // As for tests, so that nothing but the example itself is compiled.
        command.args(["build", "--example", "consumer", "--target-dir"]);
        command.arg(profile.parent().unwrap());
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        let files = build(&mut command);
        let file = files.into_iter().find(|(name, _)| name == "consumer");
        file.expect("cargo makes a program").1.into()
    })
}

/// A consumer, in either language, of a world of that name.
fn consumer(python: bool, told: &Path, world: &str, url: &str, until: Option<u64>) -> Command {
    let until = until.map(|until| until.to_string());
    if !python {
        let mut command = Command::new(rust_consumer());
        command.arg(told).args([world, url]).args(until);
        return command;
    }
    let mut command = NATS_PY.command();
    command.env("PYTHONPATH", root().join(PYTHON_PACKAGES));
    command.arg(root().join("examples/consumer/consumer.py")).arg(told);
    command.args([world, "--nats", url]);
    command.args(until.iter().flat_map(|until| ["--until", until]));
    command
}

/// Runs a consumer up to a row.
fn consume(python: bool, told: &Path, world: &str, url: &str, until: u64) {
    let mut command = consumer(python, told, world, url, Some(until));
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let output = end_of(child);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Waits for the end of a process, for a minute at most.
fn end_of(mut child: Child) -> std::process::Output {
    wait_until("a process ends", || child.try_wait().unwrap().is_some());
    child.wait_with_output().unwrap()
}

/// What a consumer was told: row, tick, kind, entity, body.
type ToldRow = (i64, i64, String, Option<String>, Vec<u8>);

/// What a consumer has, in the order in which it took effect, held against the rows of
/// the save.
#[track_caller]
fn assert_told_once_in_order(told: &Path, rows: &[OutboxRow]) {
    let database = rusqlite::Connection::open(told).unwrap();
    let sql = "SELECT row, tick, kind, entity, body FROM told ORDER BY number";
    let mut select = database.prepare(sql).unwrap();
    let found = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    let found: Vec<ToldRow> = found.unwrap().map(Result::unwrap).collect();
    assert_eq!(found.len(), rows.len(), "none is lost, and none comes twice");
    for (found, row) in found.iter().zip(rows) {
        let kind = row.kind.replace('/', ".");
        let entity = row.entity.map(|entity| entity.to_string());
        let expected = (row.seq as i64, row.tick as i64, kind, entity, row.body.clone());
        assert_eq!(*found, expected);
    }
}

#[test]
fn a_run_carries_its_outbox_and_consumers_have_each_row_once() {
    needs!(NATS_SERVER, NATS_PY);
    let (place, server) = (Place::new(), NatsServer::start());
    told(place.run().args(["--ticks", "40", "--nats", &server.url()]));
    let expected = serde_json::json!({ "first": 1, "last": 312, "acknowledged": 312, "behind": 0 });
    assert_eq!(outbox(&place.save()), expected);
    // Two more that nothing carries, and a relay that finds out where the stream stands.
    told(place.run().args(["--ticks", "2"]));
    assert_eq!(outbox(&place.save())["behind"], 16);
    let (is_well, told) = place.relay(&server.url());
    assert!(is_well && told.contains("all rows up to 328 are acknowledged"), "{told}");
    let (rows, world) = (place.rows(), place.world_id());
    for (python, name) in [(true, "python.db"), (false, "rust.db")] {
        let told = place.path(name);
        consume(python, &told, &world, &server.url(), 100);
        consume(python, &told, &world, &server.url(), 328);
        assert_told_once_in_order(&told, &rows);
    }
    assert_eq!(names_in(place.folder.path()).iter().filter(|it| it.starts_with("w.db")).count(), 1);
}

#[test]
fn a_save_has_one_relay_at_a_time() {
    needs!(NATS_SERVER);
    let (place, server) = (Place::new(), NatsServer::start());
    let mut command = place.run();
    let mut running = command
        .args(["--hz", "50", "--nats", &server.url()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("rows are carried", || {
        assert!(running.try_wait().unwrap().is_none(), "it runs until it is killed");
        let info = place.save().exists().then(|| Reader::open(&place.save()).ok()?.info().ok());
        info.flatten().is_some_and(|info| info.outbox.acknowledged() > 0)
    });
    let (is_well, told) = place.relay(&server.url());
    let _ = running.kill();
    running.wait().unwrap();
    assert!(!is_well && told.contains("is relayed by another process already (pid "), "{told}");
    let (is_well, told) = place.relay(&server.url());
    assert!(is_well, "a relay that was killed leaves the outbox to the next: {told}");
}

#[test]
fn a_stream_of_another_future_stops_the_relay_and_not_the_world() {
    needs!(NATS_SERVER);
    let (place, server) = (Place::new(), NatsServer::start());
    place.falls_behind(&server);
    let (is_well, told_early) = place.relay(&server.url());
    assert!(
        !is_well && told_early.contains("has row 72 and the save ends with row 32"),
        "{told_early}"
    );
    // What is sent now was not sent then.
    let swap = r#"{"why": "another future"}"#;
    told(sandtable().arg("send").arg(place.save()).args(["secrets/Swap", swap]));
    let output = place.run().args(["--ticks", "6", "--nats", &server.url()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "the world goes on: {said}");
    assert_eq!(outbox(&place.save())["last"], 80);
    let (is_well, told) = place.relay(&server.url());
    assert!(!is_well && told.contains("there are two futures: message 72 of"), "{told}");
}

#[test]
fn a_save_that_comes_again_where_its_stream_is_goes_on_from_there() {
    needs!(NATS_SERVER);
    let (place, server) = (Place::new(), NatsServer::start());
    place.falls_behind(&server);
    told(place.run().args(["--ticks", "7", "--nats", &server.url()]));
    assert_eq!(outbox(&place.save())["acknowledged"], 88);
    let python = place.path("told.db");
    consume(false, &python, &place.world_id(), &server.url(), 88);
    assert_told_once_in_order(&python, &place.rows());
}

#[test]
fn rows_that_a_stream_ahead_of_its_save_has_are_not_behind() {
    needs!(NATS_SERVER);
    let (place, server) = (Place::new(), NatsServer::start());
    place.falls_behind(&server);
    let output = place.run().args(["--ticks", "1", "--nats", &server.url()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !said.contains("not in the stream yet"), "{said}");
    assert_eq!(outbox(&place.save())["acknowledged"], 40);
    let (is_well, told) = place.relay(&server.url());
    let ahead = "has row 72 and the save ends with row 40";
    assert!(!is_well && told.contains(ahead) && !told.contains("behind"), "{told}");
}

#[test]
fn a_branch_and_a_way_back_are_told_apart_by_their_streams() {
    needs!(NATS_SERVER);
    let (place, server) = (Place::new(), NatsServer::start());
    told(place.run().args(["--ticks", "5", "--nats", &server.url()]));
    let (world, branch) = (place.world_id(), place.path("branch.db"));
    told(sandtable().arg("branch").arg(place.save()).args(["--at", "3", "-o"]).arg(&branch));
    told(sandtable().arg("rewind").arg(place.save()).args(["--to", "3", "--discard"]));
    told(place.run().args(["--ticks", "1", "--nats", &server.url()]));
    let rows = place.rows();
    assert_eq!(rows[32].kind, "sandtable/Rewound");
    let python = place.path("told.db");
    consume(false, &python, &world, &server.url(), 41);
    assert_told_once_in_order(&python, &rows);
    let mut command = sandtable();
    command.arg("run").args(["--ticks", "1", "--quiet", "--nats", &server.url()]);
    told(command.arg("--save").arg(&branch));
    assert_eq!(outbox(&branch)["acknowledged"], 8);
}

#[test]
fn a_value_over_the_limit_is_told_of_by_headers_alone() {
    needs!(NATS_SERVER);
    let (place, server) = (Place::new(), NatsServer::start_with("max_payload: 2060\n"));
    told(place.run().args(["--ticks", "3", "--nats", &server.url()]));
    let told = place.path("told.db");
    consume(false, &told, &place.world_id(), &server.url(), 16);
    let database = rusqlite::Connection::open(&told).unwrap();
    let sql = "SELECT count(*), sum(length(body)) FROM told";
    let found = database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(found, Ok((16_i64, 0_i64)));
}

#[test]
fn what_a_stream_refuses_stays_behind_and_is_said() {
    needs!(NATS_SERVER);
    let place = Place::new();
    let small = "jetstream { max_file_store: 20K }\n";
    let said = |arguments: &[&str]| {
        let output = place.run().args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        said
    };
    {
        let server = NatsServer::start_with(small);
        let told = said(&["--ticks", "20", "--nats", &server.url()]);
        assert!(told.contains("of the outbox of"), "{told}");
        assert!(told.contains("the stream refuses row"), "{told}");
        assert!(outbox(&place.save())["behind"].as_u64().unwrap() > 0);
    }
    let told = said(&["--ticks", "1", "--nats", "nats://127.0.0.1:1"]);
    assert!(told.contains("`sandtable relay` carries them"), "{told}");
    let server = NatsServer::start();
    let (is_well, told) = place.relay(&server.url());
    assert!(is_well, "a server that has nothing is given all of it: {told}");
    consume(false, &place.path("told.db"), &place.world_id(), &server.url(), 160);
    assert_told_once_in_order(&place.path("told.db"), &place.rows());
}
