//! Questions that world files and mods bring along, by a name or below a title, in the form
//! that settings and manifests keep.

use std::collections::BTreeMap;

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    show: Option<Show>,
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subjects: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    #[serde(rename = "as")]
    form: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lane: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weight: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    subjects: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

impl Question {
    /// That of a world file or a mod.
    pub fn of(from: &live::NamedQuestion) -> Self {
        let live::NamedQuestion { name, about, parameters, sql, in_context, show } = from.clone();
        let parameter = |it: live::QuestionParameter| {
            let live::QuestionParameter { name, takes, about, default, subjects, clock } = it;
            Parameter { name, takes: takes.name().to_owned(), about, default, subjects, clock }
        };
        let parameters = parameters.into_iter().map(parameter).collect();
        let in_context = in_context.map(|it| it.name().to_owned());
        Self { name, about, parameters, sql, in_context, show: show.map(Show::of) }
    }

    fn upgrade(self) -> Result<live::NamedQuestion, StoredError> {
        let Self { name, about, parameters, sql, in_context, show } = self;
        let parameter = |it: Parameter| {
            let Parameter { name, takes, about, default, subjects, clock } = it;
            let unknown = || StoredError::Unknown(format!("`{takes}` is no type of a parameter"));
            let takes = live::ParameterType::of_name(&takes).ok_or_else(unknown)?;
            let parameter =
                live::QuestionParameter { name, takes, about, default, subjects, clock };
            Ok::<_, StoredError>(parameter)
        };
        let parameters = parameters.into_iter().map(parameter).collect::<Result<_, _>>()?;
        let told = |it: String| {
            let unknown =
                || StoredError::Unknown(format!("`{it}` is nothing to be told in context"));
            live::InContext::of_name(&it).ok_or_else(unknown)
        };
        let in_context = in_context.map(told).transpose()?;
        let show = show.map(Show::upgrade).transpose()?;
        Ok(live::NamedQuestion { name, about, parameters, sql, in_context, show })
    }
}

impl Show {
    fn of(from: live::Show) -> Self {
        let live::Show {
            form,
            time,
            until,
            clock,
            lane,
            path,
            text,
            from,
            to,
            weight,
            subjects,
            labels,
        } = from;
        let form = form.name().to_owned();
        Self { form, time, until, clock, lane, path, text, from, to, weight, subjects, labels }
    }

    fn upgrade(self) -> Result<live::Show, StoredError> {
        let Self { form, time, until, clock, lane, path, text, from, to, weight, subjects, labels } =
            self;
        let unknown = || StoredError::Unknown(format!("`{form}` is no way to show an answer"));
        let form = live::Form::of_name(&form).ok_or_else(unknown)?;
        Ok(live::Show {
            form,
            time,
            until,
            clock,
            lane,
            path,
            text,
            from,
            to,
            weight,
            subjects,
            labels,
        })
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
