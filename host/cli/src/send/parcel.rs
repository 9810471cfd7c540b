//! What `send` puts into a save at once.

use sandtable::record::RequestKey;
use sandtable::save::Parcel;
use serde_json::Value as Json;

/// Who the save says sent what comes this way.
const SENDER: &str = "sandtable send";

/// Inputs, which count once under a key if they have one.
pub fn parcel(inputs: Vec<(String, Json)>, key: Option<String>) -> Parcel {
    let digest = |key| {
        let text = serde_json::to_string(&inputs).unwrap_or_default();
        RequestKey { key, digest: *blake3::hash(text.as_bytes()).as_bytes() }
    };
    let key = key.map(digest);
    Parcel { sender: SENDER.to_owned(), key, inputs, edits: Vec::new() }
}
