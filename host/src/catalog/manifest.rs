//! `mod.toml`: read and checked, before any of the mod's code runs.

use std::fs;
use std::io;
use std::path::Path;

use super::toml_text::{self, Complaint, Mistake, at, mistake};
use super::world_file::{MOD_ID, check_memory, check_questions};
use super::{Error, is_mod_id};
use crate::finding;
use crate::interface;
use crate::manifest::Manifest;

/// What a mod's manifest is called.
pub const MANIFEST_FILE: &str = "mod.toml";
/// The one engine there is for mods that are text.
const ENGINE: &str = "js";

/// Reads the manifest of the mod that the world knows under an id, if it is
/// there.
pub(super) fn load(file: &Path, id: &str) -> Result<Option<Manifest>, Error> {
    match fs::read_to_string(file) {
        Ok(text) => {
            parse(&text, id).map(Some).map_err(|complaint| toml_text::error(file, &text, complaint))
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::Read { path: file.to_path_buf(), cause }),
    }
}

/// Reads the text of a manifest.
pub(crate) fn parse(text: &str, id: &str) -> Result<Manifest, Complaint> {
    let manifest: Manifest = toml_text::parse(text)?;
    check(&manifest, id).map_err(|mistake| at(text, &mistake))?;
    Ok(manifest)
}

/// Checks what the types of the keys do not say.
fn check(manifest: &Manifest, id: &str) -> Result<(), Mistake> {
    if manifest.id != id {
        let what = format!(
            "is `{}`, but the world file loads the mod as `{id}`: rename one of the two",
            manifest.id
        );
        return mistake(["id"], what);
    }
    let stated = manifest.interface.to_string();
    if !interface::VERSIONS.contains(&stated.as_str()) {
        let what = format!(
            "is {stated}, but this host runs sandtable:guest {}: {}, and say so here",
            interface::supported(),
            interface::remedy(&stated)
        );
        return mistake(["interface"], what);
    }
    check_engine(manifest)?;
    let dependencies = manifest.dependencies.keys().map(|other| ("dependencies", other));
    let incompatible = manifest.incompatible.keys().map(|other| ("incompatible", other));
    for (table, other) in dependencies.chain(incompatible) {
        if !is_mod_id(other) {
            return mistake([table, other], MOD_ID);
        }
        if other == id {
            return mistake([table, other], "is the mod itself: remove it");
        }
    }
    if let Some((key, what)) = manifest.asks.objection(id) {
        return mistake(["asks"].into_iter().chain(key.iter().map(String::as_str)), what);
    }
    check_memory(&["limits"], manifest.limits.memory_max_bytes)?;
    if let Some((key, what)) = finding::objection(&manifest.finding) {
        return mistake(["finding"].into_iter().chain(key.iter().map(String::as_str)), what);
    }
    check_questions(&manifest.question)
}

/// Checks what a manifest says of engines.
fn check_engine(manifest: &Manifest) -> Result<(), Mistake> {
    match (&manifest.engine, &manifest.main) {
        (None, None) => Ok(()),
        (None, Some(_)) => {
            let what = format!("is of mods with an engine: write `engine = \"{ENGINE}\"` too");
            mistake(["main"], what)
        }
        (Some(engine), _) if engine != ENGINE => {
            let what =
                format!("is `{engine}`, and there is none of that name: there is `{ENGINE}`");
            mistake(["engine"], what)
        }
        (Some(_), Some(main)) if !is_inside(main) => {
            let what = format!(
                "is `{main}`, but must be a file in the mod's folder that ends in `.{ENGINE}`"
            );
            mistake(["main"], what)
        }
        (Some(_), _) => Ok(()),
    }
}

