//! Requests, and the answers to them.
//!
//! A client has requests of its own, which keep an entry for each that was never
//! answered. These are forgotten when their time is over, and an answer that comes then
//! is dropped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{Client, Message, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Network;

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// There is none who listens at that subject.
    #[error("none is there to answer")]
    Absent,
    /// It did not come in time.
    #[error("no answer came in time")]
    Late,
}

/// Sends requests and receives their answers. Clones are the same one.
#[derive(Clone)]
pub struct Inbox {
    client: Client,
    shared: Arc<Shared>,
}

struct Shared {
    subject: String,
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Message>>>,
}

/// Forgets a request on every way out of it.
struct Waiting<'a>(&'a Shared, u64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting().remove(&self.1);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Message>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn receive(&self, message: Message) {
        let number = message.subject.rsplit('.').next().and_then(|number| number.parse().ok());
        let waiting = number.and_then(|number| self.waiting().remove(&number));
        if let Some(waiting) = waiting {
            let _ = waiting.send(message);
        }
    }
}

impl Inbox {
    /// An inbox of a network, by a name that no other of it has.
    pub fn new(network: &Network, name: &str) -> Self {
        let client = network.client().clone();
        let subject = format!("{}.{name}", network.inbox());
        let (last, waiting) = (AtomicU64::default(), Mutex::default());
        let shared = Arc::new(Shared { subject, last, waiting });
        let (listens, receiver) = (client.clone(), shared.clone());
        network.spawn(async move {
            let Ok(mut answers) = listens.subscribe(format!("{}.*", receiver.subject)).await else {
                return;
            };
            while let Some(answer) = answers.next().await {
                receiver.receive(answer);
            }
        });
        Self { client, shared }
    }

    /// Sends a request and waits for its answer, but no longer than that.
    ///
    /// # Errors
    ///
    /// That there is no answer.
    pub async fn ask(
        &self,
        subject: String,
        payload: Bytes,
        patience: Duration,
    ) -> Result<Message, NoAnswer> {
        let number = self.shared.last.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        self.shared.waiting().insert(number, tell);
        let _waiting = Waiting(&self.shared, number);
        let reply = format!("{}.{number}", self.shared.subject);
        let answer = async {
            let sent = self.client.publish_with_reply(subject, reply, payload).await;
            sent.map_err(|_| NoAnswer::Absent)?;
            told.await.map_err(|_| NoAnswer::Late)
        };
        let answer = timeout(patience, answer).await.map_err(|_| NoAnswer::Late)??;
        match answer.status {
            Some(StatusCode::NO_RESPONDERS) => Err(NoAnswer::Absent),
            _ => Ok(answer),
        }
    }
}
