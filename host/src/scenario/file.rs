//! Scenario files: read, and checked as far as that goes before any mod is
//! loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::catalog::toml_text::{self, mistake};
use crate::catalog::{self, Asks, Mistake};
use crate::ecs::real_to_json;

/// What a scenario file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Mods that take part. In the scenarios of a mod: paths of further ones,
    /// relative to the file. In those of a world: ids, and without any all of
    /// the world's.
    #[serde(default)]
    mods: Vec<String>,
    /// What mods may read and write of others, by id, where no `mod.toml` says
    /// what they ask for.
    #[serde(default)]
    grants: BTreeMap<String, Asks>,
    /// The scenarios.
    scenario: Vec<Scenario>,
}

/// What is given, what happens, and what is expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    /// What people call it.
    pub name: String,
    /// How many ticks are run; without, as many as the last expectation needs.
    after: Option<u64>,
    /// Decides every random number; without, as in the world.
    pub seed: Option<u64>,
    /// Simulated seconds in a tick; without, as in the world.
    pub dt_seconds: Option<f64>,
    /// Whether startup systems run in the first tick, as in a new world.
    #[serde(default = "yes")]
    pub startup: bool,
    /// Entities by name, each with its components by kind.
    #[serde(default)]
    pub given: BTreeMap<String, BTreeMap<String, Written>>,
    /// Resources by kind.
    #[serde(default)]
    pub resources: BTreeMap<String, Written>,
    /// Edges between entities.
    #[serde(default)]
    pub relations: Vec<Edge>,
    /// Rows of tables of mods, by table; each has its values by column.
    #[serde(default)]
    pub tables: BTreeMap<String, Vec<BTreeMap<String, Written>>>,
    /// What comes from outside.
    #[serde(default)]
    pub input: Vec<Sent>,
    /// What must be so.
    #[serde(default)]
    pub expect: Vec<Expectation>,
    /// A text that every fault must have in it; without, there must be none.
    pub expect_fault: Option<String>,
}

/// An edge between two entities.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edge {
    /// Which relation.
    pub kind: String,
    /// The name of the entity where it starts.
    pub from: String,
    /// The name of the entity where it ends.
    pub to: String,
    /// Its fields.
    #[serde(default = "no_fields")]
    pub value: Written,
}

fn yes() -> bool {
    true
}

fn no_fields() -> Written {
    Written(Json::Object(Map::new()))
}

/// An input.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    /// The tick that reads it; the first is 1.
    pub tick: u64,
    /// Which input.
    pub kind: String,
    /// Its fields.
    #[serde(default = "no_fields")]
    pub value: Written,
}

/// What must be so after a tick.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// After how many ticks; without, after the last.
    after: Option<u64>,
    /// A SELECT, as for `sandtable sql`. A golden file without one holds all
    /// that mods keep.
    pub sql: Option<String>,
    /// All rows of the answer.
    rows: Option<Vec<Vec<Written>>>,
    /// The only value of the answer.
    one: Option<Written>,
    /// The name of a golden file, which has the answer.
    golden: Option<String>,
    /// By how much numbers may differ.
    #[serde(default)]
    pub tolerance: f64,
}

/// A value as TOML has it, in the JSON form: TOML has numbers that JSON lacks.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "toml::Value")]
pub(super) struct Written(pub Json);

impl Deref for Written {
    type Target = Json;

    fn deref(&self) -> &Json {
        &self.0
    }
}

impl From<toml::Value> for Written {
    fn from(value: toml::Value) -> Self {
        let inner = |value: toml::Value| Written::from(value).0;
        Written(match value {
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => real_to_json(number),
            toml::Value::Boolean(truth) => truth.into(),
            toml::Value::Datetime(moment) => moment.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(inner).collect(),
            toml::Value::Table(fields) => {
                fields.into_iter().map(|(name, value)| (name, inner(value))).collect()
            }
        })
    }
}

/// What an answer is compared with.
pub(super) enum Wanted<'a> {
    /// These rows.
    Rows(Vec<Vec<Written>>),
    /// A golden file of this name.
    Golden(&'a str),
}

