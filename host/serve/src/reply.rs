//! What a request is answered with, and in which form.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use sandtable::record::hex;
use serde_json::{Map, Value as Json};

use super::problem::Problem;

/// An answer.
pub struct Reply {
    /// What there is to say of the answer as a whole.
    pub about: Map<String, Json>,
    /// The answer.
    pub content: Content,
    /// The tick as permanent links have it, where the answer is of one.
    pub at: Option<String>,
    /// What the answer is recognised by, where that is not all of its bytes.
    pub tag: Option<String>,
    /// Whether an answer as of an earlier tick stays what it is.
    pub is_lasting: bool,
    /// How the request went.
    pub status: StatusCode,
}

/// What is answered.
pub enum Content {
    /// Members of one object, beside what is said of the whole.
    Object(Map<String, Json>),
    /// Rows.
    Rows {
        /// Names of the columns.
        columns: Vec<String>,
        /// A cell for each column.
        rows: Vec<Vec<Json>>,
    },
    /// MessagePack, whatever is asked for.
    Packed(Vec<u8>),
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object.
    Json,
    /// A line for each row.
    NdJson,
    /// Comma-separated values, as RFC 4180 has them.
    Csv,
    /// What JSON has, in MessagePack.
    MessagePack,
}

impl Format {
    /// Names in `format=`, and media types.
    pub const ALL: [(Format, &'static str, &'static str); 4] = [
        (Format::Json, "json", "application/json"),
        (Format::NdJson, "ndjson", "application/x-ndjson"),
        (Format::Csv, "csv", "text/csv; charset=utf-8"),
        (Format::MessagePack, "msgpack", "application/vnd.msgpack"),
    ];

    /// What was asked for: by `format=`, else by the header.
    ///
    /// # Errors
    ///
    /// There is no such form.
    pub fn of(asked: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(asked) = asked {
            let found = Self::ALL.into_iter().find(|(_, name, _)| *name == asked);
            return found.map(|(format, ..)| format).ok_or_else(|| {
                let what = format!("is `{asked}`: give json, ndjson, csv or msgpack");
                Problem::parameter("format", what)
            });
        }
        let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or("");
        let wants = |media: &str| {
            let media = media.split(';').next().unwrap_or(media);
            accept.split(',').any(|it| it.split(';').next().is_some_and(|it| it.trim() == media))
        };
        let found = Self::ALL.into_iter().find(|(_, _, media)| wants(media));
        Ok(found.map_or(Format::Json, |(format, ..)| format))
    }

    /// Its media type.
    pub fn media(self) -> &'static str {
        Self::ALL[self as usize].2
    }
}

impl Reply {
    /// One object.
    pub fn object(members: Map<String, Json>) -> Self {
        Self::new(Content::Object(members))
    }

    /// An object; nothing of what is none.
    pub fn of(json: Json) -> Self {
        match json {
            Json::Object(members) => Self::object(members),
            _ => Self::object(Map::new()),
        }
    }

    /// MessagePack, whatever is asked for.
    pub fn packed(bytes: Vec<u8>) -> Self {
        Self::new(Content::Packed(bytes))
    }

    /// Rows of a tick.
    pub fn rows(columns: Vec<String>, rows: Vec<Vec<Json>>) -> Self {
        Self::new(Content::Rows { columns, rows })
    }

    fn new(content: Content) -> Self {
        let (about, status) = (Map::new(), StatusCode::OK);
        Self { about, content, at: None, tag: None, is_lasting: true, status }
    }

    /// The same, for a request that went in this way.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same, which may be another one later, also as of the same tick.
    pub fn passing(mut self) -> Self {
        self.is_lasting = false;
        self
    }

    /// The same, of a tick as permanent links have it.
    pub fn at(mut self, at: String) -> Self {
        self.at = Some(at);
        self
    }

