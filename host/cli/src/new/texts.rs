//! Texts with places to fill in, and where they go.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sandtable::catalog::is_mod_id;

const ID_MAX_LETTERS: usize = 32;

/// Writes files into a folder, by their path in it.
pub(super) fn write_all(folder: &Path, files: &[(String, String)]) -> Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The mod id that is closest to a name.
pub(super) fn id_from(name: &str) -> String {
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .take(ID_MAX_LETTERS)
        .collect();
    if is_mod_id(&letters) { letters } else { format!("world{letters}") }
}

/// A text for a mod.
pub(super) fn fill(text: &str, id: &str, description: &str) -> String {
    text.replace("{{id}}", id).replace("{{description}}", description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_what_a_name_has() {
        for (name, expected) in [
            ("islands", "islands"),
            ("My Island-World 2", "myislandworld2"),
            ("2nd", "world2nd"),
            ("st", "worldst"),
            ("sqlite", "worldsqlite"),
            ("Ümläut", "mlut"),
            ("…", "world"),
        ] {
            assert_eq!(id_from(name), expected);
            assert!(is_mod_id(expected));
        }
        assert_eq!(id_from(&"a".repeat(99)).len(), ID_MAX_LETTERS);
    }
}
