//! `sandtable new --mod`: one more mod in a world that is there.
//!
//! The package is written first and the world file last, so that a world never
//! names a mod that is not there. What people wrote into the world file and the
//! workspace stays as it is, comments and all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sandtable::catalog::{self, is_mod_id};
use toml_edit::{DocumentMut, Item, Table, value};

use super::embedded::{EMBEDDED_FOLDER, embedded};
use super::language::Language;
use super::texts::{fill, id_from, write_all};

const DESCRIPTION: &str = "What it is about.";
const WORKSPACE: &str = "Cargo.toml";

/// Makes the mod in the world that lies in a folder. Gives where its source is.
pub fn make(world: &Path, id: &str, language: Language) -> Result<PathBuf> {
    if !is_mod_id(id) {
        bail!(
            "`{id}` is no mod id: use lower-case letters and digits, a letter first, as in `{}`",
            id_from(id)
        );
    }
    let file = catalog::world_file(world);
    let folder = file.parent().unwrap_or(world).to_path_buf();
    // What is wrong with it is said before anything is written.
    let config = catalog::load(&file)?.config;
    if config.mods.contains_key(id) {
        bail!("{} has a mod `{id}` already: give another name", file.display());
    }
    let package = folder.join("mods").join(id);
    if package.exists() {
        bail!("{} is already there: give another name, or move it away", package.display());
    }
    let mut changed = vec![(file, add_mod as Change)];
    if language == Language::Rust {
        changed.push((folder.join(WORKSPACE), add_member as Change));
    }
    let changed = changed
        .into_iter()
        .map(|(file, change)| edited(&file, id, change).map(|text| (file, text)))
        .collect::<Result<Vec<_>>>()?;
    let lacks = |(path, _): &&(&str, &str)| !folder.join(path).exists();
    let mut files: Vec<(String, String)> = language
        .one_more()
        .iter()
        .chain(language.beside().iter().filter(lacks))
        .map(|(path, text)| (fill(path, id, DESCRIPTION), fill(text, id, DESCRIPTION)))
        .collect();
    let sdk = Path::new(EMBEDDED_FOLDER).join("guest-sdk");
    if language == Language::Rust && !folder.join(sdk).exists() {
        files.extend(embedded()?);
    }
    write_all(&folder, &files)?;
    for (file, text) in changed.into_iter().rev() {
        fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(package.join(language.source()))
}

/// A change of a document for a mod of this id. The error is a sentence's end.
type Change = fn(&mut DocumentMut, &str) -> Result<(), &'static str>;

fn edited(file: &Path, id: &str, change: Change) -> Result<String> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            include_str!("template/workspace.toml").to_owned()
        }
        read => read.with_context(|| format!("{} cannot be read", file.display()))?,
    };
    let parsed = text.parse::<DocumentMut>();
    let mut document = parsed.with_context(|| format!("{} is not TOML", file.display()))?;
    match change(&mut document, id) {
        Ok(()) => Ok(document.to_string()),
        Err(why) => bail!("{} {why}", file.display()),
    }
}

fn add_mod(world: &mut DocumentMut, id: &str) -> Result<(), &'static str> {
    let mut settings = Table::new();
    settings.insert("path", value(format!("mods/{id}")));
    settings.decor_mut().set_prefix("\n");
    let mods = world.entry("mods").or_insert_with(|| {
        let mut mods = Table::new();
        mods.set_implicit(true);
        Item::Table(mods)
    });
    let mods = mods.as_table_mut().ok_or("has `mods` in one line: write it as `[mods.<id>]`")?;
    mods.insert(id, Item::Table(settings));
    Ok(())
}

fn add_member(workspace: &mut DocumentMut, id: &str) -> Result<(), &'static str> {
    let members = workspace
        .get_mut("workspace")
        .and_then(|workspace| workspace.get_mut("members"))
        .and_then(Item::as_array_mut)
        .ok_or("is no workspace with `members`, which a mod in it needs: make it one")?;
    let own = format!("mods/{id}");
    let has = |member: &str| member == "mods/*" || member == own;
    if !members.iter().filter_map(|member| member.as_str()).any(has) {
        members.push(own);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let world = "# Ours.\n[world]\nname = \"w\" # short\n\n[mods.old] # the first\n\
                     path = \"old.wasm\"\n\n[[summary]]\ntitle = \"t\"\nsql = \"SELECT 1\"\n";
        fs::write(folder.path().join("world.toml"), world).expect("written");
        fs::write(folder.path().join("old.wasm"), "").expect("written");
        let workspace = "# Ours too.\n[workspace]\nmembers = [\"tools\"]\n";
        fs::write(folder.path().join("Cargo.toml"), workspace).expect("written");
        let source = make(folder.path(), "weather", Language::Rust).expect("made");
        assert!(fs::read_to_string(source).expect("there").contains("id: \"weather\""));
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("there");
        assert_eq!(
            read("world.toml"),
            world
                .replace("old.wasm\"\n", "old.wasm\"\n\n[mods.weather]\npath = \"mods/weather\"\n")
        );
        assert_eq!(
            read("Cargo.toml"),
            workspace.replace("\"tools\"", "\"tools\", \"mods/weather\"")
        );
        assert!(folder.path().join(".sandtable/guest-sdk/Cargo.toml").is_file());
        let manifest = read("mods/weather/mod.toml");
        assert!(!manifest.contains("{{"), "{manifest}");
    }

    #[test]
    fn what_cannot_be_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = |id: &str| make(folder.path(), id, Language::Rust).expect_err(id).to_string();
        assert!(refused("weather").contains("world.toml"), "there is no world");
        fs::write(folder.path().join("world.toml"), "[world]\nname = \"w\"\n").expect("written");
        assert!(refused("My Weather").ends_with("as in `myweather`"));
        let workspace = folder.path().join("Cargo.toml");
        fs::write(&workspace, "[package]\nname = \"p\"\n").expect("written");
        assert!(refused("weather").contains("Cargo.toml is no workspace with `members`"));
        assert!(!folder.path().join("mods").exists());
        fs::remove_file(workspace).expect("removed");
        make(folder.path(), "weather", Language::Rust).expect("made");
        assert!(refused("weather").contains("has a mod `weather` already"));
    }
}
