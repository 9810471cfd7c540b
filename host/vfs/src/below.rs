//! The file below a layer.
//!
//! It lies in memory that SQLite has allocated, and its functions are C, hence
//! `unsafe`: what is here is made of a file that is open, for the time of one call.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::marker::PhantomData;

use rusqlite::ffi;
use rusqlite::ffi::sqlite3_file;

/// How a call comes out: an error is a code of SQLite.
pub type Reply = Result<(), c_int>;

/// Calls a file that is open.
macro_rules! pass {
    ($file:expr, $method:ident ( $($argument:expr),* )) => {{
        let file: *mut sqlite3_file = $file;
        // SAFETY: the file is open, and the arguments are SQLite's or a
        // slice and its length.
        unsafe {
            match (*(*file).pMethods).$method {
                Some(method) => method(file, $($argument),*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

pub(crate) use pass;

/// Bytes that can be written at once: of more, SQLite's VFS for Unix would write what
/// the lowest 17 bits of their number say.
pub const WRITE_MAX: usize = 0x1_ffff;

/// The file of the VFS below.
#[derive(Debug)]
pub struct Below<'a> {
    file: *mut sqlite3_file,
    call: PhantomData<&'a ()>,
}

impl Below<'_> {
    /// # Safety
    ///
    /// The file is open, and not closed before this is gone.
    pub(crate) unsafe fn of(file: *mut sqlite3_file) -> Self {
        Self { file, call: PhantomData }
    }

    /// Writes.
    ///
    /// # Errors
    ///
    /// With the code of the VFS below, when some of the bytes may be written; or where
    /// they are more than [`WRITE_MAX`], when none is.
    pub fn write(&self, bytes: &[u8], at: i64) -> Reply {
        if bytes.len() > WRITE_MAX {
            return Err(ffi::SQLITE_IOERR_WRITE);
        }
        reply(pass!(self.file, xWrite(bytes.as_ptr().cast(), bytes.len() as c_int, at)))
    }

    /// Cuts it.
    ///
    /// # Errors
    ///
    /// With the code of the VFS below.
    pub fn truncate(&self, length: i64) -> Reply {
        reply(pass!(self.file, xTruncate(length)))
    }

    /// Waits until it is on the disk.
    ///
    /// # Errors
    ///
    /// With the code of the VFS below: what was written since the last time may
    /// never be there.
    pub fn sync(&self, flags: c_int) -> Reply {
        reply(pass!(self.file, xSync(flags)))
    }

    /// What SQLite may take for granted of the device.
    pub fn characteristics(&self) -> c_int {
        pass!(self.file, xDeviceCharacteristics())
    }
}

fn reply(code: c_int) -> Reply {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}
