//! Names of files and mods that every layer knows.

use std::path::Path;

/// What a world's file is called.
pub const WORLD_FILE: &str = "world.toml";

/// How the name of a pack ends, after the dot.
pub const PACK_EXTENSION: &str = "pack";

/// Whether a path is meant to be a pack's, going by its name.
pub fn is_pack(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PACK_EXTENSION)
}

/// Letters that the name of a new world may have.
pub const FILE_STEM_MAX: usize = 64;

/// Whether a new world may be called so where that becomes the name of a file: letters,
/// digits, - and _, one of the first two in front.
pub fn is_file_stem(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    (1..=FILE_STEM_MAX).contains(&name.len())
        && name.starts_with(is_plain)
        && name.chars().all(|letter| is_plain(letter) || matches!(letter, '-' | '_'))
}

/// Whether a mod may have this id: it prefixes names in the save.
pub fn is_mod_id(id: &str) -> bool {
    let mut letters = id.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        && !matches!(id, "st" | "sqlite" | "sandtable")
}
