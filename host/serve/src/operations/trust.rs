//! Tokens of users, and what was done by them.

use std::time::Duration;

use sandtable::record::hex;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::super::problem::{Kind, Problem};
use super::super::question::WorldsQuestion;
use super::super::reply::Reply;
use super::super::rights::{Grants, Scope};
use super::super::trust::{NewToken, Token, Trust, TrustError, Verdict};
use super::method::{Body, Method};
use super::operation::{Answer, FORMAT, LIMIT, Operation, optional};

/// What is sent to have a token made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    grants: Vec<String>,
    user: Option<String>,
    expires_in_seconds: Option<u64>,
}

const ABOUT: [&str; 8] =
    ["id", "name", "user", "grants", "made_by", "made_at", "expires_at", "state"];
const ROW: [&str; 9] =
    ["number", "at", "who", "token", "operation", "world", "tick", "outcome", "digest"];

/// Lists tokens.
pub const TOKENS: Operation = Operation {
    name: "tokens",
    method: Method::Get,
    path: "/tokens",
    summary: "The tokens that were made, without their secrets, the last first.",
    scope: Scope::Admin,
    parameters: &[FORMAT],
    answer: Answer::OfAll(tokens),
};

/// Makes one.
pub const CREATE: Operation = Operation {
    name: "create-token",
    method: Method::Post(Body::Json),
    path: "/tokens",
    summary: "Makes a token, which is told this once: of a name, grants, perhaps a user and the seconds that it lasts.",
    scope: Scope::Admin,
    parameters: &[],
    answer: Answer::OfAll(create),
};

/// Revokes one.
pub const REVOKE: Operation = Operation {
    name: "revoke-token",
    method: Method::Delete,
    path: "/tokens/{token}",
    summary: "Revokes a token, by its id or name, and those that were made by it.",
    scope: Scope::Admin,
    parameters: &[],
    answer: Answer::OfAll(revoke),
};

/// Tells what was done.
pub const AUDIT: Operation = Operation {
    name: "audit",
    method: Method::Get,
    path: "/audit",
    summary: "What was done and what was refused, the last first, and whether the log is as it was written.",
    scope: Scope::Admin,
    parameters: &[optional("user", "of this user only"), LIMIT, FORMAT],
    answer: Answer::OfAll(audit),
};

pub fn tokens(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let tokens = trust(question)?.tokens().map_err(problem)?;
    Ok(Reply::rows(ABOUT.map(str::to_owned).into(), tokens.iter().map(cells).collect()))
}

pub fn create(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let wanted: Wanted = serde_json::from_slice(&question.body).map_err(|error| {
        let what = format!(
            "the body is no token that can be made: {error}; send {{\"name\": …, \"grants\": […]}}, \
             and `user` and `expires_in_seconds` if it shall have them"
        );
        Problem::new(Kind::Parameter, what)
    })?;
    let grants = Grants::parse(wanted.grants.iter().map(String::as_str));
    let grants = grants.map_err(|error| Problem::new(Kind::Parameter, error.to_string()))?;
    let lasts = wanted.expires_in_seconds.map(Duration::from_secs);
    let new = NewToken { name: wanted.name, user: wanted.user, grants, lasts };
    let text = trust(question)?.create(&new, question.principal.token()).map_err(problem)?;
    let about = json!({ "id": text.id(), "token": text.reveal() });
    Ok(Reply::object(object(about)))
}

pub fn revoke(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let revoked = trust(question)?
        .revoke(question.places.get("token").map_or("", String::as_str))
        .map_err(problem)?;
    Ok(Reply::object(object(json!({ "revoked": revoked }))))
}

pub fn audit(question: &WorldsQuestion<'_>) -> Result<Reply, Problem> {
    let trust = trust(question)?;
    let limit = question.limit()? as u32;
    let rows = trust.audit(question.parameter("user"), limit).map_err(problem)?;
    let rows = rows.into_iter().map(|row| {
        vec![
            row.number.into(),
            row.at.into(),
            row.who.into(),
            row.token.into(),
            row.operation.into(),
            row.world.into(),
            row.tick.into(),
            row.outcome.into(),
            hex(&row.digest).into(),
        ]
    });
    let broken = match trust.verify_audit(None).map_err(problem)? {
        Verdict::Broken { number } => number.into(),
        Verdict::Whole { .. } | Verdict::Other { .. } => Json::Null,
    };
    Ok(Reply::rows(ROW.map(str::to_owned).into(), rows.collect()).with("broken_at", broken))
}

fn cells(token: &Token) -> Vec<Json> {
    let grants = token.grants.iter().map(|grant| Json::from(grant.to_string()));
    vec![
        token.id.as_str().into(),
        token.name.as_str().into(),
        token.user.clone().into(),
        grants.collect(),
        token.made_by.clone().into(),
        token.made_at.into(),
        token.expires_at.into(),
        token.state().into(),
    ]
}

fn trust<'a>(question: &'a WorldsQuestion<'_>) -> Result<&'a Trust, Problem> {
    question.trust.as_deref().ok_or_else(|| {
        Problem::new(Kind::NotFound, "this server keeps no tokens: it was started without")
    })
}

fn problem(error: TrustError) -> Problem {
    let kind = match error {
        TrustError::Refused(_) => Kind::Parameter,
        _ => Kind::Save,
    };
    Problem::new(kind, error.to_string())
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