    /// The same, with something to say of the whole.
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.about.insert(name.to_owned(), value.into());
        self
    }

    /// As the members of one object, rows as `rows`; nothing of what is packed.
    pub fn members(self) -> Map<String, Json> {
        let mut all = self.about;
        match self.content {
            Content::Object(members) => all.extend(members),
            Content::Rows { columns, rows } => {
                all.insert("rows".to_owned(), objects(&columns, rows));
            }
            Content::Packed(_) => {}
        }
        all
    }

    /// As the answer to a request with these headers. What the client has already is
    /// not sent again.
    pub fn response(self, format: Format, asked: &HeaderMap, is_permanent: bool) -> Response<Body> {
        let Self { about, content, at, tag, is_lasting, status } = self;
        let (media, body, said) = match content {
            Content::Packed(bytes) => (Format::MessagePack.media(), bytes, about),
            Content::Object(members) => {
                let mut all = about;
                all.extend(members);
                let json = Json::Object(all);
                let format = if format == Format::MessagePack { format } else { Format::Json };
                (format.media(), encoded(&json, format), Map::new())
            }
            Content::Rows { columns, rows } => match format {
                Format::Json | Format::MessagePack => {
                    let mut all = about;
                    all.insert("rows".to_owned(), objects(&columns, rows));
                    (format.media(), encoded(&Json::Object(all), format), Map::new())
                }
                Format::NdJson => {
                    let lines = rows.into_iter().map(|row| object(&columns, row).to_string());
                    let text: String = lines.flat_map(|line| [line, "\n".to_owned()]).collect();
                    (format.media(), text.into_bytes(), about)
                }
                Format::Csv => (format.media(), csv(&columns, &rows).into_bytes(), about),
            },
        };
        let tag = tag.map(|tag| format!("{tag}{}", format as u8));
        let tag = tag.unwrap_or_else(|| hex(blake3::hash(&body).as_bytes())[..32].to_owned());
        let tag = format!("\"{tag}\"");
        let known = asked.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok());
        let is_known = known.is_some_and(|it| it.split(',').any(|it| it.trim() == tag));
        let mut response = Response::new(if is_known { Body::empty() } else { Body::from(body) });
        *response.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { status };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        let caching = match is_permanent && is_lasting {
            true => "private, max-age=31536000, immutable",
            false => "private, no-cache",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        let mut add = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        add("etag", &tag);
        add("vary", "accept");
        if let Some(at) = at {
            add("sandtable-at", &at);
        }
        // Where there is no place for it in the body.
        for (name, value) in said {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match name.as_str() {
                "next" => add("sandtable-next", &value),
                "truncated" => add("sandtable-truncated", &value),
                "count" => add("sandtable-count", &value),
                _ => {}
            }
        }
        response
    }
}

/// Rows as objects.
fn objects(columns: &[String], rows: Vec<Vec<Json>>) -> Json {
    rows.into_iter().map(|row| object(columns, row)).collect()
}

/// A row as an object.
fn object(columns: &[String], row: Vec<Json>) -> Json {
    Json::Object(columns.iter().cloned().zip(row).collect())
}

fn encoded(json: &Json, format: Format) -> Vec<u8> {
    match format {
        // JSON has nothing that MessagePack lacks.
        Format::MessagePack => rmp_serde::to_vec_named(json).unwrap_or_default(),
        _ => json.to_string().into_bytes(),
    }
}

fn csv(columns: &[String], rows: &[Vec<Json>]) -> String {
    let quoted = |text: &str| match text.contains([',', '"', '\n', '\r']) || text.is_empty() {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let cell = |cell: &Json| match cell {
        Json::Null => String::new(),
        Json::String(text) => quoted(text),
        other => quoted(&other.to_string()),
    };
    let header = columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",");
    let lines = rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(","));
    std::iter::once(header).chain(lines).flat_map(|line| [line, "\r\n".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_commas_and_quotes() {
        let columns = ["a".to_owned(), "b, c".to_owned()];
        let rows = [vec![Json::from("x\"y"), Json::Null], vec![Json::from(""), Json::from(1.5)]];
        assert_eq!(csv(&columns, &rows), "a,\"b, c\"\r\n\"x\"\"y\",\r\n\"\",1.5\r\n");
    }

    #[test]
    fn the_form_is_the_one_that_is_asked_for() {
        let mut headers = HeaderMap::new();
        assert_eq!(Format::of(None, &headers), Ok(Format::Json));
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/csv;q=0.9, */*"));
        assert_eq!(Format::of(None, &headers), Ok(Format::Csv));
        assert_eq!(Format::of(Some("msgpack"), &headers), Ok(Format::MessagePack));
        assert!(Format::of(Some("xml"), &headers).is_err());
    }
}
