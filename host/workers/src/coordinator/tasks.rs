//! What the thread for the network does for a coordinator.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use sandtable_guest::away::{Answer, Question};
use sandtable_nats::async_nats::{Message, StatusCode, Subscriber};
use sandtable_nats::{Link, Network};
use sandtable_world::record::Digest;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time;

use super::roster::Greeted;
use super::shared::{Answered, Out, Outgoing, Shared};
use crate::message::{Hello, Piece, PieceAsked, read, write};

/// How often it is looked whether workers with calls are still there.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A call that a worker has for longer has no answer: it lost it. No call takes so long.
const ANSWER_MAX: Duration = Duration::from_secs(120);
/// A call that is out for longer to a worker that says that it has nothing to do has no
/// answer either: it would have begun with it by then.
const IDLE_AFTER: Duration = Duration::from_secs(2);
/// Answers that are kept for threads that have not looked at them.
const ANSWERED_MAX: usize = 4096;
/// Bytes of a piece of a component.
const PIECE_MAX_BYTES: usize = 512 << 10;
/// Bytes of a message besides what is in it.
const MESSAGE_BYTES: usize = 1024;
/// What the last part of a subject begins with at which a worker says that it is there.
const PING: &str = "ping-";

/// Starts all of it.
pub fn start(
    network: &Network,
    shared: &Arc<Shared>,
    world: &str,
    outgoing: UnboundedReceiver<Outgoing>,
) {
    type Receive = fn(&Shared, Message);
    let receivers: [(String, Receive); 4] = [
        (format!("{}.*", shared.inbox), answer),
        (shared.subjects.ask(world, &shared.own), question),
        (shared.subjects.hello(), hello),
        (shared.subjects.blobs(world), piece),
    ];
    let (starting, client) = (shared.clone(), network.client().clone());
    let link = network.link();
    network.spawn(async move {
        for (subject, receive) in receivers {
            let Ok(messages) = client.subscribe(subject).await else { return };
            tokio::spawn(receive_all(starting.clone(), messages, receive));
        }
        tokio::spawn(send_all(starting.clone(), outgoing));
        tokio::spawn(look_after(starting.clone()));
        follow(&starting, link).await;
    });
}

async fn receive_all(shared: Arc<Shared>, mut messages: Subscriber, receive: fn(&Shared, Message)) {
    while let Some(message) = messages.next().await {
        receive(&shared, message);
    }
}

async fn send_all(shared: Arc<Shared>, mut outgoing: UnboundedReceiver<Outgoing>) {
    while let Some(Outgoing { subject, reply, payload }) = outgoing.recv().await {
        let client = &shared.client;
        // What cannot be sent is a call without an answer, which is made here.
        let _ = match reply.is_empty() {
            true => client.publish(subject, payload).await,
            false => client.publish_with_reply(subject, reply, payload).await,
        };
    }
}

/// Asks workers with calls that say nothing whether they are there.
async fn look_after(shared: Arc<Shared>) {
    let mut ticks = time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = Instant::now();
        let mut lost = Vec::new();
        let asked = {
            let mut state = shared.state();
            if !state.is_up {
                continue;
            }
            let (asked, gone) = state.roster.silent(now);
            for worker in gone {
                lost.extend(state.lose(&worker));
            }
            lost.extend(state.give_up(now, ANSWER_MAX));
            state.roster.forget(now);
            asked
        };
        shared.give_back(lost);
        for worker in asked {
            let subject = shared.to_worker(&worker, "ping");
            let reply = format!("{}.{PING}{worker}", shared.inbox);
            shared.publish(subject, reply, Bytes::new());
        }
    }
}

/// Follows how the connection stands: without a server no call comes back.
async fn follow(shared: &Shared, mut link: watch::Receiver<Link>) {
    loop {
        let is_up = link.borrow_and_update().is_up;
        let lost = {
            let mut state = shared.state();
            let was_up = std::mem::replace(&mut state.is_up, is_up);
            match was_up == is_up {
                true => Vec::new(),
                false => state.lose_all(),
            }
        };
        shared.give_back(lost);
        if is_up {
            shared.publish(shared.subjects.who(), String::new(), Bytes::new());
        }
        if link.changed().await.is_err() {
            return;
        }
    }
}

