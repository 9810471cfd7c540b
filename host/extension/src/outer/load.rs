//! What SQLite calls to load the extension, and what that adds to a connection.

use std::ffi::{c_char, c_int, c_void};
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::{mem, ptr};

use rusqlite::ffi::{
    SQLITE_DETERMINISTIC, SQLITE_DIRECTONLY, SQLITE_ERROR, SQLITE_INNOCUOUS,
    SQLITE_OK_LOAD_PERMANENTLY, SQLITE_UTF8, sqlite3, sqlite3_context, sqlite3_value,
};
use rusqlite::types::Value;
use sandtable_save::{FUNCTIONS, Function};

use super::routines::Routines;
use super::{Outer, c, guarded, owned, table};
use crate::loaded::{Loaded, MODULE};

/// The entry point, called as SQLite makes it of the name of the file.
///
/// # Safety
///
/// For SQLite only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_sandtablesqlite_init(
    db: *mut sqlite3,
    message: *mut *mut c_char,
    routines: *const *const c_void,
) -> c_int {
    // SAFETY: SQLite gives a connection, its functions, and a place for a text.
    unsafe {
        let routines = match Routines::read(routines) {
            Ok(routines) => routines,
            Err(too_old) => {
                *message = owned(too_old.malloc, &too_old.to_string());
                return SQLITE_ERROR;
            }
        };
        USER_DATA.store(routines.user_data as *mut c_void, Ordering::Relaxed);
        let outer = Outer { routines, db };
        match guarded(|| outer.load()) {
            Ok(()) => SQLITE_OK_LOAD_PERMANENTLY,
            Err(what) => {
                *message = owned(routines.malloc, &what);
                SQLITE_ERROR
            }
        }
    }
}

/// Where a function finds its data: SQLite tells it nothing else. The rest is
/// kept for each connection, because a process can have several SQLites.
static USER_DATA: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

impl Outer {
    /// Adds the tables and the functions, or nothing: SQLite lets go of an
    /// extension that fails. One that is loaded again is told to take a new
    /// image. A connection to no file can be loaded into, so that programs which
    /// load it everywhere can.
    fn load(self) -> Result<(), String> {
        if self.execute("EXPLAIN SELECT sandtable_refresh()").is_ok() {
            return self.execute("SELECT sandtable_refresh()");
        }
        let loaded = Rc::new(Loaded::new(self));
        self.add_module(loaded.clone())?;
        let filled = match self.file() {
            Some(_) => loaded.refresh().map(drop),
            None => Ok(()),
        };
        filled.and_then(|()| self.add_functions(loaded.clone())).inspect_err(|_| {
            loaded.clear();
            self.drop_module();
        })
    }

    fn add_module(&self, loaded: Rc<Loaded>) -> Result<(), String> {
        let name = c(MODULE)?;
        let loaded = Rc::into_raw(loaded).cast_mut().cast();
        // SAFETY: SQLite lets go of what it is given through `release`, also
        // when this fails.
        let added = unsafe {
            let create = self.routines.create_module_v2;
            create(self.db, name.as_ptr(), &table::MODULE, loaded, Some(release))
        };
        self.checked(self.db, added)
    }

    fn drop_module(&self) {
        if let Ok(name) = c(MODULE) {
            // SAFETY: without functions a module is taken away.
            unsafe {
                let create = self.routines.create_module_v2;
                create(self.db, name.as_ptr(), ptr::null(), ptr::null_mut(), None);
            }
        }
    }

    fn add_functions(&self, loaded: Rc<Loaded>) -> Result<(), String> {
        let name = c"sandtable_refresh".as_ptr();
        let flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
        let loaded = Rc::into_raw(loaded).cast_mut().cast();
        let create = self.routines.create_function_v2;
        // SAFETY: as above.
        let added = unsafe {
            create(self.db, name, 0, flags, loaded, Some(refresh), None, None, Some(release))
        };
        self.checked(self.db, added)?;
        for (name, function) in FUNCTIONS {
            let name = c(name)?;
            let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
            let data = Box::into_raw(Box::new(Converter { outer: *self, function })).cast();
            let let_go = Some(let_go as unsafe extern "C" fn(*mut c_void));
            // SAFETY: SQLite lets go of what it is given through `let_go`, also
            // when this fails.
            let added = unsafe {
                create(self.db, name.as_ptr(), 1, flags, data, Some(convert), None, None, let_go)
            };
            self.checked(self.db, added)?;
        }
        Ok(())
    }
}

unsafe extern "C" fn release(loaded: *mut c_void) {
    // SAFETY: it is what `Rc::into_raw` gave, and comes once.
    let loaded = unsafe { Rc::from_raw(loaded.cast::<Loaded>()) };
    let _ = guarded(|| {
        drop(loaded);
        Ok(())
    });
}

unsafe extern "C" fn refresh(context: *mut sqlite3_context, _: c_int, _: *mut *mut sqlite3_value) {
    // SAFETY: it was stored before this function was registered, with `Loaded`
    // as its data.
    unsafe {
        let user_data: unsafe extern "C" fn(*mut sqlite3_context) -> *mut c_void =
            mem::transmute(USER_DATA.load(Ordering::Relaxed));
        let loaded = &*user_data(context).cast::<Loaded>();
        match guarded(|| loaded.refresh()) {
            Ok(tick) => loaded.outer.answer(context, &Value::Integer(tick)),
            Err(what) => loaded.outer.refuse(context, &what),
        }
    }
}

/// What a function of one value does, and for which connection.
struct Converter {
    outer: Outer,
    function: Function,
}

unsafe extern "C" fn let_go(converter: *mut c_void) {
    // SAFETY: it is what `Box::into_raw` gave, and comes once.
    drop(unsafe { Box::from_raw(converter.cast::<Converter>()) });
}

unsafe extern "C" fn convert(
    context: *mut sqlite3_context,
    _: c_int,
    values: *mut *mut sqlite3_value,
) {
    // SAFETY: it was stored before this function was registered, with a
    // `Converter` as its data and for one value.
    unsafe {
        let user_data: unsafe extern "C" fn(*mut sqlite3_context) -> *mut c_void =
            mem::transmute(USER_DATA.load(Ordering::Relaxed));
        let Converter { outer, function } = &*user_data(context).cast::<Converter>();
        match guarded(|| function(outer.value(*values))) {
            Ok(value) => outer.answer(context, &value),
            Err(what) => outer.refuse(context, &what),
        }
    }
}
