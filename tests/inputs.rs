//! An input that was taken is read, waits, or is set aside by name; and none is
//! taken that no system could read.

use std::path::{Path, PathBuf};

use sandtable::catalog::ModSource;
use sandtable::save::{self, Reader};
use sandtable::{Simulation, verify};
use serde_json::{Value as Json, json};

use crate::harness::*;

/// A save in a folder of its own.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn save(&self) -> PathBuf {
        self.folder.path().join("world.db")
    }

    pub fn make(&self, more: &str, mods: Vec<ModSource>) -> Simulation {
        let config = config(&format!("{WORLD}{more}"), &mods);
        Simulation::create(Some(&self.save()), config, mods, quiet(2)).unwrap()
    }

    /// What a question about the save is answered, as JSON.
    fn rows(&self, sql: &str) -> Json {
        rows(&self.save(), sql)
    }
}

fn rows(save: &Path, sql: &str) -> Json {
    serde_json::from_str(&save::query(save, sql).unwrap().to_json()).unwrap()
}

fn order(world: &mut Simulation, number: i64) {
    world.send("picky/Order", &json!({ "number": number }), "a sender").unwrap();
}

fn taken(world: &Simulation) -> Json {
    resource(world.world(), "picky/Taken")["numbers"].clone()
}

/// Every tick that history has, run again.
fn verified(save: &Path) -> u64 {
    let verified = verify::verify(save, None, None, 1, &mut |_| {}).unwrap();
    assert_eq!(verified.mismatch, None);
    verified.ticks
}

const SET_ASIDE: &str = "SELECT system, name, emitted, sender, payload, cause FROM set_aside";

