//! The calls of SQLite, one by one.
//!
//! A file of a layer is a header and behind it, in the same memory, the file of
//! the VFS below, to which everything passes on. SQLite asks for such functions
//! and memory only in C, hence `unsafe`: what it promises for each call is that
//! the pointers are those it was given, and that a file is used on one thread at a
//! time.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};
use std::{ptr, slice};

use rusqlite::ffi;
use rusqlite::ffi::{sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use crate::below::{Below, Reply, pass};
use crate::layer::{File, Layer, Opened};

/// The VFSes of SQLite itself over which layers can lie. None of their functions but
/// the two that a layer has of its own looks at the VFS that it is called with.
const SYSTEMS: [&str; 2] = ["unix", "win32"];

/// Held while a layer is looked for and laid.
static LAYING: Mutex<()> = Mutex::new(());

/// A VFS with a layer; SQLite knows it by its first field.
#[repr(C)]
struct Layered {
    vfs: sqlite3_vfs,
    below: *mut sqlite3_vfs,
}

/// Lays a layer over the default VFS of the process, unless it lies there, and gives
/// the name of the VFS with it. Nothing where that is no VFS of SQLite itself, with
/// or without layers: what another makes of the calls is not known.
pub fn over_default<L: Layer>(name: &str, becomes_default: bool) -> Option<CString> {
    let _laying = LAYING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: null asks for the default. A VFS that is found is never freed, and has
    // a name; neither is what is registered here.
    unsafe {
        let below = ffi::sqlite3_vfs_find(ptr::null());
        let below_name = CStr::from_ptr(below.as_ref()?.zName).to_str().ok()?;
        if !SYSTEMS.contains(&below_name.split('/').next()?) {
            return None;
        }
        let name = CString::new(format!("{below_name}/{name}")).ok()?;
        if ffi::sqlite3_vfs_find(name.as_ptr()).is_null() {
            let mut vfs = *below;
            vfs.szOsFile += HEADER as c_int;
            vfs.zName = name.clone().into_raw();
            vfs.pNext = ptr::null_mut();
            vfs.xOpen = Some(open::<L>);
            vfs.xDelete = Some(delete::<L>);
            let layered = Box::into_raw(Box::new(Layered { vfs, below }));
            let code = ffi::sqlite3_vfs_register(layered.cast(), c_int::from(becomes_default));
            if code != ffi::SQLITE_OK {
                return None;
            }
        }
        Some(name)
    }
}

/// What lies before the file of the VFS below.
#[repr(C)]
struct Header<F> {
    methods: sqlite3_file,
    file: Option<Box<F>>,
}

/// Its bytes, whatever the layer: it has two pointers.
const HEADER: usize = size_of::<Header<()>>();

/// The file of the VFS below behind a file of a layer.
fn behind(file: *mut sqlite3_file) -> *mut sqlite3_file {
    file.cast::<u8>().wrapping_add(HEADER).cast()
}

/// What a layer has over a file, and the file below.
///
/// # Safety
///
/// The file was opened by `open` with a layer of such files, and neither is used once
/// it is closed.
unsafe fn parts<'a, F>(file: *mut sqlite3_file) -> (Option<&'a mut F>, Below<'a>) {
    // SAFETY: `open` filled the header and opened what is behind it.
    unsafe {
        let over = (*file.cast::<Header<F>>()).file.as_deref_mut();
        (over, Below::of(behind(file)))
    }
}

fn code(reply: Reply) -> c_int {
    reply.err().unwrap_or(ffi::SQLITE_OK)
}

unsafe extern "C" fn open<L: Layer>(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let header = file.cast::<Header<L::File>>();
    // SAFETY: SQLite allocated `szOsFile` bytes, and tells from the methods whether
    // the file is to be closed.
    unsafe {
        (*header).methods.pMethods = ptr::null();
        (&raw mut (*header).file).write(None);
    }
    // SAFETY: a name is null or ends with a zero.
    let text = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
    if let Err(code) = L::opening(text) {
        return code;
    }
    // SAFETY: as SQLite calls it, with the VFS below and the memory behind ours.
    let code = unsafe {
        let vfs = (*vfs.cast::<Layered>()).below;
        match (*vfs).xOpen {
            Some(open) => open(vfs, name, behind(file), flags, out),
            None => ffi::SQLITE_CANTOPEN,
        }
    };
    if code != ffi::SQLITE_OK {
        return code;
    }
    let is_log = flags & ffi::SQLITE_OPEN_WAL != 0 && text.is_some();
    // SAFETY: a database is opened before its log and by the same VFS, and SQLite
    // knows it by the name that it gives to the log.
    let database = match is_log {
        true => unsafe { parts::<L::File>(ffi::sqlite3_database_file_object(name)).0 },
        false => None,
    };
    // SAFETY: the header is filled, and the file below was opened.
    let (_, below) = unsafe { parts::<L::File>(file) };
    let opened = L::opened(Opened { name: text, flags, database, below: &below });
    // SAFETY: the header is ours, and the file below was opened.
    unsafe {
        (*header).file = opened.map(Box::new);
        (*header).methods.pMethods = match (*(*behind(file)).pMethods).iVersion {
            ..2 => Methods::<L::File>::FIRST,
            2.. => Methods::<L::File>::SECOND,
        };
    }
    code
}

