//! A client, with a thread for all that waits on the network.

use std::fs;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use async_nats::{Client, ClientError, ConnectOptions, Event, ServerAddr};
use bytes::Bytes;
use sandtable_world::config::NatsSettings;
use tokio::runtime::{self, Handle, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task;

use super::{Error, Link};

/// A client, with a thread for all that waits on the network. Dropped, it takes leave
/// of the server and of all tasks that it was given.
pub struct Network {
    client: Client,
    handle: Handle,
    link: watch::Receiver<Link>,
    url: String,
    prefix: String,
    inbox: String,
    leave: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Network {
    /// A server that does not answer for twice as long is gone.
    const PING_INTERVAL: Duration = Duration::from_millis(500);
    /// How long a server is given to greet us.
    const GREETING_MAX: Duration = Duration::from_secs(2);
    /// From one attempt to the next, but for the first two.
    const RETRY_DELAY: Duration = Duration::from_millis(100);
    /// How long a message waits for room among those that are to be sent.
    const ROOM_MAX: Duration = Duration::from_secs(2);
    /// How long what was handed over last is given to reach the server.
    const LEAVE_MAX: Duration = Duration::from_millis(500);

    /// Connects to the server that the settings name. It need not be there yet. `role`
    /// says which part of the program it is for, in one word: the server shows it, and
    /// answers are received at subjects with it.
    ///
    /// # Errors
    ///
    /// That the settings name no server, contradict each other, or name a file that is
    /// not there or holds something else.
    pub fn connect(settings: &NatsSettings, role: &str) -> Result<Self, Error> {
        if let Some((key, what)) = settings.objection() {
            return Err(Error::Setting { key, what });
        }
        let (url, servers) = servers(settings)?;
        let prefix = settings.prefix.clone();
        let inbox = settings.inbox.clone().unwrap_or_else(|| format!("{prefix}.inbox.{role}"));
        let inbox = format!("{inbox}.{}", random_token());
        let (tell, link) = watch::channel(Link::default());
        let options = as_named(options(settings, &inbox, role)?, &servers)
            .event_callback(news(tell, url.clone()))
            .retry_on_initial_connect();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Thread)?;
        let handle = runtime.handle().clone();
        // With the first attempt left to a task, this neither waits nor fails.
        let client = runtime.block_on(options.connect(servers));
        let client = client.map_err(|_| Error::Address { url: url.clone() })?;
        let (leave, left) = oneshot::channel();
        let (leaving, up) = (client.clone(), link.clone());
        let thread = Builder::new().name("nats".to_owned());
        let thread = thread.spawn(move || drive(&runtime, leaving, up, left));
        let thread = Some(thread.map_err(Error::Thread)?);
        Ok(Self { client, handle, link, url, prefix, inbox, leave: Some(leave), thread })
    }

    /// The client. What is published while there is no server waits for one.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where the server is, without who we are.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What all subjects begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What the subjects begin with at which answers to this connection, and to no other,
    /// are received.
    pub fn inbox(&self) -> &str {
        &self.inbox
    }

    /// How the connection stands, now and from now on.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.link.clone()
    }

    /// Has the thread do something, for as long as the network is there.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> task::JoinHandle<()> {
        self.handle.spawn(task)
    }

    /// Waits for something that the thread brings about. Not for tasks of it.
    pub fn wait_for<T>(&self, what: impl Future<Output = T>) -> T {
        self.handle.block_on(what)
    }

    /// Hands a message over, from any thread but that of the network. Where too many wait
    /// to be sent already, it is dropped.
    pub fn publish(&self, subject: String, payload: Bytes) {
        let publish = self.client.publish(subject, payload);
        let _ = self.wait_for(async { tokio::time::timeout(Self::ROOM_MAX, publish).await });
    }

    /// Waits until a server answers, but no longer than that.
    ///
    /// # Errors
    ///
    /// That none does, and why.
    pub fn wait(&self, patience: Duration) -> Result<(), Error> {
        let mut link = self.link();
        let found = self.wait_for(async {
            tokio::time::timeout(patience, link.wait_for(|link| link.is_up)).await.is_ok()
        });
        if found {
            return Ok(());
        }
        let why = self.link.borrow().why.clone();
        let why = why.unwrap_or_else(|| "it says nothing".to_owned());
        Err(Error::NoAnswer { url: self.url.clone(), why })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.leave.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a message is answered at the subject that it asks for. Those of the server, and
/// those of ours that are no inbox, would be written to with our rights.
pub fn may_answer(prefix: &str, reply: &str) -> bool {
    let ours = reply.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    !reply.starts_with('$') && ours.is_none_or(|rest| rest.starts_with("inbox."))
}

/// 128 random bits in letters and digits.
pub fn random_token() -> String {
    let keys = RandomState::new();
    format!("{:016x}{:016x}", keys.hash_one(0), keys.hash_one(1))
}

/// Drives all tasks, until the network is dropped.
fn drive(
    runtime: &Runtime,
    client: Client,
    link: watch::Receiver<Link>,
    left: oneshot::Receiver<()>,
) {
    runtime.block_on(async {
        let _ = left.await;
        if link.borrow().is_up {
            let _ = tokio::time::timeout(Network::LEAVE_MAX, client.flush()).await;
        }
    });
}

/// Takes what the client tells of its connection: keeps it, and tells people.
fn news(
    tell: watch::Sender<Link>,
    url: String,
) -> impl Fn(Event) -> std::future::Ready<()> + Send + Sync + 'static {
    move |event| {
        match event {
            Event::Connected => {
                tell.send_modify(Link::found);
                if tell.borrow().ups > 1 {
                    tracing::warn!("the NATS server at {url} is there again");
                }
            }
            Event::Disconnected | Event::Closed => {
                tell.send_modify(Link::lost);
                tracing::warn!("the NATS server at {url} is gone; it is looked for");
            }
            Event::ClientError(ClientError::Other(why)) => {
                let mut is_news = false;
                tell.send_if_modified(|link| {
                    is_news = link.failed(&why);
                    is_news
                });
                if is_news {
                    tracing::warn!("no NATS server answers at {url}: {why}; it is tried again");
                }
            }
            Event::SlowConsumer(_) => {
                tracing::warn!("messages came faster than they were read, and some are lost");
            }
            Event::ServerError(error) => {
                tell.send_modify(|link| link.refused(error.to_string()));
                tracing::warn!("the NATS server at {url} says: {error}");
            }
            Event::LameDuckMode | Event::Draining | Event::ClientError(_) => {}
        }
        std::future::ready(())
    }
}

