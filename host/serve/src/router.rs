//! From a request to an answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{delete, get, post};
use percent_encoding::percent_decode_str;
use sandtable::guest::panic_text;
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::column_stream;
use super::guard::Key;
use super::hand_in::{between, hand_in};
use super::lines;
use super::metrics;
use super::on_air::OnAir;
use super::openapi;
use super::operations::{Answer, BASE, Method, OPERATIONS, Operation, inputs, step};
use super::page;
use super::principal::Principal;
use super::problem::{Kind, Problem};
use super::question::{Carried, patience};
use super::readiness;
use super::reply::{Format, Reply};
use super::rights::Scope;
use super::stream;
use super::worlds::Worlds;

/// Where a monitoring system asks.
const METRICS: &str = "/metrics";
/// Bytes that a request with a link may carry.
const LINK_MAX: usize = 1 << 12;
/// How long what a request carries may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(20);
/// Requests that are worked on apart at the same time.
const APART_MAX: usize = 4;

/// How long a request waits for its turn among those.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What every request is answered with.
#[derive(Clone)]
struct Shared {
    worlds: Worlds,
    key: Arc<Key>,
    apart: Arc<Semaphore>,
}

/// What answers requests about worlds, for a server of this program or of one that
/// embeds a world. Must be called within a tokio runtime.
pub fn router(worlds: impl Into<Worlds>, key: Arc<Key>) -> Router {
    let worlds = worlds.into();
    worlds.tend();
    let shared = Shared { worlds, key, apart: Arc::new(Semaphore::new(APART_MAX)) };
    let mut router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route(METRICS, get(measured))
        .route(&format!("{BASE}/openapi.json"), get(document))
        .route(&format!("{BASE}/worlds/{{world}}/openapi.json"), get(document_of))
        .route(&format!("{BASE}/session"), post(session))
        .route("/problems/{kind}", get(page::problem))
        .route("/", get(page::index))
        .route("/{file}", get(page::asset));
    for operation in OPERATIONS {
        let answer = move |State(shared), request| answered(operation, shared, request);
        let by_method = match operation.method {
            Method::Get => get(answer),
            Method::Post(_) => post(answer),
            Method::Delete => delete(answer),
        };
        router = router.route(&format!("{BASE}{}", operation.path), by_method);
    }
    let nothing = || async {
        let what = format!("there is nothing at this address: {BASE}/openapi.json lists what is");
        Problem::new(Kind::NotFound, what).response()
    };
    let otherwise = |method: axum::http::Method| async move {
        Problem::new(Kind::Method, format!("{method} is not answered here")).response()
    };
    router
        .fallback(nothing)
        .method_not_allowed_fallback(otherwise)
        .layer(middleware::from_fn_with_state(shared.clone(), guarded))
        .with_state(shared)
}

/// Lets requests through that may be answered, with who asks, and says to browsers what
/// pages of ours may do.
async fn guarded(State(shared): State<Shared>, mut request: Request, next: Next) -> Response<Body> {
    let headers = request.headers();
    let path = request.uri().path();
    let is_ours = path.starts_with(BASE) || path == METRICS;
    let needs_token = is_ours && path != format!("{BASE}/session");
    let mut checked = shared.key.check_host(headers).map(|()| None);
    if needs_token {
        checked = checked.and_then(|_| shared.key.principal(headers).map(Some));
    }
    let mut response = match checked {
        Ok(principal) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert::<Principal>(principal);
            }
            next.run(request).await
        }
        Err(problem) => problem.response(),
    };
    let headers = response.headers_mut();
    for (name, value) in page::HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Gives a token for what the printed link carries.
async fn session(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let given = async {
        let body = body(request, LINK_MAX).await?;
        let json: Json = serde_json::from_slice(&body).unwrap_or_default();
        let link = json["link"].as_str().unwrap_or_default();
        shared.key.exchange(link)
    };
    match given.await {
        Ok(token) => plain_json(&json!({ "token": token })),
        Err(problem) => problem.response(),
    }
}

/// A server is ready while its worlds can be read and do the ticks that they should.
async fn ready(State(shared): State<Shared>) -> (StatusCode, String) {
    match readiness::standing(&shared.worlds) {
        Ok(told) => (StatusCode::OK, format!("{told}\n")),
        Err(troubles) => (StatusCode::SERVICE_UNAVAILABLE, format!("{troubles}\n")),
    }
}