/// Takes an answer: of a call, or that a worker is there.
fn answer(shared: &Shared, message: Message) {
    let Some(token) = message.subject.rsplit('.').next() else { return };
    let is_absent = message.status == Some(StatusCode::NO_RESPONDERS);
    if let Some(worker) = token.strip_prefix(PING) {
        return match is_absent {
            true => lose(shared, worker),
            false => shared.state().roster.heard(worker, Instant::now()),
        };
    }
    let Ok(id) = token.parse::<u64>() else { return };
    let mut state = shared.state();
    // One that came twice, or late, is of no call.
    let Some(out) = state.out.remove(&id) else { return };
    let Out { back, worker, context, sent, nanos, bytes, held } = out;
    if is_absent {
        drop(state);
        shared.counts().lost += 1;
        back(None);
        return lose(shared, &worker);
    }
    let now = Instant::now();
    state.roster.release(&worker);
    state.roster.heard(&worker, now);
    if Answer::read(&message.payload).map(|answer| answer.id) != Ok(id) {
        drop(state);
        shared.counts().failed += 1;
        back(None);
        return shared.bar(&worker, "what it answered to a call is no answer to it");
    }
    state.measures.answered(&context.system.name, now.duration_since(sent));
    let bytes = bytes + message.payload.len();
    state.answered.insert(id, Answered { worker, nanos, bytes, held });
    if state.answered.len() > ANSWERED_MAX {
        state.answered.pop_first();
    }
    drop(state);
    back(Some(message.payload));
}

/// Takes the calls back of a worker that cannot be reached.
fn lose(shared: &Shared, worker: &str) {
    let lost = shared.state().lose(worker);
    shared.give_back(lost);
}

/// Answers what a guest looks up in the world of its call; with nothing, where that call is
/// over.
fn question(shared: &Shared, message: Message) {
    let Some(reply) = shared.subjects.answerable(message.reply.as_deref()) else { return };
    let answer = Question::read(&message.payload).ok().and_then(|question| {
        let context = shared.state().out.get(&question.call)?.context.clone();
        question.answer(&context)
    });
    shared.counts().asked += 1;
    let fits = |answer: &Vec<u8>| answer.len() <= shared.client.max_payload();
    let answer = answer.filter(fits).unwrap_or_default();
    shared.publish(reply.to_string(), String::new(), answer.into());
}

/// Takes what a worker says of itself.
fn hello(shared: &Shared, message: Message) {
    let Some(hello) = read::<Hello>(&message.payload) else { return };
    let (instance, is_idle, now) = (hello.instance.clone(), hello.busy == 0, Instant::now());
    let mut state = shared.state();
    // Said over a connection that is lost, or over one that is not looked after yet, it would
    // be forgotten at once; workers are asked for it again as soon as there is one.
    if !state.is_up {
        return;
    }
    match state.roster.greet(hello, &shared.engine, now) {
        Greeted::Usable => shared.tell(&mut state, &instance),
        Greeted::Unusable(Some(told)) => tracing::warn!("{told}"),
        Greeted::Unusable(None) => {}
    }
    let lost = match is_idle {
        true => state.give_up_of(&instance, now, IDLE_AFTER),
        false => Vec::new(),
    };
    drop(state);
    shared.give_back(lost);
}

/// Gives a piece of a component, or of files.
fn piece(shared: &Shared, message: Message) {
    let Some(reply) = shared.subjects.answerable(message.reply.as_deref()) else { return };
    let named = message.subject.rsplit('.').next().and_then(digest);
    let blob = named.and_then(|digest| shared.state().packages.blob(&digest));
    let Some((blob, asked)) = blob.zip(read::<PieceAsked>(&message.payload)) else {
        return shared.publish(reply.to_string(), String::new(), Bytes::new());
    };
    let most = shared.client.max_payload().saturating_sub(MESSAGE_BYTES).min(PIECE_MAX_BYTES);
    let start = usize::try_from(asked.offset).unwrap_or(usize::MAX).min(blob.len());
    let end = start.saturating_add(most).min(blob.len());
    let piece = Piece { whole: blob.len() as u64, bytes: blob[start..end].to_vec() };
    shared.publish(reply.to_string(), String::new(), write(&piece));
}

/// A digest from its hexadecimal digits.
fn digest(text: &str) -> Option<Digest> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?.try_into().ok()
}
