//! What messages are made of.

use rmp::{decode, encode};

use sandtable_world::ecs::{Problem, read_array, read_bin};

/// The first byte of every message: which form it has.
pub const MESSAGE_VERSION: u8 = 1;

/// A message that has another form, or none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub(super) String);

impl From<Problem> for Unreadable {
    fn from(problem: Problem) -> Self {
        Self(problem.to_string())
    }
}

/// A message that is written. Writing to a vector does not fail, so that results are
/// dropped here.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// A message of so many parts, and room for so many bytes.
    pub fn new(parts: usize, bytes: usize) -> Self {
        let mut into = Vec::with_capacity(bytes);
        into.push(MESSAGE_VERSION);
        let mut writer = Self(into);
        writer.array(parts);
        writer
    }

    /// A part of a message.
    pub fn part() -> Self {
        Self(Vec::new())
    }

    pub fn array(&mut self, len: usize) {
        let _ = encode::write_array_len(&mut self.0, len as u32);
    }

    pub fn uint(&mut self, value: u64) {
        let _ = encode::write_uint(&mut self.0, value);
    }

    pub fn float(&mut self, value: f64) {
        let _ = encode::write_f64(&mut self.0, value);
    }

    pub fn bin(&mut self, bytes: &[u8]) {
        let _ = encode::write_bin(&mut self.0, bytes);
    }

    pub fn words(&mut self, words: &[u64]) {
        let _ = encode::write_bin_len(&mut self.0, (words.len() * 8) as u32);
        words.iter().for_each(|word| self.0.extend(word.to_le_bytes()));
    }

    pub fn nil(&mut self) {
        let _ = encode::write_nil(&mut self.0);
    }

    /// What is encoded already.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// A message that is read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A message of so many parts.
    pub fn new(bytes: &'a [u8], parts: usize) -> Result<Self, Unreadable> {
        match bytes.split_first() {
            Some((&MESSAGE_VERSION, rest)) => {
                let mut reader = Self(rest);
                reader.array_of(parts)?;
                Ok(reader)
            }
            Some((version, _)) => Err(Unreadable(format!("a message of version {version}"))),
            None => Err(Unreadable("an empty message".to_owned())),
        }
    }

    /// What [`rest`](Self::rest) gave.
    pub fn rest_of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn array(&mut self) -> Result<usize, Unreadable> {
        Ok(read_array(&mut self.0)?)
    }

    pub fn array_of(&mut self, len: usize) -> Result<(), Unreadable> {
        match self.array()? {
            found if found == len => Ok(()),
            found => Err(Unreadable(format!("{found} items where there should be {len}"))),
        }
    }

    pub fn uint(&mut self) -> Result<u64, Unreadable> {
        decode::read_int(&mut self.0).map_err(|_| Unreadable("no number".to_owned()))
    }

    pub fn float(&mut self) -> Result<f64, Unreadable> {
        decode::read_f64(&mut self.0).map_err(|_| Unreadable("no float".to_owned()))
    }

    pub fn bin(&mut self) -> Result<&'a [u8], Unreadable> {
        Ok(read_bin(&mut self.0)?)
    }

    /// A digest, or as many bytes of something else.
    pub fn digest(&mut self) -> Result<[u8; 32], Unreadable> {
        self.bin()?.try_into().map_err(|_| Unreadable("no 32 bytes".to_owned()))
    }

    pub fn text(&mut self) -> Result<&'a str, Unreadable> {
        str::from_utf8(self.bin()?).map_err(|_| Unreadable("no text".to_owned()))
    }

    pub fn words(&mut self) -> Result<Vec<u64>, Unreadable> {
        let (words, rest) = self.bin()?.as_chunks::<8>();
        match rest {
            [] => Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect()),
            _ => Err(Unreadable("no whole words".to_owned())),
        }
    }

    /// Whether an array comes next.
    pub fn is_array(&self) -> bool {
        let first = self.0.first().copied().map(rmp::Marker::from_u8);
        matches!(
            first,
            Some(rmp::Marker::FixArray(_) | rmp::Marker::Array16 | rmp::Marker::Array32)
        )
    }

    /// Bytes, or nothing.
    pub fn bin_or_nil(&mut self) -> Result<Option<&'a [u8]>, Unreadable> {
        const NIL: u8 = 0xc0;
        match self.0.split_first() {
            Some((&NIL, rest)) => {
                self.0 = rest;
                Ok(None)
            }
            _ => self.bin().map(Some),
        }
    }

    /// All that is left.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn end(&self) -> Result<(), Unreadable> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Unreadable("bytes behind the message".to_owned())),
        }
    }
}
