//! The connection to a server.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::http::{self, Response};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body};

use super::error::{Error, Problem};
use super::patience::Patience;

/// How long a server that was there is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may be silent: the stream says something every 15 seconds, and what
/// is waited for takes 60 at most.
const SILENCE: Duration = Duration::from_secs(90);

/// What goes wrong with a connection that there was.
const BROKEN: [ErrorKind; 4] = [
    ErrorKind::BrokenPipe,
    ErrorKind::ConnectionAborted,
    ErrorKind::ConnectionReset,
    ErrorKind::UnexpectedEof,
];

/// How requests are sent.
fn settings() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_connect(Some(CONNECT))
        .timeout_per_read(Some(SILENCE))
        .timeout_per_write(Some(SILENCE))
        .user_agent(concat!("sandtable-client/", env!("CARGO_PKG_VERSION")))
}

/// A connection to a server. A clone is the same one.
///
/// What is asked of a server that was there before and cannot be reached now, because it
/// is started again or the network is gone, is asked again for a while. One that was
/// never there is reported at once: its address is probably wrong.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    address: Arc<str>,
    token: Arc<str>,
    patience: Duration,
    was_there: Arc<AtomicBool>,
}

impl Client {
    /// A client of the server at an address such as `http://127.0.0.1:7878`, with the
    /// token that `SANDTABLE_TOKEN` was set to for it. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// The address is none that this client speaks to.
    pub fn new(address: &str, token: &str) -> Result<Self, Error> {
        let address = address.split('#').next().unwrap_or_default().trim_end_matches('/');
        match address.split_once("://") {
            Some(("http", _)) => {}
            Some(("https", _)) if cfg!(feature = "tls") => {}
            Some(("https", _)) => {
                let what = "HTTPS is spoken with the feature `tls` of sandtable-client alone";
                return Err(Error::Usage(what.to_owned()));
            }
            _ => {
                let what =
                    format!("`{address}` is no address: give one as in http://127.0.0.1:7878");
                return Err(Error::Usage(what));
            }
        }
        Ok(Self {
            agent: settings().build().into(),
            address: address.into(),
            token: token.into(),
            patience: PATIENCE,
            was_there: Arc::default(),
        })
    }

    /// The same, with certificates of its own to trust, in PEM: those of a proxy that no
    /// public authority has signed.
    ///
    /// # Errors
    ///
    /// There is no certificate in the text.
    #[cfg(feature = "tls")]
    pub fn trusting(mut self, pem: &str) -> Result<Self, Error> {
        use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

        let mut certificates = Vec::new();
        for item in parse_pem(pem.as_bytes()) {
            match item.map_err(|error| Error::Usage(error.to_string()))? {
                PemItem::Certificate(certificate) => certificates.push(certificate.to_owned()),
                _ => continue,
            }
        }
        if certificates.is_empty() {
            return Err(Error::Usage("there is no certificate in the text: give PEM".to_owned()));
        }
        let roots = RootCerts::Specific(Arc::new(certificates));
        let tls = TlsConfig::builder().root_certs(roots).build();
        self.agent = settings().tls_config(tls).build().into();
        Ok(self)
    }

    /// The same, with another time for which a server is waited for that was there
    /// before; 30 seconds unless told otherwise, none with zero.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long a server is waited for.
    pub(crate) fn patience_left(&self) -> Patience {
        Patience::new(self.patience)
    }

    /// Sends a request until it is answered, where it may be sent again.
    pub(crate) fn send(&self, request: &Outgoing<'_>) -> Result<Answer, Error> {
        let mut patience = self.patience_left();
        loop {
            let answer = self.open(request).and_then(|answer| {
                let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok());
                let (tag, mut body) = (tag.map(str::to_owned), Vec::new());
                let read = answer.into_body().into_reader().read_to_end(&mut body);
                read.map(|_| Answer { body, tag }).map_err(|error| self.unreachable(error))
            });
            match answer {
                Err(error) if request.may_repeat && self.may_pass(&error) && patience.wait() => {}
                answer => return answer,
            }
        }
    }

    /// Whether what went wrong may be over by itself.
    pub(crate) fn may_pass(&self, error: &Error) -> bool {
        let is_passing = match error {
            Error::Unreachable { .. } => true,
            Error::Refused(problem) => problem.is_passing(),
            _ => false,
        };
        is_passing && self.was_there.load(Ordering::Relaxed)
    }

    /// Sends a request once; gives an answer that is no refusal, whose body is still to
    /// be read.
    pub(crate) fn open(&self, request: &Outgoing<'_>) -> Result<Response<Body>, Error> {
        let uri = format!("{}{}", self.address, request.path);
        let mut head = http::Request::builder().method(request.method).uri(uri);
        if !self.token.is_empty() {
            head = head.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in request.headers {
            head = head.header(*name, value);
        }
        let wrong = |error: http::Error| Error::Usage(error.to_string());
        let sent = match request.body {
            Some(body) => self.agent.run(head.body(body).map_err(wrong)?),
            None => self.agent.run(head.body(()).map_err(wrong)?),
        };
        let answer = sent.map_err(|error| {
            // A connection that broke was one.
            if matches!(&error, ureq::Error::Io(error) if BROKEN.contains(&error.kind())) {
                self.was_there.store(true, Ordering::Relaxed);
            }
            self.unreachable(error)
        })?;
        self.was_there.store(true, Ordering::Relaxed);
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let retry_after = answer.headers().get("retry-after");
        let retry_after = retry_after.and_then(|it| it.to_str().ok()?.parse().ok());
        let retry_after = retry_after.map(Duration::from_secs);
        let mut body = Vec::new();
        let read = answer.into_body().into_reader().read_to_end(&mut body);
        read.map_err(|error| self.unreachable(error))?;
        Err(Problem::read(&body, status.as_u16(), retry_after).into())
    }

    pub(crate) fn unreachable(&self, why: impl fmt::Display) -> Error {
        Error::Unreachable { address: self.address.to_string(), why: why.to_string() }
    }
}

impl fmt::Debug for Client {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A request as it is sent.
pub(crate) struct Outgoing<'a> {
    pub method: &'a str,
    /// With what stands behind the `?`.
    pub path: &'a str,
    pub headers: &'a [(&'static str, String)],
    pub body: Option<&'a [u8]>,
    /// Whether it does no more when it is sent twice than when it is sent once.
    pub may_repeat: bool,
}

/// An answer as it came.
pub(crate) struct Answer {
    pub body: Vec<u8>,
    /// What it is recognised by.
    pub tag: Option<String>,
}
