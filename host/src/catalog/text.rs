//! Mods that are text: a folder with `engine` in its `mod.toml`, run by an engine that
//! lies in this program. Nothing is built: the engine is the component, the same for
//! every such mod, and the text lies among the assets.
//!
//! Names of what is not the mod's own to ask for start with a dot, which no file of the
//! folder `assets` does: so the two cannot be mistaken for each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Error, MANIFEST_FILE, assets, core_module};
use crate::manifest::Manifest;
use crate::save::StoredMod;

/// What the names of assets start with that are the mod's text.
const TEXT: &str = ".js/";
/// The asset in which the engine reads what the mod is called, and where it begins.
const ABOUT: &str = ".js/.mod";
/// Where a mod begins that does not say so.
const MAIN: &str = "mod.js";
/// The most bytes of text that a mod may have: all of it is read in each call.
const TEXT_MAX_BYTES: u64 = 4 << 20;
/// The folder with files for the mod to ask for.
const ASSETS: &str = "assets";
/// Folders that are none of its text, wherever they lie.
const LEFT_OUT: &str = "node_modules";
/// The folder with changes of the mod's tables.
const MIGRATIONS: &str = "migrations";

static PACKED: &[u8] = include_bytes!("../../engines/js/engine.wasm.zst");

/// Whether an asset of this name is text that the mod is made of.
pub(crate) fn is_text(asset: &str) -> bool {
    asset.starts_with(TEXT)
}

/// What the text of an asset is called where it was written, if it is text.
pub(crate) fn shown(asset: &str) -> Option<&str> {
    match asset {
        ABOUT => Some(MANIFEST_FILE),
        asset => asset.strip_prefix(TEXT),
    }
}

/// Whether two mods run the same code: the same component, and the same text where that is
/// an engine.
pub(crate) fn has_same_code(one: &StoredMod, other: &StoredMod) -> bool {
    fn text(of: &StoredMod) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        of.assets.iter().filter(|(name, _)| is_text(name))
    }
    one.hash == other.hash && text(one).eq(text(other))
}

/// Whether a folder holds a mod that is text: it has a manifest, and nothing to build.
pub(super) fn is_folder(path: &Path) -> bool {
    path.join(MANIFEST_FILE).is_file() && !path.join("Cargo.toml").exists()
}

/// The file in which a mod's text begins.
pub(super) fn main_of(manifest: &Manifest) -> &str {
    manifest.main.as_deref().unwrap_or(MAIN)
}

/// The component that runs the text of every mod.
///
/// # Errors
///
/// That this program was built with an engine that is none.
pub(super) fn component() -> Result<Vec<u8>, Error> {
    static COMPONENT: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    let unpacked = || {
        let module = zstd::decode_all(PACKED).map_err(|error| error.to_string())?;
        core_module::wrap(&module)
    };
    COMPONENT.get_or_init(unpacked).clone().map_err(|what| Error::Toolchain {
        what: format!("the engine of mods in JavaScript {what}: install sandtable again"),
    })
}

/// The text of the mod in a folder, as assets by name.
///
/// # Errors
///
/// That the folder or a file cannot be read, or that the file is not there in which the
/// text is to begin.
pub(super) fn read(folder: &Path, manifest: &Manifest) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let files = files(folder)?;
    let main = main_of(manifest);
    let refused = |what: String| Error::Mod { id: manifest.id.clone(), what };
    if !files.contains_key(main) {
        let path = folder.join(main);
        return Err(refused(format!(
            "{} is not there: write it, or name the file to begin with as `main` in {MANIFEST_FILE}",
            path.display()
        )));
    }
    let mut bytes = 0;
    for path in files.values() {
        let about = fs::metadata(path);
        let about = about.map_err(|cause| Error::Read { path: path.clone(), cause })?;
        bytes += about.len();
    }
    if bytes > TEXT_MAX_BYTES {
        return Err(refused(format!(
            "its text has {bytes} bytes, and may have {TEXT_MAX_BYTES}: put data into the folder \
             `{ASSETS}`"
        )));
    }
    let mut text = BTreeMap::new();
    for (name, path) in files {
        let contents = fs::read(&path).map_err(|cause| Error::Read { path, cause })?;
        text.insert(format!("{TEXT}{name}"), contents);
    }
    let version = manifest.version.to_string();
    let about = serde_json::json!({"id": manifest.id, "version": version, "main": main});
    text.insert(ABOUT.to_owned(), about.to_string().into_bytes());
    Ok(text)
}

