//! What is sent for an operation.

use sandtable::pack::PACKED_MAX_BYTES;

/// What is sent for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, which changes nothing.
    Get,
    /// POST, with a body.
    Post(Body),
    /// DELETE.
    Delete,
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A text.
    Text,
    /// An object.
    Json,
    /// A pack.
    Pack,
    /// Inputs: an object, an array, or lines.
    Inputs,
}

impl Method {
    /// Its name in the OpenAPI document.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post(_) => "post",
            Method::Delete => "delete",
        }
    }
}

impl Body {
    /// Its media type.
    pub fn media(self) -> &'static str {
        match self {
            Body::Text => "text/plain",
            Body::Json | Body::Inputs => "application/json",
            Body::Pack => "application/zip",
        }
    }

    /// Bytes that it may have.
    pub fn bytes_max(self) -> usize {
        match self {
            Body::Text | Body::Json | Body::Inputs => 1 << 20,
            Body::Pack => PACKED_MAX_BYTES as usize,
        }
    }
}
