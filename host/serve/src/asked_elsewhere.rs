//! Queries that came by another way than HTTP, answered as if they had come by it: who
//! asks, what they may and how much is looked at by the same code.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::operations::BASE;
use super::problem::{Kind, Problem};

/// Bytes of the longest answer.
const ANSWER_MAX: usize = 8 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers queries of one world.
#[derive(Clone)]
pub struct Queries {
    router: TowerToHyperService<Router>,
    /// The `Host` by which the server is asked.
    host: String,
    path: String,
    runtime: Handle,
}

/// A query, as it is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    token: String,
    sql: String,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    limit: Option<u64>,
}

impl Queries {
    /// For a world of this name, of a server that answers at a host.
    pub(crate) fn new(router: Router, host: String, world: &str, runtime: Handle) -> Self {
        let world = utf8_percent_encode(world, NON_ALPHANUMERIC);
        let path = format!("{BASE}/worlds/{world}/query");
        Self { router: TowerToHyperService::new(router), host, path, runtime }
    }

    /// Answers a query, which is JSON with a `token`, a SELECT as `sql`, and maybe `at` and
    /// `limit`. Gives the status that HTTP would have, and what it would answer.
    pub async fn answer(&self, asked: Vec<u8>) -> (u16, Vec<u8>) {
        let queries = self.clone();
        let answered = async move {
            let request = queries.request(&asked)?;
            let gone = |_| Problem::new(Kind::Busy, "the answer took too long: ask for less");
            let answer = timeout(PATIENCE, queries.router.call(request)).await.map_err(gone)?;
            let (head, body) = match answer {
                Ok(answer) => answer.into_parts(),
                Err(never) => match never {},
            };
            let long = |_| Problem::new(Kind::Query, "the answer is too long: ask for less");
            let body = to_bytes(body, ANSWER_MAX).await.map_err(long)?;
            Ok((head.status.as_u16(), body.to_vec()))
        };
        // On the threads of the server, which has what it takes.
        let done = self.runtime.spawn(answered).await;
        let done = done.unwrap_or_else(|_| Err(Problem::new(Kind::Busy, "the world is closing")));
        done.unwrap_or_else(|problem: Problem| {
            let status = problem.response().status().as_u16();
            (status, problem.document().to_string().into_bytes())
        })
    }

    fn request(&self, asked: &[u8]) -> Result<Request<Body>, Problem> {
        let wrong = |what: String| Problem::new(Kind::Parameter, what);
        let Asked { token, sql, at, limit } = serde_json::from_slice(asked).map_err(|error| {
            wrong(format!(
                "a query is JSON such as {{\"token\": \"…\", \"sql\": \"SELECT 1\"}}: {error}"
            ))
        })?;
        let at = at.map(|at| format!("at={}", utf8_percent_encode(&at, NON_ALPHANUMERIC)));
        let limit = limit.map(|limit| format!("limit={limit}"));
        let asked: Vec<String> = at.into_iter().chain(limit).collect();
        Request::post(format!("{}?{}", self.path, asked.join("&")))
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "text/plain")
            .body(Body::from(sql))
            .map_err(|_| wrong("the token cannot be one".to_owned()))
    }
}
