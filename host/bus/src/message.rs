//! A row of an outbox as a message: a CloudEvent of version 1.0 in binary mode, whose
//! attributes are headers.

use bytes::Bytes;
use sandtable::record::{Digest, OutboxFormat, hex};
use sandtable::save::outbox::OutboxRow;
use sandtable_nats::async_nats::HeaderMap;
use sandtable_nats::async_nats::header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM};

use super::naming::{Naming, dotted};

/// The number of a row.
const SEQUENCE: &str = "ce-sequence";
/// The chain of a row.
const CHAIN: &str = "St-Chain";
/// Bytes of a value that is too long to be sent.
const OMITTED: &str = "St-Omitted-Bytes";
/// More than all headers take.
const HEADERS_MAX: usize = 2048;

/// A message.
pub(crate) struct Message {
    pub subject: String,
    pub headers: HeaderMap,
    pub payload: Bytes,
}

/// A row as a message, which a stream takes only as the one after `last`. A value with
/// which it would have more than `max_payload` bytes is told of by headers alone.
pub(crate) fn message(naming: &Naming, row: OutboxRow, last: u64, max_payload: usize) -> Message {
    let OutboxRow { seq, tick, kind, entity, format, body, chain } = row;
    let world = naming.world();
    let mut headers = HeaderMap::new();
    headers.insert(NATS_EXPECTED_STREAM, naming.stream());
    headers.insert(NATS_EXPECTED_LAST_SEQUENCE, last.to_string());
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", format!("{world}:{seq}"));
    headers.insert("ce-source", format!("sandtable:{world}"));
    headers.insert("ce-type", dotted(&kind));
    if let Some(entity) = entity {
        headers.insert("ce-subject", entity.to_string());
    }
    headers.insert(SEQUENCE, seq.to_string());
    headers.insert("ce-tick", tick.to_string());
    headers.insert("ce-datacontenttype", media(format));
    headers.insert(CHAIN, hex(&chain));
    let payload = match body.len() + HEADERS_MAX > max_payload {
        true => {
            headers.insert(OMITTED, body.len().to_string());
            Bytes::new()
        }
        false => body.into(),
    };
    Message { subject: naming.event(&kind), headers, payload }
}

fn media(format: OutboxFormat) -> &'static str {
    match format {
        OutboxFormat::Json => "application/json",
        OutboxFormat::Msgpack => "application/msgpack",
    }
}

/// Which row a message is, and its chain; nothing of one that is none.
pub(crate) fn read(headers: &HeaderMap) -> Option<(u64, Digest)> {
    let seq = headers.get(SEQUENCE)?.as_str().parse().ok()?;
    let chain = headers.get(CHAIN)?.as_str().as_bytes();
    let (pairs, []) = chain.as_chunks::<2>() else { return None };
    let digits = pairs.iter().map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    let bytes: Option<Vec<u8>> = digits.collect();
    Some((seq, bytes?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandtable::ecs::Entity;
    use sandtable::identity::WorldId;

    fn row(body: Vec<u8>) -> OutboxRow {
        let (kind, entity) = ("a/B".to_owned(), Some(Entity::new(12, 3)));
        OutboxRow {
            seq: 7,
            tick: 5,
            kind,
            entity,
            format: OutboxFormat::Json,
            body,
            chain: [0xa1; 32],
        }
    }

    #[test]
    fn a_row_is_a_cloud_event_that_is_known_again() {
        let naming = Naming::new("games.st", WorldId([0x11; 16]));
        let made = message(&naming, row(b"{}".to_vec()), 6, 1 << 20);
        let world = "11".repeat(16);
        assert_eq!(made.subject, format!("games.st.{world}.event.a.B"));
        let header = |name: &str| made.headers.get(name).map(|value| value.as_str().to_owned());
        for (name, expected) in [
            ("ce-specversion", "1.0"),
            ("ce-id", &format!("{world}:7")),
            ("ce-type", "a.B"),
            ("ce-subject", "12v3"),
            ("ce-tick", "5"),
            ("ce-datacontenttype", "application/json"),
            ("Nats-Expected-Last-Sequence", "6"),
        ] {
            assert_eq!(header(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(read(&made.headers), Some((7, [0xa1; 32])));
        assert_eq!(&made.payload[..], b"{}");
    }

    #[test]
    fn a_value_that_is_too_long_is_told_of() {
        let naming = Naming::new("st", WorldId([0; 16]));
        let made = message(&naming, row(vec![b' '; 5000]), 6, 6000);
        assert!(made.payload.is_empty());
        assert_eq!(made.headers.get(OMITTED).map(|it| it.as_str()), Some("5000"));
        assert_eq!(read(&made.headers), Some((7, [0xa1; 32])));
    }

    #[test]
    fn what_is_no_row_is_none() {
        assert_eq!(read(&HeaderMap::new()), None);
        for (seq, chain) in [("x", "00".repeat(32)), ("1", "0".repeat(63)), ("1", "zz".repeat(32))]
        {
            let mut headers = HeaderMap::new();
            headers.insert(SEQUENCE, seq);
            headers.insert(CHAIN, chain.as_str());
            assert_eq!(read(&headers), None, "{seq} {chain}");
        }
    }
}
