//! A packed component as it changes.

use super::columns::{Columns, Unread};
use super::error::Error;
use super::line::Line;
use super::operations::ColumnStreamOf;

/// The columns of a component, whenever they are other than before. It connects again
/// whenever the connection breaks. One that takes its time misses what was between.
#[derive(Debug)]
#[must_use = "nothing is told to what does not listen"]
pub struct ColumnStream {
    line: Line,
    last: Option<Columns>,
}

impl ColumnStreamOf {
    /// Listens.
    ///
    /// # Errors
    ///
    /// The server refuses or cannot be reached.
    pub fn open(&self) -> Result<ColumnStream, Error> {
        Ok(ColumnStream { line: Line::open(self.0.clone())?, last: None })
    }
}

impl Iterator for ColumnStream {
    type Item = Result<Columns, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let last = self.last.as_ref();
        let next = self.line.next(|open, request| {
            Columns::read(open, last).map_err(|unread| match unread {
                Unread::Broken(why) => request.client.unreachable(why),
                Unread::Wrong(why) => request.misunderstood(why),
            })
        });
        if let Some(Ok(columns)) = &next {
            self.last = Some(columns.clone());
        }
        next
    }
}
