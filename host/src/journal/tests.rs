//! What becomes of ticks whose commit fails. No mod runs: each tick is made by
//! hand.

use std::sync::Arc;

use sandtable_test_disk::{Disk, Fault, Kind};
use tempfile::TempDir;

use super::*;
use crate::config::Limits;
use crate::ecs::{self, OnDespawn, Role, Storage, Topic};
use crate::grants::{Asks, Rights};
use crate::merge;
use crate::record::{Emitted, Exclusion, Input};
use crate::statements::Statements;
use crate::tables::{Migration, Session};

const HOLD_3: &str = "[durability]\nmode = \"commit-every-ticks\"\nticks = 3\n";
const GO_ON: &str = "[on_save_failure]\nmode = \"continue-in-memory\"\n";

/// A journal of a save on a disk that can fail.
struct World {
    folder: TempDir,
    disk: Arc<Disk>,
    journal: Journal,
}

impl World {
    /// With a kind of input, and a table.
    fn new(settings: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let disk = Disk::watch(folder.path());
        let text = format!("[world]\nname = \"sample\"\nshard_rows = 8\n{settings}");
        let config: WorldConfig = toml::from_str(&text).expect("settings");
        let mut world = ecs::World::new(8);
        let name = "test/Order".to_owned();
        let (role, storage) = (Role::Input, Storage::Dynamic);
        let order = ecs::Kind::new(name, role, storage, 0, Vec::new(), OnDespawn::Detach);
        Arc::make_mut(&mut world.registry).add(order.expect("a kind"));
        let path = folder.path().join("save.db");
        let save = Save::create(&path, &config, &world).expect("made");
        Self { folder, disk, journal: Journal::of_save(save, world, &config) }
    }

    /// Gives it a table, into which every tick writes its number.
    fn with_table(mut self) -> Self {
        let tables = self.journal.tables.clone();
        let sql =
            "CREATE TABLE test__ticks (tick INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID;".to_owned();
        let migration = Migration { name: "0001_ticks".to_owned(), sql };
        tables.migrate("test", &[migration], 0).expect("migrated");
        tables.commit().expect("committed");
        let mut world = self.journal.world().clone();
        world.tables = Arc::new(tables.tables().expect("tables"));
        self.journal.now.replace_world(world);
        self.journal.committed = self.journal.now.clone();
        self
    }

    /// Lets every call to the disk fail from now on.
    fn break_disk(&self) {
        self.disk.arm(Fault { kind: Kind::Io, first: 1, lasting: true });
    }

    /// An input, whose sender is its name.
    fn send(&mut self, name: &str) {
        let kind = self.journal.world().registry.find("test/Order").expect("a kind");
        let payload = vec![0x90].into();
        let input = Input { kind, sender: name.to_owned(), payload };
        self.journal.enqueue(Given { inputs: vec![input], ..Given::default() });
    }

    /// Takes what came from outside and does a tick with it.
    fn tick(&mut self) {
        let given = self.journal.take().expect("taken");
        let attempt = self.attempt(PendingTick::new(given));
        self.journal.accept(attempt).expect("accepted");
    }

    /// What mods would do in a tick: they read what they are given, and write the
    /// number of the tick into their table.
    fn attempt(&self, pending: PendingTick) -> Attempt {
        let PendingTick { given: Given { inputs, resumes, .. }, exclusions } = pending;
        let mut world = self.journal.world().clone();
        let tick = world.tick() + 1;
        world.set_tick(tick);
        let mut events = Vec::new();
        for input in &inputs {
            let (topic, payload) = (Topic::Kind(input.kind), input.payload.clone());
            let number = world.events.push(topic, tick, payload.clone());
            events.push(Emitted { topic, number, system: String::new(), payload });
        }
        world.events.drop_read(|_| None);
        if !world.tables.is_empty() {
            let (tables, rights) =
                (self.journal.tables.clone(), Rights::new("test", &Asks::default()));
            let session =
                Session::new(tables, "test", Arc::new(rights), &Limits::default(), &world.tables);
            let insert = format!("INSERT INTO test__ticks VALUES ({tick})");
            assert_eq!(session.execute(&insert, &[0x91, 0x90]), Ok(Ok(1)));
            merge::tables(&mut world, &session.end(true).expect("kept"));
        }
        let record =
            TickRecord { tick, inputs, resumes, exclusions, events, ..TickRecord::default() };
        Attempt { world, record, steps: Vec::new(), said: Vec::new() }
    }

