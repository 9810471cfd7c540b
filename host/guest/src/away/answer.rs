//! The message that comes back of a call that was made elsewhere.

use super::message::{Reader, Unreadable, Writer};
use crate::said::Log;

/// Parts of the message.
const PARTS: usize = 5;
/// How it went.
const FAILED: u64 = 0;
const DONE: u64 = 1;
const LACKS: u64 = 2;

/// The answer of a call that succeeded.
pub(super) fn message(id: u64, took: u64, log: &Log, count: usize, effects: &[u8]) -> Vec<u8> {
    let mut into = Writer::new(PARTS, effects.len() + 256);
    into.uint(id);
    into.uint(took);
    into.uint(DONE);
    let (lines, dropped) = log.parts();
    into.array(lines.len() + 1);
    into.array(2);
    dropped.into_iter().for_each(|count| into.uint(count));
    for line in lines {
        into.array(2);
        into.uint(line.level as u64);
        into.bin(line.text.as_bytes());
    }
    into.array(count);
    into.raw(effects);
    into.done()
}

/// The answer of a call that did not, for whatever reason.
pub(super) fn failure(id: u64, took: u64) -> Vec<u8> {
    without_outcome(id, took, FAILED)
}

/// The answer of a call that names a column that is not there.
pub(super) fn lacking(id: u64) -> Vec<u8> {
    without_outcome(id, 0, LACKS)
}

fn without_outcome(id: u64, took: u64, how: u64) -> Vec<u8> {
    let mut into = Writer::new(PARTS, 32);
    into.uint(id);
    into.uint(took);
    into.uint(how);
    into.array(0);
    into.array(0);
    into.done()
}

/// What came back of a call, as it arrived.
pub struct Answer<'a> {
    /// The number of the call.
    pub id: u64,
    /// Nanoseconds that it took where it was made.
    pub nanos: u64,
    /// What the guest said and did, where it succeeded.
    pub done: Option<&'a [u8]>,
    /// Whether the call named a column that was not there.
    pub lacks: bool,
}

impl<'a> Answer<'a> {
    /// Reads the message of an answer.
    ///
    /// # Errors
    ///
    /// That it is none, or one of another version.
    pub fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(message, PARTS)?;
        let (id, nanos) = (from.uint()?, from.uint()?);
        let how = from.uint()?;
        Ok(Self { id, nanos, done: (how == DONE).then(|| from.rest()), lacks: how == LACKS })
    }
}
