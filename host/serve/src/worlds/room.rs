//! How many worlds may be open, and what they take.

use std::sync::{Condvar, Mutex, PoisonError};

/// Worlds that are opened at the same time: each reads all of its save.
const OPENING_MAX: usize = 2;

/// How many are open, and how many are being opened.
#[derive(Default)]
pub struct Room {
    taken: Mutex<(usize, usize)>,
    opened: Condvar,
}

impl Room {
    /// Takes room for one that is being opened, once not too many are; false where
    /// there is none.
    pub fn take(&self, most: usize) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.1 >= OPENING_MAX {
            taken = self.opened.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        if taken.0 >= most {
            return false;
        }
        *taken = (taken.0 + 1, taken.1 + 1);
        true
    }

    /// It was opened, or could not be.
    pub fn opened(&self, is_open: bool) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = (taken.0 - usize::from(!is_open), taken.1 - 1);
        self.opened.notify_one();
    }

    /// It is open no more.
    pub fn left(&self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).0 -= 1;
    }
}

/// Bytes of memory that this process takes, where the system tells.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many() {
        let room = Room::default();
        assert!(room.take(1));
        room.opened(true);
        assert!(!room.take(1));
        room.left();
        assert!(room.take(1));
        room.opened(false);
        assert!(room.take(1), "what could not be opened takes none");
    }
}
