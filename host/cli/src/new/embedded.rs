//! The sources of the SDK and of the contract, which the build script embeds.

use anyhow::{Context, Result};
use toml::{Table, Value};

/// Files of this repository, by path.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
/// Where they go in a new world.
pub(super) const EMBEDDED_FOLDER: &str = ".sandtable";

/// The sources of the SDK, and the versions that it was tested with.
pub(super) fn embedded() -> Result<Vec<(String, String)>> {
    let place = |(path, text): &(&str, &str)| {
        Ok(match *path {
            // Cargo drops the versions that are not needed.
            "Cargo.lock" => ("Cargo.lock".to_owned(), (*text).to_owned()),
            "Cargo.toml" => (format!("{EMBEDDED_FOLDER}/Cargo.toml"), sdk_workspace(text)?),
            path => (format!("{EMBEDDED_FOLDER}/{path}"), (*text).to_owned()),
        })
    };
    EMBEDDED.iter().map(place).collect()
}

/// A workspace with all that the SDK's packages inherit from this repository's.
fn sdk_workspace(manifest: &str) -> Result<String> {
    let manifest: Table = manifest.parse().context("the embedded workspace is malformed")?;
    let mut workspace = Table::new();
    let members = ["guest-sdk", "guest-sdk/macros"].map(Value::from);
    workspace.insert("members".to_owned(), Value::from(members.to_vec()));
    let inherited = manifest.get("workspace").and_then(Value::as_table);
    for key in ["resolver", "package", "lints", "dependencies"] {
        if let Some(value) = inherited.and_then(|workspace| workspace.get(key)) {
            workspace.insert(key.to_owned(), value.clone());
        }
    }
    let mut whole = Table::new();
    whole.insert("workspace".to_owned(), Value::Table(workspace));
    Ok(format!(
        "# Sources of the SDK and of the WIT contract, as `sandtable new` put them here.\n\n{whole}"
    ))
}
