//! Questions that a world file and mods bring along: which there are, whether they can be
//! asked, and their answers. What is given for a parameter is bound as a value.

mod parameters;

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Error};
use serde_json::Value as Json;

use sandtable_world::ecs::World;
use sandtable_world::finding::KnownFinding;
use sandtable_world::manifest::Manifest;
use sandtable_world::question::{NamedQuestion, ParameterType};

use super::error::{Fallible, SaveError};
use super::inquiry::Inquiry;
use super::labels::Labels;
use super::reader::Reader;
use super::save::Sealed;
use super::sql::{SelectRows, make_functions};
use parameters::{first_word, parameters};

/// A question that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownQuestion {
    /// What it is asked by: its name, and where a mod brings it along, that of the mod and
    /// a slash before it.
    pub name: String,
    /// What is asked.
    pub question: NamedQuestion,
}

/// All that can be asked of a world: what its file names, and then what its mods bring
/// along, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions(Vec<KnownQuestion>);

impl Questions {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &KnownQuestion> {
        self.0.iter()
    }

    /// Some of them.
    pub fn those(&self, are_in: impl Fn(&KnownQuestion) -> bool) -> Self {
        Self(self.0.iter().filter(|known| are_in(known)).cloned().collect())
    }

    /// The one of a name. Without its mod it is found where no other is called so.
    ///
    /// # Errors
    ///
    /// A sentence: there is none, or there are several.
    pub fn find(&self, name: &str) -> Result<&KnownQuestion, String> {
        if let Some(found) = self.0.iter().find(|it| it.name == name) {
            return Ok(found);
        }
        let alike: Vec<&KnownQuestion> =
            self.0.iter().filter(|it| it.question.name == name).collect();
        let names = |all: &[&KnownQuestion]| {
            all.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let shown = name.escape_debug();
        match alike[..] {
            [one] => Ok(one),
            [] if self.0.is_empty() => Err(format!(
                "there is no question `{shown}`: neither the world file nor a mod brings any along \
                 under [[question]]"
            )),
            [] => {
                let all: Vec<&KnownQuestion> = self.0.iter().collect();
                Err(format!("there is no question `{shown}`: there are {}", names(&all)))
            }
            _ => Err(format!("several mods have a question `{shown}`: give {}", names(&alike))),
        }
    }
}

impl Reader {
    /// All that can be asked of the world by name.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn questions(&self) -> Result<Questions, SaveError> {
        let read = || -> Fallible<Questions> {
            let Sealed { config, mods, .. } = Sealed::read(&self.connection)?;
            let of_world = config.question.into_iter();
            let known =
                |question: NamedQuestion| KnownQuestion { name: question.name.clone(), question };
            let mut all: Vec<KnownQuestion> = of_world.map(known).collect();
            for listed in &mods.mods {
                let questions = listed.manifest()?.map(|it| it.question).unwrap_or_default();
                all.extend(questions.into_iter().map(|question| KnownQuestion {
                    name: format!("{}/{}", listed.id, question.name),
                    question: question.of_mod(&listed.id),
                }));
            }
            Ok(Questions(all))
        };
        read().map_err(|failure| failure.of(self.path(), "read"))
    }
}

impl Reader {
    /// What the mods of the world declare as findings, by their ids.
    ///
    /// # Errors
    ///
    /// The save cannot be read, or is damaged.
    pub fn findings(&self) -> Result<Vec<KnownFinding>, SaveError> {
        let read = || -> Fallible<Vec<KnownFinding>> {
            let mut all = Vec::new();
            for listed in &Sealed::read(&self.connection)?.mods.mods {
                all.extend(listed.manifest()?.iter().flat_map(Manifest::findings));
            }
            Ok(all)
        };
        read().map_err(|failure| failure.of(self.path(), "read"))
    }
}

impl Inquiry {
    /// Answers a question row by row, with a value for each of its parameters, as
    /// [`NamedQuestion::values`] gives them. Entities may be named by these labels.
    ///
    /// # Errors
    ///
    /// There is no such entity, the world has not what the SELECT names, or the save
    /// cannot be read.
    pub fn ask(
        &self,
        asked: &KnownQuestion,
        values: &[Json],
        labels: &[String],
    ) -> Result<SelectRows<'_>, SaveError> {
        let failed = |what: String| SaveError::Query {
            what: format!("question `{}` cannot be answered: {what}", asked.name),
        };
        let told = |error: SaveError| match error {
            SaveError::Query { what } => failed(what),
            other => other,
        };
        let mut bound = BTreeMap::new();
        for (parameter, value) in asked.question.parameters.iter().zip(values) {
            let value = match (parameter.takes, value) {
                (ParameterType::Entity, value) => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let world = self.world()?;
                    let labels = Labels::over(labels, &world.registry);
                    let entity = labels.entity(world, &text);
                    Value::Integer(entity.map_err(failed)?.to_bits() as i64)
                }
                (ParameterType::Number, Json::Number(number)) => {
                    number.as_f64().map_or(Value::Null, Value::Real)
                }
                (_, value) => cell(value),
            };
            bound.insert(parameter.name.as_str(), value);
        }
        let mut rows = self.rows(&asked.question.sql).map_err(told)?;
        rows.bind(&bound).map_err(told)?;
        Ok(rows)
    }

    /// The world that is asked about.
    fn world(&self) -> Result<&World, SaveError> {
        if self.needs.world().is_err()
            && let Some(need) = self.needs.take()
        {
            self.fetch(need)?;
        }
        let unknown = |_| SaveError::Query { what: "there is no world to be asked".to_owned() };
        self.needs.world().map_err(unknown)
    }
}

