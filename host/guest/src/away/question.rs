//! What a guest that runs elsewhere looks up in the world of its call.

use super::message::{Reader, Unreadable, Writer};
use crate::context::CallContext;
use crate::imports::{self, Direction, Edges, Found};

/// Parts of a question.
const PARTS: usize = 4;
/// Parts of an answer to it.
const ANSWER_PARTS: usize = 3;

/// What is looked up.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Lookup,
    Outgoing,
    Incoming,
}

/// What a guest that runs elsewhere looks up in the world of its call.
pub struct Question {
    /// The number of the call.
    pub call: u64,
    form: Form,
    /// Of what the system declared.
    index: u32,
    entities: Vec<u64>,
}

impl Question {
    pub(super) fn new(call: u64, form: Form, index: u32, entities: &[u64]) -> Self {
        Self { call, form, index, entities: entities.to_vec() }
    }

    /// It as a message.
    pub(super) fn message(&self) -> Vec<u8> {
        let mut into = Writer::new(PARTS, self.entities.len() * 8 + 32);
        into.uint(self.call);
        into.uint(self.form as u64);
        into.uint(u64::from(self.index));
        into.words(&self.entities);
        into.done()
    }

    /// Reads the message of a question.
    ///
    /// # Errors
    ///
    /// That it is none, or one of another version.
    pub fn read(message: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader::new(message, PARTS)?;
        let call = from.uint()?;
        let form = match from.uint()? {
            0 => Form::Lookup,
            1 => Form::Outgoing,
            2 => Form::Incoming,
            form => return Err(Unreadable(format!("question {form}"))),
        };
        let index = from.uint()?.try_into().map_err(|_| Unreadable("no index".to_owned()))?;
        let entities = from.words()?;
        from.end()?;
        Ok(Self { call, form, index, entities })
    }

    /// The answer as a message, from the world as it was when the system began. Nothing
    /// where it is a fault to ask that: a call without an answer is made here, which says
    /// so.
    pub fn answer(&self, context: &CallContext) -> Option<Vec<u8>> {
        let Self { form, index, entities, .. } = self;
        let way = match form {
            Form::Lookup => {
                let Found { present, values } = imports::find(context, *index, entities).ok()?;
                let mut into = Writer::new(ANSWER_PARTS, present.len() + values.len() + 32);
                into.bin(&present);
                into.bin(&[]);
                into.bin(&values);
                return Some(into.done());
            }
            Form::Outgoing => Direction::Outgoing,
            Form::Incoming => Direction::Incoming,
        };
        let Edges { starts, others, data } = imports::edges(context, *index, way, entities).ok()?;
        let bytes = starts.len() * 4 + others.len() * 8 + data.len();
        let mut into = Writer::new(ANSWER_PARTS, bytes + 32);
        let starts: Vec<u8> = starts.iter().flat_map(|start| start.to_le_bytes()).collect();
        into.bin(&starts);
        into.words(&others);
        into.bin(&data);
        Some(into.done())
    }
}

/// What was found, read from an answer.
pub(super) fn found(answer: &[u8]) -> Result<Found, Unreadable> {
    let mut from = Reader::new(answer, ANSWER_PARTS)?;
    let present = from.bin()?.to_vec();
    from.bin()?;
    let values = from.bin()?.to_vec();
    from.end()?;
    Ok(Found { present, values })
}

/// Edges, read from an answer.
pub(super) fn edges(answer: &[u8]) -> Result<Edges, Unreadable> {
    let mut from = Reader::new(answer, ANSWER_PARTS)?;
    let (starts, rest) = from.bin()?.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Unreadable("no whole numbers".to_owned()));
    }
    let starts = starts.iter().map(|start| u32::from_le_bytes(*start)).collect();
    let (others, data) = (from.words()?, from.bin()?.to_vec());
    from.end()?;
    Ok(Edges { starts, others, data })
}