async fn measured(State(shared): State<Shared>, request: Request) -> Response<Body> {
    if let Err(problem) = principal(&request).and_then(|it| it.check(Scope::Admin, None)) {
        return problem.response();
    }
    let text = shared.worlds.figures();
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::MEDIA));
    response
}

async fn document(State(shared): State<Shared>) -> Response<Body> {
    plain_json(&openapi::document(shared.worlds.only().map(OnAir::served)))
}

/// The document with the kinds of one world.
async fn document_of(
    State(shared): State<Shared>,
    Path(world): Path<String>,
    request: Request,
) -> Response<Body> {
    let allowed = principal(&request).and_then(|it| it.check(Scope::Read, Some(&world)));
    let entered = match allowed {
        Ok(()) => shared.worlds.enter(&world).await,
        Err(problem) => Err(problem),
    };
    match entered {
        Ok(world) => plain_json(&openapi::document(Some(world.served()))),
        Err(problem) => problem.response(),
    }
}

fn plain_json(json: &Json) -> Response<Body> {
    let mut response = Response::new(Body::from(json.to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn body(request: Request, most: usize) -> Result<Bytes, Problem> {
    let body = timeout(BODY_PATIENCE, to_bytes(request.into_body(), most)).await;
    let body = body.map_err(|_| Problem::new(Kind::Deadline, "the body did not come in time"))?;
    body.map_err(|_| Problem::new(Kind::Parameter, format!("this may carry {most} bytes at most")))
}

async fn answered(
    operation: &'static Operation,
    shared: Shared,
    request: Request,
) -> Response<Body> {
    let (worlds, began) = (shared.worlds.clone(), Instant::now());
    let answer = answer(operation, shared, request).await;
    let response = answer.unwrap_or_else(|problem| problem.response());
    worlds.metrics().answered(operation.name, response.status().as_u16(), began.elapsed());
    response
}

async fn answer(
    operation: &'static Operation,
    shared: Shared,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let places = places(operation.path, request.uri().path())?;
    let given = parameters(request.uri().query().unwrap_or(""))?;
    let principal = allowed(operation, &request, &places, &given)?;
    let headers = request.headers().clone();
    check(operation, &given)?;
    let lines = matches!(operation.answer, Answer::Inputs) && lines::are_sent(&headers);
    let (body, stream) = match operation.method {
        Method::Post(_) if lines => (Bytes::new(), Some(request.into_body())),
        Method::Get | Method::Delete => (Bytes::new(), None),
        Method::Post(carried) => (body(request, carried.bytes_max()).await?, None),
    };
    let Shared { worlds, key, apart } = shared;
    let asked = given.iter().find(|(name, _)| name == "format").map(|(_, value)| value.clone());
    let format = Format::of(asked.as_deref(), &headers)?;
    let is_permanent = given.iter().any(|(name, value)| name == "at" && value.contains('~'));
    let name = places.get("world").cloned().unwrap_or_default();
    let is_of_now = !given.iter().any(|(name, _)| name == "at");
    let carried = Carried { principal, places, given, body, secret: *key.secret() };
    let enter = || worlds.enter(&name);
    let reply: Reply = match operation.answer {
        Answer::OfAll(answer) => {
            let worlds = worlds.clone();
            in_turn(apart, move || answer(&carried.of_all(&worlds))).await?
        }
        Answer::Stream => {
            let world = enter().await?;
            let asked = stream::asked(&carried.question(world.served()))?;
            return stream::response(world, asked, &headers).await;
        }
        Answer::ColumnStream => {
            let world = enter().await?;
            let kind = column_stream::asked(&carried.question(world.served()))?;
            return Ok(column_stream::response(world, kind));
        }
        Answer::Inputs => {
            let world = enter().await?;
            match stream {
                Some(stream) => {
                    let question = carried.question(world.served());
                    lines::hand_in(&world, &question, stream, &headers).await?
                }
                None => {
                    let parcel = inputs(&carried.question(world.served()), &headers)?;
                    let outcome = hand_in(&world, parcel, patience(&headers)).await?;
                    in_turn(apart, move || outcome.reply(&world, Kind::Conflict)).await?
                }
            }
        }
        Answer::Edit(read) => {
            let world = enter().await?;
            let (of, asked) = (world.clone(), headers.clone());
            let read = move || read(&carried.question(of.served()), &asked);
            let parcel = in_turn(apart.clone(), read).await?;
            let outcome = hand_in(&world, parcel, patience(&headers)).await?;
            let is_conditional = headers.contains_key(header::IF_MATCH);
            let refusal = if is_conditional { Kind::Changed } else { Kind::Conflict };
            in_turn(apart, move || outcome.reply(&world, refusal)).await?
        }
        Answer::Between(read) => {
            let world = enter().await?;
            let errand = read(&carried.question(world.served()))?;
            between(&world, errand).await?
        }
        Answer::Step => step(&enter().await?, &carried.body, patience(&headers)).await?,
        Answer::AtOnce(answer) => answer(&carried.question(enter().await?.served()))?,
        Answer::AtOnceOfNow(answer) if is_of_now => {
            answer(&carried.question(enter().await?.served()))?
        }
        Answer::Apart(answer) | Answer::AtOnceOfNow(answer) => {
            let world = enter().await?;
            in_turn(apart, move || answer(&carried.question(world.served()))).await?
        }
    };
    Ok(reply.response(format, &headers, is_permanent))
}

/// Does work that may take a while, once there is a turn for it.
async fn in_turn<T: Send + 'static>(
    apart: Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    // With the work, which goes on where the client does not wait for it. It is never
    // closed.
    let permit = timeout(WAIT_MAX, apart.acquire_owned()).await.map_err(|_| {
        let what = "so much is asked at once that this waited too long: ask again";
        Problem::new(Kind::Busy, what)
    })?;
    let work = move || {
        let _permit = permit;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        let why = match error.try_into_panic() {
            Ok(panic) => panic_text(&*panic),
            Err(error) => error.to_string(),
        };
        tracing::error!("a request failed: {why}");
        Problem::new(Kind::Save, "the answer failed with a fault of sandtable: report it")
    })?
}

/// Who asks, as [`guarded`] found out.
fn principal(request: &Request) -> Result<&Principal, Problem> {
    let principal = request.extensions().get::<Principal>();
    principal.ok_or_else(|| Problem::new(Kind::Token, "a token is needed here"))
}

/// Who asks, if they have a right to what is asked.
fn allowed(
    operation: &Operation,
    request: &Request,
    places: &BTreeMap<String, String>,
    given: &[(String, String)],
) -> Result<Principal, Problem> {
    let principal = principal(request)?;
    let world = places.get("world").map(String::as_str);
    principal.check(operation.scope, world)?;
    let is_past = given.iter().any(|(name, _)| name == "at");
    let needs: &[Scope] = match operation.scope {
        Scope::Read if is_past => &[Scope::History],
        // They add to what may be read, and give nothing to read.
        Scope::Sql if is_past => &[Scope::Read, Scope::History],
        Scope::History | Scope::Sql => &[Scope::Read],
        _ => &[],
    };
    needs.iter().try_for_each(|scope| principal.check(*scope, world))?;
    Ok(principal.clone())
}

/// What stands in an address in place of names in braces.
pub fn places(template: &str, path: &str) -> Result<BTreeMap<String, String>, Problem> {
    let parts = path.strip_prefix(BASE).unwrap_or(path).split('/');
    let mut places = BTreeMap::new();
    for (name, part) in template.split('/').zip(parts) {
        if let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            places.insert(name.to_owned(), decoded(part)?);
        }
    }
    Ok(places)
}

