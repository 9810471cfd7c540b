//! Compiled functions, so that an edited component is compiled only where it is
//! another one.
//!
//! What is kept is by the digest of a function's code, made by the compiler: it
//! finds all functions that an edit left alone, in whatever component they are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmtime::CacheStore;

/// Functions in memory, up to [`MAX_BYTES`](Self::MAX_BYTES) of them.
#[derive(Default)]
pub(super) struct Functions(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    functions: HashMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
}

impl Functions {
    /// A component of 1 MiB is about four times as much here.
    const MAX_BYTES: usize = 64 << 20;

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.lock().functions.len()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.lock().functions.get(key).cloned().map(Cow::Owned)
    }

    /// Forgets all of them where there would be too many, since which ones are of
    /// components that are gone is not known.
    fn insert(&self, key: &[u8], function: Vec<u8>) -> bool {
        let mut kept = self.lock();
        if kept.bytes + function.len() > Self::MAX_BYTES {
            *kept = Kept::default();
        }
        if function.len() > Self::MAX_BYTES {
            return false;
        }
        kept.bytes += function.len();
        if let Some(before) = kept.functions.insert(key.to_vec(), function) {
            kept.bytes -= before.len();
        }
        true
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.lock();
        write!(f, "{} functions of {} bytes", kept.functions.len(), kept.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_functions_are_kept_than_fit() {
        let functions = Functions::default();
        let half = vec![1; Functions::MAX_BYTES / 2];
        assert!(functions.insert(b"one", half.clone()) && functions.insert(b"one", half.clone()));
        assert!(functions.insert(b"two", half.clone()), "the same one counts once");
        assert_eq!(functions.get(b"one").as_deref(), Some(&half[..]));
        assert!(functions.insert(b"three", vec![3]));
        assert_eq!(functions.get(b"one"), None, "all are forgotten");
        assert_eq!(functions.get(b"three").as_deref(), Some(&[3][..]));
        assert!(!functions.insert(b"large", vec![0; Functions::MAX_BYTES + 1]));
        assert_eq!(functions.get(b"large"), None);
    }
}