fn is_inside(file: &str) -> bool {
    let is_step = |step: &str| !step.is_empty() && !step.starts_with('.');
    file.ends_with(".js") && file.split('/').all(is_step) && !file.contains(['\\', '"', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::place::line_and_column;

    const GOOD: &str = "id = 'economy'\nversion = '1.2.3'\ninterface = '0.1.0'\n";

    fn complaint(text: &str) -> String {
        match parse(text, "economy") {
            Ok(_) => "good".to_owned(),
            Err((offset, what)) => {
                let (line, column) = line_and_column(text, offset);
                format!("{line}:{column}: {what}")
            }
        }
    }

    #[test]
    fn a_manifest_survives_the_save_and_a_pack() {
        let text = format!(
            "{GOOD}description = 'Money.'\nauthors = ['A']\nlicence = 'MIT'\n\
             [dependencies]\ngeography = '1.2'\ndiplomacy = {{ version = '>=1, <3', optional = true }}\n\
             [incompatible]\nbarter = '*'\n\
             [asks]\nread = ['geography/*', 'geography:*']\nwrite = ['diplomacy__debts']\n\
             [limits]\nfuel = 7\n\
             [[question]]\nname = 'rich'\nabout = 'Who has most.'\nsql = 'SELECT :n'\n\
             parameters = [{{ name = 'n', type = 'integer', default = 3 }}]\n\
             [[finding]]\nevent = 'Odd'\nseverity = 'warning'\nabout = 'It is odd.'\n"
        );
        let text = text.replacen("[dependencies]", "dispensable = ['count']\n[dependencies]", 1);
        let manifest = parse(&text, "economy").expect("good");
        assert_eq!((manifest.finding.len(), manifest.dispensable.len()), (1, 1));
        assert!(manifest.dependencies["diplomacy"].optional);
        let json = serde_json::to_string(&manifest).expect("JSON");
        assert_eq!(serde_json::from_str::<Manifest>(&json).expect("read"), manifest);
        let toml = toml::to_string(&manifest).expect("TOML");
        assert_eq!(parse(&toml, "economy").expect("read"), manifest);
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_remedy() {
        let id = MOD_ID;
        for (text, expected) in [
            (String::new(), "1:1: the key `id` is missing at the top level: add it"),
            (
                GOOD.replace("id = 'economy'\n", ""),
                "1:1: the key `id` is missing at the top level: add it",
            ),
            ("id = [".to_owned(), "1:7: this is not TOML: "),
            (
                format!("{GOOD}verison = 'x'\n"),
                "4:1: there is no key `verison` at the top level; the keys are `id`, ",
            ),
            (
                GOOD.replace("economy", "economics"),
                "1:1: `id` is `economics`, but the world file loads the mod as `economy`: rename one of the two",
            ),
            (
                GOOD.replace("'economy'", "7"),
                "1:6: `id` is the integer `7`, but must be a text in quotes",
            ),
            (
                GOOD.replace("1.2.3", "1.2"),
                "2:11: `version` is \"1.2\", which is no version (unexpected end of input while parsing minor version number): write it like `1.2.3`",
            ),
            (
                GOOD.replace("'1.2.3'", "1.2"),
                "2:11: `version` is the floating point `1.2`, but must be a text in quotes",
            ),
            (
                GOOD.replace("0.1.0", "0.9.0"),
                "3:1: `interface` is 0.9.0, but this host runs sandtable:guest 0.1.0 to 0.2.0: update sandtable, or build the mod with an older SDK, and say so here",
            ),
            (
                format!("{GOOD}engine = 'py'\n"),
                "4:1: `engine` is `py`, and there is none of that name: there is `js`",
            ),
            (
                format!("{GOOD}main = 'mod.js'\n"),
                "4:1: `main` is of mods with an engine: write `engine = \"js\"` too",
            ),
            (
                format!("{GOOD}engine = 'js'\nmain = '../x.js'\n"),
                "5:1: `main` is `../x.js`, but must be a file in the mod's folder that ends in `.js`",
            ),
            (
                format!("{GOOD}authors = 'me'\n"),
                "4:11: `authors` is the string \"me\", but must be a list",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = 'new'\n"),
                "5:13: `dependencies.geography` is \"new\", which is no range of versions (",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = 1\n"),
                "5:13: `dependencies.geography` is the integer `1`, but must be a range of versions like `\"1.2\"`",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = {{ optional = true }}\n"),
                "5:13: the key `version` is missing in `dependencies.geography`: add it",
            ),
            (
                format!("{GOOD}[dependencies]\ngeography = {{ version = '1', path = 'x' }}\n"),
                "5:30: there is no key `path` in `dependencies.geography`; the keys are `version`, `optional`",
            ),
            (
                format!("{GOOD}[dependencies]\nGeography = '1'\n"),
                &format!("5:1: `dependencies.Geography` {id}"),
            ),
            (
                format!("{GOOD}[dependencies]\neconomy = '1'\n"),
                "5:1: `dependencies.economy` is the mod itself: remove it",
            ),
            (
                format!("{GOOD}[incompatible]\na_b = '1'\n"),
                &format!("5:1: `incompatible.a_b` {id}"),
            ),
            (
                format!("{GOOD}[incompatible]\nbarter = 'x.y'\n"),
                "5:10: `incompatible.barter` is \"x.y\", which is no range of versions (",
            ),
            (
                format!("{GOOD}[asks]\nread = ['geography']\n"),
                "5:8: `asks.read` is \"geography\", which names nothing of a mod: write a kind like ",
            ),
            (
                format!("{GOOD}[asks]\nread = ['a/B', 'economy/Treasury']\n"),
                "5:16: `asks.read[1]` is `economy/Treasury`, but a mod needs no leave for what is its own: remove it",
            ),
            (
                format!("{GOOD}[asks]\nread = ['a/B']\nwrite = ['a/B']\n"),
                "6:10: `asks.write[0]` is `a/B` a second time, and to write includes to read: remove it",
            ),
            (
                format!("{GOOD}[asks]\nreads = ['a/B']\n"),
                "5:1: there is no key `reads` in `asks`; the keys are `read`, `write`",
            ),
            (
                format!("{GOOD}[limits]\nfule = 7\n"),
                "5:1: there is no key `fule` in `limits`; the keys are `fuel`, ",
            ),
            (
                format!("{GOOD}[limits]\nmemory_max_bytes = 0\n"),
                "5:1: `limits.memory_max_bytes` is 0: give a number from 1 to 1073741824, which is 1 GiB",
            ),
            (
                format!("{GOOD}[[question]]\nname = 'Rich'\nabout = 'x'\nsql = 'SELECT 1'\n"),
                "5:1: `question[0].name` is no name: use lower-case letters",
            ),
            (
                format!("{GOOD}[[question]]\nname = 'rich'\nabout = 'x'\nsql = 'SELECT :n'\n"),
                "7:1: `question[0].sql` has `:n`, and no parameter is called so: declare it",
            ),
            (
                format!(
                    "{GOOD}[[question]]\nname = 'rich'\nabout = 'x'\nsql = 'SELECT :n'\n\
                     parameters = [{{ name = 'n', type = 'tex' }}]\n"
                ),
                "8:36: `question[0].parameters[0].type` is `tex`, which is not known: choose `text`, ",
            ),
            (
                format!("{GOOD}[[finding]]\nevent = 'Odd'\nseverity = 'loud'\nabout = 'x'\n"),
                "6:12: `finding[0].severity` is `loud`, which is not known: choose `critical` or `warning`",
            ),
            (
                format!("{GOOD}[[finding]]\nevent = 'a/Odd'\nseverity = 'warning'\nabout = 'x'\n"),
                "5:1: `finding[0].event` names a mod: findings are events of the mod itself",
            ),
        ] {
            let told = complaint(&text);
            assert!(told.starts_with(expected), "for {text}\n  {told}\nsays {expected}");
        }
        assert_eq!(complaint(GOOD), "good");
    }
}
