//! What is asked: a request as it is put together, and the words in which the table of
//! operations is written.

use std::collections::hash_map::RandomState;
use std::fmt::Display;
use std::hash::{BuildHasher, Hasher};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value as Json};

use super::client::{Answer, Client, Outgoing};
use super::error::Error;

/// Where the addresses of operations begin.
const BASE: &str = "/api/v1";

/// What addresses have as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// What a part of an address has as it is.
const PART: &AsciiSet = &PLAIN.add(b'/');

/// The media type of JSON.
const JSON: &str = "application/json";
/// The header by which something is done once, however often it is sent.
const KEY: &str = "idempotency-key";

/// A key that nothing else has: what hash maps are seeded with is random.
fn random_key() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// An operation of the API, as the table of the server has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it is called.
    pub name: &'static str,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its address below `/api/v1`.
    pub path: &'static str,
    /// What can be given behind the `?`.
    pub parameters: &'static [&'static str],
}

/// A request that is put together.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub client: Client,
    pub operation: &'static Operation,
    path: String,
    given: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    /// Members of the JSON object in the body, if that is one.
    members: Map<String, Json>,
    body: Option<Vec<u8>>,
    may_repeat: bool,
}

impl Request {
    pub fn new(client: &Client, operation: &'static Operation) -> Self {
        Self {
            client: client.clone(),
            operation,
            path: operation.path.to_owned(),
            given: Vec::new(),
            headers: Vec::new(),
            members: Map::new(),
            body: None,
            may_repeat: true,
        }
    }

    /// Puts a name into the address, in the place that it has there.
    pub fn place(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        let part = utf8_percent_encode(&value, PART).to_string();
        self.path = self.path.replace(&format!("{{{name}}}"), &part);
    }

    /// Gives a parameter, in the place of what was given for it before.
    pub fn text(&mut self, name: &'static str, value: impl Display) {
        self.given.retain(|(of, _)| *of != name);
        self.one_more(name, value);
    }

    /// Gives a parameter once more.
    pub fn one_more(&mut self, name: &'static str, value: impl Display) {
        self.given.push((name, value.to_string()));
    }

    /// Gives one more name in a parameter that takes several.
    pub fn names(&mut self, name: &'static str, value: impl Display) {
        match self.given.iter_mut().find(|(of, _)| *of == name) {
            Some((_, names)) => *names = format!("{names},{value}"),
            None => self.text(name, value),
        }
    }

    /// Gives a header.
    pub fn header(&mut self, name: &'static str, value: impl Display) {
        self.headers.retain(|(of, _)| *of != name);
        self.headers.push((name, value.to_string()));
    }

    /// Sends text in the body, of this media type.
    pub fn content(&mut self, media: &'static str, text: impl Display) {
        self.bytes_of(media, text.to_string().into_bytes());
    }

    /// Sends bytes in the body, of this media type.
    pub fn bytes_of(&mut self, media: &'static str, bytes: Vec<u8>) {
        self.header("content-type", media);
        self.body = Some(bytes);
    }

    /// Gives a member of the JSON object in the body.
    pub fn member(&mut self, name: &str, value: impl Into<Json>) {
        self.members.insert(name.to_owned(), value.into());
    }

    /// Gives a member that is a text.
    pub fn word(&mut self, name: &str, value: impl Display) {
        self.member(name, value.to_string());
    }

    /// Gives a member that is a number.
    pub fn amount(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        let number: Option<Number> = value.parse().ok();
        self.member(name, number.map_or(Json::String(value), Json::Number));
    }

    /// Puts something into a list that is a member.
    pub fn push(&mut self, list: &str, what: Json) {
        match self.members.entry(list).or_insert_with(|| Json::Array(Vec::new())) {
            Json::Array(list) => list.push(what),
            other => *other = Json::Array(vec![what]),
        }
    }

    /// What is asked, for messages.
    pub fn asked(&self) -> String {
        format!("`{}`", self.operation.name)
    }

