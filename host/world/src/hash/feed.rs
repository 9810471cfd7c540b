//! How numbers, bytes and topics go into a digest.

use blake3::Hasher;

use crate::ecs::Topic;

pub(super) fn number(into: &mut Hasher, value: u64) {
    into.update(&value.to_le_bytes());
}

pub(super) fn sized(into: &mut Hasher, bytes: &[u8]) {
    number(into, bytes.len() as u64);
    into.update(bytes);
}

pub(super) fn digest_topic(topic: Topic, into: &mut Hasher) {
    let (form, kind) = match topic {
        Topic::Kind(kind) => (0, kind.0),
        Topic::Removed(kind) => (1, kind.0),
        Topic::Despawned => (2, 0),
    };
    number(into, form << 32 | u64::from(kind));
}
