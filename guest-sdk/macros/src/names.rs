//! How the contract spells names.

/// The id of a mod: `[a-z][a-z0-9]*`.
pub(crate) fn is_mod(name: &str) -> bool {
    starts_lower(name)
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Ids that no mod may have.
pub(crate) const RESERVED: [&str; 3] = ["st", "sqlite", "sandtable"];

/// The name of a system or field: `[a-z][a-z0-9_]*`.
pub(crate) fn is_lower(name: &str) -> bool {
    starts_lower(name)
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The name of a kind: `[A-Z][A-Za-z0-9]*`.
pub(crate) fn is_kind(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The name of a conversion: `[0-9]{4}_[a-z0-9_]+`.
pub(crate) fn is_numbered(name: &str) -> bool {
    let Some((number, words)) = name.split_once('_') else { return false };
    number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !words.is_empty()
        && words
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn starts_lower(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
}
