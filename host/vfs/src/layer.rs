//! What is asked before SQLite reads and writes.

use std::ffi::{CStr, c_int};

use crate::below::{Below, Reply};

/// What lies over the VFS of the operating system.
pub trait Layer: 'static {
    /// What lies over one file.
    type File: File + Send;

    /// A file is to be opened.
    ///
    /// # Errors
    ///
    /// With the code with which that fails: it is not opened.
    fn opening(name: Option<&CStr>) -> Reply {
        let _ = name;
        Ok(())
    }

    /// What lies over a file that was opened; over the others lies nothing.
    fn opened(file: Opened<'_, '_, Self::File>) -> Option<Self::File>;

    /// A file is to be deleted.
    ///
    /// # Errors
    ///
    /// With the code with which that fails: it is not deleted.
    fn deleting(name: &CStr) -> Reply {
        let _ = name;
        Ok(())
    }

    /// A file was deleted, and its folder synced or not.
    fn deleted(name: &CStr, synced: bool) {
        let _ = (name, synced);
    }
}

/// A file that was opened.
pub struct Opened<'a, 'b, F> {
    /// What it is called; a temporary file has no name.
    pub name: Option<&'a CStr>,
    /// With which flags of SQLite.
    pub flags: c_int,
    /// What lies over the database whose write-ahead log it is.
    pub database: Option<&'a mut F>,
    /// The file itself.
    pub below: &'a Below<'b>,
}

/// What lies over a file. A call that fails gives its code back to SQLite.
pub trait File {
    /// So many bytes are to be read from here on.
    ///
    /// # Errors
    ///
    /// With the code with which that fails: nothing is read.
    fn reading(&mut self, below: &Below<'_>, length: usize, at: i64) -> Reply {
        let _ = (below, length, at);
        Ok(())
    }

    /// Its size is to be looked at.
    ///
    /// # Errors
    ///
    /// With the code with which that fails: it is not looked at.
    fn sizing(&mut self, below: &Below<'_>) -> Reply {
        let _ = below;
        Ok(())
    }

    /// Writes.
    ///
    /// # Errors
    ///
    /// With the code with which that fails; some of the bytes may be written.
    fn write(&mut self, below: &Below<'_>, bytes: &[u8], at: i64) -> Reply {
        below.write(bytes, at)
    }

    /// Cuts it.
    ///
    /// # Errors
    ///
    /// With the code with which that fails.
    fn truncate(&mut self, below: &Below<'_>, length: i64) -> Reply {
        below.truncate(length)
    }

    /// Waits until it is on the disk.
    ///
    /// # Errors
    ///
    /// With the code with which that fails: what was written since the last time may
    /// never be there.
    fn sync(&mut self, below: &Below<'_>, flags: c_int) -> Reply {
        below.sync(flags)
    }

    /// Memory is to be shared with other connections.
    ///
    /// # Errors
    ///
    /// With the code with which that fails: it is not shared.
    fn sharing(&mut self) -> Reply {
        Ok(())
    }

    /// Locks of a write-ahead log, of which this is the first, are to be taken or let
    /// go.
    fn share_locking(&mut self, first: c_int, flags: c_int) {
        let _ = (first, flags);
    }
}