impl Expectation {
    /// What the answer is compared with.
    pub fn wanted(&self) -> Wanted<'_> {
        match (&self.golden, &self.one, &self.rows) {
            (Some(name), ..) => Wanted::Golden(name),
            (None, Some(one), _) => Wanted::Rows(vec![vec![one.clone()]]),
            (None, None, rows) => Wanted::Rows(rows.clone().unwrap_or_default()),
        }
    }

    fn check(&self) -> Result<(), Mistake> {
        let forms = [self.rows.is_some(), self.one.is_some(), self.golden.is_some()];
        if forms.iter().filter(|is_there| **is_there).count() != 1 {
            let what = "needs exactly one of `rows`, `one` and `golden`: say what the answer is \
                        compared with";
            return mistake([], what);
        }
        match (&self.sql, &self.golden) {
            (None, None) => {
                return mistake([], "has no `sql`: give a SELECT, as for `sandtable sql`");
            }
            (_, Some(name)) if !is_plain(name) => {
                let what = "is no name for a file: use letters, digits, `-` and `_`";
                return mistake(["golden"], what);
            }
            _ => {}
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return mistake(["tolerance"], "must be a number from 0 up");
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    !name.is_empty() && name.bytes().all(plain)
}

impl Scenario {
    /// How many ticks are run.
    pub fn ticks(&self) -> u64 {
        let asked = self.expect.iter().filter_map(|expected| expected.after);
        asked.chain(self.after).max().unwrap_or(0)
    }

    /// The tick after which an expectation must be met.
    pub fn due(&self, expectation: &Expectation) -> u64 {
        expectation.after.unwrap_or_else(|| self.ticks())
    }

    fn check(&self) -> Result<(), Mistake> {
        if self.name.trim().is_empty() {
            return mistake(["name"], "is empty: say what the scenario is about");
        }
        if self.ticks() == 0 && self.after.is_none() {
            return mistake(["after"], "is missing: say how many ticks to run");
        }
        if self.dt_seconds.is_some_and(|dt| !dt.is_finite() || dt <= 0.0) {
            let what = "is no length of a tick: give a finite number of seconds above zero";
            return mistake(["dt_seconds"], what);
        }
        for (at, edge) in self.relations.iter().enumerate() {
            for (end, name) in [("from", &edge.from), ("to", &edge.to)] {
                if !self.given.contains_key(name) {
                    let what = format!("is `{name}`, {}", self.not_given());
                    return mistake(["relations", &at.to_string(), end], what);
                }
            }
        }
        for (at, sent) in self.input.iter().enumerate() {
            if !(1..=self.ticks()).contains(&sent.tick) {
                let what = format!(
                    "is {}, which is never run: give a tick from 1 to {}",
                    sent.tick,
                    self.ticks()
                );
                return mistake(["input", &at.to_string(), "tick"], what);
            }
        }
        for (at, expectation) in self.expect.iter().enumerate() {
            expectation.check().map_err(|wrong| under(["expect", &at.to_string()], wrong))?;
        }
        Ok(())
    }

    /// Says of a name that nothing has it.
    pub fn not_given(&self) -> String {
        let names: Vec<String> = self.given.keys().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => "which no entity is called: nothing is given".to_owned(),
            names => format!("which no entity is called: there are {}", names.join(", ")),
        }
    }
}

/// A mistake about a key below others.
pub(super) fn under<'a>(keys: impl IntoIterator<Item = &'a str>, wrong: Mistake) -> Mistake {
    let keys = keys.into_iter().map(str::to_owned);
    Mistake { key: keys.chain(wrong.key).collect(), what: wrong.what }
}

/// A file with scenarios.
#[derive(Clone, Debug)]
pub(super) struct ScenarioFile {
    pub file: PathBuf,
    text: String,
    pub mods: Vec<String>,
    pub grants: BTreeMap<String, Asks>,
    pub scenarios: Vec<Scenario>,
}

impl ScenarioFile {
    /// Reads and checks a file.
    fn load(file: PathBuf) -> Result<Self, catalog::Error> {
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(cause) => return Err(catalog::Error::Read { path: file, cause }),
        };
        let parsed: Result<Contents, _> = toml_text::parse(&text);
        let Contents { mods, grants, scenario } =
            parsed.map_err(|complaint| toml_text::error(&file, &text, complaint))?;
        let read = Self { file, text, mods, grants, scenarios: scenario };
        read.check().map_err(|wrong| read.error(&wrong))?;
        Ok(read)
    }

    fn check(&self) -> Result<(), Mistake> {
        let mut names = BTreeSet::new();
        for (at, scenario) in self.scenarios.iter().enumerate() {
            let keys = ["scenario", &at.to_string()];
            scenario.check().map_err(|wrong| under(keys, wrong))?;
            if !names.insert(&scenario.name) {
                let what = format!("is `{}` a second time: give it another", scenario.name);
                return mistake(keys.into_iter().chain(["name"]), what);
            }
        }
        Ok(())
    }

    /// A mistake as the place where it is, and a sentence.
    pub fn error(&self, wrong: &Mistake) -> catalog::Error {
        toml_text::error(&self.file, &self.text, toml_text::at(&self.text, wrong))
    }

    /// Line and column of a key.
    pub fn place(&self, key: &[String]) -> (usize, usize) {
        toml_text::place(&self.text, key)
    }
}

/// Reads every scenario file of a folder, in the order of their names.
pub(super) fn load_all(folder: &Path) -> Result<Vec<ScenarioFile>, catalog::Error> {
    let failed = |cause| catalog::Error::Read { path: folder.to_path_buf(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files.into_iter().map(ScenarioFile::load).collect()
}