/// The servers that settings name, and how they are shown: without passwords.
fn servers(settings: &NatsSettings) -> Result<(String, Vec<ServerAddr>), Error> {
    let given = settings.url.as_deref().map(str::trim).filter(|url| !url.is_empty());
    let given = given.ok_or(Error::NoServer)?;
    let (mut shown, mut servers) = (Vec::new(), Vec::new());
    for url in given.split(',').map(str::trim) {
        let place = url.rsplit('@').next().unwrap_or(url);
        let scheme = url.split_once("://").map_or("nats", |(scheme, _)| scheme);
        let place = place.split_once("://").map_or(place, |(_, place)| place);
        let place = format!("{scheme}://{place}");
        let server: Option<ServerAddr> = url.parse().ok();
        let is_ours = |server: &ServerAddr| {
            matches!(server.scheme(), "nats" | "tls") && !server.host().is_empty()
        };
        let server = server.filter(is_ours).ok_or(Error::Address { url: place.clone() })?;
        servers.push(server);
        shown.push(place);
    }
    Ok((shown.join(","), servers))
}

/// How the client is to connect.
fn options(settings: &NatsSettings, inbox: &str, role: &str) -> Result<ConnectOptions, Error> {
    let mut options = ConnectOptions::new()
        .name(format!("sandtable {role}"))
        .custom_inbox_prefix(inbox)
        .ping_interval(Network::PING_INTERVAL)
        .connection_timeout(Network::GREETING_MAX)
        .reconnect_delay_callback(|attempts| match attempts {
            0..=2 => Duration::from_millis(20 * attempts as u64),
            _ => Network::RETRY_DELAY,
        });
    if let Some(path) = &settings.credentials {
        let text = read("credentials", path)?;
        let expected = "credentials of NATS, as `nsc generate creds` writes them";
        options =
            options.credentials(&text).map_err(|_| contents("credentials", path, expected))?;
    }
    if let Some(path) = &settings.nkey {
        let text = read("nkey", path)?;
        let seed = text.split_whitespace().find(|word| word.starts_with("SU"));
        let seed = seed.ok_or_else(|| contents("nkey", path, "seed of a user, `SU…`"))?;
        options = options.nkey(seed.to_owned());
    }
    if let Some(path) = &settings.tls_ca {
        readable("tls_ca", path)?;
        options = options.add_root_certificates(path.clone()).require_tls(true);
    }
    if let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) {
        readable("tls_cert", cert)?;
        readable("tls_key", key)?;
        options = options.add_client_certificate(cert.clone(), key.clone()).require_tls(true);
    }
    Ok(options)
}

/// As the user whom an address names, or with the token that stands in its place.
fn as_named(options: ConnectOptions, servers: &[ServerAddr]) -> ConnectOptions {
    let named = servers.iter().find(|server| server.has_user_pass());
    let Some(user) = named.and_then(ServerAddr::username).map(str::to_owned) else {
        return options;
    };
    match named.and_then(ServerAddr::password) {
        Some(password) => options.user_and_password(user, password.to_owned()),
        None => options.token(user),
    }
}

fn read(key: &'static str, path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|cause| Error::File { key, path: path.to_owned(), cause })
}

/// Refuses a file of certificates or keys that has none.
fn readable(key: &'static str, path: &Path) -> Result<(), Error> {
    match read(key, path)?.contains("-----BEGIN ") {
        true => Ok(()),
        false => Err(contents(key, path, "PEM")),
    }
}

fn contents(key: &'static str, path: &Path, expected: &'static str) -> Error {
    Error::Contents { key, path: path.to_owned(), expected }
}
