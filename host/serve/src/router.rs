//! From a request to an answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{delete, get, post};
use futures_util::StreamExt;
use futures_util::stream::unfold;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::apart::Apart;
use super::audited::{outcome, write_down};
use super::column_stream;
use super::guard::{Key, Place};
use super::hand_in::{between, hand_in};
use super::lines;
use super::mcp::{self, Answering, OverHttp};
use super::metrics;
use super::on_air::OnAir;
use super::openapi;
use super::operations::{
    Answer, BASE, Body as Carries, Method, OPERATIONS, Operation, inputs, step,
};
use super::page;
use super::principal::Principal;
use super::problem::{Kind, Problem};
use super::question::{Carried, patience};
use super::readiness;
use super::reply::{Format, Reply};
use super::rights::Scope;
use super::served::Served;
use super::stream;
use super::trust::Outcome;
use super::worlds::Worlds;

/// Where a monitoring system asks.
const METRICS: &str = "/metrics";
/// Bytes that a request with a link may carry.
const LINK_MAX: usize = 1 << 12;
/// How often it is looked whether the token of a stream still holds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long what a request carries may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(20);

/// What every request is answered with.
#[derive(Clone)]
struct Shared {
    worlds: Worlds,
    key: Arc<Key>,
    apart: Apart,
    mcp: OverHttp,
}

/// What answers requests about worlds, for a server of this program or of one that
/// embeds a world. Must be called within a tokio runtime.
pub fn router(worlds: impl Into<Worlds>, key: Arc<Key>) -> Router {
    let worlds = worlds.into();
    worlds.tend();
    let apart = Apart::default();
    let answering = Answering::of_server(worlds.clone(), &key, apart.clone());
    let shared = Shared { worlds, key, apart, mcp: mcp::over_http(answering) };
    let mut router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readied))
        .route(METRICS, get(measured))
        .route(mcp::PATH, post(asked_by_model))
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
    let is_ours = path.starts_with(BASE) || [METRICS, mcp::PATH].contains(&path);
    let needs_token = is_ours && path != format!("{BASE}/session");
    let mut checked = shared.key.hosts().check(request.uri(), headers).map(|()| None);
    if needs_token {
        checked = checked.and_then(|_| shared.key.principal(headers).map(Some));
    }
    let token = checked.as_ref().ok().and_then(|it| it.as_ref()?.token());
    let left = token.map(|token| shared.key.ledger().count(&token.id, Instant::now()));
    let checked = checked.and_then(|it| left.map_or(Ok(()), |left| left.check()).map(|()| it));
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
    left.inspect(|left| left.tell(headers));
    // What one may see is another thing for each token.
    headers.append(header::VARY, HeaderValue::from_static("authorization"));
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
async fn readied(State(shared): State<Shared>) -> (StatusCode, String) {
    match readiness::standing(&shared.worlds) {
        Ok(told) => (StatusCode::OK, format!("{told}\n")),
        Err(troubles) => (StatusCode::SERVICE_UNAVAILABLE, format!("{troubles}\n")),
    }
}

async fn measured(State(shared): State<Shared>, request: Request) -> Response<Body> {
    if let Err(problem) = principal(&request).and_then(|it| it.check(Scope::Metrics, None)) {
        let asker = principal(&request).cloned().ok();
        note_refusal(&shared, asker, "metrics", None, &problem).await;
        return problem.response();
    }
    let text = shared.worlds.figures();
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::MEDIA));
    response
}

/// What an AI client asks.
async fn asked_by_model(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let began = Instant::now();
    let (parts, incoming) = request.into_parts();
    let response = match body(Request::new(incoming), Carries::Json.bytes_max()).await {
        Ok(body) => {
            let request = Request::from_parts(parts, Body::from(body));
            shared.mcp.handle(request).await.map(Body::new)
        }
        Err(problem) => problem.response(),
    };
    shared.worlds.metrics().answered("mcp", response.status().as_u16(), began.elapsed());
    response
}

