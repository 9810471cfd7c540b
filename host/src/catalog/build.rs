//! From the mods that a world names to components on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::cargo::{self, Package, Workspace};
use super::{
    Error, MANIFEST_FILE, ModSource, Progress, WORLD_FILE, assets, component, manifest, text,
};
use crate::config::WorldConfig;

/// A mod whose component is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltMod {
    /// The id under which the world knows it.
    pub id: String,
    /// The component's file; of a mod that is text the one in which it begins.
    pub component: PathBuf,
    /// The folder of the cargo package it was built from, if it was; of a mod that is
    /// text its folder.
    pub package: Option<PathBuf>,
    /// Whether it is text, which an engine runs.
    pub is_text: bool,
}

/// Whether a path is that of one mod: a component, a cargo package's folder, or a folder
/// of text. One that holds a world too is a world.
pub fn is_mod(path: &Path) -> bool {
    let is_folder = path.join("Cargo.toml").is_file() || text::is_folder(path);
    let is_wasm = path.extension().is_some_and(|it| it == "wasm");
    is_wasm || (is_folder && !path.join(WORLD_FILE).exists())
}

impl BuiltMod {
    /// Where its manifest would be: in its package, or beside its component
    /// under the same name.
    fn manifest_file(&self) -> PathBuf {
        match &self.package {
            Some(package) => package.join(MANIFEST_FILE),
            None => self.component.with_extension("toml"),
        }
    }

    /// Reads the component and the files it ships with.
    ///
    /// # Errors
    ///
    /// That the component, the manifest or an asset cannot be read, is not what it
    /// should be, or is larger than it may be.
    pub fn read(&self, folder: &Path, config: &WorldConfig) -> Result<ModSource, Error> {
        let own = self.package.iter().map(|package| package.join("assets"));
        let given = config.mods.get(&self.id).and_then(|settings| settings.assets.as_ref());
        let folders: Vec<PathBuf> = own
            .filter(|folder| folder.is_dir())
            .chain(given.map(|assets| folder.join(assets)))
            .collect();
        let manifest = manifest::load(&self.manifest_file(), &self.id)?;
        let mut assets = assets::collect(&folders)?;
        let engine = manifest.as_ref().filter(|manifest| manifest.engine.is_some());
        let component = match (engine, self.package.as_ref().filter(|_| self.is_text)) {
            (Some(manifest), Some(folder)) => {
                assets.extend(text::read(folder, manifest)?);
                text::component()?
            }
            (None, None) => component::read(&self.component)?,
            (Some(_), None) => {
                let what = format!(
                    "{} names an engine, and there is code beside it: take `engine` out of it, or \
                     the code away",
                    self.manifest_file().display()
                );
                return Err(Error::Mod { id: self.id.clone(), what });
            }
            (None, Some(folder)) => return Err(no_source(&self.id, folder)),
        };
        Ok(ModSource {
            id: self.id.clone(),
            component,
            assets,
            manifest,
            source: self.package.as_ref().unwrap_or(&self.component).display().to_string(),
        })
    }
}

