//! What the extension is to one connection: an image of its save, and a
//! temporary virtual table for each table of that.

use std::cell::RefCell;
use std::rc::Rc;

use sandtable_save::{TableShape, quoted};

use crate::image::Image;
use crate::outer::Outer;

/// What virtual tables are made with.
pub const MODULE: &str = "sandtable";

/// What the extension is to one connection.
pub struct Loaded {
    /// The connection.
    pub outer: Outer,
    image: RefCell<Option<Rc<Image>>>,
    /// The virtual tables that were made.
    made: RefCell<Vec<TableShape>>,
}

impl Loaded {
    /// Before there is an image.
    pub fn new(outer: Outer) -> Self {
        Self { outer, image: RefCell::default(), made: RefCell::default() }
    }

    /// The image that is asked now.
    pub fn image(&self) -> Result<Rc<Image>, String> {
        self.image.borrow().clone().ok_or_else(|| "no save is open".to_owned())
    }

    /// Takes a new image, and makes the tables that it has; returns its tick.
    /// Where that fails half-way, the next time goes on from there.
    pub fn refresh(&self) -> Result<i64, String> {
        let save = self.outer.file().ok_or(
            "no save is open: open one with `sqlite3 <save>` and load this extension then",
        )?;
        let image = Rc::new(Image::take(&self.outer, &save)?);
        let made = self.made.borrow().clone();
        for table in made.iter().filter(|table| !image.tables.contains(table)) {
            self.execute("DROP TABLE temp", table, "")?;
            self.made.borrow_mut().retain(|it| it != table);
        }
        *self.image.borrow_mut() = Some(image.clone());
        for table in &image.tables {
            if !self.made.borrow().contains(table) {
                self.execute("CREATE VIRTUAL TABLE temp", table, &format!("USING {MODULE}"))?;
                self.made.borrow_mut().push(table.clone());
            }
        }
        Ok(image.inquiry.tick() as i64)
    }

    /// Takes away what was made.
    pub fn clear(&self) {
        for table in self.made.take() {
            let _ = self.execute("DROP TABLE temp", &table, "");
        }
    }

    fn execute(&self, what: &str, table: &TableShape, how: &str) -> Result<(), String> {
        self.outer.execute(&format!("{what}.{} {how}", quoted(&table.name)))
    }
}
