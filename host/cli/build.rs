//! Embeds the sources of the SDK and of the WIT contract that it speaks, for `sandtable new`:
//! a new world builds with nothing but the crate registry at hand.
//!
//! Writes `embedded.rs`: pairs of a path within the repository and the text.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What is embedded besides the contract, as seen from the repository's root.
const ROOTS: [&str; 3] = ["Cargo.lock", "Cargo.toml", "guest-sdk"];
/// Folders that only matter to those who work on the SDK itself.
const LEFT_OUT: [&str; 3] = ["benches", "target", "tests"];

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = manifest_dir.ancestors().nth(2).ok_or("the package is not in the repository")?;
    let mut files = Vec::new();
    println!("cargo::rerun-if-changed={}", root.join("wit").display());
    let contract = newest_contract(&root.join("wit"))?;
    for name in ROOTS.into_iter().chain([contract.as_str()]) {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
        collect(&root.join(name), name, &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (name, path) in files {
        writeln!(list, "    ({name:?}, include_str!({path:?})),")?;
    }
    list.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("embedded.rs"), list)?;
    Ok(())
}

/// The directory of the newest version of the contract, the one that the SDK
/// speaks.
fn newest_contract(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string().map_err(|_| "a name is not UTF-8")?;
        if let Some(version) = name.strip_prefix("since_v") {
            let numbers = version.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
            versions.push((numbers, format!("wit/{name}")));
        }
    }
    Ok(versions.into_iter().max().ok_or("there is no version of the contract")?.1)
}

fn collect(
    path: &Path,
    name: &str,
    files: &mut Vec<(String, String)>,
) -> Result<(), Box<dyn Error>> {
    if path.is_file() {
        let text = path.to_str().ok_or("the repository's path is not UTF-8")?;
        files.push((name.to_owned(), text.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))? {
        let entry = entry?;
        let inner = entry.file_name().into_string().map_err(|_| "a name is not UTF-8")?;
        if !inner.starts_with('.') && !LEFT_OUT.contains(&inner.as_str()) {
            collect(&entry.path(), &format!("{name}/{inner}"), files)?;
        }
    }
    Ok(())
}
