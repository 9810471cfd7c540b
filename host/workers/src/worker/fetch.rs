//! Components and files, fetched in pieces from the process that has them.

use std::time::Duration;

use sandtable_nats::{Inbox, NoAnswer};
use sandtable_world::record::Digest;

use crate::message::{Piece, PieceAsked, read, write};

/// How long a piece is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes that are fetched at most: more than a mod may have.
const MOST_BYTES: u64 = 1 << 30;

/// Fetches what has this digest.
pub async fn fetch(inbox: &Inbox, subject: String, digest: &Digest) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        let asked = write(&PieceAsked { offset: all.len() as u64 });
        let answer = inbox.ask(subject.clone(), asked, PATIENCE).await;
        let answer = answer.map_err(|why: NoAnswer| why.to_string())?;
        let piece = read::<Piece>(&answer.payload).ok_or("the process that has it does not")?;
        if piece.whole > MOST_BYTES || piece.bytes.is_empty() && piece.whole > 0 {
            return Err("a piece of it is no piece".to_owned());
        }
        all.extend_from_slice(&piece.bytes);
        if all.len() as u64 >= piece.whole {
            break;
        }
    }
    match blake3::hash(&all).as_bytes() == digest {
        true => Ok(all),
        false => Err("what came has another digest".to_owned()),
    }
}
