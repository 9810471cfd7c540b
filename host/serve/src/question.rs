//! What a request asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;

use super::at::At;
use super::cursor::Secret;
use super::moment::Moment;
use super::named::entity_of;
use super::principal::Principal;
use super::problem::Problem;
use super::served::Served;
use super::sight::Sight;
use super::trust::Trust;
use super::worlds::Worlds;

/// What is asked.
pub struct Question<'a> {
    /// Of which world.
    pub served: &'a Served,
    /// Who asks. The scope of the operation was checked.
    pub principal: Principal,
    /// What they see of the world, where that is not all.
    pub sight: Option<Sight>,
    /// What stands in the address in place of names in braces.
    pub places: BTreeMap<String, String>,
    /// What stands behind the `?`; some of it may be there several times.
    pub given: Vec<(String, String)>,
    /// What the request carries.
    pub body: Bytes,
    /// What cursors are sealed with.
    pub secret: Secret,
}

/// What a request carries, whatever it asks.
pub struct Carried {
    /// Who asks. The scope of the operation was checked.
    pub principal: Principal,
    /// What the host knows of users.
    pub trust: Option<Arc<Trust>>,
    /// What stands in the address in place of names in braces.
    pub places: BTreeMap<String, String>,
    /// What stands behind the `?`; some of it may be there several times.
    pub given: Vec<(String, String)>,
    /// What the request carries.
    pub body: Bytes,
    /// What cursors are sealed with.
    pub secret: Secret,
}

impl Carried {
    /// What an operation is asked of a world.
    ///
    /// # Errors
    ///
    /// It is answered of all of the world, and they see a part.
    pub fn question<'a>(
        self,
        operation: &str,
        served: &'a Served,
    ) -> Result<Question<'a>, Problem> {
        served.follow_course();
        let Self { principal, places, given, body, secret, .. } = self;
        let sight = Sight::of(&principal, served.name(), &served.feed().now().config);
        sight.as_ref().map_or(Ok(()), |sight| sight.check(operation))?;
        Ok(Question { served, principal, sight, places, given, body, secret })
    }

    /// What it asks about all of them.
    pub fn of_all(self, worlds: &Worlds) -> WorldsQuestion<'_> {
        let Self { principal, trust, places, given, body, .. } = self;
        WorldsQuestion { worlds, principal, trust, places, given, body }
    }
}

/// What is asked about the worlds of a server, of which none need be open.
pub struct WorldsQuestion<'a> {
    /// All of them.
    pub worlds: &'a Worlds,
    /// Who asks. The scope of the operation was checked.
    pub principal: Principal,
    /// What the host knows of users.
    pub trust: Option<Arc<Trust>>,
    /// What stands in the address in place of names in braces.
    pub places: BTreeMap<String, String>,
    /// What stands behind the `?`.
    pub given: Vec<(String, String)>,
    /// What the request carries.
    pub body: Bytes,
}

impl WorldsQuestion<'_> {
    /// What is given for a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// Rows at most.
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.parameter("limit"))
    }
}

fn number(name: &str, given: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = given else { return Ok(None) };
    let wrong = || Problem::parameter(name, format!("is `{text}`: give a whole number"));
    text.parse().map(Some).map_err(|_| wrong())
}

fn limit(given: Option<&str>) -> Result<usize, Problem> {
    const MOST: u64 = 10_000;
    match number("limit", given)? {
        None => Ok(1_000),
        Some(limit @ 1..=MOST) => Ok(limit as usize),
        Some(limit) => Err(Problem::parameter("limit", format!("is {limit}: give 1 to {MOST}"))),
    }
}

/// How long a client wants to wait for what it asked for, by `Prefer: wait=5`.
pub fn patience(headers: &HeaderMap) -> Option<Duration> {
    const MOST: u64 = 60;
    let asked = headers.get_all("prefer").iter().filter_map(|it| it.to_str().ok());
    let wait =
        asked.flat_map(|it| it.split([',', ';'])).find_map(|it| it.trim().strip_prefix("wait="));
    let seconds: u64 = wait?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MOST)))
}

impl Question<'_> {
    /// What is given for a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All that is given for a parameter that may be there several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// A number, if one is given.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        number(name, self.parameter(name))
    }

    /// Rows at most.
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.parameter("limit"))
    }

    /// The tick that is asked about, where that is not now.
    pub fn at(&self) -> Result<Option<At>, Problem> {
        self.parameter("at").map(At::parse).transpose()
    }

    /// The world that is asked about, as far as it may be seen.
    pub fn moment(&self) -> Result<Moment, Problem> {
        self.moment_at(self.at()?.as_ref()).map(|(seen, _)| seen)
    }

    /// The world as it is now, as far as it may be seen.
    pub fn now(&self) -> Moment {
        self.seen(self.served.now())
    }

    /// The world at a tick, or now: as far as it may be seen, and whole.
    pub fn moment_at(&self, at: Option<&At>) -> Result<(Moment, Moment), Problem> {
        if let (Some(sight), Some(_)) = (&self.sight, at) {
            sight.check_past(&self.served.feed().now().config)?;
        }
        let whole = self.served.moment(at)?;
        Ok((self.seen(whole.clone()), whole))
    }

    fn seen(&self, moment: Moment) -> Moment {
        match &self.sight {
            Some(sight) => moment.as_seen(sight, self.served.seen()),
            None => moment,
        }
    }

    /// The entity of a text for questions about the past: as 12v3 where the past goes up
    /// to now and an entity is called so, which is found at once; else as it is, to be
    /// looked for.
    pub fn entity(&self, text: &str) -> String {
        if self.parameter("to").or(self.parameter("at")).is_some() {
            return text.to_owned();
        }
        let now = self.now();
        let found = entity_of(&now.world, text, &self.served.labels(&now.world));
        found.map_or_else(|_| text.to_owned(), |entity| entity.to_string())
    }

    /// What stands in the address for a name.
    pub fn place(&self, name: &str) -> &str {
        self.places.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_client_says_how_long_it_waits() {
        let wait = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", HeaderValue::from_static(value));
            patience(&headers).map(|it| it.as_secs())
        };
        assert_eq!(wait("wait=5"), Some(5));
        assert_eq!(wait("respond-async, wait=7"), Some(7));
        assert_eq!(wait("wait=86400"), Some(60));
        assert_eq!(
            (wait("wait=soon"), wait("wait=-1"), wait("return=minimal")),
            (None, None, None)
        );
        assert_eq!(patience(&HeaderMap::new()), None);
    }
}
