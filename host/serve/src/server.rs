//! A server on threads of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use axum::Router;

use super::asked_elsewhere::Queries;
use super::connections;
use super::guard::{Access, Key};
use super::router::router;
use super::worlds::Worlds;

/// How long requests that are worked on apart are waited for at the end: longer than a
/// SELECT may take, since the save is not closed while one reads it.
const PATIENCE: Duration = Duration::from_secs(6);

/// Threads that read and write requests; what takes longer has threads of its own.
const THREADS: usize = 2;

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is reachable from elsewhere.
    #[error(
        "{0} can be reached from other machines, and a world is served to this one alone: give an \
         address of the loopback, such as 127.0.0.1:7878, or say with `--behind-proxy \
         https://<name>` by which address a proxy with TLS is asked that passes requests on"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("{address} cannot be listened at: {cause}; give another port, or 0 for any")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The machine lacks something.
    #[error("the server cannot be started: {0}")]
    Start(String),
}

/// A server. It ends when it is dropped; what is being read of the save comes to its
/// end first.
pub struct Server {
    runtime: Option<Runtime>,
    key: Arc<Key>,
    address: SocketAddr,
    router: Router,
}

impl Server {
    /// Serves worlds at an address of the loopback, or at any where a proxy is named
    /// that passes requests on; port 0 is any that is free. Requests carry a token.
    ///
    /// # Errors
    ///
    /// The address is none of the loopback or is taken, or there are no threads.
    pub fn start(
        worlds: impl Into<Worlds>,
        address: SocketAddr,
        access: impl Into<Access>,
    ) -> Result<Self, ServeError> {
        let access = access.into();
        if !address.ip().is_loopback() && access.proxies.is_empty() {
            return Err(ServeError::NotLoopback(address));
        }
        let failed = |cause| ServeError::Address { address, cause };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let lacks = |what: String| ServeError::Start(what);
        let key = Key::new(address, access).map_err(|error| lacks(error.to_string()))?;
        let key = Arc::new(key);
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("serve")
            .enable_all()
            .build()
            .map_err(|error| lacks(error.to_string()))?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(failed)?
        };
        let router = {
            let _entered = runtime.enter();
            router(worlds, key.clone())
        };
        runtime.spawn(connections::serve(listener, router.clone()));
        Ok(Self { runtime: Some(runtime), key, address, router })
    }

    /// What answers queries of a world that came by another way than HTTP, as if they had
    /// come by it.
    pub fn queries(&self, world: &str) -> Option<Queries> {
        let host = self.key.host(self.address);
        let runtime = self.runtime.as_ref()?.handle().clone();
        Some(Queries::new(self.router.clone(), host, world, runtime))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link that opens the page. What stands behind its `#` is never sent to a
    /// server by a browser, and opens it once.
    pub fn link(&self) -> String {
        let fragment = self.key.fragment().map(|it| format!("#link={it}")).unwrap_or_default();
        match self.key.proxy() {
            Some(proxy) => format!("{proxy}/{fragment}"),
            None => format!("http://{}/{fragment}", self.address),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(PATIENCE);
        }
    }
}
