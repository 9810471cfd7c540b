//! From a request to a tick: what is sent is handed to the thread that does the ticks, and
//! what became of it is waited for.

use std::time::Duration;

use axum::http::StatusCode;
use sandtable::record::{Emitted, TickRecord};
use sandtable::save::{KnownRequest, Parcel, event_told};
use sandtable::{Done, Error, Settled, Simulation};
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::at::shown;
use super::operations::Errand;
use super::problem::{Kind, Problem};
use super::reply::Reply;
use super::worlds::Lease;

/// How long it may take until what is sent is in the save, where the client does not say
/// how long it waits.
const KEPT_WITHIN: Duration = Duration::from_secs(10);
/// Events of an answer at most.
const EVENTS_MAX: usize = 1_000;

/// What became of a parcel.
pub enum Outcome {
    /// It waits for a tick: in the save, or in memory.
    Waits {
        /// Whether it is in the save.
        is_kept: bool,
    },
    /// A tick had it, and is committed.
    Done(std::sync::Arc<Done>),
    /// It was sent before.
    Known(KnownRequest),
}

/// Hands a parcel in, and waits for what becomes of it: for a tick, where the client says
/// for how long, else until it is in the save.
///
/// # Errors
///
/// It is refused, or the world was closed first.
pub async fn hand_in(
    world: &Lease,
    parcel: Parcel,
    patience: Option<Duration>,
) -> Result<Outcome, Problem> {
    let (send, mut told) = mpsc::unbounded_channel();
    let tell = send.clone();
    let errand = move |simulation: &mut Simulation| {
        let telling = Box::new(move |settled| drop(tell.send(Ok(settled))));
        if let Err(error) = simulation.take_in(&parcel, telling) {
            let _ = send.send(Err(error));
        }
    };
    let closed = || {
        let what = "the world was closed before it had this: send it again, under the same \
                    `Idempotency-Key` if it had one";
        Problem::new(Kind::Busy, what)
    };
    world.served().desk().leave(errand).map_err(|_| closed())?;
    let until = Instant::now() + patience.unwrap_or(KEPT_WITHIN);
    let mut is_kept = false;
    loop {
        match timeout_at(until, told.recv()).await {
            Err(_) => return Ok(Outcome::Waits { is_kept }),
            Ok(None) => return Err(closed()),
            Ok(Some(Err(error))) => return Err(refused(&error)),
            Ok(Some(Ok(Settled::Kept))) if patience.is_none() => {
                return Ok(Outcome::Waits { is_kept: true });
            }
            Ok(Some(Ok(Settled::Kept))) => is_kept = true,
            Ok(Some(Ok(Settled::Done(done)))) => return Ok(Outcome::Done(done)),
            Ok(Some(Ok(Settled::Known(known)))) => return Ok(Outcome::Known(known)),
        }
    }
}

/// Has something done with a world between two ticks, and waits for it.
///
/// # Errors
///
/// What it says, or the world was closed first.
pub async fn between(world: &Lease, errand: Errand) -> Result<Reply, Problem> {
    let (send, told) = oneshot::channel();
    let closed = || Problem::new(Kind::Busy, "the world was closed before this was done");
    let done = move |simulation: &mut Simulation| drop(send.send(errand(simulation)));
    world.served().desk().leave(done).map_err(|_| closed())?;
    told.await.map_err(|_| closed())?
}

/// The problem that an error is to the client who sent something.
pub fn refused(error: &Error) -> Problem {
    let kind = match error {
        Error::Edit(_) => Kind::Conflict,
        Error::Full { .. } => Kind::Busy,
        Error::Input { .. } | Error::OtherRequest { .. } => Kind::Body,
        _ => Kind::Save,
    };
    Problem::new(kind, error.to_string())
}

impl Outcome {
    /// As an answer. An edit of which nothing was done is a problem of this kind. Events
    /// that were caused are told to those who see all of the world.
    ///
    /// # Errors
    ///
    /// The edit was refused by its tick, or the save cannot be read.
    pub fn reply(self, world: &Lease, refusal: Kind, sees_all: bool) -> Result<Reply, Problem> {
        let served = world.served();
        let (mut members, status, at) = match self {
            Outcome::Waits { is_kept } => {
                let members = json!({ "state": "waits", "in_save": is_kept });
                (members, StatusCode::ACCEPTED, None)
            }
            Outcome::Known(KnownRequest { place: None, .. }) => {
                let members = json!({ "state": "waits", "in_save": true, "known": true });
                (members, StatusCode::ACCEPTED, None)
            }
            Outcome::Known(KnownRequest { place: Some(place), .. }) => {
                let chain = served.reader()?.chain(place.tick)?;
                let at = chain.map(|chain| shown(place.tick, &chain));
                let mut members = json!({
                    "state": "done", "known": true, "tick": place.tick, "inputs": place.inputs,
                });
                for (number, outcome) in place.edits {
                    edit(
                        &mut members,
                        number,
                        outcome.as_deref().map_err(String::as_str),
                        refusal,
                    )?;
                }
                (members, StatusCode::OK, at)
            }
            Outcome::Done(done) => {
                let TickRecord { tick, chain, .. } = *done.record;
                let mut members = json!({
                    "state": "done", "tick": tick, "inputs": done.request.inputs.len(),
                });
                for number in done.request.edits.clone() {
                    let run = &done.record.edits[number];
                    let outcome = run.refused.as_deref().map_or(Ok(&run.spawned[..]), Err);
                    edit(&mut members, number as u64, outcome, refusal)?;
                }
                if sees_all && !done.readers.is_empty() {
                    members["events"] = events(world, &done);
                }
                (members, StatusCode::OK, Some(shown(tick, &chain)))
            }
        };
        if let Some(at) = &at {
            members["at"] = at.clone().into();
        }
        let reply = Reply::of(members).passing().status(status);
        Ok(match at {
            Some(at) => reply.at(at),
            None => reply,
        })
    }
}

fn edit(
    members: &mut Json,
    number: u64,
    outcome: Result<&[sandtable::ecs::Entity], &str>,
    refusal: Kind,
) -> Result<(), Problem> {
    let spawned =
        outcome.map_err(|why| Problem::new(refusal, format!("nothing was done: {why}")))?;
    members["edit"] = number.into();
    members["spawned"] = spawned.iter().map(ToString::to_string).collect::<Vec<_>>().into();
    Ok(())
}

/// What the systems that read the inputs emitted in the same tick.
fn events(world: &Lease, done: &Done) -> Json {
    let now = world.served().feed().now();
    let caused = |event: &&Emitted| done.readers.contains(&event.system);
    let events = done.record.events.iter().filter(caused).take(EVENTS_MAX);
    let told = |event: &Emitted| {
        let (name, payload) = event_told(event, &now.world.registry);
        json!({
            "name": name, "number": event.number, "system": event.system, "payload": payload,
        })
    };
    events.map(told).collect::<Vec<_>>().into()
}
