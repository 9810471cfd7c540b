//! The functions of the outer SQLite, which it hands to an extension as a table
//! of pointers. A function never changes its place in that table: what is new
//! comes at the end.

use std::ffi::{c_char, c_int, c_uchar, c_void};
use std::{fmt, mem};

use rusqlite::ffi::{
    sqlite3, sqlite3_backup, sqlite3_context, sqlite3_destructor_type, sqlite3_index_info,
    sqlite3_module, sqlite3_stmt, sqlite3_value,
};

type Callback = Option<unsafe extern "C" fn(*mut sqlite3_context, c_int, *mut *mut sqlite3_value)>;
type Final = Option<unsafe extern "C" fn(*mut sqlite3_context)>;
type Destructor = Option<unsafe extern "C" fn(*mut c_void)>;
type Rows =
    Option<unsafe extern "C" fn(*mut c_void, c_int, *mut *mut c_char, *mut *mut c_char) -> c_int>;

/// The oldest SQLite that understands the strict tables of a save.
const OLDEST: c_int = 3_037_000;

/// Allocates what SQLite is to free.
pub type Malloc = unsafe extern "C" fn(c_int) -> *mut c_void;

/// What can be said to a version that is too old.
pub struct TooOld {
    version: c_int,
    /// Allocates a text.
    pub malloc: Malloc,
}

impl fmt::Display for TooOld {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, rest) = (self.version / 1_000_000, self.version % 1_000_000);
        let (minor, patch) = (rest / 1_000, rest % 1_000);
        write!(
            out,
            "this is SQLite {major}.{minor}.{patch}, which cannot read the tables of a save: \
             use 3.37 or newer"
        )
    }
}

macro_rules! routines {
    ($($place:literal $name:ident($($argument:ty),*) $(-> $answer:ty)?;)*) => {
        /// Functions of the outer SQLite, called as its own without `sqlite3_`.
        #[derive(Clone, Copy)]
        pub struct Routines {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $answer)?,)*
        }

        impl Routines {
            /// Reads the table of a version that is new enough.
            ///
            /// # Safety
            ///
            /// The table must be what SQLite gave to the entry point.
            pub unsafe fn read(table: *const *const c_void) -> Result<Self, TooOld> {
                // SAFETY: these are the places and types of `sqlite3ext.h`; every
                // version has the first two, and one that is new enough all.
                unsafe {
                    let version: extern "C" fn() -> c_int = mem::transmute(*table.add(67));
                    let malloc = mem::transmute::<*const c_void, Malloc>(*table.add(68));
                    let version = version();
                    if version < OLDEST {
                        return Err(TooOld { version, malloc });
                    }
                    Ok(Self { $($name: mem::transmute::<
                        *const c_void,
                        unsafe extern "C" fn($($argument),*) $(-> $answer)?,
                    >(*table.add($place)),)* })
                }
            }
        }
    };
}

routines! {
    16 close(*mut sqlite3) -> c_int;
    29 column_int64(*mut sqlite3_stmt, c_int) -> i64;
    50 declare_vtab(*mut sqlite3, *const c_char) -> c_int;
    53 errmsg(*mut sqlite3) -> *const c_char;
    55 exec(*mut sqlite3, *const c_char, Rows, *mut c_void, *mut *mut c_char) -> c_int;
    57 finalize(*mut sqlite3_stmt) -> c_int;
    58 free(*mut c_void);
    68 malloc(c_int) -> *mut c_void;
    78 result_blob(*mut sqlite3_context, *const c_void, c_int, sqlite3_destructor_type);
    79 result_double(*mut sqlite3_context, f64);
    80 result_error(*mut sqlite3_context, *const c_char, c_int);
    83 result_int64(*mut sqlite3_context, i64);
    84 result_null(*mut sqlite3_context);
    94 step(*mut sqlite3_stmt) -> c_int;
    101 user_data(*mut sqlite3_context) -> *mut c_void;
    102 value_blob(*mut sqlite3_value) -> *const c_void;
    103 value_bytes(*mut sqlite3_value) -> c_int;
    105 value_double(*mut sqlite3_value) -> f64;
    107 value_int64(*mut sqlite3_value) -> i64;
    109 value_text(*mut sqlite3_value) -> *const c_uchar;
    113 value_type(*mut sqlite3_value) -> c_int;
    116 prepare_v2(*mut sqlite3, *const c_char, c_int, *mut *mut sqlite3_stmt, *mut *const c_char) -> c_int;
    119 create_module_v2(*mut sqlite3, *const c_char, *const sqlite3_module, *mut c_void, Destructor) -> c_int;
    135 open_v2(*const c_char, *mut *mut sqlite3, c_int, *const c_char) -> c_int;
    155 backup_finish(*mut sqlite3_backup) -> c_int;
    156 backup_init(*mut sqlite3, *const c_char, *mut sqlite3, *const c_char) -> *mut sqlite3_backup;
    159 backup_step(*mut sqlite3_backup, c_int) -> c_int;
    162 create_function_v2(*mut sqlite3, *const c_char, c_int, c_int, *mut c_void, Callback, Callback, Final, Destructor) -> c_int;
    180 db_filename(*mut sqlite3, *const c_char) -> *const c_char;
    202 result_text64(*mut sqlite3_context, *const c_char, u64, sqlite3_destructor_type, c_uchar);
    224 vtab_collation(*mut sqlite3_index_info, c_int) -> *const c_char;
}