#[test]
fn an_input_at_which_a_system_panics_is_set_aside_and_all_others_are_read() {
    for never in ["", "faults_to_suspend = 0\n"] {
        let place = Place::new();
        let mut world = place.make(never, vec![guest("picky")]);
        run(&mut world, 2);
        let numbers = (1..=40).map(|number| if number == 23 { -23 } else { number });
        numbers.clone().for_each(|number| order(&mut world, number));
        let records = run(&mut world, 30);
        order(&mut world, 99);
        run(&mut world, 1);
        let good: Vec<i64> = numbers.filter(|number| *number >= 0).chain([99]).collect();
        assert_eq!(taken(&world), json!(good));
        assert!(records.iter().all(|record| record.suspended.is_empty()));
        let at: Vec<u64> = records
            .iter()
            .filter(|record| !record.set_aside.is_empty())
            .map(|record| record.tick)
            .collect();
        let [at] = at[..] else { panic!("one is set aside, not {at:?}") };
        let expected = hash(&mut world);
        world.close().unwrap();
        let aside = place.rows(SET_ASIDE);
        assert_eq!(aside.as_array().map(Vec::len), Some(1));
        let payload: Json = serde_json::from_str(aside[0]["payload"].as_str().unwrap()).unwrap();
        assert_eq!(payload, json!({ "number": -23 }));
        for (column, value) in [
            ("system", json!("picky/take")),
            ("name", json!("picky/Order")),
            ("emitted", json!(3)),
            ("sender", json!("a sender")),
        ] {
            assert_eq!(aside[0][column], value);
        }
        let cause = aside[0]["cause"].as_str().unwrap();
        assert!(cause.contains("order -23 is negative"), "{cause}");
        let marked = "SELECT set_aside_by, payload FROM inputs WHERE set_aside_by IS NOT NULL";
        assert_eq!(place.rows(marked).as_array().map(Vec::len), Some(1));
        assert_eq!(Reader::open(&place.save()).unwrap().info().unwrap().set_aside, 1);

        assert_eq!(verified(&place.save()), 33);
        let branch = place.folder.path().join("branch.db");
        save::branch(&place.save(), at - 1, &branch).unwrap();
        assert_eq!(rows(&branch, SET_ASIDE), json!([]), "it was not set aside by then");
        let mut again = Simulation::open(&branch, None, quiet(1)).unwrap();
        while again.world().tick() < 32 {
            again.tick().unwrap();
        }
        order(&mut again, 99);
        run(&mut again, 1);
        assert_eq!(hash(&mut again), expected, "it goes on as it did");
        again.close().unwrap();
        assert_eq!(rows(&branch, SET_ASIDE).as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn a_world_that_sets_nothing_aside_suspends_the_mod_and_its_inputs_wait() {
    let place = Place::new();
    let mut world =
        place.make("faults_to_set_aside = 0\nfaults_to_suspend = 2\n", vec![guest("picky")]);
    [1, -2, 3].into_iter().for_each(|number| order(&mut world, number));
    run(&mut world, 5);
    assert!(world.world().is_suspended("picky"));
    assert_eq!(taken_if_set(&world), None);
    world.close().unwrap();
    assert_eq!(place.rows(SET_ASIDE), json!([]));
    // They are read by a world that sets something aside.
    let mods = vec![guest("picky")];
    let config = config(WORLD, &mods);
    let mut world = Simulation::open(&place.save(), Some((config, mods)), quiet(1)).unwrap();
    world.resume("picky", "me").unwrap();
    run(&mut world, 12);
    assert_eq!(taken(&world), json!([1, 3]));
    world.close().unwrap();
    assert_eq!(verified(&place.save()), 17);
}

fn taken_if_set(world: &Simulation) -> Option<Json> {
    let world = world.world();
    let kind = world.registry.find("picky/Taken")?;
    world.resources.contains_key(&kind).then(|| resource(world, "picky/Taken"))
}

#[test]
fn an_event_at_which_a_system_panics_is_set_aside() {
    let place = Place::new();
    let mut world = place.make("", vec![guest("picky")]);
    [1012, 1013, 1014].into_iter().for_each(|number| order(&mut world, number));
    run(&mut world, 16);
    assert_eq!(resource(world.world(), "picky/Heard")["numbers"], json!([1012, 1014]));
    assert!(!world.world().is_suspended("picky"));
    world.close().unwrap();
    let aside = place.rows(SET_ASIDE);
    assert_eq!(
        (&aside[0]["system"], &aside[0]["name"], &aside[0]["sender"]),
        (&json!("picky/hear"), &json!("picky/Rang"), &Json::Null)
    );
    verified(&place.save());
}

#[test]
fn an_input_that_a_system_never_comes_back_from_is_set_aside() {
    let place = Place::new();
    let limits = "[limits]\nfuel = 1_000_000_000_000\nwall_clock_max_millis = 300\n";
    let mut world = place.make(limits, vec![guest("picky")]);
    [5, 7777, 6].into_iter().for_each(|number| order(&mut world, number));
    let records = run(&mut world, 10);
    assert!(records.iter().any(|record| !record.exclusions.is_empty()));
    assert_eq!(taken(&world), json!([5, 6]));
    world.close().unwrap();
    let cause = place.rows(SET_ASIDE)[0]["cause"].clone();
    assert!(cause.as_str().is_some_and(|it| it.contains("wall_clock_max_millis")), "{cause}");
    verified(&place.save());
}

#[test]
fn what_is_not_to_blame_is_not_set_aside() {
    let place = Place::new();
    let broken = with_asset(guest("picky"), "broken", "yes");
    let mut world = place.make("faults_to_suspend = 0\n", vec![broken]);
    [1, 2].into_iter().for_each(|number| order(&mut world, number));
    let records = run(&mut world, 20);
    assert!(records.iter().all(|record| faults(record).len() == 1));
    assert!(records.iter().all(|record| record.set_aside.is_empty()));
    world.swap(vec![guest("picky")]).unwrap();
    order(&mut world, 3);
    run(&mut world, 3);
    assert_eq!(taken(&world), json!([1, 2, 3]), "nothing was lost meanwhile");
    world.close().unwrap();
    verified(&place.save());
}

#[test]
fn a_suspended_mod_gets_no_inputs_until_it_is_resumed() {
    let place = Place::new();
    let mut world = place.make("faults_to_suspend = 1\n", vec![guest("picky")]);
    [-1, 2].into_iter().for_each(|number| order(&mut world, number));
    run(&mut world, 2);
    let refused = world.send("picky/Order", &json!({"number": 3}), "me").unwrap_err().to_string();
    assert!(refused.contains("mod `picky`, which reads it, is suspended"), "{refused}");
    let refused = world.resume("other", "me").unwrap_err().to_string();
    assert_eq!(refused, "mod `other` is not suspended; `picky` is");
    world.close().unwrap();
    let save = place.save();
    let output = sandtable()
        .arg("send")
        .arg(&save)
        .args(["picky/Order", "{\"number\": 3}"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("is suspended"), "{said}");
    assert!(said.contains(&format!("`sandtable resume {} picky`", save.display())), "{said}");
    let info = told(sandtable().arg("info").arg(&save));
    assert!(info.contains(&format!("suspended: sandtable resume {} picky", save.display())));
    // It faults again with each, until it is known which input is to blame.
    let mut times = 0;
    while rows(&save, "SELECT id FROM mods WHERE suspended")[0]["id"] == json!("picky") {
        told(sandtable().arg("resume").arg(&save).arg("picky").args(["--sender", "an operator"]));
        ticks(None, &save, 6);
        times += 1;
        assert!(times < 10, "it never gets on");
    }
    assert_eq!(
        rows(&save, "SELECT sender, count(*) AS n FROM resumes GROUP BY sender"),
        json!([{ "sender": "an operator", "n": times }])
    );
    told(sandtable().arg("send").arg(&save).args(["picky/Order", "{\"number\": 3}"]));
    ticks(None, &save, 1);
    let world = Simulation::open(&save, None, quiet(1)).unwrap();
    assert_eq!(taken(&world), json!([2, 3]), "what waited is read first");
    world.close().unwrap();
    verified(&save);
    let checked = told(sandtable().arg("check").arg(&save));
    assert!(checked.contains("is sound"), "{checked}");
    // Before the resumes it is suspended again.
    told(sandtable().arg("rewind").arg(&save).args(["--to", "2", "--discard"]));
    assert_eq!(rows(&save, "SELECT * FROM resumes"), json!([]));
    assert_eq!(rows(&save, "SELECT id FROM mods WHERE suspended"), json!([{ "id": "picky" }]));
}

#[test]
fn an_input_that_no_system_reads_is_refused_and_never_gone_without_a_word() {
    let place = Place::new();
    let mut world = place.make("", vec![guest("picky")]);
    run(&mut world, 1);
    let complaint = json!({ "number": 1 });
    let refused = world.send("picky/Complaint", &complaint, "me").unwrap_err().to_string();
    assert!(refused.contains("no system of this world reads it"), "{refused}");
    let refused = sandtable::send(&place.save(), "picky/Complaint", &complaint, "me");
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("no system of this world reads it"), "{refused}");
    // What waits when the mod that would read it goes is kept by name.
    sandtable::send(&place.save(), "picky/Order", &json!({ "number": 8 }), "late").unwrap();
    world.swap(vec![with_asset(guest("drift"), "count", "5")]).unwrap();
    let record = world.tick().unwrap();
    assert_eq!((record.inputs.len(), record.set_aside.len()), (1, 1));
    world.close().unwrap();
    let aside = place.rows(SET_ASIDE);
    assert_eq!((&aside[0]["system"], &aside[0]["sender"]), (&Json::Null, &json!("late")));
    let refused = sandtable::send(&place.save(), "picky/Order", &json!({ "number": 9 }), "me");
    assert!(refused.unwrap_err().to_string().contains("look whether mod `picky` takes part"));
}

#[test]
fn nothing_of_it_depends_on_the_number_of_threads() {
    let run_on = |threads: usize| {
        let mods = vec![guest("picky"), with_asset(guest("drift"), "count", "50")];
        let mut world = world_of(WORLD, mods, threads);
        for number in [1, -2, 1013, 4, -5, 1006, 7] {
            order(&mut world, number);
            world.tick().unwrap();
        }
        let records = run(&mut world, 40);
        assert!(!world.world().is_suspended("picky"));
        (hash(&mut world), records.last().map(|record| record.chain), taken(&world))
    };
    let expected = run_on(1);
    assert_eq!(expected.2, json!([1, 1013, 4, 1006, 7]));
    assert_eq!(run_on(4), expected);
}
