//! What the extension is to one connection: an image of its save, and a
//! temporary virtual table for each table of that.

use std::cell::RefCell;
use std::rc::Rc;

use sandtable::persist::quoted;

use crate::image::Image;
use crate::outer::Outer;

/// What virtual tables are made with.
pub const MODULE: &str = "sandtable";

/// What the extension is to one connection.
pub struct Loaded {
    /// The connection.
    pub outer: Outer,
    image: RefCell<Option<Rc<Image>>>,
}

impl Loaded {
    /// Before there is an image.
    pub fn new(outer: Outer) -> Self {
        Self { outer, image: RefCell::new(None) }
    }

    /// The image that is asked now.
    pub fn image(&self) -> Result<Rc<Image>, String> {
        self.image.borrow().clone().ok_or_else(|| "no save is open".to_owned())
    }

    /// Takes a new image, and makes the tables that it has; returns its tick.
    pub fn refresh(&self) -> Result<i64, String> {
        let save = self.outer.file().ok_or(
            "no save is open: open one with `sqlite3 <save>` and load this extension then",
        )?;
        let image = Rc::new(Image::take(&self.outer, &save)?);
        let before = self.image.borrow().clone();
        for table in before.iter().flat_map(|before| &before.tables) {
            if image.table(&table.name) != Some(table) {
                self.execute("DROP TABLE temp", &table.name, "")?;
            }
        }
        *self.image.borrow_mut() = Some(image.clone());
        for table in &image.tables {
            if before.as_ref().and_then(|before| before.table(&table.name)) != Some(table) {
                self.execute("CREATE VIRTUAL TABLE temp", &table.name, MODULE)?;
            }
        }
        Ok(image.inquiry.tick() as i64)
    }

    fn execute(&self, what: &str, table: &str, module: &str) -> Result<(), String> {
        let using = if module.is_empty() { String::new() } else { format!(" USING {module}") };
        self.outer.execute(&format!("{what}.{}{using}", quoted(table)))
    }
}
