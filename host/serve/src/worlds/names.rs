//! What worlds of a folder are called: as their files, without the ending.

use std::path::Path;

use sandtable::names::{FILE_STEM_MAX, is_file_stem};

use crate::problem::Problem;

/// How the name of a save ends, after the dot.
const ENDING: &str = "db";

/// What the save in a file is called; nothing where it is none.
pub fn name_of(path: &Path) -> Option<String> {
    let is_save = path.extension().is_some_and(|ending| ending == ENDING);
    let name = path.file_stem()?.to_str()?;
    (is_save && !name.starts_with('.')).then(|| name.to_owned())
}

/// The file of a world.
pub fn file_name(name: &str) -> String {
    format!("{name}.{ENDING}")
}

/// Checks that a new world may be called so.
///
/// # Errors
///
/// It may not.
pub fn check_name(name: &str) -> Result<(), Problem> {
    if !is_file_stem(name) {
        let what = format!(
            "is `{name}`: give letters, digits, - and _, {FILE_STEM_MAX} at most and a letter or \
             digit first"
        );
        return Err(Problem::parameter("name", what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_new_worlds_are_plain() {
        for good in ["a", "earth-2", "7_islands", &"n".repeat(FILE_STEM_MAX)] {
            assert!(is_file_stem(good), "{good}");
        }
        let long = "n".repeat(FILE_STEM_MAX + 1);
        for bad in
            ["", ".", "..", "../a", "a/b", "a\\b", "-a", "_a", "a.db", "a b", "ä", "a\0", &long]
        {
            assert!(!is_file_stem(bad), "{bad}");
        }
    }

    #[test]
    fn saves_are_known_by_their_ending() {
        let name = |path: &str| name_of(Path::new(path));
        assert_eq!(name("worlds/earth.db"), Some("earth".to_owned()));
        assert_eq!(name("worlds/earth.1.db"), Some("earth.1".to_owned()));
        for other in
            ["worlds/earth.pack", "worlds/earth.db-wal", "worlds/.db", "worlds/..db", "w/.a.db"]
        {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