    /// The ticks that are committed and who sent what to them.
    fn committed(&self) -> Vec<(u64, String)> {
        let path = self.folder.path().join("save.db");
        let connection = rusqlite::Connection::open(path).expect("opens");
        let sql = "SELECT tick, (SELECT group_concat(sender, ' ') FROM st_inputs \
                   WHERE st_inputs.tick = st_ticks.tick) FROM st_ticks ORDER BY tick";
        let mut select = connection.prepare(sql).expect("a query");
        let row = |row: &rusqlite::Row<'_>| {
            let senders: Option<String> = row.get(1)?;
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), senders.unwrap_or_default()))
        };
        let rows = select.query_map([], row).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("rows")
    }

    /// The rows that ticks wrote, as the journal's connection sees them.
    fn rows(&self) -> Vec<i64> {
        let connection = self.journal.tables.lock();
        let mut select = connection.prepare("SELECT tick FROM test__ticks").expect("a query");
        let rows = select.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<rusqlite::Result<_>>().expect("rows")
    }

    /// The tick at which it stands, and the one at which the save does.
    fn stands(&self) -> (u64, u64) {
        (self.journal.world().tick(), self.journal.saved_tick())
    }
}

fn senders(given: &Given) -> Vec<&str> {
    given.inputs.iter().map(|input| input.sender.as_str()).collect()
}

fn ticks(list: &[(u64, &str)]) -> Vec<(u64, String)> {
    list.iter().map(|(tick, sender)| (*tick, (*sender).to_owned())).collect()
}

#[test]
fn ticks_are_held_until_they_are_due_and_then_committed_together() {
    let mut world = World::new(HOLD_3);
    for (tick, name) in [(1, "ada"), (2, "bob"), (3, "eve")] {
        assert!(!world.journal.is_due());
        world.send(name);
        world.tick();
        assert_eq!(world.stands(), (tick, 0));
    }
    assert!(world.journal.is_due());
    assert!(world.journal.commit().is_ok());
    assert_eq!(world.stands(), (3, 3));
    assert_eq!(world.committed(), ticks(&[(1, "ada"), (2, "bob"), (3, "eve")]));
    world.journal.close().expect("closes");
}

#[test]
fn a_commit_that_fails_undoes_its_ticks_and_brings_their_inputs_again() {
    let mut world = World::new(HOLD_3);
    let start = world.journal.chain();
    for name in ["ada", "bob", "eve"] {
        world.send(name);
        world.tick();
    }
    world.send("joe");
    world.break_disk();
    let failure = world.journal.commit().expect_err("the disk fails");
    assert!(matches!(*failure.error, Error::Save(_)), "{}", failure.error);
    assert!(failure.again.is_empty(), "nothing goes on");
    assert_eq!((world.stands(), world.journal.chain()), ((0, 0), start));
    assert_eq!(world.journal.unsaved(), None);
    assert!(world.disk.disarm() > 0);
    let given = world.journal.take().expect("taken");
    assert_eq!(senders(&given), ["ada", "bob", "eve", "joe"], "in the order in which they came");
    world.journal.enqueue(given);
    world.tick();
    assert!(world.journal.commit().is_ok());
    assert_eq!(world.committed().first().map(|(tick, _)| *tick), Some(1));
    assert_eq!(world.stands(), (1, 1));
}