    /// Has it sent, by what sends requests.
    pub fn sent<T>(&self, send: impl FnOnce(&Outgoing<'_>) -> T) -> T {
        let mut path = format!("{BASE}{}", self.path);
        for (at, (name, value)) in self.given.iter().enumerate() {
            let value = utf8_percent_encode(value, PLAIN);
            path.push_str(&format!("{}{name}={value}", if at == 0 { '?' } else { '&' }));
        }
        let (method, headers, may_repeat) = (self.operation.method, &self.headers, self.may_repeat);
        let body = self.body.as_deref();
        send(&Outgoing { method, path: &path, headers, body, may_repeat })
    }

    /// The answer as it came.
    pub fn answer(&self) -> Result<Answer, Error> {
        if self.members.is_empty() {
            return self.sent(|outgoing| self.client.send(outgoing));
        }
        let mut request = Self { members: Map::new(), ..self.clone() };
        request.content(JSON, Json::Object(self.members.clone()));
        request.answer()
    }

    /// The answer in JSON, read as a type.
    pub fn ask<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.answer()?.body).map_err(|error| self.misunderstood(error))
    }

    /// The answer to something that is done as often as it is sent, so that it is sent
    /// once.
    pub fn act<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Self { may_repeat: false, ..self.clone() }.ask()
    }

    /// The answer to something that is done once, however often it is sent: by a key of
    /// its own, where it has none yet.
    pub fn act_once<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let mut request = self.clone();
        if !self.headers.iter().any(|(name, _)| *name == KEY) {
            request.header(KEY, random_key());
        }
        request.ask()
    }

    pub fn misunderstood(&self, why: impl Display) -> Error {
        Error::Misunderstood { asked: self.asked(), why: why.to_string() }
    }
}

