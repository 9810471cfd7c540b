//! What a story is while its world does not follow it, and after.

use std::path::Path;

use sandtable::Options;
use serde_json::{Value as Json, json};

use super::*;

/// The world again, from its save, on other terms.
fn again(save: &Path, limits: Json, settings: Json) -> Simulation {
    let (mut config, mods) = novel().clone();
    let of_mod = config.mods.get_mut("story").unwrap();
    of_mod.settings = serde_json::from_value(settings).unwrap();
    let mut of_world = serde_json::to_value(&of_mod.limits).unwrap();
    of_world.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    of_mod.limits = serde_json::from_value(of_world).unwrap();
    let options = Options { accept_mods: true, ..quiet(1) };
    if save.exists() {
        return Simulation::open(save, Some((config, mods)), options).unwrap();
    }
    Simulation::create(Some(save), config, mods, options).unwrap()
}

/// How much is told, how much derived, and how much has to be.
fn derived(save: &Path) -> (Json, Json, Json) {
    let answer = asked(save, "derived", &json!({}));
    (answer[0][0].clone(), answer[0][2].clone(), answer[0][5].clone())
}

#[test]
fn what_is_told_while_derive_is_suspended_is_kept_and_followed_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let lines = lines();
    let (first, rest) = lines.split_at(40);
    // What `derive` has to do for the second part passes a limit; the others do without it.
    let mut world = again(&save, json!({}), json!({}));
    tell(&mut world, first);
    caught_up(&mut world);
    world.close().unwrap();
    let mut world = again(&save, json!({ "commands_max": 10 }), json!({}));
    for (at, event) in rest.iter().enumerate() {
        world.send(EVENT, event, "the test").unwrap();
        if at % 10 == 0 {
            let record = world.tick().unwrap();
            let faulted: Vec<String> = faults(&record).into_iter().map(|(it, _)| it).collect();
            assert!(faulted.iter().all(|system| system == "story/derive"), "{faulted:?}");
        }
    }
    let record = world.tick().unwrap();
    assert_eq!(faults(&record), [], "it is left out");
    let suspended: Vec<String> = world.world().suspended_systems().collect();
    assert_eq!(
        (suspended, world.world().suspended().count()),
        (vec!["story/derive".to_owned()], 0)
    );
    world.close().unwrap();

    let (told_of, followed, pending) = derived(&save);
    assert_eq!((told_of, followed), (json!(lines.len()), json!(first.len())));
    assert!(pending.as_u64().unwrap() > 0);
    let alive = asked(&save, "alive", &json!({}));
    let info = told(sandtable().arg("info").arg(&save));
    assert!(
        info.contains("story/derive is suspended, its mod goes on: sandtable resume "),
        "{info}"
    );
    let refused = sandtable().arg("resume").arg(&save).arg("story/check").output().unwrap();
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("system `story/check` is not suspended; `story/derive` is"), "{why}");
    told(sandtable().arg("resume").arg(&save).arg("story/derive"));

    let mut world = again(&save, json!({}), json!({}));
    for record in caught_up(&mut world) {
        assert_eq!(sent(&world, &record, "story/Inconsistent"), [] as [Json; 0]);
    }
    assert_eq!(content(world.world()), content(told_whole(&lines).world()));
    world.close().unwrap();
    assert_eq!(derived(&save), (json!(lines.len()), json!(lines.len()), json!(0)));
    assert_eq!(asked(&save, "alive", &json!({})), alive, "it was answered from what is told");
    let verified = told(sandtable().arg("verify").arg(&save));
    assert!(!verified.is_empty(), "{verified}");
}

#[test]
fn a_world_that_was_told_not_to_follow_is_the_same_once_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("novel.db");
    let lines = lines();
    let mut world = again(&save, json!({}), json!({ "derives": false }));
    lines.chunks(50).for_each(|some| drop(tell(&mut world, some)));
    assert_eq!(values(world.world(), "story/Person").len(), 0);
    world.close().unwrap();
    assert_eq!(derived(&save).1, json!(0));
    let mut world = again(&save, json!({}), json!({}));
    caught_up(&mut world);
    assert_eq!(content(world.world()), content(told_whole(&lines).world()));
    world.close().unwrap();
    assert_eq!(derived(&save).1, json!(lines.len()));
}
