//! Inputs that come line by line, as many as there are: they are handed in by the
//! thousand, while the next are still on their way.
//!
//! Each thousand is a parcel, which a tick has whole. With an `Idempotency-Key`, the one
//! that begins at a line counts once under the key and that number: so a client whose
//! connection broke sends all lines again, and those that counted do not count twice.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use sandtable::record::RequestKey;
use sandtable::save::Parcel;
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::hand_in::{Outcome, hand_in as hand_in_one};
use super::operations::{Sent, allowed, key, one};
use super::problem::{Kind, Problem};
use super::question::Question;
use super::reply::{Format, Reply};
use super::worlds::Lease;

/// Inputs of a parcel.
const AT_ONCE: usize = 1_000;
/// Parcels that are waited for at the same time.
const OPEN_MAX: usize = 16;
/// Bytes of a line at most.
const LINE_MAX: usize = 1 << 20;
/// How long the next bytes may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a request says that it has lines.
pub fn are_sent(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let media = media.split(';').next().unwrap_or("").trim();
    media.eq_ignore_ascii_case(Format::NdJson.media())
}

/// How far it came.
#[derive(Default)]
struct Course {
    /// Inputs that are in the save, or that a tick had.
    accepted: usize,
    /// Inputs of these that had been sent before.
    known: usize,
    /// The last tick that had some of them.
    tick: Option<u64>,
}

type Waiting = VecDeque<(usize, JoinHandle<Result<Outcome, Problem>>)>;

/// Hands in what comes, and says how much of it is in the save. Before each parcel it is
/// asked whether they who send it are still allowed to.
///
/// # Errors
///
/// A line is no input, or was refused; or the next one did not come in time. The sentence
/// says how many before it are in the save.
pub async fn hand_in(
    world: &Lease,
    question: &Question<'_>,
    body: Body,
    headers: &HeaderMap,
    allowed: &(dyn Fn() -> Result<(), Problem> + Send + Sync),
) -> Result<Reply, Problem> {
    let mut course = Course::default();
    let mut waiting = Waiting::new();
    let sent = all(world, question, body, headers, allowed, &mut waiting, &mut course).await;
    // What was handed in before a line that is none counts.
    let settled = settle(&mut waiting, &mut course, 0).await;
    match sent.and(settled) {
        Ok(()) => {
            let Course { accepted, known, tick } = course;
            let about = json!({ "accepted": accepted, "known": known, "tick": tick });
            Ok(Reply::of(about).passing().status(StatusCode::OK))
        }
        Err(problem) => {
            let detail = format!(
                "{}; the {} inputs before are in the save",
                problem.detail, course.accepted
            );
            Err(Problem { detail, was_begun: course.accepted > 0, ..problem })
        }
    }
}

async fn all(
    world: &Lease,
    question: &Question<'_>,
    body: Body,
    headers: &HeaderMap,
    may_go_on: &(dyn Fn() -> Result<(), Problem> + Send + Sync),
    waiting: &mut Waiting,
    course: &mut Course,
) -> Result<(), Problem> {
    let stream = body.into_data_stream();
    let mut lines = Lines { stream, rest: Vec::new(), at: 0, number: 0 };
    let (mut parcel, mut begun, mut bytes) = (Vec::new(), 0, Vec::new());
    loop {
        let line = lines.next().await?;
        let is_end = line.is_none();
        if let Some(line) = line {
            let text = line.trim_ascii();
            if !text.is_empty() {
                parcel.push(read(text, lines.number)?);
                bytes.extend_from_slice(text);
                bytes.push(b'\n');
            }
        }
        if parcel.len() == AT_ONCE || (is_end && !parcel.is_empty()) {
            let count = parcel.len();
            may_go_on()?;
            let inputs = allowed(question, std::mem::take(&mut parcel))?;
            let key = key(headers, &bytes)?
                .map(|key| RequestKey { key: format!("{}/{begun}", key.key), ..key });
            bytes.clear();
            let sender = question.principal.name();
            let of = Parcel { sender, key, inputs, edits: Vec::new() };
            let world = world.clone();
            let task = tokio::spawn(async move { hand_in_one(&world, of, None).await });
            waiting.push_back((count, task));
            begun += count;
            settle(waiting, course, OPEN_MAX).await?;
        }
        if is_end {
            return Ok(());
        }
    }
}

/// Waits until no more than so many parcels are open.
async fn settle(waiting: &mut Waiting, course: &mut Course, most: usize) -> Result<(), Problem> {
    while waiting.len() > most {
        let Some((count, task)) = waiting.pop_front() else { break };
        let outcome = task.await.map_err(|error| Problem::new(Kind::Save, error.to_string()))??;
        match outcome {
            Outcome::Waits { is_kept: false } => {
                let what = "the world does no ticks and its save cannot be written: ask again";
                return Err(Problem::new(Kind::Busy, what));
            }
            Outcome::Waits { is_kept: true } => {}
            Outcome::Done(done) => course.tick = course.tick.max(Some(done.record.tick)),
            Outcome::Known(known) => {
                course.known += count;
                course.tick = course.tick.max(known.place.map(|it| it.tick));
            }
        }
        course.accepted += count;
    }
    Ok(())
}

fn read(text: &[u8], number: usize) -> Result<Sent, Problem> {
    let json: Result<Json, _> = serde_json::from_slice(text);
    json.map_err(|error| error.to_string()).and_then(one).map_err(|why| {
        Problem::new(
            Kind::Body,
            format!(
                "line {number} is no input: {why}; send {{\"input\": \"economy/TaxDecree\", \
                 \"value\": {{…}}}}"
            ),
        )
    })
}

/// Lines of a body.
struct Lines {
    stream: BodyDataStream,
    rest: Vec<u8>,
    /// Where the next line begins in that.
    at: usize,
    /// The number of the last line.
    number: usize,
}

impl Lines {
    fn check(&self, bytes: usize) -> Result<(), Problem> {
        if bytes > LINE_MAX {
            let what = format!("line {} has more than {LINE_MAX} bytes", self.number + 1);
            return Err(Problem::new(Kind::Body, what));
        }
        Ok(())
    }

    /// The next line without its end; none after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut looked = self.at;
        loop {
            if let Some(end) = self.rest[looked..].iter().position(|byte| *byte == b'\n') {
                let line = self.rest[self.at..looked + end].to_vec();
                self.check(line.len())?;
                self.at = looked + end + 1;
                self.number += 1;
                return Ok(Some(line));
            }
            self.rest.drain(..self.at);
            (self.at, looked) = (0, self.rest.len());
            self.check(looked)?;
            let late = |_| Problem::new(Kind::Deadline, "the next line did not come in time");
            match timeout(PATIENCE, self.stream.next()).await.map_err(late)? {
                Some(Ok(more)) => self.rest.extend_from_slice(&more),
                Some(Err(_)) => {
                    return Err(Problem::new(Kind::Deadline, "the connection broke"));
                }
                None if self.rest.is_empty() => return Ok(None),
                None => {
                    self.number += 1;
                    return Ok(Some(std::mem::take(&mut self.rest)));
                }
            }
        }
    }
}
