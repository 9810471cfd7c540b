//! A world that is shown beside what is done with it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use sandtable::Simulation;
use sandtable_serve::{Served, Server};

use super::screen::Screen;

/// The variable with the token that requests carry; without it one is drawn, which
/// only the page gets.
const TOKEN: &str = "SANDTABLE_TOKEN";

/// Serves a world, and says where.
pub fn start(
    simulation: &mut Simulation,
    save: &Path,
    listen: SocketAddr,
    screen: &Screen,
) -> Result<Server> {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let server = Server::start(Served::new(simulation, save), listen, token)?;
    screen.insist(&format!("open {}", server.link()));
    Ok(server)
}
