//! What is to be given for a question.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::name::{ENTITY, objection_to_kind};

/// The most bytes that a text may have which is given for a parameter.
pub const TEXT_BYTES_MAX: usize = 64 << 10;

/// A parameter of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionParameter {
    /// What it is called, in the SELECT with `:` before it.
    pub name: String,
    /// What can be given for it.
    #[serde(rename = "type")]
    pub takes: ParameterType,
    /// What it is, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What stands for it where nothing is given; else something must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// Of which kinds the subject may be that it takes, if it takes one: that of an entity
    /// goes without saying.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Of which clock the time is that it takes, if it takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
}

/// What can be given for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterType {
    /// A text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number with or without a fraction.
    Number,
    /// True or false, which are 1 and 0 in SQL.
    Boolean,
    /// A living entity, as `12v3`, by its number in SQL or by its label. In SQL it is
    /// that number.
    Entity,
}

impl ParameterType {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Entity => "entity",
        }
    }

    /// What it takes, in words that follow `takes`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Entity => "an entity, as 12v3 or by its label",
        }
    }

    /// The name of a type.
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Text, Self::Integer, Self::Number, Self::Boolean, Self::Entity];
        all.into_iter().find(|it| it.name() == name)
    }

    /// Whether a value can be given.
    pub fn fits(self, value: &Json) -> bool {
        let is_short = |text: &str| text.len() <= TEXT_BYTES_MAX;
        match (self, value) {
            (Self::Text | Self::Entity, Json::String(text)) => is_short(text),
            (Self::Integer | Self::Entity, Json::Number(number)) => number.is_i64(),
            (Self::Integer, Json::String(text)) => large(text).is_some(),
            (Self::Number, Json::Number(_)) | (Self::Boolean, Json::Bool(_)) => true,
            _ => false,
        }
    }

    /// A value that fits as it is bound: integers, which JSON has as texts beyond what floats
    /// tell apart, as numbers.
    pub(super) fn exact(self, value: &Json) -> Json {
        let number = value.as_str().filter(|_| self == Self::Integer).and_then(large);
        number.map_or_else(|| value.clone(), Json::from)
    }

    /// The value that a person wrote.
    pub fn read(self, text: &str) -> Option<Json> {
        let value = match self {
            Self::Text | Self::Entity => Json::from(text),
            Self::Integer => Json::from(text.trim().parse::<i64>().ok()?),
            // What is no finite number is no JSON either.
            Self::Number => Json::from(text.trim().parse::<f64>().ok()?),
            Self::Boolean => Json::from(text.trim().parse::<bool>().ok()?),
        };
        self.fits(&value).then_some(value)
    }
}

/// The number of a text that JSON has for it, which are those that a float may not hold.
fn large(text: &str) -> Option<i64> {
    const EXACT_MAX: u64 = (1 << 53) - 1;
    let number = text.parse::<i64>().ok().filter(|number| number.unsigned_abs() > EXACT_MAX)?;
    (number.to_string() == text).then_some(number)
}

impl QuestionParameter {
    /// Of which kinds the subject may be that it takes, if it takes one.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        let is_plain = self.takes == ParameterType::Entity && self.subjects.is_empty();
        self.subjects.iter().map(String::as_str).chain(is_plain.then_some(ENTITY))
    }

    /// What is wrong with what it is said to mean, if anything is: in which key, and the
    /// end of a sentence.
    pub(super) fn objection_to_meaning(&self) -> Option<(&'static str, String)> {
        use ParameterType::{Entity, Integer, Number, Text};
        let Self { subjects, clock, takes, .. } = self;
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        let clock: Vec<&str> = clock.iter().map(String::as_str).collect();
        if !subjects.is_empty() && !clock.is_empty() {
            return Some((
                "clock",
                "is set beside `subjects`: leave one of the two out".to_owned(),
            ));
        }
        let of = |key, names: &[&str], types: &[ParameterType]| {
            let what = match names {
                [] => return None,
                _ if !types.contains(takes) => {
                    format!("is set, and the type is `{}`: leave it out", takes.name())
                }
                names => names.iter().find_map(|name| objection_to_kind(name))?,
            };
            Some((key, what))
        };
        of("subjects", &subjects, &[Text, Integer, Entity])
            .or_else(|| of("clock", &clock, &[Text, Integer, Number]))
    }

    /// That a value is none of those that it takes, in a sentence.
    pub(super) fn misfit(&self, called: &str, value: &str) -> String {
        const SHOWN: usize = 64;
        let QuestionParameter { name, takes, .. } = self;
        let end = value.floor_char_boundary(SHOWN);
        let more = if end < value.len() { "…" } else { "" };
        format!(
            "question `{called}` was given {}{more} for `{name}`, which takes {}",
            &value[..end],
            takes.words()
        )
    }
}

impl Display for QuestionParameter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, takes, default, .. } = self;
        write!(f, "`{name}` ({}", takes.name())?;
        default.as_ref().map_or(Ok(()), |default| write!(f, ", else {default}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_by_its_type() {
        use ParameterType::{Boolean, Entity, Integer, Number, Text};
        for (takes, text, expected) in [
            (Text, "a=b", Some(json!("a=b"))),
            (Text, "", Some(json!(""))),
            (Integer, "-7", Some(json!(-7))),
            (Integer, "9223372036854775808", None),
            (Integer, "7.0", None),
            (Number, "7", Some(json!(7.0))),
            (Number, "inf", None),
            (Number, "NaN", None),
            (Boolean, "true", Some(json!(true))),
            (Boolean, "1", None),
            (Entity, "12v3", Some(json!("12v3"))),
        ] {
            assert_eq!(takes.read(text), expected, "{takes:?} of {text:?}");
        }
        assert!(!Integer.fits(&json!(u64::MAX)) && !Integer.fits(&json!("7")));
        for text in ["9007199254740992", "-9223372036854775808"] {
            let number = json!(text.parse::<i64>().expect("a number"));
            assert!(Integer.fits(&json!(text)));
            assert_eq!(Integer.exact(&json!(text)), number);
        }
        for text in ["9007199254740991", "+9007199254740992", "9223372036854775808"] {
            assert!(!Integer.fits(&json!(text)), "{text}");
        }
        assert!(!Text.fits(&json!(7)) && Entity.fits(&json!(7)));
        assert!(!Text.fits(&Json::from("x".repeat(TEXT_BYTES_MAX + 1))));
    }
}
