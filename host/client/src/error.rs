//! Why there is no answer.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value as Json};

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server refuses, and says why in one sentence.
    Refused(Box<Problem>),
    /// The server cannot be reached, or the connection broke.
    Unreachable {
        /// Where the server should be.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// The answer is not what v1 of the API gives.
    Misunderstood {
        /// What was asked.
        asked: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// The client was told to do what it cannot.
    Usage(String),
}

impl Error {
    /// The server's refusal, if it is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// What kind of problem the server has, if it refuses.
    pub fn kind(&self) -> Option<&Kind> {
        self.problem().map(|problem| &problem.kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(problem) => f.write_str(&problem.detail),
            Self::Unreachable { address, why } => {
                write!(f, "{address} cannot be reached: {why}: is `sandtable serve` running there?")
            }
            Self::Misunderstood { asked, why } => {
                write!(f, "the answer to {asked} is not what v1 of the API gives: {why}")
            }
            Self::Usage(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {}

/// What kind of problem the server has. Later versions of the API may know more of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A parameter is missing, unknown or none.
    Parameter,
    /// A SELECT that cannot be answered.
    Query,
    /// No token, or one that is none.
    Token,
    /// A token that has no right to this.
    Scope,
    /// The request is for another host.
    Origin,
    /// There is no such thing.
    NotFound,
    /// Another method than the address has.
    Method,
    /// What is asked for cannot be as things stand.
    Conflict,
    /// What is asked for is about something that is another by now.
    Changed,
    /// What was sent cannot be taken.
    Body,
    /// What was sent is of another type than the address takes.
    Media,
    /// The token asked too much in a short time.
    Limit,
    /// The tick was of a world that was rewound since.
    Rewound,
    /// The tick is no longer kept.
    Pruned,
    /// The tick is still to come.
    Future,
    /// It took longer than a request may take.
    Deadline,
    /// There is too much to do.
    Busy,
    /// The save cannot be read.
    Save,
    /// Another one, by its name in the API.
    Other(String),
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "parameter" => Self::Parameter,
            "query" => Self::Query,
            "token" => Self::Token,
            "scope" => Self::Scope,
            "origin" => Self::Origin,
            "not-found" => Self::NotFound,
            "method" => Self::Method,
            "conflict" => Self::Conflict,
            "changed" => Self::Changed,
            "body" => Self::Body,
            "media" => Self::Media,
            "limit" => Self::Limit,
            "rewound" => Self::Rewound,
            "pruned" => Self::Pruned,
            "future" => Self::Future,
            "deadline" => Self::Deadline,
            "busy" => Self::Busy,
            "save" => Self::Save,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Why the server refuses: a problem document, as RFC 9457 has them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem.
    pub kind: Kind,
    /// The status of the answer.
    pub status: u16,
    /// What kind of problem, in words.
    pub title: String,
    /// One sentence: what is wrong, and what to do.
    pub detail: String,
    /// The address of the page that says more, without the host.
    pub page: String,
    /// How long to wait before it is asked again, where the server says so.
    pub retry_after: Option<Duration>,
    /// The document as it came; empty where the answer had none.
    pub document: Map<String, Json>,
}

impl Problem {
    /// From a problem document.
    pub(crate) fn of(document: Map<String, Json>, status: u16) -> Self {
        let text = |name: &str| document.get(name).and_then(Json::as_str).unwrap_or_default();
        let page = text("type").to_owned();
        Self {
            kind: Kind::of(page.rsplit('/').next().unwrap_or_default()),
            status,
            title: text("title").to_owned(),
            detail: text("detail").to_owned(),
            page,
            retry_after: None,
            document,
        }
    }

    /// From the answer to a request. What is before the server, as a proxy, may refuse
    /// too, in words of its own.
    pub(crate) fn read(body: &[u8], status: u16, retry_after: Option<Duration>) -> Self {
        let document: Map<String, Json> = serde_json::from_slice(body).unwrap_or_default();
        let mut problem = Self::of(document, status);
        if problem.detail.is_empty() {
            problem.detail = format!("the server answers with status {status} and no reason");
        }
        Self { retry_after, ..problem }
    }

    /// Whether it may be over by itself: the server, or what is before it, has too much
    /// to do or is not there.
    pub(crate) fn is_passing(&self) -> bool {
        self.kind == Kind::Busy || matches!(self.status, 502 | 504)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_sentence_of_the_server() {
        let body = br#"{"type":"/problems/pruned","title":"T","status":410,"detail":"tick 3 is gone","more":1}"#;
        let problem = Problem::read(body, 410, None);
        assert_eq!((&problem.kind, problem.page.as_str()), (&Kind::Pruned, "/problems/pruned"));
        assert_eq!(problem.document["more"], 1);
        assert_eq!(Error::from(problem).to_string(), "tick 3 is gone");
        let of_proxy = Problem::read(b"<html>", 502, None);
        assert!(of_proxy.is_passing() && of_proxy.detail.contains("502"));
        let newer = br#"{"type":"/problems/quota","detail":"enough"}"#;
        assert_eq!(Problem::read(newer, 429, None).kind, Kind::Other("quota".to_owned()));
    }
}
