//! Manifests of mods: JSON, with the number of its form, which the first one does
//! not say.

mod v1;

use serde::Deserialize;

use super::StoredError;
use sandtable_world::manifest::Manifest;

/// A manifest as a save keeps it.
pub(crate) fn text(manifest: &Manifest) -> String {
    // A manifest is texts and lists of texts, which JSON has words for.
    serde_json::to_string(&v1::Manifest::of(manifest)).unwrap_or_default()
}

/// A manifest that a save kept.
pub(crate) fn parse(text: &str) -> Result<Manifest, StoredError> {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        format: Option<u64>,
    }

    match serde_json::from_str::<Form>(text)?.format {
        None => serde_json::from_str::<v1::Manifest>(text)?.upgrade().map_err(StoredError::Unknown),
        Some(newer) => Err(StoredError::Newer(newer)),
    }
}
