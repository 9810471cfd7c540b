//! One call from the host: what it sent along, and what the system leaves.
//!
//! All parameters of a system share the call, so what they change in it sits
//! behind cells. The first fault wins and makes the call fail, whatever the
//! system does after it.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::ops::Range;

use crate::Entity;
use crate::codec::{Malformed, Reader};
use crate::commands::Buffer;
use crate::event::Outbox;
use crate::manifest::{Kinds, Manifest};
use crate::sys;

/// Why a call fails, as the people who run the world read it.
#[doc(hidden)]
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    /// With a sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The sentence.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Malformed> for Fault {
    fn from(error: Malformed) -> Self {
        Self(format!("the host's data does not fit: {error}"))
    }
}

/// One call of one system.
#[doc(hidden)]
pub struct Call {
    bytes: Vec<u8>,
    resources: Vec<Option<Range<usize>>>,
    readings: Vec<Range<usize>>,
    manifest: &'static Manifest,
    kinds: OnceCell<Kinds>,
    fault: RefCell<Option<Fault>>,
    pub(crate) header: Header,
    pub(crate) cursor: Cursor,
    pub(crate) names: RefCell<Names>,
    pub(crate) commands: RefCell<Buffer>,
    pub(crate) outbox: RefCell<Outbox>,
}

/// The fixed part of what the host sent along.
pub(crate) struct Header {
    pub(crate) tick: u64,
    pub(crate) dt: f64,
    pub(crate) seed: u64,
    pub(crate) system: u32,
    pub(crate) stream: u64,
}

/// The row for which commands and events are sent.
///
/// Iterators move it only while it is `tracked`.
#[derive(Default)]
pub(crate) struct Cursor {
    pub(crate) at: Cell<u64>,
    pub(crate) tracked: Cell<bool>,
}

/// Entities that the rows and edges at hand name, for lookups ahead of time.
#[derive(Default)]
pub(crate) struct Names {
    /// Whether a parameter will look them up.
    pub(crate) wanted: bool,
    /// The rows' own entities.
    pub(crate) rows: Vec<Entity>,
    /// Those of fields and edges.
    pub(crate) others: Vec<Entity>,
}

impl Call {
    pub(crate) fn read(manifest: &'static Manifest, bytes: Vec<u8>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(&bytes);
        reader.array_of(7)?;
        let header = Header {
            tick: reader.uint()?,
            dt: reader.f64()?,
            seed: reader.uint()?,
            system: read_u32(&mut reader)?,
            stream: reader.uint()?,
        };
        let count = reader.array()?;
        let mut resources = Vec::with_capacity(reader.at_most(count));
        for _ in 0..count {
            resources.push(match reader.take_nil() {
                true => None,
                false => Some(skip(&mut reader)?),
            });
        }
        let count = reader.array()?;
        let mut readings = Vec::with_capacity(reader.at_most(count));
        for _ in 0..count {
            readings.push(skip(&mut reader)?);
        }
        Ok(Self {
            bytes,
            resources,
            readings,
            manifest,
            kinds: OnceCell::new(),
            fault: RefCell::default(),
            header,
            cursor: Cursor::default(),
            names: RefCell::default(),
            commands: RefCell::default(),
            outbox: RefCell::default(),
        })
    }

    /// Makes the call fail, unless it already does.
    #[cold]
    pub(crate) fn fault(&self, fault: impl Into<Fault>) {
        self.fault.borrow_mut().get_or_insert(fault.into());
    }

    /// The fault so far; the call no longer fails from it.
    pub(crate) fn take_fault(&self) -> Option<Fault> {
        self.fault.borrow_mut().take()
    }

    /// The mod's kinds.
    pub(crate) fn kinds(&self) -> &Kinds {
        self.kinds.get_or_init(|| self.manifest.kinds())
    }

    /// The value of a declared resource, if it is set.
    pub(crate) fn resource(&self, index: u32) -> Result<Option<Reader<'_>>, Fault> {
        match self.resources.get(index as usize) {
            Some(Some(range)) => Ok(Some(Reader::new(&self.bytes[range.clone()]))),
            Some(None) => Ok(None),
            None => Err(Fault::new("the host sent fewer resources than declared")),
        }
    }

    /// The array of what happened, for a declared reading.
    pub(crate) fn reading(&self, index: u32) -> Result<Reader<'_>, Fault> {
        match self.readings.get(index as usize) {
            Some(range) => Ok(Reader::new(&self.bytes[range.clone()])),
            None => Err(Fault::new("the host sent fewer events than declared")),
        }
    }

    /// Hands the host all that the system left.
    pub(crate) fn flush(&self) {
        if let Some(runs) = self.commands.borrow_mut().take() {
            sys::commands(&runs);
        }
        if let Some(events) = self.outbox.borrow_mut().take() {
            sys::emit(&events);
        }
    }
}

/// A number that the contract says has 32 bits.
pub(crate) fn read_u32(from: &mut Reader<'_>) -> Result<u32, Malformed> {
    let value = from.uint()?;
    u32::try_from(value).map_err(|_| Malformed::new(format!("{value} is out of range for a u32")))
}

fn skip(from: &mut Reader<'_>) -> Result<Range<usize>, Malformed> {
    let start = from.position();
    from.skip()?;
    Ok(start..from.position())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write;

    static MANIFEST: Manifest = Manifest {
        id: "test",
        package: "test",
        version: "0.0.0",
        systems: &[],
        kinds: &[],
        migrations: &[],
        conversions: &[],
    };

    fn call() -> Vec<u8> {
        let mut out = Vec::new();
        write::array(&mut out, 7);
        write::uint(&mut out, 300);
        write::f64(&mut out, 0.5);
        for number in [u64::MAX, 2, 9] {
            write::uint(&mut out, number);
        }
        write::array(&mut out, 2);
        write::nil(&mut out);
        write::bin(&mut out, &[1, 2, 3]);
        write::array(&mut out, 1);
        write::array(&mut out, 2);
        write::str(&mut out, "a");
        write::uint(&mut out, 70_000);
        out
    }

    #[test]
    fn finds_resources_and_readings() {
        let call = Call::read(&MANIFEST, call()).expect("well formed");
        assert_eq!((call.header.tick, call.header.seed, call.header.system), (300, u64::MAX, 2));
        assert!(call.resource(0).expect("declared").is_none());
        let mut resource = call.resource(1).expect("declared").expect("set");
        assert_eq!(resource.bin(), Ok(&[1, 2, 3][..]));
        assert_eq!(call.reading(0).expect("declared").array(), Ok(2));
        assert!(call.resource(2).is_err() && call.reading(1).is_err());
    }

    #[test]
    fn broken_bytes_are_errors() {
        let whole = call();
        for length in 0..whole.len() {
            assert!(Call::read(&MANIFEST, whole[..length].to_vec()).is_err());
        }
        for place in 0..whole.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = whole.clone();
                bytes[place] = byte;
                // Some are other calls, but none may panic.
                let _ = Call::read(&MANIFEST, bytes);
            }
        }
    }
}
