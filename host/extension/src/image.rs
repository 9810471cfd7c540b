//! A save as one commit left it, copied from the outer connection.
//!
//! The copy is a file without a name, so that it costs disk and not memory,
//! however large the save, and is gone when the process is.

use std::fs;
use std::path::Path;

use sandtable_save::{APPLICATION_ID, Inquiry, Reader, TableShape};
use tempfile::TempDir;

use crate::outer::Outer;

/// A save as one commit left it.
pub struct Image {
    /// Answers about it.
    pub inquiry: Inquiry,
    /// The tables that can be asked for.
    pub tables: Vec<TableShape>,
    /// Where the copy is on systems that do not let go of a name in use.
    _folder: TempDir,
}

impl Image {
    /// Copies what the outer connection has open.
    pub fn take(outer: &Outer, save: &Path) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let unread = |cause| format!("{} cannot be read: {cause}", save.display());
        if outer.number("PRAGMA main.application_id").map_err(unread)? != APPLICATION_ID {
            return Err(format!(
                "{} is not a save: open one with `sqlite3 <save>` and load this extension then",
                save.display()
            ));
        }
        let folder = TempDir::with_prefix("sandtable-").map_err(|error| {
            format!("no folder could be made to copy {} into: {error}", save.display())
        })?;
        let copy = folder.path().join("copy.db");
        outer.copy_main(&copy).map_err(|cause| {
            let folder = folder.path().display();
            format!("{} could not be copied into {folder}: {cause}", save.display())
        })?;
        let reader = Reader::of_copy(&copy, save).map_err(|error| told(&error))?;
        let inquiry = reader.inquiry().map_err(|error| told(&error))?;
        let _ = fs::remove_file(&copy);
        let tables = inquiry.tables().map_err(|error| told(&error))?;
        Ok(Self { inquiry, tables, _folder: folder })
    }

    /// A table by its name.
    pub fn table(&self, name: &str) -> Option<&TableShape> {
        self.tables.iter().find(|table| table.name == name)
    }
}
