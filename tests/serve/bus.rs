//! What a served world tells and is asked over NATS.

use std::time::Duration;

use sandtable::config::NatsSettings;
use sandtable_nats::Network;
use sandtable_nats::async_nats::Message;
use serde_json::{Value as Json, json};

use super::worlds::{House, saves};
use super::{OnAir, TOKEN};
use crate::harness::*;
use crate::nats::NatsServer;
use crate::outside::{NATS_SERVER, needs};
use crate::workers::WorkerProcess;

/// A program that listens and asks.
struct Client(Network);

impl Client {
    fn of(server: &NatsServer) -> Self {
        let settings = NatsSettings { url: Some(server.url()), ..NatsSettings::default() };
        let network = Network::connect(&settings, "test").unwrap();
        network.wait(Duration::from_secs(10)).unwrap();
        Self(network)
    }

    /// The next so many messages at a subject.
    fn next(&self, subject: &str, count: usize) -> Vec<Message> {
        use futures_util::StreamExt;

        let client = self.0.client().clone();
        self.0.wait_for(async move {
            let heard = client.subscribe(subject.to_owned()).await.unwrap();
            tokio::time::timeout(Duration::from_secs(60), heard.take(count).collect())
                .await
                .unwrap()
        })
    }

    /// What is answered to a query, and its status.
    fn ask(&self, subject: &str, asked: &str) -> (u16, Json) {
        let (client, asked) = (self.0.client().clone(), asked.to_owned());
        let answer = self.0.wait_for(async move {
            client.request(subject.to_owned(), asked.into()).await.unwrap()
        });
        let status = answer.headers.as_ref().unwrap().get("St-Status").unwrap().as_str();
        (status.parse().unwrap(), serde_json::from_slice(&answer.payload).unwrap())
    }
}

#[test]
fn a_served_world_tells_of_its_ticks_and_answers_queries_by_token() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let more = ["--hz", "50", "--nats", &server.url(), "--outbox", "sandtable/*"];
    let on_air = OnAir::with(&["citizens"], &more);
    let client = Client::of(&server);
    let told = client.next("st.*.tick", 3);
    let ticks: Vec<(u64, u64, Vec<u8>, u64, u64)> = told
        .iter()
        .map(|message| rmp_serde::from_slice(&message.payload).unwrap())
        .map(|(version, tick, state, come, gone): (_, _, serde_bytes::ByteBuf, _, _)| {
            (version, tick, state.into_vec(), come, gone)
        })
        .collect();
    for (told, next) in ticks.iter().zip(&ticks[1..]) {
        assert_eq!((next.0, next.1), (1, told.1 + 1), "a message a tick: {ticks:?}");
    }
    let (_, tick, state, ..) = &ticks[2];
    let at = on_air.ask(&format!("/ticks?from={tick}&to={tick}"));
    let known = at.to_string();
    let digits: String = state.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(known.contains(&digits), "the state hash of tick {tick} is {digits}: {known}");

    let subject = told[0].subject.as_str().replace(".tick", ".query");
    let query = json!({ "token": TOKEN, "sql": "SELECT 8 AS n", "at": "1" });
    let (status, answer) = client.ask(&subject, &query.to_string());
    assert_eq!((status, &answer["rows"]), (200, &json!([{ "n": 8 }])), "{answer}");
    for (asked, expected) in [
        (json!({ "token": "wrong", "sql": "SELECT 1" }), 401),
        (json!({ "token": "a\nb", "sql": "SELECT 1" }), 400),
        (json!({ "token": TOKEN, "sql": "DELETE FROM entities" }), 400),
        (json!({ "sql": "SELECT 1" }), 400),
        (json!([1]), 400),
    ] {
        let (status, answer) = client.ask(&subject, &asked.to_string());
        assert_eq!(status, expected, "{asked}: {answer}");
        assert!(answer["detail"].is_string(), "{answer}");
    }
    let (status, _) = client.ask(&subject, &" ".repeat(70_000));
    assert_eq!(status, 413);

    let token = format!("authorization: Bearer {TOKEN}");
    wait_until("the stream has rows", || {
        let text = on_air.request("GET", "/metrics", &[&token], "").body;
        let text = String::from_utf8(text).unwrap();
        let of = |name: &str| -> u64 {
            let line = text.lines().find(|line| line.starts_with(name)).expect(name);
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        let (last, acknowledged) =
            (of("sandtable_outbox_last_row"), of("sandtable_outbox_acknowledged_row"));
        assert_eq!(of("sandtable_outbox_behind_rows"), last - acknowledged);
        acknowledged > 0
    });
}

#[test]
fn worlds_of_a_folder_have_workers_and_relays_while_they_are_open() {
    needs!(NATS_SERVER);
    let server = NatsServer::start();
    let _worker = WorkerProcess::start(&server, "one");
    let folder = saves(&["secrets", "drift"], 3, &["one", "two"]);
    let more = ["--nats", &server.url(), "--all-calls", "--outbox", "secrets/*"];
    let house = House::of(folder, &more);
    let info = |name: &str| {
        let save = house.folder().join(format!("{name}.db"));
        serde_json::from_str::<Json>(&told(sandtable().arg("info").arg(save).arg("--json")))
            .unwrap()
    };
    wait_until("a worker makes calls of it, and its outbox is carried", || {
        house.post("/one/run/step", &json!({ "ticks": 3 }));
        let info = info("one");
        let acknowledged = info["outbox"]["acknowledged"].as_u64() > Some(0);
        acknowledged && info["calls_of_workers"].as_u64() > Some(0)
    });
    assert_eq!(info("two")["outbox"]["last"], 0, "it was not opened");
}
