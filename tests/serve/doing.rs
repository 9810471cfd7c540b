//! What the clients do to a world: inputs that count once through kills, edits and their
//! undoing, forks, pace, the way back.

use std::process::Stdio;
use std::thread;

use sandtable_client::{Edit, Entity, Error, Kind};
use serde_json::{Value as Json, json};

use super::OnAir;
use super::clients::{client, killed};
use super::python::{address, done, script};
use crate::harness::*;
use crate::outside::{PYTHON3, needs};

/// Citizens that may be edited.
fn citizens() -> OnAir {
    let text = format!("{WORLD}label = \"citizens/Citizen.name\"\n[api]\nedit = true\n");
    let on_air = OnAir::of_world(&text, &["citizens"], &["--hz", "50"]);
    on_air.come_to(8);
    on_air
}

fn kind(error: Error) -> Kind {
    error.kind().cloned().unwrap_or_else(|| panic!("{error}"))
}

#[test]
fn a_change_by_hand_is_made_listed_and_taken_back() {
    let on_air = citizens();
    let world = client(&on_air).world("test");
    let name = |name: &str| json!({ "name": name });
    let citizen = "citizens/Citizen";
    let before = world.entity("1v1").ask().unwrap();
    let edit = Edit::new().set("1v1", citizen, name("Grace")).if_set("1v1", citizen, name("Twin"));
    let edited = world.edit(&edit).wait(30).ask().unwrap();
    assert!(edited.is_done() && !edited.known && edited.at.is_some());
    assert_eq!(world.entity("1v1").ask().unwrap().label.as_deref(), Some("Grace"));
    let stale = world.edit(&edit).wait(30).ask().unwrap_err();
    assert!(matches!(kind(stale), Kind::Conflict | Kind::Changed), "it is no Twin now");
    let other = Edit::new().set("1v1", citizen, name("Linus"));
    let stale = world.edit(&other).if_match(before.tag.unwrap()).wait(30).ask().unwrap_err();
    assert_eq!(kind(stale), Kind::Changed, "gold is earned in every tick");
    let undone = world.undo(edited.tick.unwrap(), edited.edit.unwrap()).wait(30).ask().unwrap();
    assert!(undone.is_done());
    assert_eq!(world.entity("1v1").ask().unwrap().label.as_deref(), Some("Twin"));
    let lives = Edit::new()
        .spawn_as("new", json!({ citizen: name("Newton"), "citizens/Wealth": { "gold": 5 } }))
        .relate("new", "citizens/Knows", "1v1", json!({}))
        .insert("2v1", "citizens/Wealth", json!({ "gold": 0 }))
        .unrelate("2v1", "citizens/Knows", "1v1");
    let born = world.edit(&lives).key("a birth").wait(30).ask().unwrap();
    let newton: Entity = born.spawned[0];
    let again = world.edit(&lives).key("a birth").wait(30).ask().unwrap();
    assert_eq!((again.known, again.spawned), (true, vec![newton]), "it counts once");
    let known: Vec<_> = world.relations().from(newton).every_row().map(Result::unwrap).collect();
    assert_eq!(known[0].target, Entity::new(1, 1));
    let death = Edit::new().remove(newton, "citizens/Wealth").despawn(newton);
    world.edit(&death).wait(30).ask().unwrap();
    assert_eq!(kind(world.entity(newton).ask().unwrap_err()), Kind::NotFound);
    let edits = world.edits().ask().unwrap();
    assert!(edits.iter().all(|it| it.sender.is_some()) && edits.len() >= 4);
    let blame = world.blame("1v1", "citizens/Citizen.name").ask().unwrap();
    assert!(blame.iter().last().unwrap().sender.is_some(), "who did it is said");
}

#[test]
fn what_would_be_is_told_beside_what_is() {
    let on_air = citizens();
    let world = client(&on_air).world("test");
    let rich = Edit::new().set("0v1", "citizens/Wealth", json!({ "gold": 1000 }));
    let fork = world.fork(5).at(2).edit(&rich).watch_field("0v1", "citizens/Wealth.gold");
    let forked = fork.watch("all", "SELECT sum(gold) FROM citizens_wealth").ask().unwrap();
    assert_eq!((forked.from, forked.to, forked.series.len()), (2, 7, 2));
    assert_eq!(forked.series[0].truth[5], json!(60));
    assert_eq!(forked.series[0].changed[5], json!(1050));
    let first = &forked.first[0];
    assert_eq!((first.tick, first.name.as_deref()), (3, Some("citizens/Wealth")));
    assert_eq!((&first.truth, &first.changed), (&json!(20), &json!(1010)));
    assert!(forked.summary[0].count > 0);
    assert_eq!(world.edits().ask().unwrap().len(), 0, "nothing is written");
    let none = world.fork(1).input("a/B", json!({})).ask().unwrap_err();
    assert_eq!(kind(none), Kind::Body);
}