/// Builds the mods of a world whose file lies in `folder`, ordered by id.
/// Packages of one cargo workspace are built in one go.
///
/// # Errors
///
/// That a mod is not there, or that cargo could not build it: what the compiler said
/// was given to `progress`.
pub fn build(
    folder: &Path,
    config: &WorldConfig,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<BuiltMod>, Error> {
    let mods = config.mods.iter().map(|(id, settings)| (id.clone(), folder.join(&settings.path)));
    build_all(mods.collect(), progress)
}

/// Builds the mod in one cargo package's folder, or takes the folder of text or the
/// `.wasm` file at `path`. Its id is that of the folder or file.
///
/// # Errors
///
/// As [`build`].
pub fn build_one(path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<BuiltMod, Error> {
    let name = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let id = name.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let mut built = build_all(vec![(id.clone(), path.to_path_buf())], progress)?;
    built.pop().ok_or_else(|| Error::Mod { id, what: "was not built: try again".to_owned() })
}

/// Packages of one workspace that are to be built, each with its place among
/// the mods.
struct Batch {
    workspace: Workspace,
    wanted: Vec<(usize, Package)>,
}

fn build_all(
    mods: Vec<(String, PathBuf)>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<BuiltMod>, Error> {
    let mut built: BTreeMap<usize, BuiltMod> = BTreeMap::new();
    let mut batches: Vec<Batch> = Vec::new();
    for (at, (id, path)) in mods.iter().enumerate() {
        if text::is_folder(path) {
            // What is wrong with it is said when it is read.
            let manifest = manifest::load(&path.join(MANIFEST_FILE), id)?;
            let component = path.join(manifest.as_ref().map_or(MANIFEST_FILE, text::main_of));
            let (id, package) = (id.clone(), Some(path.clone()));
            built.insert(at, BuiltMod { id, component, package, is_text: true });
        } else if path.is_dir() {
            let manifest = package(id, path)?;
            let (batch, package) = find(id, &manifest, &mut batches, progress)?;
            batches[batch].wanted.push((at, package));
        } else {
            let component = path.clone();
            let (id, package) = (id.clone(), None);
            built.insert(at, BuiltMod { id, component, package, is_text: false });
        }
    }
    for batch in &batches {
        let root = &batch.workspace.root;
        cargo::ensure_target(root, progress)?;
        let packages: Vec<&Package> = batch.wanted.iter().map(|(_, package)| package).collect();
        let components = cargo::build(root, &packages, progress)?;
        for ((at, package), component) in batch.wanted.iter().zip(components) {
            let package = package.manifest_path.parent().map(Path::to_path_buf);
            let id = mods[*at].0.clone();
            built.insert(*at, BuiltMod { id, component, package, is_text: false });
        }
    }
    Ok(built.into_values().collect())
}

/// That a folder is no mod's.
fn no_source(id: &str, folder: &Path) -> Error {
    let what = format!(
        "{} has no Cargo.toml, and no {MANIFEST_FILE} that says `engine = \"js\"`: give a cargo \
         package's folder, a folder with JavaScript or a .wasm file",
        folder.display()
    );
    Error::Mod { id: id.to_owned(), what }
}

/// The package's manifest in a mod's folder, by the name that cargo will call it.
fn package(id: &str, folder: &Path) -> Result<PathBuf, Error> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(no_source(id, folder));
    }
    fs::canonicalize(&manifest).map_err(|cause| Error::Read { path: manifest, cause })
}

/// The batch and the package that a manifest belongs to; a batch is begun when
/// none is of its workspace.
fn find(
    id: &str,
    manifest: &Path,
    batches: &mut Vec<Batch>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(usize, Package), Error> {
    let of_manifest = |batch: &Batch| {
        let is_it = |package: &&Package| {
            fs::canonicalize(&package.manifest_path).is_ok_and(|path| path == manifest)
        };
        batch.workspace.packages.iter().find(is_it).cloned()
    };
    let known = batches.iter().enumerate().find_map(|(at, it)| Some((at, of_manifest(it)?)));
    let (at, package) = match known {
        Some(known) => known,
        None => {
            let workspace = Workspace::of(manifest, progress)?;
            let batch = Batch { workspace, wanted: Vec::new() };
            let Some(package) = of_manifest(&batch) else {
                let names: Vec<_> =
                    batch.workspace.packages.iter().map(|it| it.name.as_str()).collect();
                let what = format!(
                    "{} is a workspace and no package: give the folder of one of its members ({})",
                    manifest.display(),
                    names.join(", ")
                );
                return Err(Error::Mod { id: id.to_owned(), what });
            };
            batches.push(batch);
            (batches.len() - 1, package)
        }
    };
    if !package.is_guest() {
        let what = format!(
            "{} makes no component: add `[lib]` with `crate-type = [\"cdylib\"]` to it",
            manifest.display()
        );
        return Err(Error::Mod { id: id.to_owned(), what });
    }
    Ok((at, package))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::build_mods;

    const PACKAGE: &str = "[package]\nname = 'NAME'\nversion = '0.1.0'\nedition = '2024'\n";
    const CDYLIB: &str = "[lib]\ncrate-type = ['cdylib']\n";

    /// A workspace with a package for each name and source.
    fn workspace(packages: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("Cargo.toml", "[workspace]\nresolver = '3'\nmembers = ['mods/*']\n");
        for (name, kind, source) in packages {
            let manifest = PACKAGE.replace("NAME", name) + kind;
            write(&format!("mods/{name}/Cargo.toml"), &manifest);
            write(&format!("mods/{name}/src/lib.rs"), source);
        }
        folder
    }

    fn world(mods: &[(&str, &str)]) -> WorldConfig {
        let mut text = "[world]\nname = 'w'\n".to_owned();
        for (id, path) in mods {
            text.push_str(&format!("[mods.{id}]\npath = '{path}'\n"));
        }
        toml::from_str(&text).expect("a world")
    }

    #[test]
    fn a_workspace_is_built_once_and_components_are_taken_as_they_are() {
        let source = "#[unsafe(no_mangle)] pub extern \"C\" fn answer() -> u32 { 42 }";
        let folder = workspace(&[("tb-one", CDYLIB, source), ("tb-two", CDYLIB, source)]);
        fs::create_dir(folder.path().join("mods/tb-one/assets")).expect("a folder");
        fs::write(folder.path().join("mods/tb-one/assets/x"), "1").expect("a file");
        let ready = b"\0asm\x0d\0\x01\0";
        fs::write(folder.path().join("ready.wasm"), ready).expect("a file");

        let config = world(&[("b", "mods/tb-one"), ("c", "mods/tb-two"), ("a", "ready.wasm")]);
        let mut finished = 0;
        let mods = build_mods(folder.path(), &config, &mut |progress| {
            finished += usize::from(
                matches!(progress, Progress::Status(line) if line.trim().starts_with("Finished")),
            );
        })
        .expect("mods");
        assert_eq!(finished, 1);
        assert_eq!(mods.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(mods[0].component, ready);
        assert_eq!(mods[1].assets.get("x").map(Vec::as_slice), Some(&b"1"[..]));
        assert!(mods[2].assets.is_empty());
    }

    #[test]
    fn what_does_not_compile_is_named_and_the_compiler_quoted() {
        let folder =
            workspace(&[("tb-good", CDYLIB, ""), ("tb-bad", CDYLIB, "fn f() -> u32 { 'a' }")]);
        let config = world(&[("a", "mods/tb-good"), ("b", "mods/tb-bad")]);
        let mut diagnostics = String::new();
        let error = build(folder.path(), &config, &mut |progress| {
            if let Progress::Diagnostic(text) = progress {
                diagnostics.push_str(text);
            }
        })
        .expect_err("a mistake");
        assert_eq!(error.to_string(), "cargo could not build tb-bad; its messages stand above");
        assert!(diagnostics.contains("mismatched types"), "{diagnostics}");
        let Error::Build { output, .. } = error else { panic!("{error:?}") };
        assert!(output.contains("mismatched types"), "{output}");
    }

    #[test]
    fn folders_that_are_no_mod_are_told_apart() {
        let folder = workspace(&[("tb-plain", "", "")]);
        let check = |path: &str, expected: &str| {
            let config = world(&[("a", path)]);
            let error = build(folder.path(), &config, &mut |_| {}).expect_err(path);
            let root = fs::canonicalize(folder.path()).expect("a path");
            let told = error.to_string().replace(&root.display().to_string(), "ROOT");
            let told = told.replace(&folder.path().display().to_string(), "ROOT");
            assert_eq!(told, expected);
        };
        check(
            "mods",
            "mod `a`: ROOT/mods has no Cargo.toml, and no mod.toml that says `engine = \"js\"`: give \
             a cargo package's folder, a folder with JavaScript or a .wasm file",
        );
        check(
            ".",
            "mod `a`: ROOT/Cargo.toml is a workspace and no package: give the folder of one of its \
             members (tb-plain)",
        );
        check(
            "mods/tb-plain",
            "mod `a`: ROOT/mods/tb-plain/Cargo.toml makes no component: add `[lib]` with \
             `crate-type = [\"cdylib\"]` to it",
        );
    }
}