unsafe extern "C" fn delete<L: Layer>(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync: c_int,
) -> c_int {
    // SAFETY: a name ends with a zero.
    let text = unsafe { CStr::from_ptr(name) };
    if let Err(code) = L::deleting(text) {
        return code;
    }
    // SAFETY: as SQLite calls it, with the VFS below.
    let code = unsafe {
        let vfs = (*vfs.cast::<Layered>()).below;
        match (*vfs).xDelete {
            Some(delete) => delete(vfs, name, sync),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    };
    L::deleted(text, sync != 0 && code == ffi::SQLITE_OK);
    code
}

unsafe extern "C" fn close<F: File>(file: *mut sqlite3_file) -> c_int {
    let code = pass!(behind(file), xClose());
    // SAFETY: `open` filled the header, and a file is closed once.
    unsafe { drop((*file.cast::<Header<F>>()).file.take()) };
    code
}

unsafe extern "C" fn read<F: File>(
    file: *mut sqlite3_file,
    to: *mut c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: the file was opened by `open`.
    let (over, below) = unsafe { parts::<F>(file) };
    match over.map(|over| over.reading(&below, length as usize, at)) {
        Some(Err(code)) => code,
        _ => pass!(behind(file), xRead(to, length, at)),
    }
}

unsafe extern "C" fn write<F: File>(
    file: *mut sqlite3_file,
    from: *const c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives so many bytes to be written.
    let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), length as usize) };
    // SAFETY: the file was opened by `open`.
    let (over, below) = unsafe { parts::<F>(file) };
    code(match over {
        Some(over) => over.write(&below, bytes, at),
        None => below.write(bytes, at),
    })
}

unsafe extern "C" fn truncate<F: File>(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    // SAFETY: the file was opened by `open`.
    let (over, below) = unsafe { parts::<F>(file) };
    code(match over {
        Some(over) => over.truncate(&below, length),
        None => below.truncate(length),
    })
}

unsafe extern "C" fn sync<F: File>(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file was opened by `open`.
    let (over, below) = unsafe { parts::<F>(file) };
    code(match over {
        Some(over) => over.sync(&below, flags),
        None => below.sync(flags),
    })
}

unsafe extern "C" fn size<F: File>(file: *mut sqlite3_file, to: *mut sqlite3_int64) -> c_int {
    // SAFETY: the file was opened by `open`.
    let (over, below) = unsafe { parts::<F>(file) };
    match over.map(|over| over.sizing(&below)) {
        Some(Err(code)) => code,
        _ => pass!(behind(file), xFileSize(to)),
    }
}

unsafe extern "C" fn share<F: File>(
    file: *mut sqlite3_file,
    page: c_int,
    bytes: c_int,
    extend: c_int,
    to: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file was opened by `open`.
    match unsafe { parts::<F>(file) }.0.map(File::sharing) {
        Some(Err(code)) => code,
        _ => pass!(behind(file), xShmMap(page, bytes, extend, to)),
    }
}

unsafe extern "C" fn share_lock<F: File>(
    file: *mut sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the file was opened by `open`.
    if let (Some(over), _) = unsafe { parts::<F>(file) } {
        over.share_locking(first, flags);
    }
    pass!(behind(file), xShmLock(first, count, flags))
}

unsafe extern "C" fn share_barrier(file: *mut sqlite3_file) {
    // SAFETY: the file below was opened.
    unsafe {
        let file = behind(file);
        if let Some(barrier) = (*(*file).pMethods).xShmBarrier {
            barrier(file);
        }
    }
}

/// Functions that do nothing but to pass on.
macro_rules! passing {
    ($($name:ident: $method:ident ( $($argument:ident: $type:ty),* );)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $type),*) -> c_int {
            pass!(behind(file), $method($($argument),*))
        }
    )*};
}

passing! {
    lock: xLock(level: c_int);
    unlock: xUnlock(level: c_int);
    check_reserved: xCheckReservedLock(to: *mut c_int);
    control: xFileControl(code: c_int, with: *mut c_void);
    sector_size: xSectorSize();
    characteristics: xDeviceCharacteristics();
    share_end: xShmUnmap(delete: c_int);
}

/// What SQLite calls for a file: in the second version also to share memory. The
/// third would map files into memory, past which nothing is seen.
struct Methods<F>(PhantomData<F>);

impl<F: File> Methods<F> {
    const FIRST: &'static sqlite3_io_methods = &Self::of(1);
    const SECOND: &'static sqlite3_io_methods = &Self::of(2);

    const fn of(version: c_int) -> sqlite3_io_methods {
        sqlite3_io_methods {
            iVersion: version,
            xClose: Some(close::<F>),
            xRead: Some(read::<F>),
            xWrite: Some(write::<F>),
            xTruncate: Some(truncate::<F>),
            xSync: Some(sync::<F>),
            xFileSize: Some(size::<F>),
            xLock: Some(lock),
            xUnlock: Some(unlock),
            xCheckReservedLock: Some(check_reserved),
            xFileControl: Some(control),
            xSectorSize: Some(sector_size),
            xDeviceCharacteristics: Some(characteristics),
            xShmMap: Some(share::<F>),
            xShmLock: Some(share_lock::<F>),
            xShmBarrier: Some(share_barrier),
            xShmUnmap: Some(share_end),
            xFetch: None,
            xUnfetch: None,
        }
    }
}
