//! A world that is shown beside what is done with it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use sandtable::Simulation;
use sandtable::pace::Pace;
use sandtable_serve::{Access, Limits, Origin, Served, Server, Trust, Worlds};

use super::screen::Screen;

/// The variable with the token that requests carry; without it one is drawn, which
/// only the page gets.
const TOKEN: &str = "SANDTABLE_TOKEN";

/// By which addresses a server is asked, and for how much.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Reach {
    /// The address of a proxy with TLS that passes requests on, as in
    /// `https://worlds.example`; several times for several. With it, `--listen` may name
    /// any address, and the link that is printed is the proxy's
    #[arg(long, value_name = "ORIGIN")]
    behind_proxy: Vec<Origin>,
    /// Requests that a token of a user may send in a minute [default: 6000]
    #[arg(long, value_name = "N")]
    token_requests: Option<u32>,
    /// Streams that a token of a user may have at once [default: 32]
    #[arg(long, value_name = "N")]
    token_streams: Option<u32>,
}

impl Reach {
    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            requests: self.token_requests.unwrap_or(usual.requests),
            streams: self.token_streams.unwrap_or(usual.streams),
            ..usual
        }
    }
}

/// Serves a world, and says where.
pub fn start(
    simulation: &mut Simulation,
    save: &Path,
    pace: &Pace,
    listen: SocketAddr,
    reach: &Reach,
    screen: &Screen,
) -> Result<Server> {
    serve(Served::new(simulation, save).paced(pace), listen, reach, screen)
}

/// Serves worlds, and says where.
pub fn serve(
    worlds: impl Into<Worlds>,
    listen: SocketAddr,
    reach: &Reach,
    screen: &Screen,
) -> Result<Server> {
    raise_limits();
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let (trust, proxies) = (Trust::own().ok(), reach.behind_proxy.clone());
    let access = Access { token, trust, proxies, limits: reach.limits() };
    let server = Server::start(worlds, listen, access)?;
    if !reach.behind_proxy.is_empty() {
        screen.insist(&format!("listening at {}", server.address()));
    }
    screen.insist(&format!("open {}", server.link()));
    Ok(server)
}

/// Each connection is a file: as many as the system lets this process have. Where it
/// lets it have no more, it has what it had.
fn raise_limits() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
