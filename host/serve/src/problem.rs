//! Why a request is refused: RFC 9457 problem documents, with the sentence that the
//! command line says.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use sandtable::save::SaveError;
use serde_json::{Value as Json, json};

/// What kind of problem it is; each has a page under `/problems/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A parameter is missing, unknown or none.
    Parameter,
    /// A SELECT that cannot be answered.
    Query,
    /// No token, or one that is none.
    Token,
    /// A token that has no right to this.
    Scope,
    /// The request is for another host, or from the page of one.
    Origin,
    /// There is nothing at this address.
    NotFound,
    /// Another method than the address has.
    Method,
    /// What is asked for cannot be as things stand.
    Conflict,
    /// What is asked for is about something that is another by now.
    Changed,
    /// What the request carries cannot be taken.
    Body,
    /// A body of another type than is taken.
    Media,
    /// The tick, or the page of a cursor, was of a world that was rewound since.
    Rewound,
    /// The tick is no longer kept.
    Pruned,
    /// The tick is still to come.
    Future,
    /// It took longer than a request may take.
    Deadline,
    /// The token asked for more than it may.
    Limit,
    /// There is too much to do.
    Busy,
    /// The save cannot be read.
    Save,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 18] = [
        Kind::Parameter,
        Kind::Query,
        Kind::Token,
        Kind::Scope,
        Kind::Origin,
        Kind::NotFound,
        Kind::Method,
        Kind::Conflict,
        Kind::Changed,
        Kind::Body,
        Kind::Media,
        Kind::Rewound,
        Kind::Pruned,
        Kind::Future,
        Kind::Deadline,
        Kind::Limit,
        Kind::Busy,
        Kind::Save,
    ];

    /// The status, the name in addresses, and the title.
    pub fn words(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::Parameter => (StatusCode::BAD_REQUEST, "parameter", "A parameter is wrong"),
            Kind::Query => (StatusCode::BAD_REQUEST, "query", "The SELECT cannot be answered"),
            Kind::Token => (StatusCode::UNAUTHORIZED, "token", "A token is needed"),
            Kind::Scope => (StatusCode::FORBIDDEN, "scope", "The token has no right to that"),
            Kind::Origin => (StatusCode::FORBIDDEN, "origin", "Not from here"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Kind::Method => (StatusCode::METHOD_NOT_ALLOWED, "method", "Another method"),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict", "Not as things stand"),
            Kind::Changed => (StatusCode::PRECONDITION_FAILED, "changed", "It has changed since"),
            Kind::Body => (StatusCode::UNPROCESSABLE_ENTITY, "body", "What was sent is refused"),
            Kind::Media => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media", "Another type of body"),
            Kind::Rewound => (StatusCode::CONFLICT, "rewound", "The world was rewound"),
            Kind::Pruned => (StatusCode::GONE, "pruned", "The tick is no longer kept"),
            Kind::Future => (StatusCode::NOT_FOUND, "future", "The tick is still to come"),
            Kind::Deadline => (StatusCode::SERVICE_UNAVAILABLE, "deadline", "It took too long"),
            Kind::Limit => (StatusCode::TOO_MANY_REQUESTS, "limit", "The token asked too much"),
            Kind::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "There is too much to do"),
            Kind::Save => (StatusCode::INTERNAL_SERVER_ERROR, "save", "The save cannot be read"),
        }
    }

    /// What to know about it, for its page.
    pub fn help(self) -> &'static str {
        match self {
            Kind::Parameter => "The detail names the parameter and says what it takes.",
            Kind::Query => {
                "One SELECT over the tables of the world: `SELECT * FROM tables` lists them."
            }
            Kind::Token => {
                "Open the link that `sandtable serve` printed, or send the header \
                 `Authorization: Bearer <token>` with what SANDTABLE_TOKEN is set to."
            }
            Kind::Scope => {
                "The detail names the right that is missing: `sandtable token create` makes a \
                 token that has it."
            }
            Kind::Origin => {
                "The address must be the one that `sandtable serve` printed, and pages of other \
                 hosts are not answered."
            }
            Kind::NotFound => "The detail says what there is instead.",
            Kind::Method => "The header `Allow` names the methods that the address has.",
            Kind::Conflict => "The detail says what is in the way.",
            Kind::Changed => "Look at it again, and ask with the tag that it has now.",
            Kind::Body => "The detail says what is wrong with what the request carries.",
            Kind::Media => "The detail says what the body must be, and how to say so.",
            Kind::Rewound => {
                "The tick is one of another chain of ticks: take it without what follows `~`, or \
                 begin the pages anew."
            }
            Kind::Pruned => "The detail names the first tick that is kept.",
            Kind::Future => "The detail names the last tick.",
            Kind::Deadline => "Ask for less, or for a later tick.",
            Kind::Limit => "The detail says how much a token may ask for, and when again.",
            Kind::Busy => "Ask again a little later, or with fewer at the same time.",
            Kind::Save => "The detail says what is wrong with it, and what to do.",
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// What kind of problem.
    pub kind: Kind,
    /// One sentence: what is wrong, and what to do.
    pub detail: String,
    /// Whether a part of what was asked for was done all the same.
    pub was_begun: bool,
}

impl Problem {
    /// A problem in one sentence.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), was_begun: false }
    }

    /// A parameter that is wrong.
    pub fn parameter(name: &str, what: impl std::fmt::Display) -> Self {
        Self::new(Kind::Parameter, format!("`{name}` {what}"))
    }

    /// As a problem document.
    pub fn document(&self) -> Json {
        let (status, name, title) = self.kind.words();
        json!({
            "type": format!("/problems/{name}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
        })
    }

    /// As the answer to a request.
    pub fn response(&self) -> Response<Body> {
        let (status, ..) = self.kind.words();
        let mut response = Response::new(Body::from(self.document().to_string()));
        *response.status_mut() = status;
        let json = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self.kind == Kind::Token {
            let bearer = header::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Self {
        let kind = match &error {
            SaveError::Query { .. } => Kind::Query,
            SaveError::Cannot { .. } => Kind::NotFound,
            SaveError::Late { .. } => Kind::Deadline,
            _ => Kind::Save,
        };
        Self::new(kind, error.to_string())
    }
}
