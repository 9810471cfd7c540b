//! The subjects that messages go to.

use sandtable_nats::may_answer;
use sandtable_world::record::{Digest, hex};

/// The subjects below a prefix.
#[derive(Clone, Debug)]
pub struct Subjects {
    prefix: String,
}

impl Subjects {
    /// Those below a prefix.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Where a message is answered, if that is a subject that may be.
    pub fn answerable<'r>(&self, reply: Option<&'r str>) -> Option<&'r str> {
        reply.filter(|reply| may_answer(&self.prefix, reply))
    }

    /// Where workers say who they are.
    pub fn hello(&self) -> String {
        format!("{}.hello", self.prefix)
    }

    /// Where workers are asked to.
    pub fn who(&self) -> String {
        format!("{}.who", self.prefix)
    }

    /// What one worker listens at: `call`, `load` or `ping`, of any world.
    pub fn of_worker(&self, instance: &str, what: &str) -> String {
        self.to_worker("*", instance, what)
    }

    /// Where a world reaches a worker.
    pub fn to_worker(&self, world: &str, instance: &str, what: &str) -> String {
        format!("{}.{world}.w.{instance}.{what}", self.prefix)
    }

    /// Where a worker asks the coordinator of a call.
    pub fn ask(&self, world: &str, coordinator: &str) -> String {
        format!("{}.{world}.ask.{coordinator}", self.prefix)
    }

    /// Where a piece of a component or of files is asked for.
    pub fn blob(&self, world: &str, digest: &Digest) -> String {
        format!("{}.{world}.blob.{}", self.prefix, hex(digest))
    }

    /// Where all pieces of a world are asked for.
    pub fn blobs(&self, world: &str) -> String {
        format!("{}.{world}.blob.*", self.prefix)
    }
}

/// Whether a text from a message may be a part of a subject.
pub fn is_token(text: &str) -> bool {
    const MOST_BYTES: usize = 64;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= MOST_BYTES && text.bytes().all(is_plain)
}
