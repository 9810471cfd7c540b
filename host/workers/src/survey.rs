//! Which workers there are.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use sandtable_nats::Network;
use tokio::time::timeout;

use super::message::{Hello, read};
use super::subject::Subjects;

/// Asks workers who they are, and gives those that answer within a time, by name.
pub fn survey(network: &Network, patience: Duration) -> Vec<Hello> {
    let (client, subjects) = (network.client().clone(), Subjects::new(network.prefix()));
    let reply = format!("{}.who", network.inbox());
    network.wait_for(async {
        let mut found = BTreeMap::new();
        let Ok(mut answers) = client.subscribe(reply.clone()).await else { return Vec::new() };
        if client.publish_with_reply(subjects.who(), reply, Bytes::new()).await.is_err() {
            return Vec::new();
        }
        let listen = async {
            while let Some(answer) = answers.next().await {
                if let Some(hello) = read::<Hello>(&answer.payload) {
                    found.insert((hello.name.clone(), hello.instance.clone()), hello);
                }
            }
        };
        let _ = timeout(patience, listen).await;
        found.into_values().collect()
    })
}
