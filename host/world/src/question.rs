//! Questions that a world file or a mod brings along: one SELECT under a name, with
//! parameters whose values are bound to it and are never part of its text.

mod name;
mod parameter;
mod show;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

pub use self::name::{ENTITY, TICK};
use self::name::{NAME, is_name, of_mod};
pub use self::parameter::{ParameterType, QuestionParameter, TEXT_BYTES_MAX};
pub use self::show::{Form, Show};

/// The most questions that a world file or a mod may bring along.
pub const QUESTIONS_MAX: usize = 256;
/// The most parameters that a question may have.
pub const PARAMETERS_MAX: usize = 32;
/// The most bytes that a question's SELECT may have.
pub const SQL_BYTES_MAX: usize = 64 << 10;

/// A question under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedQuestion {
    /// What it is asked by; one that a mod brings along has `<mod>/` before it.
    pub name: String,
    /// What it answers, in a sentence.
    pub about: String,
    /// What is to be given for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<QuestionParameter>,
    /// One SELECT, as for `sandtable sql`, with `:name` where a parameter stands.
    pub sql: String,
    /// Whether its rows are told where a model is briefed about entities, each of which its
    /// parameter `about` is given, and as what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_context: Option<InContext>,
    /// How its answer is best shown; else as a table whose columns mean nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<Show>,
}

/// What rows tell of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InContext {
    /// What it is and how it stands to others, in columns of any name. Where the question
    /// takes a `time` it is asked if one is given, and the world's own values, which are of
    /// the tick, are left out then.
    State,
    /// What happened to it, the latest first: `id`, `text`, and if it likes `weight`.
    Events,
}

impl InContext {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Events => "events",
        }
    }

    /// That of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::State, Self::Events].into_iter().find(|it| it.name() == name)
    }
}

impl NamedQuestion {
    /// What is wrong with it apart from its SELECT, if anything is: in which key, and the
    /// end of a sentence.
    pub fn objection(&self) -> Option<(Vec<String>, String)> {
        let wrong = |key: &[&str], what: String| {
            Some((key.iter().map(|&it| it.to_owned()).collect(), what))
        };
        if !is_name(&self.name) {
            return wrong(&["name"], NAME.to_owned());
        }
        if self.about.trim().is_empty() {
            return wrong(&["about"], "is empty: say in a sentence what it answers".to_owned());
        }
        if self.sql.trim().is_empty() || self.sql.len() > SQL_BYTES_MAX {
            let what =
                format!("is empty or too long: give a SELECT of {SQL_BYTES_MAX} bytes at most");
            return wrong(&["sql"], what);
        }
        if self.parameters.len() > PARAMETERS_MAX {
            return wrong(
                &["parameters"],
                format!("are more than {PARAMETERS_MAX}: leave some out"),
            );
        }
        let mut names = BTreeSet::new();
        for (at, parameter) in self.parameters.iter().enumerate() {
            let QuestionParameter { name, takes, default, .. } = parameter;
            let at = at.to_string();
            if !is_name(name) || name.contains('-') {
                let what = format!("{NAME}, without `-`");
                return wrong(&["parameters", &at, "name"], what);
            }
            if !names.insert(name) {
                let what = format!("is `{name}` a second time: rename one of the two");
                return wrong(&["parameters", &at, "name"], what);
            }
            if let Some(default) = default.as_ref().filter(|it| !takes.fits(it)) {
                let what = format!("is {default}, and `{name}` takes {}", takes.words());
                return wrong(&["parameters", &at, "default"], what);
            }
            if let Some((key, what)) = parameter.objection_to_meaning() {
                return wrong(&["parameters", &at, key], what);
            }
        }
        if let Some((key, what)) = self.show.as_ref().and_then(Show::objection) {
            return Some((["show".to_owned()].into_iter().chain(key).collect(), what));
        }
        if self.in_context.is_some() && !self.tells_of_entities() {
            let what = "is set, so one parameter must be `about`, an entity or a text, and the \
                        others have defaults";
            return wrong(&["in_context"], what.to_owned());
        }
        None
    }

