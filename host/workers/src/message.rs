//! The messages besides calls, their answers and what is asked meanwhile, which the guest
//! layer has.
//!
//! Each begins with its version, as those do, and goes on in MessagePack. What cannot be
//! read is nothing.

use bytes::Bytes;
use sandtable_guest::away::MESSAGE_VERSION;
use sandtable_world::record::Digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a worker says of itself: at once, each second, and when it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// What it is called by in subjects: drawn when it was started.
    pub instance: String,
    /// What people call it: its machine and process.
    pub name: String,
    /// What must be the same here and there.
    pub engine: String,
    /// Calls that it makes at once.
    pub slots: u32,
    /// Calls that it has now.
    pub busy: u32,
    /// Calls that it made.
    pub calls: u64,
    /// Calls that it could not make.
    pub failed: u64,
    /// Nanoseconds that they took, together.
    pub nanos: u64,
    /// What it can make calls with.
    pub ready: Vec<Digest>,
    /// Bytes of columns that it keeps at most, to be named in later calls.
    pub keeps: u64,
}

/// What a worker is told to get ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Load {
    /// What it is called by.
    pub package: Digest,
    /// Whether NaN is made the same on every machine.
    pub strict_nan: bool,
    /// The digest of the component.
    pub component: Digest,
    /// The digest of the files that the mod may read.
    pub assets: Digest,
}

/// Which piece is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PieceAsked {
    /// Where it begins.
    pub offset: u64,
}

/// A piece of a component, or of files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Piece {
    /// Bytes that there are in all.
    pub whole: u64,
    /// Those from where it was asked for.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl Load {
    /// A package, which is called by what it consists of.
    pub fn new(strict_nan: bool, component: Digest, assets: Digest) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[u8::from(strict_nan)]).update(&component).update(&assets);
        Self { package: *hasher.finalize().as_bytes(), strict_nan, component, assets }
    }

    /// Whether it is called by what it consists of.
    pub fn is_called_so(&self) -> bool {
        Self::new(self.strict_nan, self.component, self.assets).package == self.package
    }
}

/// Something as a message.
pub fn write(message: &impl Serialize) -> Bytes {
    let mut bytes = vec![MESSAGE_VERSION];
    // None of these has a value that MessagePack does not know.
    if rmp_serde::encode::write(&mut bytes, message).is_err() {
        bytes.truncate(1);
    }
    bytes.into()
}

/// A message as what it says; nothing where it says something else.
pub fn read<T: DeserializeOwned>(message: &[u8]) -> Option<T> {
    let (version, rest) = message.split_first()?;
    if *version != MESSAGE_VERSION {
        return None;
    }
    rmp_serde::from_slice(rest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_begin_with_their_version_and_are_read_to_what_they_say() {
        let load = Load { package: [1; 32], strict_nan: true, component: [2; 32], assets: [3; 32] };
        let message = write(&load);
        assert_eq!(message[0], MESSAGE_VERSION);
        let back: Load = read(&message).expect("a message");
        assert_eq!((back.package, back.strict_nan), (load.package, true));
        let mut newer = message.to_vec();
        newer[0] += 1;
        assert!(read::<Load>(&newer).is_none(), "of another version");
        for end in 0..message.len() {
            assert!(read::<Load>(&message[..end]).is_none(), "cut at {end}");
        }
    }
}