#[test]
fn a_world_is_paused_stepped_named_and_taken_back() {
    let on_air = citizens();
    let world = client(&on_air).world("test");
    assert!(!world.run().ask().unwrap().paused);
    assert!(world.set_run().paused(true).ask().unwrap().paused);
    let tick = world.step(1).wait(30).ask().unwrap().tick;
    assert_eq!(world.step(5).wait(30).ask().unwrap().tick, tick + 5);
    assert_eq!(world.set_run().hz(25.0).ask().unwrap().hz, 25.0);
    let named = world.take_snapshot("here").note("a test").ask().unwrap();
    assert_eq!((named.tick, named.at.tick()), (tick + 5, tick + 5));
    world.step(1).wait(30).ask().unwrap();
    assert_eq!(world.snapshots().ask().unwrap()[0].note, "a test");
    assert_eq!(world.branch(tick, "other").ask().unwrap().tick, tick);
    let back = world.rewind(tick).ask().unwrap();
    assert_eq!((back.tick, back.from), (tick, tick + 6));
    assert!(back.ahead.is_some());
    let gone = world.entities().at(&named.at).ask().unwrap_err();
    assert!(matches!(kind(gone), Kind::Future | Kind::Rewound));
    let of_one = client(&on_air);
    assert_eq!(kind(of_one.create_world("x").pack("y.pack").ask().unwrap_err()), Kind::Conflict);
    assert_eq!(kind(world.delete().ask().unwrap_err()), Kind::Conflict, "one world is served");
}

/// How many inputs there are, and how many different ones.
fn counted(on_air: &OnAir) -> (Json, Json) {
    let sql = "SELECT count(*) AS n, count(DISTINCT payload) AS d FROM inputs";
    let row = client(on_air).world("test").query(sql).ask().unwrap().rows.remove(0);
    (row["n"].clone(), row["d"].clone())
}

const SENT: u64 = 60;

/// Kills the server again and again, while inputs are sent, and starts it where it was.
fn killed_often(mut on_air: OnAir) -> OnAir {
    for kill in 1..=4 {
        // As soon as one is in the save, of which its sender may not know yet.
        wait_until("some are sent", || counted(&on_air).0.as_u64() >= Some(kill * SENT / 6));
        let (folder, host) = killed(on_air);
        on_air = OnAir::again(folder, &["--hz", "50", "--listen", &host]);
    }
    on_air
}

#[test]
fn inputs_count_once_however_often_the_server_is_killed() {
    let mut on_air = OnAir::with(&["picky"], &["--hz", "50"]);
    on_air.come_to(2);
    let world = client(&on_air).world("test");
    let sender = thread::spawn({
        let world = world.clone();
        move || {
            for number in 0..SENT {
                let order = json!({ "number": number });
                let sent = world.send("picky/Order", order).wait(10).ask().unwrap();
                assert!(sent.is_done());
            }
        }
    });
    on_air = killed_often(on_air);
    sender.join().unwrap();
    assert_eq!(counted(&on_air), (SENT.into(), SENT.into()));
    let many = (100..2600).map(|number| ("picky/Order", json!({ "number": number })));
    let many: Vec<_> = many.collect();
    for known in [0, 2500] {
        let accepted = world.send_all(many.clone()).key("many").ask().unwrap();
        assert_eq!((accepted.accepted, accepted.known), (2500, known));
    }
    wait_until("all are had", || counted(&on_air).0.as_u64() >= Some(SENT + 2500));
    assert_eq!(counted(&on_air), ((SENT + 2500).into(), (SENT + 2500).into()));
    assert_eq!(kind(world.send("picky/None", json!({})).ask().unwrap_err()), Kind::Body);
}

#[test]
fn python_does_all_of_it_too() {
    needs!(PYTHON3);
    let on_air = citizens();
    assert_eq!(done("doing", &address(&on_air)), "done");
}

#[test]
fn inputs_of_python_count_once_however_often_the_server_is_killed() {
    needs!(PYTHON3);
    let mut on_air = OnAir::with(&["picky"], &["--hz", "50"]);
    on_air.come_to(2);
    let sender = script("sending", &address(&on_air)).stdout(Stdio::piped()).spawn().unwrap();
    on_air = killed_often(on_air);
    let said = sender.wait_with_output().unwrap();
    assert!(said.status.success());
    assert_eq!(said.stdout.split(|byte| *byte == b'\n').count() as u64, SENT + 1);
    assert_eq!(counted(&on_air), (SENT.into(), SENT.into()));
}
