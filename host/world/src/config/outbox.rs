//! Which events leave the save, and how.

use serde::{Deserialize, Serialize};

use crate::record::OutboxFormat;

/// Which events leave the save, in order, and how. None of it changes what happens in
/// the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxSettings {
    /// The kinds of events: `<mod>/<Name>`, `<mod>/*`, or `*` for those of all mods.
    /// `sandtable/Spawned` and `sandtable/Despawned` are entities that came and went,
    /// `sandtable/*` both. None: there is no outbox.
    pub events: Vec<String>,
    /// In which form their values leave.
    pub format: OutboxFormat,
    /// Rows that the save keeps once they were acknowledged, in case what has them loses
    /// some again. At least one.
    pub keep_rows: u64,
    /// Messages that are under way at once. From 1 to 4096.
    pub in_flight: u64,
}

impl OutboxSettings {
    /// The most messages that may be under way at once.
    pub const IN_FLIGHT_MAX: u64 = 4096;

    /// Whether nothing is said about it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything leaves the save.
    pub fn is_on(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether a kind leaves the save, by its full name.
    pub fn chooses(&self, kind: &str) -> bool {
        self.events.iter().any(|chosen| match chosen.strip_suffix('*') {
            Some("") => !kind.starts_with("sandtable/"),
            Some(of_mod) => kind.starts_with(of_mod),
            None => chosen == kind,
        })
    }

    /// What is wrong with it, if anything is: which key, and the end of a sentence.
    pub fn objection(&self) -> Option<(String, String)> {
        let is_sound = |chosen: &String| {
            chosen == "*"
                || chosen.split_once('/').is_some_and(|(of_mod, name)| {
                    let is_part = |part: &str| {
                        let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
                        !part.is_empty() && part.chars().all(plain)
                    };
                    is_part(of_mod) && (name == "*" || is_part(name))
                })
        };
        if let Some(at) = self.events.iter().position(|chosen| !is_sound(chosen)) {
            let what = format!(
                "is `{}`, which is no kind of event: give `<mod>/<Name>`, `<mod>/*` or `*`",
                self.events[at].escape_debug()
            );
            return Some((format!("events.{at}"), what));
        }
        let most = Self::IN_FLIGHT_MAX;
        if self.keep_rows == 0 {
            let what = "is 0: give at least 1, so that it is known which row was the last";
            return Some(("keep_rows".to_owned(), what.to_owned()));
        }
        if !(1..=most).contains(&self.in_flight) {
            let what = format!("is {}: give a number from 1 to {most}", self.in_flight);
            return Some(("in_flight".to_owned(), what));
        }
        None
    }
}

impl Default for OutboxSettings {
    fn default() -> Self {
        let (events, format) = (Vec::new(), OutboxFormat::Json);
        Self { events, format, keep_rows: 100_000, in_flight: 512 }
    }
}

/// What is said of the outbox in the place of what a world says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxOverrides {
    /// The kinds of events, where there are any.
    pub events: Vec<String>,
    /// The form of their values.
    pub format: Option<OutboxFormat>,
    /// Rows that stay once they were acknowledged.
    pub keep_rows: Option<u64>,
    /// Messages that are under way at once.
    pub in_flight: Option<u64>,
}

impl OutboxOverrides {
    /// Settings with this in the place of what they say.
    pub fn over(&self, settings: &OutboxSettings) -> OutboxSettings {
        let events = if self.events.is_empty() { &settings.events } else { &self.events };
        OutboxSettings {
            events: events.clone(),
            format: self.format.unwrap_or(settings.format),
            keep_rows: self.keep_rows.unwrap_or(settings.keep_rows),
            in_flight: self.in_flight.unwrap_or(settings.in_flight),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(events: &[&str]) -> OutboxSettings {
        let events = events.iter().map(|&it| it.to_owned()).collect();
        OutboxSettings { events, ..OutboxSettings::default() }
    }

    #[test]
    fn kinds_are_chosen_by_name_by_mod_and_all() {
        for (events, kind, expected) in [
            (&["a/B"][..], "a/B", true),
            (&["a/B"], "a/Bc", false),
            (&["a/*"], "a/Bc", true),
            (&["a/*"], "ab/C", false),
            (&["*"], "ab/C", true),
            (&["*"], "sandtable/Spawned", false),
            (&["x/Y", "sandtable/*"], "sandtable/Spawned", true),
            (&[], "a/B", false),
        ] {
            assert_eq!(of(events).chooses(kind), expected, "{events:?} {kind}");
        }
    }

    #[test]
    fn what_is_no_kind_is_refused() {
        for wrong in ["", "a", "a/", "/B", "a/B/c", "a*", "a/B*", "a b/C", "a/\n"] {
            assert_eq!(of(&["a/*", wrong]).objection().expect(wrong).0, "events.1");
        }
        assert_eq!(of(&["a/B", "a/*", "*", "sandtable/*"]).objection(), None);
        let none = OutboxSettings { keep_rows: 0, ..of(&["*"]) };
        assert_eq!(none.objection().expect("refused").0, "keep_rows");
        let many = OutboxSettings { in_flight: 4097, ..of(&["*"]) };
        assert_eq!(many.objection().expect("refused").0, "in_flight");
    }
}
