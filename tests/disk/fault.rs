//! Which calls fail, and how.

use rusqlite::ffi;

use crate::vfs::Call;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The device gives an error, whatever is called.
    Io,
    /// There is no more room. Half of a write is done before it is found out.
    Full,
    /// A file cannot be opened.
    CantOpen,
    /// The device takes no more writes.
    ReadOnly,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Io, Self::Full, Self::CantOpen, Self::ReadOnly];

    /// The code with which a call fails; none where it cannot.
    fn code(self, call: Call) -> Option<i32> {
        Some(match (self, call) {
            (Self::Io, Call::Open) => ffi::SQLITE_IOERR,
            (Self::Io, Call::Delete) => ffi::SQLITE_IOERR_DELETE,
            (Self::Io, Call::Read) => ffi::SQLITE_IOERR_READ,
            (Self::Io, Call::Write) => ffi::SQLITE_IOERR_WRITE,
            (Self::Io, Call::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
            (Self::Io, Call::Sync) => ffi::SQLITE_IOERR_FSYNC,
            (Self::Io, Call::Size) => ffi::SQLITE_IOERR_FSTAT,
            (Self::Io, Call::Share) => ffi::SQLITE_IOERR_SHMMAP,
            (Self::Full, Call::Write | Call::Truncate) => ffi::SQLITE_FULL,
            (Self::Full, Call::Sync) => ffi::SQLITE_IOERR_FSYNC,
            (Self::Full, Call::Share) => ffi::SQLITE_IOERR_SHMSIZE,
            (Self::CantOpen, Call::Open) => ffi::SQLITE_CANTOPEN,
            (Self::ReadOnly, Call::Write | Call::Truncate | Call::Delete) => ffi::SQLITE_READONLY,
            _ => return None,
        })
    }
}

/// Which calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How.
    pub kind: Kind,
    /// The first of them, counted from one, among those that can fail so.
    pub first: u64,
    /// Whether all after it fail too.
    pub lasting: bool,
}

/// A fault, and how far it is.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    fault: Option<Fault>,
    seen: u64,
    pub failed: u64,
}

impl Plan {
    pub fn of(fault: Fault) -> Self {
        Self { fault: Some(fault), seen: 0, failed: 0 }
    }

    /// The code with which a call is to fail, if it is.
    pub fn fails(&mut self, call: Call) -> Option<i32> {
        let Fault { kind, first, lasting } = self.fault?;
        let code = kind.code(call)?;
        self.seen += 1;
        let now = self.seen == first || lasting && self.seen > first;
        self.failed += u64::from(now);
        now.then_some(code)
    }
}
