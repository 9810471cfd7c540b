//! A growable array of rows in fixed-capacity pages that clones share.
//!
//! Invariants: every page but the last is full; no page is empty; a page that
//! another clone holds is never written, only replaced by a copy.

use std::sync::Arc;

/// Rows of `width` items each, in pages of `rows_per_page` rows.
///
/// A width of zero is allowed: such rows are only counted.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    width: usize,
    rows_per_page: usize,
    len: usize,
    pages: Vec<Arc<Vec<T>>>,
}

impl<T: Clone> Paged<T> {
    /// An empty array. `rows_per_page` must not be zero.
    pub fn new(width: usize, rows_per_page: usize) -> Self {
        assert!(rows_per_page > 0, "a page must hold at least one row");
        Self { width, rows_per_page, len: 0, pages: Vec::new() }
    }

    /// No rows, of the same width and page size.
    pub fn emptied(&self) -> Self {
        Self::new(self.width, self.rows_per_page)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Items in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows in a full page.
    pub fn rows_per_page(&self) -> usize {
        self.rows_per_page
    }

    /// The pages, none of them empty. There are none when the width is zero.
    pub fn pages(&self) -> &[Arc<Vec<T>>] {
        &self.pages
    }

    /// The items of one row.
    pub fn row(&self, row: usize) -> &[T] {
        if self.width == 0 {
            return &[];
        }
        let start = row % self.rows_per_page * self.width;
        &self.pages[row / self.rows_per_page][start..start + self.width]
    }

    /// Calls `each` with the items of a range of rows, a page at a time.
    pub fn for_each_run(&self, rows: std::ops::Range<usize>, mut each: impl FnMut(&[T])) {
        let mut row = rows.start;
        while row < rows.end && self.width > 0 {
            let page = row / self.rows_per_page;
            let end = rows.end.min((page + 1) * self.rows_per_page);
            let first = row % self.rows_per_page * self.width;
            each(&self.pages[page][first..first + (end - row) * self.width]);
            row = end;
        }
    }

    /// The items of one row, to be written.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        if self.width == 0 {
            return &mut [];
        }
        let start = row % self.rows_per_page * self.width;
        let page = Arc::make_mut(&mut self.pages[row / self.rows_per_page]);
        &mut page[start..start + self.width]
    }

    /// The items of one page, to be written.
    pub fn page_mut(&mut self, page: usize) -> &mut [T] {
        Arc::make_mut(&mut self.pages[page]).as_mut_slice()
    }

    /// Appends rows; `items` holds a whole number of them. For a width of zero
    /// use [`Paged::grow`].
    pub fn extend(&mut self, mut items: &[T]) {
        if self.width == 0 {
            return;
        }
        debug_assert_eq!(items.len() % self.width, 0);
        while !items.is_empty() {
            let room = (self.rows_per_page - self.len % self.rows_per_page) * self.width;
            let (now, later) = items.split_at(room.min(items.len()));
            self.last_page_with_room().extend_from_slice(now);
            self.len += now.len() / self.width;
            items = later;
        }
    }

    /// Appends `rows` copies of one row.
    pub fn grow(&mut self, rows: usize, row: &[T]) {
        debug_assert_eq!(row.len(), self.width);
        if self.width == 0 {
            self.len += rows;
            return;
        }
        for _ in 0..rows {
            self.last_page_with_room().extend_from_slice(row);
            self.len += 1;
        }
    }

    /// Appends the given rows of another array of the same width.
    pub fn extend_rows(&mut self, from: &Self, rows: &[usize]) {
        debug_assert_eq!(from.width, self.width);
        if self.width == 0 {
            self.len += rows.len();
            return;
        }
        let mut rest = rows;
        while let [first, ..] = rest {
            let page = first / from.rows_per_page;
            let run = rest
                .iter()
                .enumerate()
                .take_while(|&(at, &row)| row == first + at && row / from.rows_per_page == page)
                .count();
            let start = first % from.rows_per_page * self.width;
            self.extend(&from.pages[page][start..start + run * self.width]);
            rest = &rest[run..];
        }
    }

    /// Shortens to `len` rows after copying rows over earlier ones: each move
    /// is `(from, to)`, and no row is both read and written.
    pub fn compact(&mut self, moves: &[(usize, usize)], len: usize) {
        if self.width > 0 {
            for &(from, to) in moves {
                let row = self.row(from).to_vec();
                self.row_mut(to).clone_from_slice(&row);
            }
            self.pages.truncate(len.div_ceil(self.rows_per_page));
            let last = len % self.rows_per_page;
            if last > 0
                && let Some(page) = self.pages.last_mut()
                && page.len() > last * self.width
            {
                Arc::make_mut(page).truncate(last * self.width);
            }
        }
        self.len = len;
    }

    /// Replaces one page by another with as many items.
    pub fn replace_page(&mut self, page: usize, items: Arc<Vec<T>>) {
        debug_assert_eq!(self.pages[page].len(), items.len());
        self.pages[page] = items;
    }

    /// The items of a page that may have to be appended, to become any number of
    /// rows; nothing for a place past the next. [`Paged::finish_fill`] ends such
    /// changes.
    pub fn page_to_fill(&mut self, page: usize) -> Option<&mut Vec<T>> {
        if page == self.pages.len() {
            self.pages.push(Arc::new(Vec::new()));
        }
        self.pages.get_mut(page).map(Arc::make_mut)
    }

    /// Counts rows anew after pages were filled, and says whether every page but
    /// the last is full. Pages without rows at the end are dropped; rows without
    /// items are as many as given.
    pub fn finish_fill(&mut self, rows_without_items: usize) -> bool {
        if self.width == 0 {
            self.len = rows_without_items;
            return self.pages.is_empty();
        }
        while self.pages.last().is_some_and(|last| last.is_empty()) {
            self.pages.pop();
        }
        self.len = self.pages.iter().map(|page| page.len()).sum::<usize>() / self.width;
        let full = self.rows_per_page * self.width;
        let (last, others) = match self.pages.split_last() {
            Some((last, others)) => (last.len(), others),
            None => return true,
        };
        last <= full
            && last.is_multiple_of(self.width)
            && others.iter().all(|page| page.len() == full)
    }

    fn last_page_with_room(&mut self) -> &mut Vec<T> {
        if self.len.is_multiple_of(self.rows_per_page) {
            self.pages.push(Arc::new(Vec::new()));
        }
        let last = self.pages.len() - 1;
        Arc::make_mut(&mut self.pages[last])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rows: usize) -> Paged<u32> {
        let mut paged = Paged::new(2, 4);
        for row in 0..rows as u32 {
            paged.extend(&[row, row + 100]);
        }
        paged
    }

    fn firsts(paged: &Paged<u32>) -> Vec<u32> {
        (0..paged.len()).map(|row| paged.row(row)[0]).collect()
    }

    #[test]
    fn rows_cross_pages_in_order() {
        let mut all = Paged::new(2, 3);
        all.extend_rows(&filled(10), &[0, 1, 2, 3, 4, 7, 9]);
        assert_eq!(firsts(&all), [0, 1, 2, 3, 4, 7, 9]);
        assert_eq!(all.pages().len(), 3);
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let before = filled(9);
        let mut after = before.clone();
        after.row_mut(5)[0] = 77;
        after.compact(&[(8, 0)], 8);
        assert_eq!(firsts(&before), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(firsts(&after), [8, 1, 2, 3, 4, 77, 6, 7]);
        assert_eq!(after.pages().len(), 2);
    }

    #[test]
    fn rows_without_items_are_counted() {
        let mut tags: Paged<u8> = Paged::new(0, 4);
        tags.grow(9, &[]);
        tags.compact(&[], 3);
        assert_eq!(tags.len(), 3);
        assert!(tags.row(2).is_empty());
    }
}