#[test]
fn a_world_that_goes_on_tries_again_after_ever_more_ticks() {
    let mut world = World::new(GO_ON);
    world.break_disk();
    let mut tried = Vec::new();
    for tick in 1..=16 {
        world.send(&format!("n{tick}"));
        world.tick();
        if world.journal.is_due() {
            let failure = world.journal.commit().expect_err("the disk fails");
            assert!(failure.again.is_empty(), "there are no tables");
            tried.push(tick);
        }
        let unsaved = world.journal.unsaved().expect("it goes on");
        assert_eq!((unsaved.first, unsaved.last), (1, tick));
        assert_eq!(unsaved.tries as usize, tried.len());
    }
    assert_eq!(tried, [1, 2, 4, 8, 16]);
    world.disk.disarm();
    assert!(world.journal.commit().is_ok());
    assert_eq!((world.stands(), world.journal.unsaved()), ((16, 16), None));
    let committed = world.committed();
    assert_eq!(committed.len(), 16, "every tick is there");
    assert_eq!(committed[6], (7, "n7".to_owned()), "with what it was given");
}

#[test]
fn what_ticks_wrote_to_tables_is_done_again_after_a_commit_that_failed() {
    let mut world = World::new(&format!("{GO_ON}{HOLD_3}")).with_table();
    let left_out = |tick| Exclusion {
        mod_id: "slow".to_owned(),
        system: "slow/down".to_owned(),
        cause: format!("in tick {tick}"),
    };
    for tick in 1..=3 {
        world.send(&format!("n{tick}"));
        let given = world.journal.take().expect("taken");
        let attempt = world.attempt(PendingTick { given, exclusions: vec![left_out(tick)] });
        world.journal.accept(attempt).expect("accepted");
    }
    let (hash, chain) = (world.journal.hash(), world.journal.chain());
    world.break_disk();
    let failure = world.journal.commit().expect_err("the disk fails");
    world.disk.disarm();
    assert_eq!((world.stands(), world.rows()), ((0, 0), Vec::new()), "the rows are gone");
    assert_eq!(failure.again.len(), 3);
    for (pending, tick) in failure.again.into_iter().zip(1..) {
        assert_eq!(senders(&pending.given), [format!("n{tick}")]);
        assert_eq!(pending.exclusions, [left_out(tick)]);
        let attempt = world.attempt(pending);
        world.journal.accept(attempt).expect("accepted");
    }
    assert_eq!(world.rows(), [1, 2, 3]);
    assert_eq!((world.journal.hash(), world.journal.chain()), (hash, chain));
    assert_eq!(world.journal.unsaved().map(|it| (it.first, it.last, it.tries)), Some((1, 3, 1)));
    assert!(world.journal.commit().is_ok());
    assert_eq!(world.committed(), ticks(&[(1, "n1"), (2, "n2"), (3, "n3")]));
}

#[test]
fn an_attempt_is_undone_alone_or_together_with_all_since_the_commit() {
    let mut world = World::new(HOLD_3).with_table();
    world.send("ada");
    world.tick();
    drop(world.attempt(PendingTick::default()));
    assert_eq!(world.rows(), [1, 2]);
    assert!(world.journal.undo_attempt().is_empty());
    assert_eq!((world.stands(), world.rows()), ((1, 0), vec![1]));
    drop(world.attempt(PendingTick::default()));
    world.journal.tables.lock().execute_batch("ROLLBACK").expect("rolled back");
    let again = world.journal.undo_attempt();
    assert_eq!((world.stands(), world.rows()), ((0, 0), Vec::new()));
    let again: Vec<_> = again.iter().map(|pending| senders(&pending.given)).collect();
    assert_eq!(again, [["ada"]], "the tick that was held comes first again");
}

#[test]
fn ticks_that_are_given_up_are_named() {
    let mut world = World::new(GO_ON);
    world.break_disk();
    for _ in 0..2 {
        world.send("ada");
        world.tick();
        assert!(world.journal.commit().is_err());
    }
    let said = world.journal.broken(Error::Tables("why".to_owned())).to_string();
    let why = "the tables of mods could not be written: why; nothing that was committed is lost";
    assert_eq!(said, format!("ticks 1 to 2 are lost: {why}"));
    assert_eq!((world.stands(), world.journal.unsaved()), ((0, 0), None));
    world.disk.disarm();
    assert_eq!(senders(&world.journal.take().expect("taken")), ["ada", "ada"], "they wait again");
}
