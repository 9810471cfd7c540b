//! Where a stream stands: which row it had last.

use sandtable::save::outbox::{Outbox, OutboxStanding};
use sandtable_nats::async_nats::jetstream::ErrorCode;
use sandtable_nats::async_nats::jetstream::context::{Context, GetStreamErrorKind};
use sandtable_nats::async_nats::jetstream::stream::{
    Config, LastRawMessageErrorKind, State, Stream,
};

use super::super::error::Ended;
use super::super::{Error, Naming, message};

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The last row that it has.
    pub seq: u64,
    /// The number that it gave that one.
    pub stream: u64,
}

/// The stream of a world, which is made where there is none.
pub async fn stream(context: &Context, naming: &Naming) -> Result<Stream, Ended> {
    let (name, subjects) = (naming.stream(), naming.events());
    let found = match context.get_stream(&name).await {
        Ok(found) => found,
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                let config = Config {
                    name: name.clone(),
                    subjects: vec![subjects.clone()],
                    description: Some("the outbox of a world of Sandtable".to_owned()),
                    ..Config::default()
                };
                let made = context.create_stream(config).await;
                made.map_err(|error| Ended::Again(format!("the stream cannot be made: {error}")))?
            }
            GetStreamErrorKind::Request => {
                let why = "JetStream does not answer: start the server with `-js`, or let this \
                           user ask it";
                return Err(Ended::Again(why.to_owned()));
            }
            kind => return Err(Ended::Again(format!("the stream cannot be looked at: {kind}"))),
        },
    };
    match found.cached_info().config.subjects.as_slice() {
        [only] if *only == subjects => Ok(found),
        _ => Err(Error::OtherStream { stream: name, subjects }.into()),
    }
}

/// Asks a stream where it stands, and holds that against the save.
pub async fn ask(stream: &Stream, naming: &Naming, outbox: &mut Outbox) -> Result<Position, Ended> {
    let info = stream.get_info().await;
    let state =
        info.map_err(|error| Ended::Again(format!("the stream does not answer: {error}")))?;
    let (state, standing) = (state.state, outbox.standing()?);
    if state.last_sequence == 0 {
        return Ok(Position { seq: standing.first.saturating_sub(1), stream: 0 });
    }
    if state.messages == 0 {
        return emptied(&state, naming, &standing);
    }
    // Messages behind it may have been removed, whatever they were.
    let last = match stream.get_last_raw_message_by_subject(&naming.events()).await {
        Ok(last) => last,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
            return Err(Ended::Again("the stream changes while it is looked at".to_owned()));
        }
        Err(error) => return Err(Ended::Again(format!("the stream does not answer: {error}"))),
    };
    let message = last.sequence;
    let name = naming.stream();
    let Some((seq, chain)) = message::read(&last.headers) else {
        return Err(Error::Foreign { stream: name, message, subjects: naming.events() }.into());
    };
    if seq > standing.last {
        let before = message.saturating_sub(seq - standing.last);
        return Err(ahead(stream, naming, outbox, before, seq).await?);
    }
    // The next message is the one after the last that the stream ever had.
    let here = Position { seq, stream: state.last_sequence };
    match outbox.chain(seq)? {
        Some(known) if known == chain => Ok(here),
        Some(_) => Err(Error::TwoFutures { stream: name, message, seq }.into()),
        None if seq + 1 == standing.first => Ok(here),
        None => Err(Error::Gap { stream: name, has: seq, first: standing.first }.into()),
    }
}

/// What is to be done about a stream that has rows up to `last`, which the save has not.
///
/// A save that lost power with the ticks that it had not synced computes them anew, and
/// the same rows with them: until then the relay waits, unless what is the save's last row
/// is another in the stream, which has it in the message `before`.
async fn ahead(
    stream: &Stream,
    naming: &Naming,
    outbox: &mut Outbox,
    before: u64,
    last: u64,
) -> Result<Ended, Ended> {
    let ours = outbox.standing()?.last;
    let there = stream.get_raw_message(before).await.ok();
    let there = there.and_then(|there| message::read(&there.headers));
    match (there, outbox.chain(ours)?) {
        (Some((seq, chain)), Some(known)) if seq == ours && chain != known => {
            Ok(Error::TwoFutures { stream: naming.stream(), message: before, seq }.into())
        }
        (there, known) => {
            let why = format!(
                "the stream `{}` has row {last} and the save ends with row {ours}, as after a \
                 power failure: run the world until it comes there again, or go on with a branch \
                 of it, which has a stream of its own",
                naming.stream()
            );
            Ok(match there {
                Some((seq, chain)) if seq == ours && known == Some(chain) => {
                    Ended::Behind { why, seq, stream: before }
                }
                _ => Ended::Again(why),
            })
        }
    }
}

/// Where a stream stands that has lost its messages, as the save knows it.
fn emptied(state: &State, naming: &Naming, standing: &OutboxStanding) -> Result<Position, Ended> {
    let had = state.last_sequence;
    let known = standing.relayed.and_then(|relayed| {
        let seq = relayed.seq + had.checked_sub(relayed.stream)?;
        (seq + 1 >= standing.first && seq <= standing.last).then_some(Position { seq, stream: had })
    });
    known.ok_or_else(|| Error::Emptied { stream: naming.stream(), had }.into())
}
