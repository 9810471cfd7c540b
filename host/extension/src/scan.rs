//! One search in a table, row by row.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::rc::Rc;

use rusqlite::types::Value;
use sandtable::persist::{Rows, SaveError};
use self_cell::self_cell;

use crate::image::Image;

self_cell!(
    struct Running {
        owner: Rc<Image>,
        #[covariant]
        dependent: Rows,
    }
);

/// One search in a table, row by row.
#[derive(Default)]
pub struct Scan {
    running: Option<(String, Running)>,
    row: Option<Vec<Value>>,
}

impl Scan {
    /// Begins a search, at its first row.
    pub fn start(
        &mut self,
        image: &Rc<Image>,
        select: &str,
        arguments: &[Value],
    ) -> Result<(), String> {
        let told = |error: SaveError| error.to_string();
        let again = self.running.take_if(|(prepared, running)| {
            prepared != select || !Rc::ptr_eq(running.borrow_owner(), image)
        });
        drop(again);
        let running = match &mut self.running {
            Some((_, running)) => running,
            none => {
                let made = Running::try_new(image.clone(), |image| image.inquiry.rows(select));
                &mut none.insert((select.to_owned(), made.map_err(told)?)).1
            }
        };
        running.with_dependent_mut(|_, rows| rows.restart(arguments)).map_err(told)?;
        self.next()
    }

    /// Goes to the next row.
    pub fn next(&mut self) -> Result<(), String> {
        self.row = None;
        if let Some((_, running)) = &mut self.running {
            let next = running.with_dependent_mut(|_, rows| rows.next());
            self.row = next.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The row; nothing after the last one.
    pub fn row(&self) -> Option<&[Value]> {
        self.row.as_deref()
    }

    /// A number that is the same for the same row, however it was found: where
    /// either of two conditions may find a row, SQLite looks for both and takes
    /// rows of one number for one.
    pub fn number(&self) -> i64 {
        let mut hasher = DefaultHasher::new();
        for value in self.row.iter().flatten() {
            mem::discriminant(value).hash(&mut hasher);
            match value {
                Value::Null => {}
                Value::Integer(number) => number.hash(&mut hasher),
                Value::Real(number) => number.to_bits().hash(&mut hasher),
                Value::Text(text) => text.hash(&mut hasher),
                Value::Blob(bytes) => bytes.hash(&mut hasher),
            }
        }
        hasher.finish() as i64
    }
}
