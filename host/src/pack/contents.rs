//! `pack.toml`, and what entries may be called and hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::is_mod_id;
use crate::config::WorldConfig;

/// What the list of entries is called.
pub(super) const LIST: &str = "pack.toml";
/// The format of packs that this host writes and reads.
pub(super) const FORMAT: u32 = 1;

/// What `pack.toml` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    /// The format of the pack.
    pub format: u32,
    /// The world's settings.
    pub config: WorldConfig,
    /// Every other entry, by name.
    pub entries: BTreeMap<String, Listed>,
}

/// What an entry must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    /// Its size.
    pub bytes: u64,
    /// Its digest, in hexadecimal.
    pub blake3: String,
}

/// What an entry is of a mod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Component,
    Manifest,
    Asset(&'a str),
}

impl Part<'_> {
    /// The name of the entry.
    pub(super) fn name(self, mod_id: &str) -> String {
        match self {
            Self::Component => format!("mods/{mod_id}/component.wasm"),
            Self::Manifest => format!("mods/{mod_id}/mod.toml"),
            Self::Asset(name) => format!("mods/{mod_id}/assets/{name}"),
        }
    }
}

/// Which part of which mod an entry of this name is.
pub(super) fn part_of(name: &str) -> Option<(&str, Part<'_>)> {
    let (id, rest) = name.strip_prefix("mods/")?.split_once('/')?;
    let part = match rest {
        "component.wasm" => Part::Component,
        "mod.toml" => Part::Manifest,
        rest => Part::Asset(rest.strip_prefix("assets/")?),
    };
    is_mod_id(id).then_some((id, part))
}

/// What speaks against an entry being called so, in words that follow its name.
pub(super) fn objection_to_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is no name")
    } else if name.contains('\\') {
        Some("has a backslash in its name, which is a folder on some systems only")
    } else if name.contains(char::is_control) {
        Some("has a control character in its name")
    } else if name.starts_with('/') || name.get(1..2) == Some(":") {
        Some("has an absolute path for its name")
    } else if name.ends_with('/') {
        Some("is a folder, and a pack has only files")
    } else if name.split('/').any(|step| matches!(step, "" | "." | "..")) {
        Some("has a name that leads elsewhere")
    } else {
        None
    }
}

/// The name by which entries collide where the case of letters is not told
/// apart.
pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// Whether these are an archive or compressed, in which anything could hide.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 9] = [
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\0",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"\x28\xb5\x2f\xfd",
        b"\x04\x22\x4d\x18",
    ];
    const TAR_MARK_AT: usize = 257;
    STARTS.iter().any(|start| bytes.starts_with(start))
        || bytes.get(TAR_MARK_AT..).is_some_and(|rest| rest.starts_with(b"ustar"))
}