    /// Whether it can be asked about an entity and nothing else.
    fn tells_of_entities(&self) -> bool {
        let is_about = |it: &QuestionParameter| {
            it.name == "about" && matches!(it.takes, ParameterType::Entity | ParameterType::Text)
        };
        let others = self.parameters.iter().filter(|it| it.name != "about");
        self.parameters.iter().any(is_about) && others.into_iter().all(|it| it.default.is_some())
    }

    /// The same as it is known outside of the mod that brings it along: kinds of subjects
    /// and clocks are the mod's own, unless they name another.
    #[must_use]
    pub fn of_mod(self, id: &str) -> Self {
        let parameter = |it: QuestionParameter| QuestionParameter {
            subjects: it.subjects.into_iter().map(|name| of_mod(id, name)).collect(),
            clock: it.clock.map(|name| of_mod(id, name)),
            ..it
        };
        Self {
            parameters: self.parameters.into_iter().map(parameter).collect(),
            show: self.show.map(|it| it.of_mod(id)),
            ..self
        }
    }

    /// A value for each parameter, in their order: what is given, or its default. The
    /// question is called by the name that it was asked by.
    ///
    /// # Errors
    ///
    /// A sentence that names the question and the parameter that is missing, unknown or
    /// does not fit.
    pub fn values(&self, called: &str, given: &Map<String, Json>) -> Result<Vec<Json>, String> {
        if let Some(unknown) = given.keys().find(|name| self.parameter(name).is_none()) {
            let unknown = unknown.escape_debug();
            return Err(format!(
                "question `{called}` has no parameter `{unknown}`: {}",
                self.takes()
            ));
        }
        let value = |parameter: &QuestionParameter| {
            let QuestionParameter { name, takes, default, .. } = parameter;
            match given.get(name).filter(|it| !it.is_null()).or(default.as_ref()) {
                None => Err(format!(
                    "question `{called}` needs `{name}`, which takes {}: {}",
                    takes.words(),
                    self.takes()
                )),
                Some(value) if takes.fits(value) => Ok(takes.exact(value)),
                Some(value) => Err(parameter.misfit(called, &value.to_string())),
            }
        };
        self.parameters.iter().map(value).collect()
    }

    /// What a person wrote for some parameters, each as `name=value`.
    ///
    /// # Errors
    ///
    /// As [`NamedQuestion::values`], or one stands there twice or is written otherwise.
    pub fn read(
        &self,
        called: &str,
        written: &[impl AsRef<str>],
    ) -> Result<Map<String, Json>, String> {
        let mut given = Map::new();
        for text in written.iter().map(AsRef::as_ref) {
            let Some((name, value)) = text.split_once('=') else {
                let text = text.escape_debug();
                return Err(format!("`{text}` gives nothing: write it as <parameter>=<value>"));
            };
            let value = match self.parameter(name) {
                Some(parameter) => parameter
                    .takes
                    .read(value)
                    .ok_or_else(|| parameter.misfit(called, &format!("{value:?}")))?,
                // To be refused by name.
                None => Json::Null,
            };
            if given.insert(name.to_owned(), value).is_some() {
                return Err(format!("`{name}` is given a second time: leave one of the two out"));
            }
        }
        Ok(given)
    }

    fn parameter(&self, name: &str) -> Option<&QuestionParameter> {
        self.parameters.iter().find(|it| it.name == name)
    }

    /// What it takes, in words.
    fn takes(&self) -> String {
        match self.parameters.is_empty() {
            true => "it takes nothing".to_owned(),
            false => format!("it takes {}", self.parameters_told()),
        }
    }

