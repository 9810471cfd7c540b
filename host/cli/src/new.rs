//! `sandtable new`: a world with one mod, to start from; or one more mod.
//!
//! Owns the layout and the names. The mods and the texts are in `template/`.

mod embedded;
mod language;
mod one_more;
mod texts;

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use toml::Value;

use super::screen::answer;
use super::text::{shell, visible};
use embedded::embedded;
use language::Language;
use texts::{fill, id_from, write_all};

const DESCRIPTION: &str = "Walkers, and the wind that blows them about.";
/// Make a world with one mod that builds and runs at once; or one more mod in it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable new islands
  sandtable new islands --lang js
  sandtable new islands --mod weather
  sandtable new --mod weather               in the folder of the world")]
pub struct Arguments {
    /// The folder to make the world in: new, or empty; with --mod the world that
    /// is there, else this folder
    #[arg(required_unless_present = "mod_id")]
    folder: Option<PathBuf>,
    /// Make a mod of this id in the world, and let it take part
    #[arg(long = "mod", value_name = "ID")]
    mod_id: Option<String>,
    /// What the mod is written in
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
}

/// Makes the world or the mod, and says what to do next.
pub fn run(arguments: Arguments) -> Result<()> {
    let folder = arguments.folder.unwrap_or_else(|| PathBuf::from("."));
    let language = arguments.lang;
    let Some(id) = arguments.mod_id else {
        let name = make(&folder, language)?;
        return Ok(answer(&next_steps(&folder, &name, language, &program()))?);
    };
    let source = one_more::make(&folder, &id, language)?;
    let (source, world) = (source.display(), shell(&folder));
    let program = program();
    Ok(answer(&format!(
        "mod {id} takes part in the world. It is in {source}.

  {program} test {world}                         its scenarios
  {program} dev {world} --save <file>            takes over what you write, while it runs"
    ))?)
}

/// Writes the files; returns the world's name.
fn make(folder: &Path, language: Language) -> Result<String> {
    check_is_free(folder)?;
    let name = name_of(folder)?;
    write_all(folder, &files(&name, language)?)?;
    Ok(name)
}

fn next_steps(folder: &Path, name: &str, language: Language, program: &str) -> String {
    let id = id_from(name);
    let enter =
        if folder == Path::new(".") { String::new() } else { format!("  cd {}\n", shell(folder)) };
    format!(
        "{} is ready. Next:

{enter}  {program} run . --save {id}.db --ticks 1000
  {program} send {id}.db {id}/Gust '{{\"x\": 5.0, \"y\": 0.0}}'
  {program} dev . --save {id}.db

`dev` runs on and takes over what you write, while it runs. The mod is in
{}.",
        visible(name),
        folder.join("mods").join(&id).join(language.source()).display()
    )
}

/// How to call this program again, also from another folder.
fn program() -> String {
    let called = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    match env::current_exe() {
        Ok(full) if called.components().count() > 1 => shell(&full),
        _ => "sandtable".to_owned(),
    }
}

fn check_is_free(folder: &Path) -> Result<()> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => {
            Err(error).with_context(|| format!("{} cannot be a new world", folder.display()))
        }
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => bail!(
                "{} is not empty: give a folder that is, or one that is not there yet",
                folder.display()
            ),
        },
    }
}

fn name_of(folder: &Path) -> Result<String> {
    let full = fs::canonicalize(folder)
        .or_else(|_| std::path::absolute(folder))
        .with_context(|| format!("{} is no path", folder.display()))?;
    let name = full.file_name().ok_or_else(|| {
        anyhow!("{} has no name to call the world by: give another folder", folder.display())
    })?;
    Ok(name.to_string_lossy().into_owned())
}

/// Every file of a new world, by its path in it.
fn files(name: &str, language: Language) -> Result<Vec<(String, String)>> {
    let id = id_from(name);
    let title = Value::String(name.to_owned()).to_string();
    let fill = |text: &str| {
        fill(text, &id, DESCRIPTION).replace("{{name}}", name).replace("{{title}}", &title)
    };
    let mut files: Vec<(String, String)> =
        language.world().iter().map(|(path, text)| (fill(path), fill(text))).collect();
    if language == Language::Rust {
        files.extend(embedded()?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::Table;

    #[test]
    fn a_world_has_its_files_and_no_placeholder() {
        let files = files("It's \"a\" world", Language::Rust).expect("files");
        let paths: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
        let expected = [
            "world.toml",
            "Cargo.toml",
            "README.md",
            ".gitignore",
            "mods/itsaworld/Cargo.toml",
            "mods/itsaworld/mod.toml",
            "mods/itsaworld/scenarios/walkers.toml",
            "mods/itsaworld/src/lib.rs",
            "Cargo.lock",
            ".sandtable/Cargo.toml",
            ".sandtable/guest-sdk/Cargo.toml",
            ".sandtable/guest-sdk/src/lib.rs",
            ".sandtable/guest-sdk/macros/Cargo.toml",
            ".sandtable/guest-sdk/macros/src/lib.rs",
            ".sandtable/wit/since_v0.2.0/types.wit",
        ];
        for path in expected {
            assert!(paths.contains(&path), "{path} is missing in {paths:?}");
        }
        assert!(!paths.iter().any(|path| path.contains("tests/")), "{paths:?}");
        let of_older = |path: &&str| path.contains("/wit/") && !path.contains("/since_v0.2.0/");
        assert!(!paths.iter().any(of_older), "{paths:?}");
        for (path, text) in &files[..Language::Rust.world().len()] {
            assert!(!text.contains("{{"), "{path}: {text}");
        }
    }

    #[test]
    fn the_world_file_and_the_manifests_are_toml() {
        let of = |language| files("It's \"a\" world", language).expect("files");
        for (path, text) in of(Language::Rust).into_iter().chain(of(Language::Js)) {
            if path.ends_with(".toml") {
                let parsed: Result<Table, _> = text.parse();
                assert!(parsed.is_ok(), "{path}: {parsed:?}");
            }
        }
    }

    #[test]
    fn next_steps_survive_a_shell() {
        let told = next_steps(Path::new("my worlds/one"), "one", Language::Rust, "sandtable");
        assert!(
            told.contains("\n  cd 'my worlds/one'\n  sandtable run . --save one.db "),
            "{told}"
        );
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_path_buf();
        make(&path, Language::Js).expect("an empty folder is fine");
        let told = make(&path, Language::Rust).expect_err("not empty").to_string();
        assert!(told.starts_with(&format!("{} is not empty: ", path.display())), "{told}");
        sandtable::catalog::load(&path).expect("the world is good");
    }
}
