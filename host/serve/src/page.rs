//! The page: a client of the API like any other, without a build step and without
//! anything from another host.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, Uri, header};

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

/// Names of files with what is in them.
macro_rules! files {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("page/", $name)))),*] };
}

/// What the page is made of, beside its `index.html`.
#[rustfmt::skip]
const FILES: &[(&str, &str)] = files! {
    "address.js" "answer.js" "app.js" "ask.js" "asked.js" "bars.js" "by-hand.js" "cells.js"
    "chart.js" "clock.js" "columns.js" "complete.js" "component.js" "dom.js" "drag.js" "editor.js"
    "exact.js" "format.js" "graph.js" "hand.js" "icon.svg" "input.js" "keys.js" "lane-picture.js" "lanes.js"
    "layout.js" "list.js" "live.js" "map.js" "msgpack.js" "names.js" "parts.js" "places.js" "run.js"
    "series.js" "shades.js" "spark.js" "stage.js" "stages.js" "state.js" "style.css" "subjects.js"
    "sure.js" "table.js" "ties.js" "time.js" "timeline.js" "together.js" "view-diff.js"
    "view-edits.js" "view-entities.js" "view-entity.js" "view-events.js" "view-fork.js"
    "view-health.js" "view-mods.js" "view-questions.js" "view-relations.js" "view-sql.js"
    "view-subject.js" "view-systems.js" "view-time.js" "view-why.js" "view-world.js"
    "view-worlds.js" "when.js" "words.js"
};

pub async fn index() -> Response<Body> {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

pub async fn asset(uri: Uri) -> Response<Body> {
    let name = last(&uri);
    match FILES.iter().find(|(of, _)| *of == name) {
        Some((name, text)) => file(media(name), text),
        None => Problem::new(Kind::NotFound, format!("there is no file `{name}` here")).response(),
    }
}

/// The last part of an address, as it stands there: no name of ours has any other form.
fn last(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// The media type of a file, by the end of its name.
fn media(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// What to know about a kind of problem.
pub async fn problem(uri: Uri) -> Response<Body> {
    let name = last(&uri);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
        let entries = std::fs::read_dir(folder).expect("the page has a folder");
        let names = entries.map(|it| it.expect("an entry").file_name());
        let mut there: BTreeSet<String> =
            names.map(|name| name.to_str().expect("a name in UTF-8").to_owned()).collect();
        assert!(there.remove("index.html"));
        let served = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, served);
        for (name, _) in FILES {
            assert_ne!(media(name), media(""), "{name} has a media type");
        }
    }
}
