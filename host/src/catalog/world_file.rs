//! `world.toml`: found, read, and checked, with every mistake given as a place
//! and one sentence.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::toml_text::{self, Complaint, Mistake, at, mistake};
use super::{Error, WORLD_FILE, is_mod_id};
use crate::config::{NatsSettings, WorldConfig};
use crate::pack;
use crate::question::{self, NamedQuestion};
use crate::save;

/// The most rows that a shard may have.
pub const SHARD_ROWS_MAX: usize = 65_536;

const MEMORY_MAX_BYTES: u64 = 1 << 30;

/// What is said of a key that should be a mod id.
pub(super) const MOD_ID: &str = "is no mod id: use lower-case letters and digits, a letter first, \
                                 and not `st`, `sqlite` or `sandtable`";

/// A world file that was read and found good.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldFile {
    /// The file.
    pub file: PathBuf,
    /// The folder it lies in, to which its paths are relative.
    pub folder: PathBuf,
    /// What it says of the world.
    pub config: WorldConfig,
    /// What it says of the NATS server that the world is run with.
    pub nats: NatsSettings,
}

/// The world file that a path means: itself, or the one in that folder.
pub fn world_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(WORLD_FILE) } else { path.to_path_buf() }
}

/// Reads and checks the world file at `path`, which may also be its folder.
///
/// # Errors
///
/// That the file cannot be read, or is no world file: with the line and column of the
/// first mistake.
pub fn load(path: &Path) -> Result<WorldFile, Error> {
    let file = world_file(path);
    let text = fs::read_to_string(&file).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => Error::NoWorld { path: file.clone() },
        io::ErrorKind::InvalidData if save::is_save(&file) => Error::IsSave { path: file.clone() },
        _ => Error::Read { path: file.clone(), cause },
    })?;
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    match parse(&text).and_then(|config| {
        check_paths(&folder, &config).map_err(|mistake| at(&text, &mistake))?;
        Ok(config)
    }) {
        Ok(mut config) => {
            let nats = std::mem::take(&mut config.nats).within(&folder);
            Ok(WorldFile { file, folder, config, nats })
        }
        Err(complaint) => Err(toml_text::error(&file, &text, complaint)),
    }
}

/// Checks what the types of the settings do not say.
///
/// # Errors
///
/// The first mistake, with the key that it is in.
pub fn check(config: &WorldConfig) -> Result<(), Mistake> {
    let world = &config.world;
    if world.name.trim().is_empty() {
        return mistake(["world", "name"], "is empty: give the world a name");
    }
    if !world.dt_seconds.is_finite() || world.dt_seconds <= 0.0 {
        let what = format!(
            "is {}, but a tick needs a length: give a finite number of seconds above zero",
            world.dt_seconds
        );
        return mistake(["world", "dt_seconds"], what);
    }
    if !(1..=SHARD_ROWS_MAX).contains(&world.shard_rows) {
        let what = format!("is {}: give a number from 1 to {SHARD_ROWS_MAX}", world.shard_rows);
        return mistake(["world", "shard_rows"], what);
    }
    check_memory(&["limits"], Some(config.limits.memory_max_bytes))?;
    for (id, settings) in &config.mods {
        if !is_mod_id(id) {
            return mistake(["mods", id], MOD_ID);
        }
        if settings.path.as_os_str().is_empty() {
            let what = "is empty: give a cargo package's folder or a .wasm file";
            return mistake(["mods", id, "path"], what);
        }
        check_memory(&["mods", id, "limits"], settings.limits.memory_max_bytes)?;
        if let Some((key, what)) = settings.grants.objection(id) {
            let key = key.iter().map(String::as_str);
            return mistake(["mods", id, "grants"].into_iter().chain(key), what);
        }
    }
    for id in config.removed.keys() {
        if !is_mod_id(id) {
            return mistake(["removed", id], MOD_ID);
        }
        if config.mods.contains_key(id) {
            let what = "takes part in the world: say only of a mod that does not what becomes of \
                         its tables";
            return mistake(["removed", id], what);
        }
    }
    for (at, key) in config.trust.keys.iter().enumerate() {
        if let Err(what) = pack::public_key(key) {
            return mistake(["trust", "keys", &at.to_string()], what);
        }
    }
    if let Some((key, what)) = config.nats.objection() {
        return mistake(["nats", key], what);
    }
    if let Some((key, what)) = config.outbox.objection() {
        return mistake(["outbox"].into_iter().chain(key.split('.')), what);
    }
    for (table, queries) in [("summary", &config.summary), ("chart", &config.chart)] {
        if let Some(at) = queries.iter().position(|query| query.sql.trim().is_empty()) {
            let what = "is empty: give a SELECT, as for `sandtable sql`";
            return mistake([table, &at.to_string(), "sql"], what);
        }
    }
    check_questions(&config.question)
}

