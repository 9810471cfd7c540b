//! From where the stream stands up to the next trouble.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use sandtable::save::outbox::{Outbox, Relayed};
use sandtable_nats::Link;
use sandtable_nats::async_nats::jetstream::stream::Stream;
use sandtable_nats::async_nats::{self, Client, Subscriber, jetstream};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::position::{self, Position};
use super::state::RelayState;
use crate::Naming;
use crate::error::Ended;
use crate::message::{Message, message};

/// How often the outbox is looked at for more.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How often a stream that nothing is sent to is asked where it stands.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often the save is told how far it is.
const NOTE_EVERY: Duration = Duration::from_millis(500);
/// How long an acknowledgement or an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of values that are read at once.
const BYTES_MAX: usize = 4 << 20;

/// What a relay has from one trouble to the next.
pub struct Session {
    pub client: Client,
    pub link: watch::Receiver<Link>,
    pub inbox: String,
    pub naming: Naming,
    pub outbox: Outbox,
    pub in_flight: u64,
    pub tell: Arc<watch::Sender<RelayState>>,
    pub left: watch::Receiver<bool>,
    /// How many there were before: acknowledgements for those are not listened to.
    pub number: u64,
    /// How far it is, and what of that the save was told.
    pub reached: Relayed,
    pub noted: Relayed,
}

/// What is under way.
struct Window {
    /// The last row that the stream acknowledged.
    acknowledged: Position,
    /// The last row that was sent.
    sent: u64,
    /// When the last acknowledgement came.
    heard: Instant,
    /// When the stream was last known to stand where we think it does.
    asked: Instant,
    noted: Instant,
}

/// What a stream answers to a message.
#[derive(Deserialize)]
struct Acknowledgement {
    #[serde(default)]
    seq: u64,
    error: Option<jetstream::Error>,
}

impl Window {
    /// The number that the stream gives a row.
    fn number(&self, seq: u64) -> u64 {
        self.acknowledged.stream + (seq - self.acknowledged.seq)
    }

    fn under_way(&self) -> u64 {
        self.sent - self.acknowledged.seq
    }
}

impl Session {
    /// Goes on until there is trouble.
    pub async fn run(&mut self) -> Ended {
        let mut left = self.left.clone();
        // What is read and written of the save is never left half done: that has no waits.
        let ended = tokio::select! {
            ended = self.go_on() => ended.err().unwrap_or(Ended::Told),
            _ = left.wait_for(|left| *left) => Ended::Told,
        };
        match ended {
            Ended::Told => {
                self.note();
                Ended::Told
            }
            // All that the save has is in the stream, which waits for what comes after it.
            Ended::Behind { why, seq, stream } => {
                self.trouble(why.clone());
                self.is_at(Position { seq, stream }, false);
                self.note();
                Ended::Again(why)
            }
            ended => ended,
        }
    }

    /// Says why nothing goes on, where that is news.
    pub fn trouble(&mut self, why: String) {
        let is_news = self.tell.borrow().trouble.as_ref() != Some(&why);
        if is_news {
            tracing::warn!("the outbox is not relayed at the moment: {why}");
            self.tell.send_modify(|state| state.trouble = Some(why));
        }
    }

    async fn go_on(&mut self) -> Result<(), Ended> {
        let ups = self.up().await?;
        let mut context = jetstream::new(self.client.clone());
        context.set_timeout(PATIENCE);
        let stream = position::stream(&context, &self.naming).await?;
        let acknowledged = position::ask(&stream, &self.naming, &mut self.outbox).await?;
        self.number += 1;
        let inbox = format!("{}.ack{}", self.inbox, self.number);
        let subscribed = self.client.subscribe(format!("{inbox}.*")).await;
        let mut acks = subscribed.map_err(|error| Ended::Again(error.to_string()))?;
        let now = Instant::now();
        let (sent, heard, asked, noted) = (acknowledged.seq, now, now, now - NOTE_EVERY);
        let mut window = Window { acknowledged, sent, heard, asked, noted };
        self.stands(&window);
        let carried = self.carry(&stream, &inbox, &mut acks, &mut window, ups).await;
        let _ = acks.unsubscribe().await;
        carried
    }

    /// Waits for a server. Gives how often one was found.
    async fn up(&mut self) -> Result<u64, Ended> {
        let mut link = self.link.clone();
        if let Ok(Ok(up)) = timeout(PATIENCE, link.wait_for(|link| link.is_up)).await {
            return Ok(up.ups);
        }
        let why = self.link.borrow().why.clone();
        Err(Ended::Again(why.unwrap_or_else(|| "no NATS server answers".to_owned())))
    }

