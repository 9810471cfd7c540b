//! The calls of SQLite, one by one.
//!
//! A file of this VFS is a header with two pointers and behind it, in the same
//! memory, the file of the operating system's VFS, to which everything passes on.
//! SQLite asks for such functions and memory only in C, hence `unsafe`: what it
//! promises for each call is that the pointers are those it was given.
#![allow(unsafe_code)]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, OnceLock};

use rusqlite::ffi;
use rusqlite::ffi::{sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use crate::tape::{Event, Tape};
use crate::{Disk, watching};

/// A call that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Open,
    Delete,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Share,
}

/// The VFS of the operating system.
struct Real(*mut sqlite3_vfs);

// SAFETY: SQLite itself calls a VFS from any thread, and it is never freed.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

/// Makes this the default VFS of the process, once.
pub(crate) fn register() {
    REAL.get_or_init(|| {
        // SAFETY: null asks for the default; what is registered is never freed.
        unsafe {
            let real = ffi::sqlite3_vfs_find(ptr::null());
            let mut own = *real;
            own.szOsFile += HEADER as c_int;
            own.zName = c"sandtable-test-disk".as_ptr();
            own.pNext = ptr::null_mut();
            own.pAppData = ptr::null_mut();
            own.xOpen = Some(open);
            own.xDelete = Some(delete);
            ffi::sqlite3_vfs_register(Box::into_raw(Box::new(own)), 1);
            Real(real)
        }
    });
}

fn real() -> *mut sqlite3_vfs {
    REAL.get().map_or(ptr::null_mut(), |real| real.0)
}

/// What lies before the file of the operating system.
#[repr(C)]
struct Header {
    methods: sqlite3_file,
    /// A box, or null for a file that is not watched.
    watched: *mut Watched,
}

const HEADER: usize = size_of::<Header>();

struct Watched {
    disk: Arc<Disk>,
    name: String,
    /// On the tape; the name may go to another file.
    number: Option<u64>,
    /// Whether its next sync is also one of the folder.
    is_new: bool,
}

impl Watched {
    fn tape(&mut self, note: impl FnOnce(&mut Tape, u64)) {
        let mut inner = self.disk.inner();
        let Some(tape) = &mut inner.tape else { return };
        tape.look(&self.disk.folder);
        self.number = self.number.or_else(|| tape.number(&self.name));
        if let Some(number) = self.number {
            note(tape, number);
        }
    }
}

/// The file of the operating system behind a file of ours.
unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: SQLite allocated `szOsFile` bytes, the header and what follows.
    unsafe { file.cast::<u8>().add(HEADER).cast() }
}

unsafe fn watched<'a>(file: *mut sqlite3_file) -> Option<&'a mut Watched> {
    // SAFETY: `open` filled the header, and SQLite uses a file on one thread at
    // a time.
    unsafe { (*file.cast::<Header>()).watched.as_mut() }
}

