//! The files that a mod ships with, under names that are the same everywhere.
//!
//! Files and folders whose name starts with a dot are left out: those belong to
//! editors and file managers. Symbolic links are refused, because what they
//! lead to differs from machine to machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;

/// The most bytes that the assets of one mod may have together.
pub const ASSETS_MAX_BYTES: u64 = 64 << 20;
/// The most files that one mod may ship with.
pub const ASSETS_MAX_FILES: usize = 4096;

/// Reads the files under each folder, by name; those of a later folder replace
/// those of an earlier one.
pub(super) fn collect(folders: &[PathBuf]) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    for folder in folders {
        walk(folder, "", &mut files)?;
    }
    let mut left = ASSETS_MAX_BYTES;
    let mut assets = BTreeMap::new();
    for (name, path) in files {
        let unreadable = |cause| Error::Read { path: path.clone(), cause };
        let size = fs::metadata(&path).map_err(unreadable)?.len();
        let Some(rest) = left.checked_sub(size) else {
            let what = format!(
                "would bring the mod's assets past {} MiB: ship less",
                ASSETS_MAX_BYTES >> 20
            );
            return refuse(&path, what);
        };
        left = rest;
        assets.insert(name, fs::read(&path).map_err(unreadable)?);
    }
    Ok(assets)
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let unreadable = |cause| Error::Read { path: folder.to_path_buf(), cause };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            return refuse(&path, "has a name that is not UTF-8: rename it");
        };
        if name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_symlink() {
            return refuse(&path, "is a symbolic link: put the file itself there");
        } else if kind.is_dir() {
            walk(&path, &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.insert(name, path.clone());
            if files.len() > ASSETS_MAX_FILES {
                let what = format!(
                    "is one file more than the {ASSETS_MAX_FILES} a mod may ship: join some"
                );
                return refuse(&path, what);
            }
        } else {
            return refuse(&path, "is neither a file nor a folder: remove it");
        }
    }
    Ok(())
}

pub(super) fn refuse<T>(path: &Path, what: impl Into<String>) -> Result<T, Error> {
    Err(Error::Asset { path: path.to_path_buf(), what: what.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    #[test]
    fn names_have_slashes_and_a_later_folder_wins() {
        let package = folder_with(&[("b.csv", "1"), ("deep/er/a.txt", "2"), (".hidden/x", "3")]);
        let world = folder_with(&[("b.csv", "4"), ("c", "5")]);
        let folders = [package.path().to_path_buf(), world.path().to_path_buf()];
        let assets = collect(&folders).expect("assets");
        let found: Vec<_> =
            assets.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        assert_eq!(found, [("b.csv", &b"4"[..]), ("c", b"5"), ("deep/er/a.txt", b"2")]);
    }

    #[test]
    fn too_many_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        for at in 0..=ASSETS_MAX_FILES {
            fs::write(folder.path().join(at.to_string()), "").expect("a file");
        }
        let told = collect(&[folder.path().to_path_buf()]).expect_err("too many").to_string();
        assert!(
            told.ends_with("is one file more than the 4096 a mod may ship: join some"),
            "{told}"
        );
    }

    #[test]
    fn too_many_bytes_are_refused_before_they_are_read() {
        let folder = folder_with(&[("a", "x")]);
        let large = fs::File::create(folder.path().join("b")).expect("a file");
        large.set_len(ASSETS_MAX_BYTES).expect("a sparse file");
        let told = collect(&[folder.path().to_path_buf()]).expect_err("too large").to_string();
        assert!(told.ends_with("b would bring the mod's assets past 64 MiB: ship less"), "{told}");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_names_that_are_not_text_are_refused() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let folder = folder_with(&[("a", "x")]);
        std::os::unix::fs::symlink("a", folder.path().join("link")).expect("a link");
        let told = collect(&[folder.path().to_path_buf()]).expect_err("a link").to_string();
        assert!(told.ends_with("link is a symbolic link: put the file itself there"), "{told}");

        let folder = folder_with(&[]);
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff")), "").expect("a file");
        let told = collect(&[folder.path().to_path_buf()]).expect_err("a name").to_string();
        assert!(told.ends_with("has a name that is not UTF-8: rename it"), "{told}");
    }
}
