//! Where the host keeps what is its own and no save's.

use std::path::PathBuf;

/// The variable that says where.
pub const VARIABLE: &str = "SANDTABLE_HOME";

/// The folder: what SANDTABLE_HOME says, else one where this system keeps what programs
/// remember of a user. There is none without a home.
pub fn home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(VARIABLE)
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("sandtable")))
        .or_else(|| set("LOCALAPPDATA").map(|data| data.join("sandtable")))
        .or_else(|| {
            let data = if cfg!(target_os = "macos") {
                "Library/Application Support"
            } else {
                ".local/share"
            };
            set("HOME").map(|home| home.join(data).join("sandtable"))
        })?;
    std::path::absolute(folder).ok()
}