/// The document, with the kinds of the one world for them who may read it.
async fn document(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let served = shared.worlds.only().map(OnAir::served);
    let may_read = |served: &&Served| {
        principal(&request).is_ok_and(|it| it.check(Scope::Read, Some(served.name())).is_ok())
    };
    plain_json(&openapi::document(served.filter(may_read)))
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
        Err(problem) => {
            let asker = principal(&request).cloned().ok();
            note_refusal(&shared, asker, "openapi", Some(&world), &problem).await;
            Err(problem)
        }
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

/// Writes down that something was refused which is no operation of the table.
async fn note_refusal(
    shared: &Shared,
    asker: Option<Principal>,
    what: &'static str,
    world: Option<&str>,
    problem: &Problem,
) {
    let (Some(asker), Some(trust)) = (asker, shared.key.trust().cloned()) else { return };
    if problem.kind == Kind::Scope {
        let (worlds, world) = (shared.worlds.clone(), world.map(str::to_owned));
        let write =
            move || write_down(what, &trust, &worlds, &asker, world.as_deref(), Outcome::Refused);
        let _ = tokio::task::spawn_blocking(write).await;
    }
}

/// Answers, and sees that what was done is written down: also where the client has gone
/// before the answer, which ends no operation that changes something.
async fn answered(
    operation: &'static Operation,
    shared: Shared,
    request: Request,
) -> Response<Body> {
    let answering = answered_and_noted(operation, shared, request);
    if operation.method == Method::Get {
        return answering.await;
    }
    tokio::spawn(answering).await.unwrap_or_else(|error| {
        tracing::error!("a request failed: {error}");
        let what = "the answer failed with a fault of sandtable: report it";
        Problem::new(Kind::Save, what).response()
    })
}

async fn answered_and_noted(
    operation: &'static Operation,
    shared: Shared,
    request: Request,
) -> Response<Body> {
    let (worlds, key, began) = (shared.worlds.clone(), shared.key.clone(), Instant::now());
    let asked = principal(&request).cloned().and_then(|asker| {
        let places = places(operation.path, request.uri().path())?;
        Ok((asker, places.get("world").cloned()))
    });
    let answer = answer(operation, shared, request).await;
    if let (Ok((asker, world)), Some(outcome), Some(trust)) =
        (asked, outcome(operation, &answer), key.trust().cloned())
    {
        let worlds = worlds.clone();
        let write =
            move || write_down(operation.name, &trust, &worlds, &asker, world.as_deref(), outcome);
        let _ = tokio::task::spawn_blocking(write).await;
    }
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
    let principal = principal(&request)?.clone();
    operation.allow(&principal, places.get("world").map(String::as_str), &given)?;
    let headers = request.headers().clone();
    operation.check(&given)?;
    let lines = matches!(operation.answer, Answer::Inputs) && lines::are_sent(&headers);
    let (body, stream) = match operation.method {
        Method::Post(_) if lines => (Bytes::new(), Some(request.into_body())),
        Method::Get | Method::Delete => (Bytes::new(), None),
        Method::Post(carried) => (body(request, carried.bytes_max()).await?, None),
    };
    if operation.method == Method::Post(Carries::Json) && !body.is_empty() {
        check_json(&headers)?;
    }
    let Shared { worlds, key, apart, .. } = shared;
    let asked = given.iter().find(|(name, _)| name == "format").map(|(_, value)| value.clone());
    let format = Format::of(asked.as_deref(), &headers)?;
    let is_permanent = given.iter().any(|(name, value)| name == "at" && value.contains('~'));
    let name = places.get("world").cloned().unwrap_or_default();
    let is_of_now = !given.iter().any(|(name, _)| name == "at");
    let (name_of, trust, secret) = (operation.name, key.trust().cloned(), *key.secret());
    let carried = Carried { principal, trust, places, given, body, secret };
    let enter = || worlds.enter(&name);
    let reply: Reply = match operation.answer {
        Answer::OfAll(answer) => {
            let worlds = worlds.clone();
            apart.run(move || answer(&carried.of_all(&worlds))).await?
        }
        Answer::Stream => {
            let (place, asker) = (key.place(&carried.principal)?, carried.principal.clone());
            let world = enter().await?;
            let asked = stream::asked(&carried.question(name_of, world.served())?)?;
            let response = stream::response(world, asker, asked, &headers).await?;
            return Ok(while_it_holds(response, key, place));
        }
        Answer::ColumnStream => {
            let (place, asker) = (key.place(&carried.principal)?, carried.principal.clone());
            let world = enter().await?;
            let kind = column_stream::asked(&carried.question(name_of, world.served())?)?;
            let response = column_stream::response(world, asker, kind);
            return Ok(while_it_holds(response, key, place));
        }
        Answer::Inputs => {
            let world = enter().await?;
            match stream {
                Some(stream) => {
                    let question = carried.question(name_of, world.served())?;
                    let may_go_on = || match key.still_holds(&question.principal) {
                        true => Ok(()),
                        false => Err(Problem::new(Kind::Token, "the token holds no longer")),
                    };
                    lines::hand_in(&world, &question, stream, &headers, &may_go_on).await?
                }
                None => {
                    let question = carried.question(name_of, world.served())?;
                    let sees_all = question.sight.is_none();
                    let parcel = inputs(&question, &headers)?;
                    let outcome = hand_in(&world, parcel, patience(&headers)).await?;
                    let reply = move || outcome.reply(&world, Kind::Conflict, sees_all);
                    apart.run(reply).await?
                }
            }
        }
        Answer::Edit(read) => {
            let world = enter().await?;
            let (of, asked) = (world.clone(), headers.clone());
            let read = move || read(&carried.question(name_of, of.served())?, &asked);
            let parcel = apart.run(read).await?;
            let outcome = hand_in(&world, parcel, patience(&headers)).await?;
            let is_conditional = headers.contains_key(header::IF_MATCH);
            let refusal = if is_conditional { Kind::Changed } else { Kind::Conflict };
            apart.run(move || outcome.reply(&world, refusal, true)).await?
        }
        Answer::Between(read) => {
            let world = enter().await?;
            let errand = read(&carried.question(name_of, world.served())?)?;
            between(&world, errand).await?
        }
        Answer::Step => {
            let world = enter().await?;
            let body = carried.question(name_of, world.served())?.body;
            step(&world, &body, patience(&headers)).await?
        }
        Answer::AtOnce(answer) => answer(&carried.question(name_of, enter().await?.served())?)?,
        Answer::AtOnceOfNow(answer) if is_of_now => {
            answer(&carried.question(name_of, enter().await?.served())?)?
        }
        Answer::Apart(answer) | Answer::AtOnceOfNow(answer) => {
            let world = enter().await?;
            apart.run(move || answer(&carried.question(name_of, world.served())?)).await?
        }
    };
    Ok(reply.response(format, &headers, is_permanent))
}

/// A page of another host can have a browser send what is no JSON, without asking.
fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media = media.and_then(|it| it.split(';').next()).unwrap_or_default().trim();
    match media.eq_ignore_ascii_case(Carries::Json.media()) {
        true => Ok(()),
        false => Err(Problem::new(
            Kind::Media,
            "the body must be JSON: send the header `Content-Type: application/json`",
        )),
    }
}

/// Ends a stream once the token is revoked or expires by which it was asked for, also one
/// that has nothing to tell.
fn while_it_holds(response: Response<Body>, key: Arc<Key>, place: Place) -> Response<Body> {
    response.map(|body| {
        let state = (body.into_data_stream(), key, place);
        Body::from_stream(unfold(state, |(mut parts, key, place)| async move {
            loop {
                let part = timeout(LOOK_EVERY, parts.next()).await;
                if !key.holds(&place) {
                    return None;
                }
                if let Ok(part) = part {
                    return Some((part?, (parts, key, place)));
                }
            }
        }))
    })
}

/// Who asks, as [`guarded`] found out.
fn principal(request: &Request) -> Result<&Principal, Problem> {
    let principal = request.extensions().get::<Principal>();
    principal.ok_or_else(|| Problem::new(Kind::Token, "a token is needed here"))
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
