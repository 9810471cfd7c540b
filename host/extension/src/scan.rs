//! One search in a table, row by row.

use std::hash::{Hash, Hasher};
use std::mem;
use std::rc::Rc;

use rusqlite::types::Value;
use sandtable_save::{RowNumbers, SaveError, SelectRows};
use self_cell::self_cell;

use crate::image::Image;

self_cell!(
    struct Running {
        owner: Rc<Image>,
        #[covariant]
        dependent: SelectRows,
    }
);

/// One search in a table, row by row.
#[derive(Default)]
pub struct Scan {
    running: Option<(String, Running)>,
    row: Option<Vec<Value>>,
    numbers: RowNumbers,
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
        self.numbers.restart();
        self.next()
    }

    /// Goes to the next row.
    pub fn next(&mut self) -> Result<(), String> {
        self.row = None;
        self.numbers.next();
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

    /// A number that is the same for the same row, however it was found.
    pub fn number(&mut self) -> i64 {
        self.numbers.of(self.row.as_deref().map(Cells))
    }
}

/// The values of a row, of which SQL's own say nothing of how they are hashed.
struct Cells<'a>(&'a [Value]);

impl Hash for Cells<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for value in self.0 {
            mem::discriminant(value).hash(hasher);
            match value {
                Value::Null => {}
                Value::Integer(number) => number.hash(hasher),
                Value::Real(number) => number.to_bits().hash(hasher),
                Value::Text(text) => text.hash(hasher),
                Value::Blob(bytes) => bytes.hash(hasher),
            }
        }
    }
}