/// All that a mod in a folder is made of, where it lies: its manifest, its text, and the
/// folder of its assets.
///
/// # Errors
///
/// As [`read`] has them.
pub(super) fn sources(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let around = [MANIFEST_FILE, ASSETS].map(|name| folder.join(name));
    Ok(around.into_iter().chain(files(folder)?.into_values()).collect())
}

fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let mut files = BTreeMap::new();
    walk(folder, "", &mut files)?;
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let unreadable = |cause| Error::Read { path: folder.to_path_buf(), cause };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == LEFT_OUT || (prefix.is_empty() && name == ASSETS) {
            continue;
        }
        let is_migration = prefix == format!("{MIGRATIONS}/") && name.ends_with(".sql");
        let is_text = name.ends_with(".js") || is_migration;
        if !kind.is_dir() && !is_text && !path.is_dir() {
            continue;
        }
        if entry.file_name().to_str().is_none() {
            return assets::refuse(&path, "has a name that is not UTF-8: rename it");
        } else if kind.is_symlink() {
            return assets::refuse(&path, "is a symbolic link: put what it leads to there");
        } else if kind.is_dir() {
            walk(&path, &format!("{prefix}{name}/"), files)?;
        } else if !kind.is_file() {
            return assets::refuse(&path, "is neither a file nor a folder: remove it");
        } else if files.len() == assets::ASSETS_MAX_FILES {
            let most = assets::ASSETS_MAX_FILES;
            let what = format!("is one file more than the {most} of a mod: join some");
            return assets::refuse(&path, what);
        } else {
            files.insert(format!("{prefix}{name}"), path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_lies_beside_assets_under_names_that_no_file_has() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "mod.js",
            "lib/far/a.js",
            "notes.txt",
            "assets/b.js",
            "lib/assets/icons.js",
            "node_modules/c.js",
            ".d.js",
            "migrations/0001_e.sql",
            "other/f.sql",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, name).expect("a file");
        }
        let mut manifest = Manifest::new("m", semver::Version::new(1, 2, 3));
        let text = read(folder.path(), &manifest).expect("text");
        let names: Vec<&str> = text.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                ".js/.mod",
                ".js/lib/assets/icons.js",
                ".js/lib/far/a.js",
                ".js/migrations/0001_e.sql",
                ".js/mod.js",
            ]
        );
        assert_eq!(text[ABOUT], br#"{"id":"m","version":"1.2.3","main":"mod.js"}"#);
        assert!(names.iter().all(|name| is_text(name)) && !is_text("b.js"));
        assert_eq!(
            (shown(".js/lib/far/a.js"), shown(ABOUT)),
            (Some("lib/far/a.js"), Some("mod.toml"))
        );

        manifest.main = Some("lib/far/a.js".to_owned());
        assert!(read(folder.path(), &manifest).is_ok());
        manifest.main = Some("gone.js".to_owned());
        let told = read(folder.path(), &manifest).expect_err("no text").to_string();
        assert!(told.ends_with("gone.js is not there: write it, or name the file to begin with as `main` in mod.toml"), "{told}");
    }

    #[test]
    fn what_is_no_file_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("mod.js"), "").expect("a file");
        let manifest = Manifest::new("m", semver::Version::new(1, 0, 0));
        let told = |folder: &Path| read(folder, &manifest).expect_err("no text").to_string();
        fs::write(folder.path().join("large.js"), vec![b' '; TEXT_MAX_BYTES as usize + 1])
            .expect("a file");
        assert!(told(folder.path()).contains("may have 4194304"), "{}", told(folder.path()));
        fs::remove_file(folder.path().join("large.js")).expect("it is there");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("..", folder.path().join("up")).expect("a link");
            let told = told(folder.path());
            assert!(told.contains("up is a symbolic link"), "{told}");
        }
    }

    #[test]
    fn the_engine_is_a_component() {
        let component = component().expect("an engine");
        assert!(component.starts_with(b"\0asm\x0d\0\x01\0"));
    }
}
