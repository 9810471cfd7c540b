//! What a world tells and is asked while it runs, which is lost where none listens: each
//! tick as it is done, and queries.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use sandtable::feed::{Feed, Published};
use sandtable_nats::async_nats::{Client, HeaderMap, Message};
use sandtable_nats::{Network, may_answer};
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::Naming;

/// Ticks that may wait for the network; of more, the world is not held up.
const TICKS_MAX: usize = 1024;
/// Bytes that a query may have.
const QUERY_MAX: usize = 64 << 10;
/// Queries that are answered at the same time.
const QUERIES_MAX: usize = 4;
/// The version of what is told.
const VERSION: u64 = 1;

/// Answers a query: with a status as HTTP has it, and JSON.
pub type Answerer =
    Arc<dyn Fn(Vec<u8>) -> Pin<Box<dyn Future<Output = (u16, Vec<u8>)> + Send>> + Send + Sync>;

/// Tells of a world for as long as it is there.
pub struct Telling {
    tasks: Vec<JoinHandle<()>>,
}

impl Telling {
    /// Tells of each tick from now on, and answers queries where there is what answers
    /// them.
    pub fn start(
        network: &Network,
        naming: &Naming,
        feed: &Feed,
        answer: Option<Answerer>,
    ) -> Self {
        let (send, done) = mpsc::channel(TICKS_MAX);
        let link = network.link();
        feed.listen(move |published| {
            // What is told late is of no use, and none waits for it.
            if link.borrow().is_up {
                let _ = send.try_send(published.clone());
            }
        });
        let client = network.client();
        let mut tasks = vec![network.spawn(ticks(client.clone(), naming.subject("tick"), done))];
        if let Some(answer) = answer {
            tasks.push(network.spawn(queries(
                client.clone(),
                network.prefix().to_owned(),
                naming.subject("query"),
                answer,
            )));
        }
        Self { tasks }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A tick as it is told: version, tick, state hash, entities that came, that went.
fn tick(published: &Published) -> Bytes {
    let record = &published.record;
    let state = Bin(&published.state);
    let told = (VERSION, published.tick(), state, record.spawned, record.despawned);
    rmp_serde::to_vec(&told).unwrap_or_default().into()
}

/// Bytes that are told as such.
struct Bin<'a>(&'a [u8]);

impl serde::Serialize for Bin<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

async fn ticks(client: Client, subject: String, mut done: mpsc::Receiver<Arc<Published>>) {
    let mut last = None;
    while let Some(published) = done.recv().await {
        // A world that was only changed between two ticks did none.
        let is_tick = published.record.tick == published.tick() && published.tick() > 0;
        let which = (published.course, published.tick());
        if is_tick && last.replace(which) != Some(which) {
            let _ = client.publish(subject.clone(), tick(&published)).await;
        }
    }
}

async fn queries(client: Client, prefix: String, subject: String, answer: Answerer) {
    let Ok(mut asked) = client.subscribe(subject).await else { return };
    let room = Arc::new(Semaphore::new(QUERIES_MAX));
    while let Some(Message { payload, reply, .. }) = asked.next().await {
        let Some(reply) = reply.filter(|reply| may_answer(&prefix, reply)) else { continue };
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let (client, answer) = (client.clone(), answer.clone());
        tokio::spawn(async move {
            let _place = place;
            let (mut status, mut told) = match payload.len() > QUERY_MAX {
                true => refusal(413, format!("a query may have {QUERY_MAX} bytes: ask for less")),
                false => answer(payload.to_vec()).await,
            };
            let most = client.max_payload().saturating_sub(1024);
            if told.len() > most {
                let what = format!(
                    "the answer has {} bytes, and a message {most}: ask for less, or over HTTP",
                    told.len()
                );
                (status, told) = refusal(413, what);
            }
            let mut headers = HeaderMap::new();
            headers.insert("St-Status", status.to_string());
            let _ = client.publish_with_headers(reply, headers, told.into()).await;
        });
    }
}

fn refusal(status: u16, what: String) -> (u16, Vec<u8>) {
    (status, json!({ "status": status, "detail": what }).to_string().into_bytes())
}