/// A type for each operation, by which it is put together, a method that begins with
/// what it cannot do without, and the list of them all.
///
/// `rows T` answers rows of T, `pages T` the same page by page, `one T` one object,
/// `act T` what became of something that is done as often as it is sent, `act_once T` of
/// something that counts once, and what `by_hand` answers stands elsewhere.
macro_rules! operations {
    ($(
        $(#[$about:meta])*
        $on:ident.$method:ident($($needed:ident: $form:ident = $of:literal),*) -> $builder:ident
            = $name:literal $verb:ident $path:literal $shape:ident $($answer:ty)?
        {
            $( $(#[$help:meta])* $setter:ident: $how:ident = $parameter:literal, )*
        }
    )*) => {
        /// Every operation that this client has a method for.
        pub const OPERATIONS: &[Operation] = &[
            $( $builder::OPERATION, )*
        ];

        $(
            $(#[$about])*
            #[derive(Clone, Debug)]
            #[must_use = "nothing is asked yet"]
            pub struct $builder(pub(crate) Request);

            impl $builder {
                /// As the table of the server has it.
                pub const OPERATION: Operation = Operation {
                    name: $name,
                    method: stringify!($verb),
                    path: $path,
                    parameters: operations!(
                        @parameters [] $($form $of,)* $($how $parameter,)*
                    ),
                };

                $( operations!(@setter $(#[$help])* $setter $how $parameter); )*
                operations!(@answer $shape $($answer)?);
            }

            impl $on {
                $(#[$about])*
                pub fn $method(&self $(, $needed: impl Display)*) -> $builder {
                    #[allow(unused_mut)]
                    let mut request = self.request(&$builder::OPERATION);
                    $( request.$form($of, $needed); )*
                    $builder(request)
                }
            }
        )*
    };

    // What stands elsewhere than behind the `?` is no parameter.
    (@parameters [$($known:literal,)*] text $of:literal, $($rest:tt)*) => {
        operations!(@parameters [$($known,)* $of,] $($rest)*)
    };
    (@parameters [$($known:literal,)*] number $of:literal, $($rest:tt)*) => {
        operations!(@parameters [$($known,)* $of,] $($rest)*)
    };
    (@parameters [$($known:literal,)*] names $of:literal, $($rest:tt)*) => {
        operations!(@parameters [$($known,)* $of,] $($rest)*)
    };
    (@parameters [$($known:literal,)*] one_more $of:literal, $($rest:tt)*) => {
        operations!(@parameters [$($known,)* $of,] $($rest)*)
    };
    (@parameters [$($known:literal,)*] flag $of:literal, $($rest:tt)*) => {
        operations!(@parameters [$($known,)* $of,] $($rest)*)
    };
    (@parameters [$($known:literal,)*] $elsewhere:ident $of:literal, $($rest:tt)*) => {
        operations!(@parameters [$($known,)*] $($rest)*)
    };
    (@parameters [$($known:literal,)*]) => { &[$($known),*] };

    (@setter $(#[$help:meta])* $setter:ident flag $parameter:literal) => {
        $(#[$help])*
        pub fn $setter(mut self) -> Self {
            self.0.text($parameter, true);
            self
        }
    };
    (@setter $(#[$help:meta])* $setter:ident switch $parameter:literal) => {
        $(#[$help])*
        pub fn $setter(mut self, $setter: bool) -> Self {
            self.0.member($parameter, $setter);
            self
        }
    };
    (@setter $(#[$help:meta])* $setter:ident rate $parameter:literal) => {
        $(#[$help])*
        pub fn $setter(mut self, $setter: f64) -> Self {
            self.0.member($parameter, $setter);
            self
        }
    };
    (@setter $(#[$help:meta])* $setter:ident seconds $parameter:literal) => {
        $(#[$help])*
        pub fn $setter(mut self, $setter: u64) -> Self {
            self.0.header($parameter, format_args!("wait={}", $setter));
            self
        }
    };
    (@setter $(#[$help:meta])* $setter:ident number $parameter:literal) => {
        $(#[$help])*
        pub fn $setter(mut self, $setter: u64) -> Self {
            self.0.text($parameter, $setter);
            self
        }
    };
    (@setter $(#[$help:meta])* $setter:ident $how:ident $parameter:literal) => {
        $(#[$help])*
        pub fn $setter(mut self, $setter: impl Display) -> Self {
            self.0.$how($parameter, $setter);
            self
        }
    };

    (@answer one $answer:ty) => {
        /// Asks.
        ///
        /// # Errors
        ///
        /// The server refuses or cannot be reached, or what it answers is none.
        pub fn ask(&self) -> Result<$answer, Error> {
            self.0.ask()
        }
        operations!(@answer raw);
    };
    (@answer rows $row:ty) => {
        /// Asks.
        ///
        /// # Errors
        ///
        /// The server refuses or cannot be reached, or what it answers is none.
        pub fn ask(&self) -> Result<Rows<$row>, Error> {
            self.0.ask()
        }

        /// Asks, for rows of a type of yours, whose fields are called as the columns.
        ///
        /// # Errors
        ///
        /// The server refuses or cannot be reached, or rows are not of the type.
        pub fn ask_as<R: DeserializeOwned>(&self) -> Result<Rows<R>, Error> {
            self.0.ask()
        }
        operations!(@answer raw);
    };
    (@answer pages $row:ty) => {
        operations!(@answer rows $row);

        /// Page after page, all of the tick of the first.
        pub fn pages(&self) -> Pages<$row> {
            Pages::new(self.0.clone())
        }

        /// Page after page, with rows of a type of yours.
        pub fn pages_as<R: DeserializeOwned>(&self) -> Pages<R> {
            Pages::new(self.0.clone())
        }

        /// Every row, asked for page by page, all of the same tick.
        pub fn every_row(&self) -> EveryRow<$row> {
            EveryRow::new(self.pages())
        }
    };
    (@answer act $answer:ty) => {
        operations!(@answer done $answer, act, "Has it done, and sends it once.");
    };
    (@answer act_once $answer:ty) => {
        operations!(
            @setter
            /// Waits so many seconds at most, 60 or fewer, until a tick had it, which is then
            /// answered; else the answer is that it is in the save and waits for a tick.
            wait seconds "prefer"
        );
        operations!(
            @setter
            /// By this key it counts once, however often it is sent. Without one it has a
            /// random key, which is another each time that it is asked.
            key header "idempotency-key"
        );
        operations!(
            @answer done $answer, act_once,
            "Has it done. Where the connection breaks it is sent again, and counts once."
        );
    };
    (@answer done $answer:ty, $act:ident, $about:literal) => {
        #[doc = $about]
        ///
        /// # Errors
        ///
        /// The server refuses or cannot be reached, or what it answers is none.
        pub fn ask(&self) -> Result<$answer, Error> {
            self.0.$act()
        }

        /// The same, for the JSON that the server answers.
        ///
        /// # Errors
        ///
        /// The server refuses or cannot be reached.
        pub fn raw(&self) -> Result<Json, Error> {
            self.0.$act()
        }
    };
    (@answer raw) => {
        /// Asks, for the JSON that the server answers.
        ///
        /// # Errors
        ///
        /// The server refuses or cannot be reached.
        pub fn raw(&self) -> Result<Json, Error> {
            self.0.ask()
        }
    };
    (@answer by_hand) => {};
}
pub(crate) use operations;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_the_table_with_what_is_given() {
        const OPERATION: Operation = Operation {
            name: "history",
            method: "GET",
            path: "/worlds/{world}/entities/{entity}/history",
            parameters: &["component", "with"],
        };
        let client = Client::new("http://127.0.0.1:1", "").unwrap();
        let mut request = Request::new(&client, &OPERATION);
        request.place("world", "Two Isles/é");
        request.place("entity", "12v3");
        request.text("component", "a/B.c+d&e");
        request.names("with", "a/B");
        request.names("with", "a/C");
        assert_eq!(
            request.sent(|outgoing| outgoing.path.to_owned()),
            "/api/v1/worlds/Two%20Isles%2F%C3%A9/entities/12v3/history\
             ?component=a/B.c%2Bd%26e&with=a/B%2Ca/C"
        );
    }
}