/// What stands behind the `?`.
pub fn parameters(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(&name.replace('+', " "))?, decoded(&value.replace('+', " "))?))
    };
    pairs.map(pair).collect()
}

fn decoded(text: &str) -> Result<String, Problem> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded =
        decoded.map_err(|_| Problem::new(Kind::Parameter, format!("`{text}` is no UTF-8")))?;
    Ok(decoded.into_owned())
}

/// Checks that what is given is what the operation takes.
fn check(operation: &Operation, given: &[(String, String)]) -> Result<(), Problem> {
    let Operation { parameters, .. } = operation;
    for (place, (name, _)) in given.iter().enumerate() {
        if !parameters.iter().any(|parameter| parameter.name == name) {
            let known = parameters.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none".to_owned() } else { known };
            return Err(Problem::parameter(
                name,
                format!("is no parameter of this: it takes {known}"),
            ));
        }
        let is_again = given[..place].iter().any(|(earlier, _)| earlier == name);
        if is_again && !matches!(name.as_str(), "where" | "with" | "without" | "select") {
            return Err(Problem::parameter(name, "is given twice: give it once"));
        }
    }
    match parameters
        .iter()
        .find(|it| it.is_required && !given.iter().any(|(name, _)| name == it.name))
    {
        Some(missing) => {
            Err(Problem::parameter(missing.name, format!("is missing: give {}", missing.summary)))
        }
        None => Ok(()),
    }
}
