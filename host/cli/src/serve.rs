//! `sandtable serve`: runs a world, and answers what is asked of it over HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use sandtable::save::is_save;

use super::run::{self, pace};
use super::screen::{Screen, Show};
use super::stop::Stop;

/// Run a world and show it: a page in the browser, and an HTTP API that reads any tick
///
/// Prints one link. It opens a page with the world as it runs, and as it was at any
/// tick that its history keeps. Programs read the same under `/api/v1` with the token
/// that SANDTABLE_TOKEN is set to; `/api/v1/openapi.json` says what there is. Only
/// this machine is answered.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable serve earth.db --hz 20
  sandtable serve examples/earth --save earth.db
  SANDTABLE_TOKEN=secret sandtable serve earth.db --listen 127.0.0.1:8000")]
pub struct Arguments {
    /// A save, a world.toml, the folder that holds one, or a .pack
    path: PathBuf,
    /// With a world: the file that holds it; without it, a file here with the name of
    /// the world
    #[arg(long)]
    save: Option<PathBuf>,
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// Ticks a second at most
    #[arg(long, value_parser = pace::hz, default_value = "20")]
    hz: f64,
    /// Ticks to do; without it, until Ctrl-C
    #[arg(long)]
    ticks: Option<u64>,
}

/// Runs and serves the world.
pub fn run(arguments: Arguments) -> Result<()> {
    let screen = Screen::open(Show::All);
    let Arguments { path, save, listen, hz, ticks } = arguments;
    let arguments = match save.is_none() && is_save(&path) {
        true => run::Arguments::of_served(None, Some(path), ticks, hz, listen),
        false => run::Arguments::of_served(Some(path), save, ticks, hz, listen),
    };
    let save = arguments.save()?;
    let simulation = run::open(&arguments, &save, &screen)?;
    let (stop, pace) = (Stop::listen()?, arguments.pace());
    run::go(&arguments, &save, &screen, simulation, &stop, &pace, &mut |_| Ok(()))
}
