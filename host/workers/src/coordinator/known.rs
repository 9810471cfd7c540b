//! Which columns of a world a worker has, as far as its coordinator knows.
//!
//! A worker keeps columns up to a number of bytes, and drops first what was used longest
//! ago. The coordinator counts the bytes that it sent to it, named to it and had from it:
//! a column that was used before as many bytes as the worker keeps may be gone there. It
//! can be wrong, where a worker has several coordinators. The worker says then that it
//! lacks a column, the call is made where the world is, and the coordinator counts on less
//! from there on.

use std::collections::HashMap;
use std::sync::Weak;

use sandtable_guest::away::{ColumnName, Held, Page};

/// The columns that a worker has.
#[derive(Default)]
pub struct Known {
    /// By where the page lies.
    pages: HashMap<usize, Entry>,
    /// Bytes that were sent, named and written so far.
    passed: u64,
    /// Bytes that it is believed to keep.
    keeps: u64,
    /// How many there were when those were forgotten that the world has no more.
    swept: usize,
    /// The last call that was sent when it lacked one: those before it may lack more.
    lacked: u64,
}

struct Entry {
    name: ColumnName,
    /// The page, which keeps its place while this is here.
    page: Weak<Vec<u8>>,
    /// Of the bytes that passed, those before it was used last.
    used: u64,
}

impl Known {
    /// Columns that are kept in mind before the first sweep.
    const SWEPT_MIN: usize = 1024;

    /// Of a worker that says that it keeps so many bytes.
    pub fn new(keeps: u64) -> Self {
        // What it was sent and the coordinator was not told of also takes room there.
        Self { keeps: keeps / 4 * 3, ..Self::default() }
    }

    /// What a page is called by, if the worker should have it; it is used then.
    pub fn name(&mut self, page: &Page) -> Option<ColumnName> {
        if !self.has(page) {
            return None;
        }
        self.passed += page.len() as u64;
        let used = self.passed;
        let entry = self.pages.get_mut(&place(page))?;
        entry.used = used;
        Some(entry.name)
    }

    /// Whether the worker should have a page.
    pub fn has(&self, page: &Page) -> bool {
        let entry = self.pages.get(&place(page));
        entry.is_some_and(|entry| self.passed - entry.used < self.keeps)
    }

    /// The worker has these.
    pub fn add(&mut self, held: impl IntoIterator<Item = Held>) {
        for Held { name, page } in held {
            // What the world has no more cannot be asked for.
            let Some(bytes) = page.upgrade() else { continue };
            self.passed += bytes.len() as u64;
            let used = self.passed;
            self.pages.insert(place(&bytes), Entry { name, page, used });
        }
        if self.pages.len() > 2 * self.swept.max(Self::SWEPT_MIN) {
            let (passed, keeps) = (self.passed, self.keeps);
            let is_kept =
                |entry: &Entry| passed - entry.used < keeps && entry.page.strong_count() > 0;
            self.pages.retain(|_, entry| is_kept(entry));
            self.swept = self.pages.len();
        }
    }

    /// The worker lacked one in a call: it keeps less than was believed. Calls up to `last`
    /// are under way, and say the same if they lack some too.
    pub fn lacked(&mut self, call: u64, last: u64) {
        if call <= self.lacked {
            return;
        }
        self.lacked = last;
        self.pages.clear();
        self.keeps /= 2;
    }
}

/// Where a page lies. No other lies there while there is a reference to it, weak or strong.
fn place(page: &Page) -> usize {
    std::sync::Arc::as_ptr(page).addr()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn page(bytes: usize) -> Page {
        Arc::new(vec![7; bytes])
    }

    fn held(call: u64, page: &Page) -> Held {
        Held { name: ColumnName { call, place: 0 }, page: Arc::downgrade(page) }
    }

    #[test]
    fn a_page_is_known_until_as_many_bytes_have_passed_as_are_kept() {
        let mut known = Known::new(4000);
        let (old, new) = (page(1000), page(1000));
        known.add([held(1, &old), held(2, &new)]);
        assert_eq!(known.name(&old), Some(ColumnName { call: 1, place: 0 }));
        assert!(known.has(&new));
        known.add([held(3, &page(1000))]);
        assert!(!known.has(&page(1000)), "another page of the same bytes");
        let third = page(1000);
        known.add([held(4, &third)]);
        assert!(known.has(&old) && known.has(&third));
        let fourth = page(1000);
        known.add([held(5, &fourth)]);
        assert!(!known.has(&new), "not used since 3,000 bytes");
    }

    #[test]
    fn a_page_at_the_address_of_one_that_is_gone_is_another() {
        let mut known = Known::new(1 << 30);
        for call in 0..10_000 {
            let page = page(64);
            assert!(!known.has(&page), "call {call}");
            known.add([held(call, &page)]);
        }
        assert!(known.pages.len() < 5000, "what is gone is forgotten: {}", known.pages.len());
    }

    #[test]
    fn less_is_believed_of_a_worker_that_lacked_a_page() {
        let mut known = Known::new(4000);
        let page = page(1000);
        known.add([held(1, &page)]);
        known.lacked(5, 9);
        assert!(!known.has(&page));
        known.add([held(2, &page)]);
        known.lacked(9, 12);
        assert!(known.has(&page), "that call was under way then");
        known.add([held(3, &super::tests::page(2000))]);
        let other = super::tests::page(1500);
        known.add([held(4, &other)]);
        assert!(!known.has(&page));
    }
}
