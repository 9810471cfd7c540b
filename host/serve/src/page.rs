//! The page: a client of the API like any other, without a build step and without
//! anything from another host.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, Response, header};

use super::problem::{Kind, Problem};

/// What every answer says to a browser.
pub const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

const FILES: [(&str, &str, &str); 4] = [
    ("app.js", "text/javascript; charset=utf-8", include_str!("page/app.js")),
    ("chart.js", "text/javascript; charset=utf-8", include_str!("page/chart.js")),
    ("style.css", "text/css; charset=utf-8", include_str!("page/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

pub async fn index() -> Response<Body> {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

pub async fn asset(Path(name): Path<String>) -> Response<Body> {
    match FILES.iter().find(|(of, ..)| *of == name) {
        Some((_, media, text)) => file(media, text),
        None => Problem::new(Kind::NotFound, format!("there is no file `{name}` here")).response(),
    }
}

/// What to know about a kind of problem.
pub async fn problem(Path(name): Path<String>) -> Response<Body> {
    match Kind::ALL.into_iter().find(|kind| kind.words().1 == name) {
        Some(kind) => {
            let text = format!("{}\n\n{}\n", kind.words().2, kind.help());
            let mut response = Response::new(Body::from(text));
            let media = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, media);
            response
        }
        None => Problem::new(Kind::NotFound, format!("there is no problem `{name}`")).response(),
    }
}

fn file(media: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
