//! What fails around a world does not show in it; and what `doctor` finds.

use std::path::Path;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::harness::*;
use crate::nats::NatsServer;
use crate::outside::{NATS_SERVER, needs};

/// What a drill of a world reports.
fn drill(world: &Path, arguments: &[&str]) -> Json {
    let mut command = sandtable();
    let line = told(command.arg("drill").arg(world).arg("--json").args(arguments));
    println!("{line}");
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_world_whose_workers_and_server_fail_has_every_hash_that_it_has_alone() {
    needs!(NATS_SERVER);
    let folder = TempDir::new().unwrap();
    let world = folder.path().join("w");
    let text = format!("{WORLD}shard_rows = 8\n");
    write_world(&world, &text, &["menagerie", "neighbours", "dice", "mosaic"]);
    let stops = if cfg!(unix) { "2" } else { "0" };
    let report = drill(
        &world,
        &["--ticks", "40", "--workers", "2", "--threads", "2", "--kills", "4", "--stops", stops]
            .into_iter()
            .chain(["--server-kills", "2", "--every", "150", "--seed", "7"])
            .collect::<Vec<_>>(),
    );
    assert_eq!((&report["kills"], &report["server_kills"]), (&4.into(), &2.into()));
    assert_eq!(report["different"], Json::Array(Vec::new()));
    assert!(report["answered"].as_u64() > Some(0), "{report}");
}

#[test]
#[ignore = "takes minutes; the README has the command"]
fn a_hundred_and_eighty_failures_change_no_hash() {
    needs!(NATS_SERVER);
    for example in ["earth", "swarm"] {
        let arguments = ["--kills", "100", "--stops", "50", "--server-kills", "30"];
        let report = drill(&root().join("examples").join(example), &arguments);
        assert_eq!(report["different"], Json::Array(Vec::new()), "{example}");
    }
}

#[test]
fn the_doctor_says_what_a_server_has_and_what_it_refuses() {
    needs!(NATS_SERVER);
    let examine = |server: &NatsServer, user: &str| {
        let url = server.url().replace("nats://", &format!("nats://{user}"));
        let found = told(sandtable().args(["doctor", "--json", "--nats", &url]));
        serde_json::from_str::<Json>(&found).unwrap()
    };
    let server = NatsServer::start();
    let found = examine(&server, "");
    let nats = &found["nats"];
    assert!(nats["version"].as_str().is_some_and(|version| version.starts_with("2.")), "{found}");
    assert_eq!((&nats["max_payload"], &nats["workers"]), (&1_048_576.into(), &0.into()));
    assert_eq!(nats["jetstream"]["is_there"], true, "{found}");
    assert!(nats["rights"].as_array().unwrap().iter().all(|right| right["may"] == true));

    let server = NatsServer::start_with(
        "max_payload: 65536
         authorization { users: [{ user: w, password: p, permissions: {
             publish: [\"st.hello\", \"st.*.ask.*\", \"st.*.blob.*\"]
             subscribe: [\"st.who\", \"st.*.w.*.*\", \"st.inbox.>\"]
             allow_responses: true
         } }] }\n",
    );
    let found = examine(&server, "w:p@");
    assert_eq!(found["nats"]["max_payload"], 65_536);
    for right in found["nats"]["rights"].as_array().unwrap() {
        let is_of_worlds = right["what"].as_str().unwrap().starts_with("a world");
        assert_eq!(right["may"], !is_of_worlds, "{right}");
    }
    let told =
        told(sandtable().args(["doctor", "--nats"]).arg(server.url().replace("//", "//w:p@")));
    assert!(told.contains("REFUSED        a world: calls: st.doctor.w.doctor.call"), "{told}");
    assert!(!told.contains("w:p"), "{told}");

    let output = sandtable().args(["doctor", "--nats", &server.url()]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("no NATS server answers") && told.contains("authorization"), "{told}");
}
