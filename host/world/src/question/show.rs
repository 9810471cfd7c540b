//! How the answer to a question is best shown: what its columns mean, as data of its author.
//! Readers may use it or leave it; a question without it is a table like any other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::{objection_to_kind, of_mod};

/// The most columns that may be said to mean something.
const COLUMNS_MAX: usize = 64;

/// As what an answer is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Rows and columns.
    #[default]
    Table,
    /// Marks over a time, in lanes.
    Timeline,
    /// What is connected with what, and how much.
    Graph,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Table, Self::Timeline, Self::Graph];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Timeline => "timeline",
            Self::Graph => "graph",
        }
    }

    /// That of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How an answer is shown. A column that names several has a JSON array of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// As what.
    #[serde(rename = "as", default)]
    pub form: Form,
    /// The column that says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The column that says until when, of the same clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Of which clock that is; else of the world's ticks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Of a timeline: by which column marks lie in lanes; of several one is chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lane: Vec<String>,
    /// Of a timeline: marks of the same value in this column are joined by a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of a timeline: the column that is told where a mark is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of a graph: the column that an edge begins at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of a graph: the column that an edge ends at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Of a graph: columns of signed numbers; of several one is chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weight: Vec<String>,
    /// Columns that name subjects, and of which kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subjects: BTreeMap<String, String>,
    /// For some of those, the column that says what the subject is called.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Show {
    /// What is wrong with it, if anything is: in which key, and the end of a sentence.
    pub(super) fn objection(&self) -> Option<(Vec<String>, String)> {
        let wrong = |key: &[&str], what: String| {
            Some((key.iter().map(|&it| it.to_owned()).collect(), what))
        };
        if self.columns().count() > COLUMNS_MAX {
            return wrong(&[], format!("names more than {COLUMNS_MAX} columns: leave some out"));
        }
        let form = self.form.name();
        let needed: &[(&str, bool)] = match self.form {
            Form::Table => &[],
            Form::Timeline => &[("time", self.time.is_none())],
            Form::Graph => &[("from", self.from.is_none()), ("to", self.to.is_none())],
        };
        if let Some((key, _)) = needed.iter().find(|(_, is_missing)| *is_missing) {
            return wrong(
                &["as"],
                format!("is `{form}`, which needs `{key}`: say which column that is"),
            );
        }
        for (of, key, is_there) in [
            (Form::Timeline, "lane", !self.lane.is_empty()),
            (Form::Timeline, "path", self.path.is_some()),
            (Form::Timeline, "text", self.text.is_some()),
            (Form::Graph, "from", self.from.is_some()),
            (Form::Graph, "to", self.to.is_some()),
            (Form::Graph, "weight", !self.weight.is_empty()),
        ] {
            if is_there && self.form != of {
                let of = of.name();
                return wrong(
                    &[key],
                    format!("is of a `{of}`, and this is a `{form}`: leave it out"),
                );
            }
        }
        for (key, is_there) in [("clock", self.clock.is_some()), ("until", self.until.is_some())] {
            if is_there && self.time.is_none() {
                let what = "is set and no column says when: say which one does as `time`";
                return wrong(&[key], what.to_owned());
            }
        }
        if let Some(what) = self.clock.as_deref().and_then(objection_to_kind) {
            return wrong(&["clock"], what);
        }
        for (column, kind) in &self.subjects {
            if let Some(what) = objection_to_kind(kind) {
                return wrong(&["subjects", column], what);
            }
        }
        if let Some((of, _)) = self.labels.iter().find(|(of, _)| !self.subjects.contains_key(*of)) {
            let what = "is no column of `subjects`: say there of which kind it is".to_owned();
            return wrong(&["labels", of], what);
        }
        None
    }

    /// Each column that it names, with the key that names it.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let single = [
            ("time", &self.time),
            ("until", &self.until),
            ("path", &self.path),
            ("text", &self.text),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let single = single.into_iter().filter_map(|(key, it)| Some((key, it.as_deref()?)));
        let lanes = self.lane.iter().map(|it| ("lane", it.as_str()));
        let weights = self.weight.iter().map(|it| ("weight", it.as_str()));
        let subjects = self.subjects.keys().map(|it| ("subjects", it.as_str()));
        let labels = self.labels.values().map(|it| ("labels", it.as_str()));
        single.chain(lanes).chain(weights).chain(subjects).chain(labels)
    }

    /// What an answer with these columns lacks of it, if anything: a sentence.
    pub fn lacks(&self, columns: &[String]) -> Option<String> {
        let (key, column) = self.columns().find(|(_, it)| !columns.iter().any(|of| of == it))?;
        Some(format!(
            "`show.{key}` names the column `{column}`, and the answer has {}: name one of them",
            columns.join(", ")
        ))
    }

    /// The same, said by a mod: names of its own begin with the mod's.
    pub(super) fn of_mod(self, id: &str) -> Self {
        let subjects = self.subjects.into_iter();
        Self {
            clock: self.clock.map(|it| of_mod(id, it)),
            subjects: subjects.map(|(column, kind)| (column, of_mod(id, kind))).collect(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let show: Show = serde_json::from_str(text).expect("a way to show");
        show.objection().map(|(key, what)| format!("{}: {what}", key.join(".")))
    }

    #[test]
    fn what_cannot_be_shown_is_told_by_its_key() {
        for good in [
            "{}",
            r#"{"time": "tick", "subjects": {"a": "person", "b": "story/place"}}"#,
            r#"{"as": "timeline", "time": "time", "clock": "story", "lane": ["a", "b"]}"#,
            r#"{"as": "graph", "from": "a", "to": "b", "weight": ["c"]}"#,
        ] {
            assert_eq!(shown(good), None, "{good}");
        }
        for (text, expected) in [
            (
                r#"{"as": "timeline"}"#,
                "as: is `timeline`, which needs `time`: say which column that is",
            ),
            (
                r#"{"as": "graph", "from": "a"}"#,
                "as: is `graph`, which needs `to`: say which column that is",
            ),
            (r#"{"lane": ["a"]}"#, "lane: is of a `timeline`, and this is a `table`: leave it out"),
            (
                r#"{"as": "timeline", "time": "t", "weight": ["a"]}"#,
                "weight: is of a `graph`, and this is a `timeline`: leave it out",
            ),
            (r#"{"clock": "story"}"#, "clock: is set and no column says when: "),
            (r#"{"until": "a"}"#, "until: is set and no column says when: "),
            (r#"{"time": "a", "clock": "Story"}"#, "clock: is no name: "),
            (r#"{"subjects": {"a": "b/c/d"}}"#, "subjects.a: is no name: "),
            (r#"{"labels": {"a": "b"}}"#, "labels.a: is no column of `subjects`: "),
        ] {
            let told = shown(text).unwrap_or_default();
            assert!(told.starts_with(expected), "{text}: {told}");
        }
    }

    #[test]
    fn a_column_that_an_answer_lacks_is_named_with_those_that_it_has() {
        let text = r#"{"as": "timeline", "time": "t", "lane": ["a"], "subjects": {"a": "b"}}"#;
        let show: Show = serde_json::from_str(text).expect("a way to show");
        let columns = |all: &[&str]| all.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        assert_eq!(show.lacks(&columns(&["a", "t"])), None);
        assert_eq!(
            show.lacks(&columns(&["b", "t"])).expect("one"),
            "`show.lane` names the column `a`, and the answer has b, t: name one of them"
        );
    }
}