    /// Its parameters, for people.
    pub fn parameters_told(&self) -> String {
        self.parameters.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// What is wrong with some questions together or with one of them, but for their SELECTs,
/// if anything is: in which key, and the end of a sentence.
pub fn objection(questions: &[NamedQuestion]) -> Option<(Vec<String>, String)> {
    let mut names = BTreeSet::new();
    if questions.len() > QUESTIONS_MAX {
        return Some((Vec::new(), format!("are more than {QUESTIONS_MAX}: leave some out")));
    }
    questions.iter().enumerate().find_map(|(at, question)| {
        let (key, what) = match question.objection() {
            Some(objection) => objection,
            None if names.insert(&question.name) => return None,
            None => {
                let what = format!("is `{}` a second time: rename one", question.name);
                (vec!["name".to_owned()], what)
            }
        };
        Some(([at.to_string()].into_iter().chain(key).collect(), what))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameter(name: &str, takes: ParameterType, default: Option<Json>) -> QuestionParameter {
        let about = String::new();
        QuestionParameter {
            name: name.to_owned(),
            takes,
            about,
            default,
            subjects: Vec::new(),
            clock: None,
        }
    }

    fn question() -> NamedQuestion {
        NamedQuestion {
            name: "richest".to_owned(),
            about: "Who has most.".to_owned(),
            parameters: vec![
                parameter("who", ParameterType::Entity, None),
                parameter("least", ParameterType::Number, Some(json!(0.5))),
            ],
            sql: "SELECT :who, :least".to_owned(),
            in_context: None,
            show: None,
        }
    }

    #[test]
    fn what_is_missing_takes_its_default_and_is_named_without() {
        let question = question();
        let values = |given: Json| question.values("richest", given.as_object().expect("one"));
        assert_eq!(values(json!({"who": "Ada"})), Ok(vec![json!("Ada"), json!(0.5)]));
        assert_eq!(values(json!({"who": 7, "least": null})), Ok(vec![json!(7), json!(0.5)]));
        let takes = "it takes `who` (entity), `least` (number, else 0.5)";
        assert_eq!(
            values(json!({})).expect_err("missing"),
            format!(
                "question `richest` needs `who`, which takes an entity, as 12v3 or by its label: \
                 {takes}"
            )
        );
        assert_eq!(
            values(json!({"who": "Ada", "most": 1})).expect_err("unknown"),
            format!("question `richest` has no parameter `most`: {takes}")
        );
        assert_eq!(
            values(json!({"who": "Ada", "least": "1"})).expect_err("a text"),
            "question `richest` was given \"1\" for `least`, which takes a number"
        );
        let read = |text: &str| question.read("richest", &[text]).expect_err(text);
        assert_eq!(read("who"), "`who` gives nothing: write it as <parameter>=<value>");
        assert_eq!(
            read("least=much"),
            "question `richest` was given \"much\" for `least`, which takes a number"
        );
    }

    #[test]
    fn what_cannot_be_asked_is_told_by_its_key() {
        let told = |change: fn(&mut NamedQuestion)| {
            let mut question = question();
            change(&mut question);
            question.objection().map(|(key, _)| key.join("."))
        };
        assert_eq!(told(|_| ()), None);
        assert_eq!(told(|it| it.name = "Who".to_owned()).as_deref(), Some("name"));
        assert_eq!(told(|it| it.name = "a/b".to_owned()).as_deref(), Some("name"));
        assert_eq!(told(|it| it.about = " ".to_owned()).as_deref(), Some("about"));
        assert_eq!(told(|it| it.sql = String::new()).as_deref(), Some("sql"));
        let twice = told(|it| it.parameters[1].name = "who".to_owned());
        assert_eq!(twice.as_deref(), Some("parameters.1.name"));
        let misfit = told(|it| it.parameters[1].default = Some(json!("x")));
        assert_eq!(misfit.as_deref(), Some("parameters.1.default"));
        assert_eq!(
            told(|it| it.in_context = Some(InContext::Events)).as_deref(),
            Some("in_context")
        );
        let about = told(|it| {
            it.in_context = Some(InContext::State);
            it.parameters[0].name = "about".to_owned();
        });
        assert_eq!(about, None);
        let subject = told(|it| it.parameters[1].subjects = vec!["person".to_owned()]);
        assert_eq!(subject.as_deref(), Some("parameters.1.subjects"));
        let clock = told(|it| it.parameters[0].clock = Some("story".to_owned()));
        assert_eq!(clock.as_deref(), Some("parameters.0.clock"));
        let show = told(|it| it.show = Some(Show { form: Form::Graph, ..Show::default() }));
        assert_eq!(show.as_deref(), Some("show.as"));
        let two = [question(), question()];
        assert_eq!(objection(&two).expect("twice").0, ["1", "name"]);
    }
}
