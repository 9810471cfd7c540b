//! How much one token may ask for: requests in a window, and streams at once.
//!
//! What is left is told in the headers of the IETF's draft
//! (draft-ietf-httpapi-ratelimit-headers). The token of the one who started the server
//! has no limits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Kind, Problem};

/// What one token may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in a window.
    pub requests: u32,
    /// How long a window is.
    pub window: Duration,
    /// Streams at once.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 6_000, window: Duration::from_secs(60), streams: 32 }
    }
}

/// What each token asked for.
#[derive(Default)]
pub struct Ledger {
    limits: Limits,
    accounts: Mutex<HashMap<String, Account>>,
}

struct Account {
    /// When its window began.
    began: Instant,
    requests: u32,
    streams: Arc<Semaphore>,
}

/// What is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    limits: Limits,
    requests: u32,
    /// Until the next window.
    seconds: u64,
    /// Whether there was room for this request.
    has_room: bool,
}

impl Ledger {
    /// With nothing asked yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, accounts: Mutex::default() }
    }

    fn account<T>(&self, token: &str, now: Instant, of: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry(token.to_owned()).or_insert_with(|| Account {
            began: now,
            requests: 0,
            streams: Arc::new(Semaphore::new(self.limits.streams as usize)),
        });
        if now.saturating_duration_since(account.began) >= self.limits.window {
            (account.began, account.requests) = (now, 0);
        }
        of(account)
    }

    /// Counts a request; says what is left.
    pub fn count(&self, token: &str, now: Instant) -> Left {
        self.account(token, now, |account| {
            let has_room = account.requests < self.limits.requests;
            account.requests += u32::from(has_room);
            let ends = account.began + self.limits.window;
            let seconds = ends.saturating_duration_since(now).as_secs_f64().ceil() as u64;
            let requests = self.limits.requests - account.requests;
            Left { limits: self.limits, requests, seconds, has_room }
        })
    }

    /// A stream's place, which is given back when it is dropped.
    ///
    /// # Errors
    ///
    /// The token has as many as it may.
    pub fn stream(&self, token: &str) -> Result<OwnedSemaphorePermit, Problem> {
        let streams = self.account(token, Instant::now(), |account| account.streams.clone());
        streams.try_acquire_owned().map_err(|_| {
            let most = self.limits.streams;
            let what = format!("the token has {most} streams already: close some");
            Problem::new(Kind::Limit, what)
        })
    }
}

impl Left {
    /// Whether the request may be answered.
    ///
    /// # Errors
    ///
    /// There were too many before it.
    pub fn check(&self) -> Result<(), Problem> {
        match self.has_room {
            true => Ok(()),
            false => Err(Problem::new(
                Kind::Limit,
                format!(
                    "the token may ask {} times in {} s, and did: ask again in {} s",
                    self.limits.requests,
                    self.limits.window.as_secs(),
                    self.seconds
                ),
            )),
        }
    }

    /// Says so in an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Self { limits, requests, seconds, has_room } = self;
        let window = limits.window.as_secs();
        let mut add = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        let policy = format!("\"requests\";q={};w={window}", limits.requests);
        add(HeaderName::from_static("ratelimit-policy"), policy);
        let left = format!("\"requests\";r={requests};t={seconds}");
        add(HeaderName::from_static("ratelimit"), left);
        if !has_room {
            add(header::RETRY_AFTER, seconds.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_room_for_so_many_and_the_next_again() {
        let limits = Limits { requests: 2, window: Duration::from_secs(10), streams: 1 };
        let (ledger, began) = (Ledger::new(limits), Instant::now());
        let asked =
            |token: &str, after: f64| ledger.count(token, began + Duration::from_secs_f64(after));
        assert!(asked("a", 0.0).check().is_ok());
        assert!(asked("a", 1.0).check().is_ok());
        let last = asked("a", 2.5);
        assert!(last.check().is_err());
        let mut headers = HeaderMap::new();
        last.tell(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"requests\";q=2;w=10");
        assert_eq!(headers["ratelimit"], "\"requests\";r=0;t=8");
        assert_eq!(headers["retry-after"], "8");
        assert!(asked("b", 2.5).check().is_ok(), "each token has its own");
        assert!(asked("a", 10.0).check().is_ok());
    }

    #[test]
    fn a_stream_that_ends_leaves_its_place() {
        let ledger = Ledger::new(Limits { streams: 1, ..Limits::default() });
        let one = ledger.stream("a").expect("a place");
        assert!(ledger.stream("a").is_err());
        assert!(ledger.stream("b").is_ok());
        drop(one);
        assert!(ledger.stream("a").is_ok());
    }
}
