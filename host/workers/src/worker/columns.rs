//! The columns that a worker keeps, so that they need not be sent again: those that came
//! with calls and those that calls wrote, up to a number of bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use sandtable_guest::away::{ColumnName, Page};

use crate::lock::lock;

/// The columns that a worker keeps, for all coordinators.
pub struct Columns {
    most: u64,
    kept: Mutex<Kept>,
}

/// A column of a coordinator.
type Key = (String, ColumnName);

#[derive(Default)]
struct Kept {
    columns: HashMap<Key, Column>,
    /// By when they were used, the longest ago first.
    order: BTreeMap<u64, Key>,
    uses: u64,
    bytes: u64,
}

struct Column {
    page: Page,
    used: u64,
}

impl Columns {
    /// None yet, and up to so many bytes.
    pub fn new(most: u64) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// Bytes that are kept at most.
    pub fn most(&self) -> u64 {
        self.most
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    /// A column of a coordinator by name, if it is still here.
    pub fn get(&self, coordinator: &str, name: ColumnName) -> Option<Page> {
        let mut kept = self.kept();
        let Kept { columns, order, uses, .. } = &mut *kept;
        let key = (coordinator.to_owned(), name);
        let column = columns.get_mut(&key)?;
        *uses += 1;
        order.remove(&column.used);
        order.insert(*uses, key);
        column.used = *uses;
        Some(column.page.clone())
    }

    /// Keeps columns, and drops those that were used the longest ago where they are too
    /// many.
    pub fn keep<'a>(
        &self,
        coordinator: &str,
        columns: impl IntoIterator<Item = &'a (ColumnName, Page)>,
    ) {
        if self.most == 0 {
            return;
        }
        let mut kept = self.kept();
        for (name, page) in columns {
            kept.drop_one(&(coordinator.to_owned(), *name));
            kept.uses += 1;
            let (used, key) = (kept.uses, (coordinator.to_owned(), *name));
            kept.bytes += page.len() as u64;
            kept.order.insert(used, key.clone());
            kept.columns.insert(key, Column { page: page.clone(), used });
        }
        while kept.bytes > self.most {
            let Some((_, oldest)) = kept.order.pop_first() else { return };
            kept.drop_one(&oldest);
        }
    }
}

impl Kept {
    fn drop_one(&mut self, key: &Key) {
        if let Some(Column { page, used }) = self.columns.remove(key) {
            self.order.remove(&used);
            self.bytes -= page.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn name(call: u64) -> ColumnName {
        ColumnName { call, place: 0 }
    }

    #[test]
    fn what_was_used_the_longest_ago_is_dropped_first() {
        let columns = Columns::new(1000);
        let page = Arc::new(vec![1; 400]);
        columns.keep("a", &[(name(1), page.clone()), (name(2), page.clone())]);
        assert!(columns.get("a", name(1)).is_some());
        assert!(columns.get("b", name(1)).is_none(), "of another coordinator");
        columns.keep("a", &[(name(3), page.clone())]);
        assert!(columns.get("a", name(2)).is_none());
        assert!(columns.get("a", name(1)).is_some() && columns.get("a", name(3)).is_some());
        columns.keep("a", &[(name(3), page)]);
        assert_eq!(columns.kept().bytes, 800, "one that comes twice is there once");
    }

    #[test]
    fn a_worker_that_keeps_nothing_has_nothing() {
        let columns = Columns::new(0);
        columns.keep("a", &[(name(1), Arc::new(vec![1; 400]))]);
        assert!(columns.get("a", name(1)).is_none());
    }
}
