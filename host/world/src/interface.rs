//! The contract between host and mods, by version: `wit/` has a directory for
//! each.

use semver::Version;

/// The versions of `sandtable:guest` that this host runs, oldest first.
pub const VERSIONS: [&str; 2] = ["0.1.0", "0.2.0"];

/// The newest of them, which the SDK beside this host speaks.
pub const INTERFACE_VERSION: &str = VERSIONS[VERSIONS.len() - 1];

/// The custom section in which an SDK states the version it was made for.
pub const INTERFACE_SECTION: &str = "sandtable:interface";

/// The version of the contract that something is of which is imported under this
/// name: `0.2.0` for `sandtable:guest/log@0.2.0`.
pub fn version_of(import: &str) -> Option<&str> {
    let (_, version) = import.strip_prefix("sandtable:guest/")?.split_once('@')?;
    Some(version)
}

/// The versions that this host runs, in words.
pub fn supported() -> String {
    match (VERSIONS[0], INTERFACE_VERSION) {
        (oldest, newest) if oldest == newest => newest.to_owned(),
        (oldest, newest) => format!("{oldest} to {newest}"),
    }
}

/// What to do with a mod that was made for a version which this host does not
/// run.
pub fn remedy(found: &str) -> &'static str {
    match (Version::parse(found), Version::parse(INTERFACE_VERSION)) {
        (Ok(found), Ok(newest)) if found > newest => {
            "update sandtable, or build the mod with an older SDK"
        }
        _ => "build the mod again with the SDK of this version",
    }
}