/// Passes a call on to the file below.
macro_rules! pass {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: the file below was opened, and the arguments are SQLite's.
        unsafe {
            let file = below($file);
            match (*(*file).pMethods).$method {
                Some(method) => method(file, $($argument),*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

/// Ends a call that is to fail.
macro_rules! fail {
    ($file:ident, $call:ident) => {
        // SAFETY: the file was opened by `open`.
        if let Some(code) = unsafe { watched($file) }.and_then(|it| it.disk.fails(Call::$call)) {
            return code;
        }
    };
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let header = file.cast::<Header>();
    // SAFETY: SQLite allocated the file, and tells from the methods whether it
    // is to be closed.
    unsafe {
        (*header).methods.pMethods = ptr::null();
        (*header).watched = ptr::null_mut();
    }
    // SAFETY: a name is null or ends with a zero.
    let path = unsafe { path(name) };
    let disk = path.and_then(watching);
    if let Some(code) = disk.as_ref().and_then(|disk| disk.fails(Call::Open)) {
        return code;
    }
    let journals =
        ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
    let is_new = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & journals != 0;
    // SAFETY: as SQLite calls it, with its own VFS and the memory behind ours.
    let code = unsafe {
        match (*real()).xOpen {
            Some(open) => open(real(), name, below(file), flags, out),
            None => ffi::SQLITE_CANTOPEN,
        }
    };
    if code != ffi::SQLITE_OK {
        return code;
    }
    if let (Some(disk), Some(name)) = (disk, path.and_then(Path::file_name)) {
        let name = name.to_string_lossy().into_owned();
        let mut watched = Watched { disk, name, number: None, is_new };
        watched.tape(|_, _| {});
        // SAFETY: the header is ours; `close` takes the box back.
        unsafe { (*header).watched = Box::into_raw(Box::new(watched)) };
    }
    // SAFETY: the header is ours.
    unsafe { (*header).methods.pMethods = &METHODS };
    code
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: a name is null or ends with a zero.
    let disk = unsafe { path(name) }.and_then(watching);
    if let Some(code) = disk.as_ref().and_then(|disk| disk.fails(Call::Delete)) {
        return code;
    }
    // SAFETY: as SQLite calls it, with its own VFS.
    let code = unsafe {
        match (*real()).xDelete {
            Some(delete) => delete(real(), name, sync),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    };
    if let Some(disk) = disk
        && let Some(tape) = &mut disk.inner().tape
    {
        tape.look(&disk.folder);
        if sync != 0 && code == ffi::SQLITE_OK {
            tape.push(Event::FolderSynced);
        }
    }
    code
}

unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    // SAFETY: the caller has it from SQLite: null, or it ends with a zero.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?;
    Some(Path::new(OsStr::from_bytes(name.to_bytes())))
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let code = pass!(file.xClose());
    // SAFETY: `open` made the box, and a file is closed once.
    unsafe {
        let watched = std::mem::replace(&mut (*file.cast::<Header>()).watched, ptr::null_mut());
        if !watched.is_null() {
            drop(Box::from_raw(watched));
        }
    }
    code
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    to: *mut c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    fail!(file, Read);
    pass!(file.xRead(to, length, at))
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: the file was opened by `open`.
    let watched = unsafe { watched(file) };
    let fault = watched.as_ref().and_then(|it| it.disk.fails(Call::Write));
    let length = if fault == Some(ffi::SQLITE_FULL) { length / 2 } else { length };
    let code = match fault {
        None | Some(ffi::SQLITE_FULL) => pass!(file.xWrite(from, length, at)),
        Some(code) => return code,
    };
    if let (Some(watched), ffi::SQLITE_OK) = (watched, code) {
        // SAFETY: SQLite gave so many bytes to be written.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length as usize) };
        watched.tape(|tape, file| {
            tape.push(Event::Written { file, at: at as usize, bytes: bytes.to_vec() });
        });
    }
    fault.unwrap_or(code)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    fail!(file, Truncate);
    let code = pass!(file.xTruncate(length));
    // SAFETY: the file was opened by `open`.
    if let (Some(watched), ffi::SQLITE_OK) = (unsafe { watched(file) }, code) {
        watched.tape(|tape, file| tape.push(Event::Cut { file, length: length as usize }));
    }
    code
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file was opened by `open`.
    let Some(watched) = (unsafe { watched(file) }) else { return pass!(file.xSync(flags)) };
    if let Some(code) = watched.disk.fails(Call::Sync) {
        watched.tape(|tape, file| tape.push(Event::NotSynced { file }));
        return code;
    }
    // On this disk a sync is what the tape says; waiting for the one below would
    // only cost time.
    let is_new = std::mem::take(&mut watched.is_new);
    watched.tape(|tape, file| {
        tape.push(Event::Synced { file });
        if is_new {
            tape.push(Event::FolderSynced);
        }
    });
    ffi::SQLITE_OK
}

unsafe extern "C" fn size(file: *mut sqlite3_file, to: *mut sqlite3_int64) -> c_int {
    fail!(file, Size);
    pass!(file.xFileSize(to))
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    pass!(file.xLock(level))
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    pass!(file.xUnlock(level))
}

unsafe extern "C" fn check_reserved(file: *mut sqlite3_file, to: *mut c_int) -> c_int {
    pass!(file.xCheckReservedLock(to))
}

unsafe extern "C" fn control(file: *mut sqlite3_file, code: c_int, with: *mut c_void) -> c_int {
    pass!(file.xFileControl(code, with))
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    pass!(file.xSectorSize())
}

unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    pass!(file.xDeviceCharacteristics())
}

unsafe extern "C" fn share(
    file: *mut sqlite3_file,
    page: c_int,
    bytes: c_int,
    extend: c_int,
    to: *mut *mut c_void,
) -> c_int {
    fail!(file, Share);
    pass!(file.xShmMap(page, bytes, extend, to))
}

unsafe extern "C" fn share_lock(f: *mut sqlite3_file, at: c_int, n: c_int, how: c_int) -> c_int {
    pass!(f.xShmLock(at, n, how))
}

unsafe extern "C" fn share_barrier(file: *mut sqlite3_file) {
    // SAFETY: the file below was opened.
    unsafe {
        let file = below(file);
        if let Some(barrier) = (*(*file).pMethods).xShmBarrier {
            barrier(file);
        }
    }
}

unsafe extern "C" fn share_end(file: *mut sqlite3_file, delete: c_int) -> c_int {
    pass!(file.xShmUnmap(delete))
}

/// Version 2: without mapping files into memory, past which nothing is seen.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(share),
    xShmLock: Some(share_lock),
    xShmBarrier: Some(share_barrier),
    xShmUnmap: Some(share_end),
    xFetch: None,
    xUnfetch: None,
};
