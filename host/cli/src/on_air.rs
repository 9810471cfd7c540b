//! A world that is shown beside what is done with it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use sandtable::Simulation;
use sandtable::pace::Pace;
use sandtable_serve::{Served, Server, Worlds};

use super::screen::Screen;

/// The variable with the token that requests carry; without it one is drawn, which
/// only the page gets.
const TOKEN: &str = "SANDTABLE_TOKEN";

/// Serves a world, and says where.
pub fn start(
    simulation: &mut Simulation,
    save: &Path,
    pace: &Pace,
    listen: SocketAddr,
    screen: &Screen,
) -> Result<Server> {
    serve(Served::new(simulation, save).paced(pace), listen, screen)
}

/// Serves worlds, and says where.
pub fn serve(worlds: impl Into<Worlds>, listen: SocketAddr, screen: &Screen) -> Result<Server> {
    raise_limits();
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let server = Server::start(worlds, listen, token)?;
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
