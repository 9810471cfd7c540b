//! Carries the rows of an outbox to a stream, in order, each once.
//!
//! The stream says where it stands, and takes a message only as the one after the last
//! that it has. So whatever is lost, doubled or late on the way, a message is in it once
//! and in its place, or it is not in it, and then none after it is. On any trouble all
//! that is under way is forgotten, and the stream is asked again: what the save says of
//! it is a hint, for a server that loses power may lose what it acknowledged.

mod position;
mod session;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sandtable::config::NatsSettings;
use sandtable::save::outbox::{Outbox, RelayLock, Relayed};
use sandtable_nats::Network;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use self::session::Session;
use super::error::Ended;
use super::{Error, Naming};

pub use self::state::RelayState;

/// Carries the rows of an outbox to a stream, for as long as it is there.
pub struct Relay {
    save: PathBuf,
    network: Network,
    naming: Naming,
    state: watch::Receiver<RelayState>,
    leave: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
    _lock: RelayLock,
}

impl Relay {
    /// The pauses before the stream is asked again.
    const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(2)];
    /// How long one that is told to stop is waited for.
    const LEAVE_MAX: Duration = Duration::from_secs(1);

    /// Begins, with so many messages under way at once. The server need not be there yet.
    ///
    /// # Errors
    ///
    /// That another relay has the save, that it has no outbox or cannot be read, or that
    /// the settings name no server.
    pub fn start(save: &Path, settings: &NatsSettings, in_flight: u64) -> Result<Self, Error> {
        let lock = RelayLock::take(save)?;
        let outbox = Outbox::open(save)?;
        let network = Network::connect(settings, "relay")?;
        let naming = Naming::new(network.prefix(), outbox.world());
        let (tell, state) = watch::channel(RelayState::default());
        let (leave, left) = watch::channel(false);
        let session = Session {
            client: network.client().clone(),
            link: network.link(),
            inbox: network.inbox().to_owned(),
            naming: naming.clone(),
            outbox,
            in_flight: in_flight.max(1),
            tell: Arc::new(tell),
            left,
            number: 0,
            reached: Relayed::default(),
            noted: Relayed::default(),
        };
        let task = Some(network.spawn(go_on(session)));
        let save = save.to_owned();
        Ok(Self { save, network, naming, state, leave, task, _lock: lock })
    }

    /// How it stands, now and from now on.
    pub fn state(&self) -> watch::Receiver<RelayState> {
        self.state.clone()
    }

    /// What its stream and subjects are called.
    pub fn naming(&self) -> &Naming {
        &self.naming
    }

    /// The connection.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Waits until all rows that are there now are acknowledged, for as long as that goes
    /// on: it gives up once so much time has passed in which none was, and after `most` in any
    /// case. Gives how it stands.
    ///
    /// # Errors
    ///
    /// That the save cannot be read.
    pub fn wait_for_all(
        &self,
        patience: Duration,
        most: Option<Duration>,
    ) -> Result<RelayState, Error> {
        let last = Outbox::open(&self.save)?.standing()?.last;
        let mut state = self.state();
        let end = most.map(|most| Instant::now() + most);
        self.network.wait_for(async {
            let (mut known, mut until) = (0, Instant::now() + patience);
            loop {
                let now = state.borrow_and_update().clone();
                if now.acknowledged > known {
                    (known, until) = (now.acknowledged, Instant::now() + patience);
                }
                let is_done = now.acknowledged >= last || now.stopped.is_some();
                let until = end.map_or(until, |end| end.min(until));
                if is_done || timeout_at(until, state.changed()).await.is_err() {
                    return;
                }
            }
        });
        let now = self.state.borrow().clone();
        Ok(RelayState { last: now.last.max(last), ..now })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.leave.send_replace(true);
        if let Some(task) = self.task.take() {
            self.network.wait_for(async { timeout(Self::LEAVE_MAX, task).await.is_ok() });
        }
    }
}

/// Begins again after each trouble, until it is told to stop or cannot go on.
async fn go_on(mut session: Session) {
    let [least, most] = Relay::PAUSES;
    let mut pause = least;
    loop {
        let before = session.tell.borrow().acknowledged;
        let why = match session.run().await {
            Ended::Again(why) | Ended::Behind { why, .. } => why,
            Ended::Told => return,
            Ended::Stopped(error) => {
                tracing::warn!("the outbox is not relayed any more: {error}");
                session.tell.send_modify(|state| state.stopped = Some(error.to_string()));
                return;
            }
        };
        if session.tell.borrow().acknowledged > before {
            pause = least;
        }
        session.trouble(why);
        let mut left = session.left.clone();
        tokio::select! {
            () = sleep(pause) => {}
            _ = left.wait_for(|left| *left) => {
                session.note();
                return;
            }
        }
        pause = (pause * 2).min(most);
    }
}