/// Checks questions, in a world file or a manifest.
pub(super) fn check_questions(questions: &[NamedQuestion]) -> Result<(), Mistake> {
    if let Some((key, what)) = question::objection(questions) {
        return mistake(["question"].into_iter().chain(key.iter().map(String::as_str)), what);
    }
    for (at, question) in questions.iter().enumerate() {
        if let Some(what) = save::objection_to_select(question) {
            return mistake(["question", &at.to_string(), "sql"], what);
        }
    }
    Ok(())
}

pub(super) fn check_memory(table: &[&str], bytes: Option<u64>) -> Result<(), Mistake> {
    match bytes {
        Some(bytes) if bytes == 0 || bytes > MEMORY_MAX_BYTES => {
            let what =
                format!("is {bytes}: give a number from 1 to {MEMORY_MAX_BYTES}, which is 1 GiB");
            mistake(table.iter().copied().chain(["memory_max_bytes"]), what)
        }
        _ => Ok(()),
    }
}

fn check_paths(folder: &Path, config: &WorldConfig) -> Result<(), Mistake> {
    for (id, settings) in &config.mods {
        let path = folder.join(&settings.path);
        if !path.exists() {
            let what = format!(
                "leads to {}, which is not there: give a cargo package's folder or a .wasm file, \
                 relative to the world file",
                path.display()
            );
            return mistake(["mods", id, "path"], what);
        }
        if let Some(assets) = &settings.assets {
            let path = folder.join(assets);
            if !path.is_dir() {
                let what = format!(
                    "leads to {}, which is no folder: give one, relative to the world file, or \
                     remove the key",
                    path.display()
                );
                return mistake(["mods", id, "assets"], what);
            }
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<WorldConfig, Complaint> {
    check_durability(text).map_err(|mistake| at(text, &mistake))?;
    let config: WorldConfig = toml_text::parse(text)?;
    check(&config).map_err(|mistake| at(text, &mistake))?;
    Ok(config)
}

/// Serde lets a mode without settings have any, and cannot say which setting of
/// another mode is wrong.
fn check_durability(text: &str) -> Result<(), Mistake> {
    let Ok(root) = DeTable::parse(text) else { return Ok(()) };
    let Some(DeValue::Table(table)) = root.get_ref().get("durability").map(|it| it.get_ref())
    else {
        return Ok(());
    };
    let Some(DeValue::String(mode)) = table.get("mode").map(|it| it.get_ref()) else {
        return Ok(());
    };
    let setting = match mode.as_ref() {
        "every-tick" => None,
        "sync-every-ticks" | "commit-every-ticks" => Some("ticks"),
        "sync-every-millis" => Some("millis"),
        _ => return Ok(()),
    };
    for (key, value) in table {
        let key: &str = key.get_ref();
        if key == "mode" {
            continue;
        }
        if Some(key) != setting {
            let known = setting.map_or("no other key".to_owned(), |name| format!("only `{name}`"));
            return mistake(
                ["durability", key],
                format!("is no key of the mode `{mode}`, which has {known}: remove it"),
            );
        }
        if !matches!(value.get_ref(), DeValue::Integer(_)) {
            return mistake(["durability", key], "must be a whole number from 0 up");
        }
    }
    match setting {
        Some(name) if !table.contains_key(name) => {
            mistake(["durability", name], format!("is missing: the mode `{mode}` needs it"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::place::line_and_column;

    fn complaint(text: &str) -> String {
        match parse(text) {
            Ok(_) => "good".to_owned(),
            Err((offset, what)) => {
                let (line, column) = line_and_column(text, offset);
                format!("{line}:{column}: {what}")
            }
        }
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(complaint(text), expected, "for {text:?}");
    }

    #[test]
    fn a_small_world_is_good() {
        check("[world]\nname = 'w'\n", "good");
        check(
            "[world]\nname = 'w'\n[durability]\nmode = 'sync-every-ticks'\nticks = 3\n\
             [mods.a]\npath = 'a'\nlimits.fuel = 0\n",
            "good",
        );
    }

    #[test]
    fn malformed_text_is_told_by_place() {
        check("[world\nname = 'w'\n", "1:7: this is not TOML: unclosed table, expected `]`");
        check(
            "[world]\nname = 'ä\n",
            "2:10: this is not TOML: invalid literal string, expected `'`",
        );
        check(
            "[world]\nname = 'w'\nname = 'x'\n",
            "3:1: the key stands here a second time: remove one of the two",
        );
    }

    #[test]
    fn keys_that_are_unknown_or_missing_are_told_with_those_that_there_are() {
        check("", "1:1: the key `world` is missing at the top level: add it");
        check("[world]\nseed = 1\n", "1:1: the key `name` is missing in `world`: add it");
        check(
            "[world]\nname = 'w'\n[limit]\n",
            "3:2: there is no key `limit` at the top level; the keys are `world`, `durability`, \
             `on_save_failure`, `history`, `snapshots`, `logs`, `limits`, `mods`, `removed`, \
             `trust`, `summary`, `chart`, `question`, `api`, `nats`, `outbox`",
        );
        check(
            "[world]\nname = 'w'\ntickz = 3\n",
            "3:1: there is no key `tickz` in `world`; the keys are `name`, `seed`, `dt_seconds`, \
             `shard_rows`, `faults_to_suspend`, `faults_to_set_aside`, `log_ticks`, \
             `label`, `strict_nan`",
        );
        check(
            "[world]\nname = 'w'\n[mods.a]\npaht = 'a'\n",
            "4:1: there is no key `paht` in `mods.a`; the keys are `path`, `assets`, `limits`, \
             `settings`, `grants`",
        );
        check(
            "[world]\nname = 'w'\n[[summary]]\ntitle = 't'\n",
            "3:1: the key `sql` is missing in `summary[0]`: add it",
        );
    }

    #[test]
    fn values_of_a_wrong_type_are_told_with_their_key() {
        check("world = 3\n", "1:9: `world` is the integer `3`, but must be a table");
        check(
            "[world]\nname = 7\n",
            "2:8: `world.name` is the integer `7`, but must be a text in quotes",
        );
        check(
            "[world]\nname = 'w'\nseed = -1\n",
            "3:8: `world.seed` is the integer `-1`, but must be a whole number from 0 up",
        );
        check(
            "[world]\nname = 'w'\n[mods.a.limits]\nfuel = '1'\n",
            "4:8: `mods.a.limits.fuel` is the string \"1\", but must be a whole number from 0 up",
        );
    }

    #[test]
    fn a_durability_that_means_nothing_is_refused() {
        let world = "[world]\nname = 'w'\n[durability]\n";
        check(
            &format!("{world}mode = 'sometimes'\n"),
            "4:8: `durability.mode` is `sometimes`, which is not known: choose `every-tick`, \
             `sync-every-ticks`, `sync-every-millis`, `commit-every-ticks`",
        );
        check(
            &format!("{world}mode = 'every-tick'\nticks = 3\n"),
            "5:1: `durability.ticks` is no key of the mode `every-tick`, which has no other key: \
             remove it",
        );
        check(
            &format!("{world}mode = 'sync-every-ticks'\nticks = 'x'\n"),
            "5:1: `durability.ticks` must be a whole number from 0 up",
        );
        check(
            &format!("{world}mode = 'sync-every-millis'\n"),
            "3:2: `durability.millis` is missing: the mode `sync-every-millis` needs it",
        );
    }

    #[test]
    fn settings_out_of_range_are_told_with_the_range() {
        check("[world]\nname = ' '\n", "2:1: `world.name` is empty: give the world a name");
        for (dt, shown) in [("0.0", "0"), ("-1.5", "-1.5"), ("nan", "NaN"), ("inf", "inf")] {
            check(
                &format!("[world]\nname = 'w'\ndt_seconds = {dt}\n"),
                &format!(
                    "3:1: `world.dt_seconds` is {shown}, but a tick needs a length: give a finite \
                     number of seconds above zero"
                ),
            );
        }
        check(
            "[world]\nname = 'w'\nshard_rows = 65537\n",
            "3:1: `world.shard_rows` is 65537: give a number from 1 to 65536",
        );
        check(
            "[world]\nname = 'w'\n[limits]\nmemory_max_bytes = 0\n",
            "4:1: `limits.memory_max_bytes` is 0: give a number from 1 to 1073741824, which is \
             1 GiB",
        );
        for id in ["Economy", "st", "sqlite", "sandtable", "a_b", "1a"] {
            let text = format!("[world]\nname = 'w'\n[mods.{id}]\npath = 'a'\n");
            let told = complaint(&text);
            assert!(told.starts_with(&format!("3:7: `mods.{id}` is no mod id: ")), "{told}");
        }
    }

    #[test]
    fn paths_that_lead_nowhere_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(WORLD_FILE);
        fs::write(&file, "[world]\nname = 'w'\n[mods.a]\npath = 'gone'\n").expect("a file");
        let told = load(folder.path()).expect_err("a path that is missing").to_string();
        assert_eq!(
            told,
            format!(
                "{}:4:1: `mods.a.path` leads to {}, which is not there: give a cargo package's \
                 folder or a .wasm file, relative to the world file",
                file.display(),
                folder.path().join("gone").display()
            )
        );
        let nowhere = folder.path().join("nowhere");
        let told = load(&nowhere).expect_err("no world").to_string();
        assert!(told.starts_with(&format!("{} is not there: ", nowhere.display())), "{told}");
    }
}
