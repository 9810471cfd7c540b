//! One call from the host: what it sent along, and what the system leaves.
//!
//! All parameters of a system share the call, so what they change in it sits
//! behind cells. The first fault wins and makes the call fail, whatever the
//! system does after it.

use std::cell::{Cell, LazyCell, RefCell};
use std::ops::Range;

use crate::codec::{Malformed, Reader};
use crate::commands::Buffer;
use crate::fault::Fault;
use crate::kinds::Kinds;
use crate::names::Names;
use crate::outbox::Outbox;
use crate::sys;

/// One call of one system.
#[doc(hidden)]
pub struct Call {
    bytes: Vec<u8>,
    resources: Vec<Option<Range<usize>>>,
    readings: Vec<Range<usize>>,
    kinds: LazyCell<Kinds, Box<dyn FnOnce() -> Kinds>>,
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

impl Call {
    /// Reads what the host sent along. Most calls never ask for the mod's kinds.
    pub(crate) fn read(
        kinds: impl FnOnce() -> Kinds + 'static,
        bytes: Vec<u8>,
    ) -> Result<Self, Malformed> {
        let mut reader = Reader::new(&bytes);
        reader.array_of(7)?;
        let header = Header {
            tick: reader.uint()?,
            dt: reader.f64()?,
            seed: reader.uint()?,
            system: reader.u32()?,
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
            kinds: LazyCell::new(Box::new(kinds)),
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
        &self.kinds
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

fn skip(from: &mut Reader<'_>) -> Result<Range<usize>, Malformed> {
    let start = from.position();
    from.skip()?;
    Ok(start..from.position())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write;

    fn read(bytes: Vec<u8>) -> Result<Call, Malformed> {
        Call::read(|| Kinds::new("test", "test"), bytes)
    }

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
        let call = read(call()).expect("well formed");
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
            assert!(read(whole[..length].to_vec()).is_err());
        }
        for place in 0..whole.len() {
            for byte in 0..=u8::MAX {
                let mut bytes = whole.clone();
                bytes[place] = byte;
                // Some are other calls, but none may panic.
                let _ = read(bytes);
            }
        }
    }
}
