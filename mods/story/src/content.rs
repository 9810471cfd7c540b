//! By what two tellings of an event are known to be the same.

use blake3::Hasher;

use crate::accept::Accepted;

/// The digest of all that is told of an event. Each text is preceded by its length, each
/// list by its own, so that no two contents run together.
pub fn digest(event: &Accepted) -> String {
    let mut hash = Hasher::new();
    for text in [&event.id, &event.time, &event.action, &event.text, &event.source] {
        add(&mut hash, text);
    }
    number(&mut hash, event.seq.into());
    maybe(&mut hash, event.place.as_ref());
    number(&mut hash, event.actors.len() as i64);
    for it in &event.actors {
        add(&mut hash, &it.who);
        add(&mut hash, &it.role);
    }
    number(&mut hash, event.items.len() as i64);
    for it in &event.items {
        add(&mut hash, &it.what);
        maybe(&mut hash, it.from.as_ref());
        maybe(&mut hash, it.to.as_ref());
    }
    number(&mut hash, event.valence.len() as i64);
    for it in &event.valence {
        add(&mut hash, &it.from);
        add(&mut hash, &it.to);
        for (_, change) in it.changes() {
            number(&mut hash, change.into());
        }
    }
    number(&mut hash, event.status.len() as i64);
    for it in &event.status {
        add(&mut hash, &it.who);
        add(&mut hash, &it.is);
    }
    number(&mut hash, event.names.len() as i64);
    for it in &event.names {
        for text in [&it.kind, &it.id, &it.name] {
            add(&mut hash, text);
        }
    }
    // Half of it is as hard to meet by chance, and by intent, as matters here.
    hash.finalize().to_hex()[..32].to_owned()
}

fn number(hash: &mut Hasher, number: i64) {
    hash.update(&number.to_le_bytes());
}

fn add(hash: &mut Hasher, text: &str) {
    number(hash, text.len() as i64);
    hash.update(text.as_bytes());
}

fn maybe(hash: &mut Hasher, text: Option<&String>) {
    match text {
        None => number(hash, -1),
        Some(text) => add(hash, text),
    }
}