/// A value as SQL has it.
fn cell(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(is_so) => Value::Integer((*is_so).into()),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => number.as_f64().map_or(Value::Null, Value::Real),
        },
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}

/// What is wrong with the SELECT of a question whatever the world has, if anything is: the
/// end of a sentence. Whether there are the tables and columns that it names shows where it
/// is asked.
pub fn objection_to_select(question: &NamedQuestion) -> Option<String> {
    let sql = &question.sql;
    if !first_word(sql).is_some_and(|it| ["select", "with", "values"].contains(&it.as_str())) {
        return Some("begins with neither SELECT nor WITH: give one SELECT".to_owned());
    }
    let used = match parameters(sql) {
        Ok(used) => used,
        Err(other) => {
            return Some(format!("has `{other}`: write parameters as `:name`"));
        }
    };
    let is_declared = |name: &&&str| question.parameters.iter().any(|it| it.name == ***name);
    if let Some(unknown) = used.iter().find(|name| !is_declared(name)) {
        return Some(format!("has `:{unknown}`, and no parameter is called so: declare it"));
    }
    if let Some(unused) = question.parameters.iter().find(|it| !used.contains(it.name.as_str())) {
        return Some(format!("has no `:{}`: use the parameter, or leave it out", unused.name));
    }
    // Of an empty database it is at least read to its end.
    let message = match prepared(sql) {
        Ok(()) => return None,
        Err(Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg))) => msg,
        Err(error) => error.to_string(),
    };
    let is_of_world = ["no such table", "no such column"];
    match is_of_world.iter().any(|of| message.contains(of)) {
        true => None,
        false => Some(format!("is no SELECT that can be answered: {message}")),
    }
}

fn prepared(sql: &str) -> Result<(), Error> {
    let connection = Connection::open_in_memory()?;
    make_functions(&connection)?;
    let statement = connection.prepare(sql)?;
    match statement.readonly() && statement.column_count() > 0 {
        true => Ok(()),
        false => Err(Error::ExecuteReturnedResults),
    }
}

#[cfg(test)]
mod tests {
    use sandtable_world::question::QuestionParameter;

    use super::*;

    fn told(sql: &str, names: &[&str]) -> Option<String> {
        let parameter = |name: &&str| QuestionParameter {
            name: (*name).to_owned(),
            takes: ParameterType::Text,
            about: String::new(),
            default: None,
            subjects: Vec::new(),
            clock: None,
        };
        objection_to_select(&NamedQuestion {
            name: "q".to_owned(),
            about: "q".to_owned(),
            parameters: names.iter().map(parameter).collect(),
            sql: sql.to_owned(),
            in_context: None,
            show: None,
        })
    }

    #[test]
    fn a_select_of_tables_that_a_world_may_have_is_good() {
        assert_eq!(told("SELECT a, :n FROM there WHERE b = ':x' -- :y", &["n"]), None);
        assert_eq!(told("/* first */ WITH a AS (SELECT 1) SELECT * FROM a", &[]), None);
        assert_eq!(told("SELECT there.x FROM (SELECT 1 AS y) AS there", &[]), None);
    }

    #[test]
    fn what_is_no_select_is_told() {
        for (sql, names, expected) in [
            ("SELEC 1", &[][..], "begins with neither SELECT nor WITH"),
            ("DELETE FROM a", &[], "begins with neither SELECT nor WITH"),
            ("SELECT 1 FRM a", &[], "is no SELECT that can be answered: near \"a\": syntax error"),
            ("SELECT (1", &[], "is no SELECT that can be answered: incomplete input"),
            ("SELECT 1; SELECT 2", &[], "is no SELECT that can be answered: "),
            ("SELECT nothing_such(1)", &[], "is no SELECT that can be answered: no such function"),
            ("SELECT ?1", &[], "has `?`: write parameters as `:name`"),
            ("SELECT @a", &[], "has `@`: write parameters as `:name`"),
            ("SELECT :a", &[], "has `:a`, and no parameter is called so: declare it"),
            ("SELECT 1", &["a"], "has no `:a`: use the parameter, or leave it out"),
        ] {
            let told = told(sql, names).unwrap_or_default();
            assert!(told.starts_with(expected), "{sql}: {told}");
        }
    }
}
