//! Questions that world files and mods bring along, by a name or below a title, in the form
//! that settings and manifests keep.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::StoredError;
use sandtable_world::config::TitledQuery;
use sandtable_world::question as live;

/// A question under a name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    name: String,
    about: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    sql: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_context: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    name: String,
    #[serde(rename = "type")]
    takes: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<Json>,
}

impl Question {
    /// That of a world file or a mod.
    pub fn of(from: &live::NamedQuestion) -> Self {
        let live::NamedQuestion { name, about, parameters, sql, in_context } = from.clone();
        let parameter = |it: live::QuestionParameter| {
            let live::QuestionParameter { name, takes, about, default } = it;
            Parameter { name, takes: takes.name().to_owned(), about, default }
        };
        let parameters = parameters.into_iter().map(parameter).collect();
        let in_context = in_context.map(|it| it.name().to_owned());
        Self { name, about, parameters, sql, in_context }
    }

    fn upgrade(self) -> Result<live::NamedQuestion, StoredError> {
        let Self { name, about, parameters, sql, in_context } = self;
        let parameter = |it: Parameter| {
            let Parameter { name, takes, about, default } = it;
            let unknown = || StoredError::Unknown(format!("`{takes}` is no type of a parameter"));
            let takes = live::ParameterType::of_name(&takes).ok_or_else(unknown)?;
            Ok::<_, StoredError>(live::QuestionParameter { name, takes, about, default })
        };
        let parameters = parameters.into_iter().map(parameter).collect::<Result<_, _>>()?;
        let told = |it: String| {
            let unknown =
                || StoredError::Unknown(format!("`{it}` is nothing to be told in context"));
            live::InContext::of_name(&it).ok_or_else(unknown)
        };
        let in_context = in_context.map(told).transpose()?;
        Ok(live::NamedQuestion { name, about, parameters, sql, in_context })
    }
}

/// What some of them say, in the types of today.
pub fn questions(stored: Vec<Question>) -> Result<Vec<live::NamedQuestion>, StoredError> {
    stored.into_iter().map(Question::upgrade).collect()
}

/// A question below a title.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    title: String,
    sql: String,
}

impl Query {
    /// That of a world file.
    pub fn of(from: &TitledQuery) -> Self {
        Self { title: from.title.clone(), sql: from.sql.clone() }
    }

    /// What it says, in the type of today.
    pub fn upgrade(self) -> TitledQuery {
        TitledQuery { title: self.title, sql: self.sql }
    }
}