    async fn carry(
        &mut self,
        stream: &Stream,
        inbox: &str,
        acks: &mut Subscriber,
        window: &mut Window,
        ups: u64,
    ) -> Result<(), Ended> {
        loop {
            let mut link = self.link.clone();
            let lost = async { drop(link.wait_for(|link| !link.is_up || link.ups != ups).await) };
            let is_all = self.fill(inbox, window).await?;
            if window.noted.elapsed() >= NOTE_EVERY {
                self.note();
                window.noted = Instant::now();
            }
            let wakes = match window.under_way() {
                0 => Instant::now() + LOOK_EVERY,
                _ => window.heard + PATIENCE,
            };
            tokio::select! {
                biased;
                ack = acks.next() => {
                    let gone = || Ended::Again("the connection is gone".to_owned());
                    acknowledge(window, &ack.ok_or_else(gone)?)?;
                    // All that came are counted before more is sent.
                    while let Some(Some(ack)) = acks.next().now_or_never() {
                        acknowledge(window, &ack)?;
                    }
                    self.stands(window);
                }
                () = lost => {
                    return Err(Ended::Again("the connection to the NATS server was lost".to_owned()));
                }
                () = sleep_until(wakes) => {
                    if window.under_way() > 0 {
                        let why = "the stream acknowledges nothing";
                        return Err(Ended::Again(why.to_owned()));
                    }
                    if is_all {
                        self.look(stream, window).await?;
                    }
                }
            }
        }
    }

    /// Sends what there is room for. Says whether there was nothing more.
    async fn fill(&mut self, inbox: &str, window: &mut Window) -> Result<bool, Ended> {
        if window.under_way() > self.in_flight / 2 {
            return Ok(false);
        }
        let room = usize::try_from(self.in_flight - window.under_way()).unwrap_or(1);
        let rows = self.outbox.after(window.sent, room, BYTES_MAX)?;
        if rows.is_empty() {
            return Ok(true);
        }
        if window.under_way() == 0 {
            window.heard = Instant::now();
        }
        let max_payload = self.client.max_payload();
        for row in rows {
            if row.seq != window.sent + 1 {
                return Err(Ended::Again(format!("row {} of the outbox is gone", window.sent + 1)));
            }
            let (seq, last) = (row.seq, window.number(row.seq) - 1);
            let Message { subject, headers, payload } =
                message(&self.naming, row, last, max_payload);
            let reply = format!("{inbox}.{seq}");
            let sent = self.client.publish_with_reply_and_headers(subject, reply, headers, payload);
            sent.await.map_err(|error| Ended::Again(error.to_string()))?;
            window.sent = seq;
        }
        Ok(false)
    }

    /// Looks at what there is when all of it is acknowledged, now and then also at the
    /// stream: one that lost power may have fallen behind.
    async fn look(&mut self, stream: &Stream, window: &mut Window) -> Result<(), Ended> {
        self.stands(window);
        if window.asked.elapsed() < ASK_EVERY {
            return Ok(());
        }
        // Says so where the save is no longer where it was.
        self.outbox.standing()?;
        let info = stream.get_info().await;
        let info =
            info.map_err(|error| Ended::Again(format!("the stream does not answer: {error}")))?;
        if info.state.last_sequence != window.acknowledged.stream {
            return Err(Ended::Again("the stream is not where it was".to_owned()));
        }
        window.asked = Instant::now();
        Ok(())
    }

    /// Tells how far it is.
    fn stands(&mut self, window: &Window) {
        self.is_at(window.acknowledged, true);
    }

    /// Tells how far it is, and whether it goes on from there.
    fn is_at(&mut self, position: Position, goes_on: bool) {
        let Position { seq: acknowledged, stream } = position;
        self.reached = Relayed { seq: acknowledged, stream };
        let last = self.outbox.standing().map_or(acknowledged, |standing| standing.last);
        self.tell.send_if_modified(|state| {
            let is_news = (state.acknowledged, state.last) != (acknowledged, last);
            if goes_on && (acknowledged > state.acknowledged || acknowledged == last) {
                state.trouble = None;
            }
            (state.acknowledged, state.last) = (acknowledged, last);
            is_news
        });
    }

    /// Tells the save how far it is, where that is news. A world that is writing is not
    /// waited for, and one whose disk is full goes without: it is a hint.
    pub fn note(&mut self) {
        if self.reached != self.noted && self.outbox.note(self.reached).unwrap_or(false) {
            self.noted = self.reached;
        }
    }
}

/// Reads what the stream answers to a message. One that it took has all before it.
fn acknowledge(window: &mut Window, answer: &async_nats::Message) -> Result<(), Ended> {
    let row = answer.subject.rsplit('.').next().and_then(|row| row.parse().ok());
    let read = serde_json::from_slice::<Acknowledgement>(&answer.payload).ok();
    let (Some(row), Some(read)) = (row, read) else {
        // None listens at the subject, or it is no stream that does.
        return Err(Ended::Again("the stream takes nothing at the moment".to_owned()));
    };
    if let Some(error) = read.error {
        return Err(Ended::Again(format!("the stream refuses row {row}: {error}")));
    }
    if !(window.acknowledged.seq + 1..=window.sent).contains(&row) {
        return Ok(());
    }
    if read.seq != window.number(row) {
        return Err(Ended::Again(format!("the stream has row {row} at another place")));
    }
    window.acknowledged = Position { seq: row, stream: read.seq };
    (window.heard, window.asked) = (Instant::now(), Instant::now());
    Ok(())
}
