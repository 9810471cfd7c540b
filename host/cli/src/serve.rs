//! `sandtable serve`: runs worlds, and answers what is asked of them over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sandtable::Options;
use sandtable::names::WORLD_FILE;
use sandtable::pace::Bell;
use sandtable::save::is_save;
use sandtable_serve::{Folder, Worlds};

use super::along::{self, AlongArguments};
use super::on_air::{self, Reach};
use super::run::{self, Around, pace};
use super::screen::{Screen, Show};
use super::stop::Stop;

/// Run a world and show it: a page in the browser, and an HTTP API that reads any tick
///
/// Prints one link. It opens a page with the world as it runs, and as it was at any
/// tick that its history keeps. Programs read the same under `/api/v1` with the token
/// that SANDTABLE_TOKEN is set to, or with one that `sandtable token create` made;
/// `/api/v1/openapi.json` says what there is. Only this machine is answered, unless a
/// proxy is named that passes requests on.
///
/// A folder of saves is a list of worlds: every file whose name ends in .db. Each is
/// opened when it is first asked for, stands still until it is told to run, and is
/// closed when nothing was on it for a while.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable serve earth.db --hz 20
  sandtable serve examples/earth --save earth.db
  sandtable serve worlds/ --idle 60 --open-max 20
  SANDTABLE_TOKEN=secret sandtable serve earth.db --listen 127.0.0.1:8000
  sandtable serve earth.db --behind-proxy https://worlds.example")]
pub struct Arguments {
    /// A save, a world.toml, the folder that holds one, a .pack, or a folder of saves
    path: PathBuf,
    /// With a world: the file that holds it; without it, a file here with the name of
    /// the world
    #[arg(long)]
    save: Option<PathBuf>,
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    #[command(flatten)]
    reach: Reach,
    /// Ticks a second at most; of each world, until it is told otherwise
    #[arg(long, value_parser = pace::hz, default_value = "20")]
    hz: f64,
    /// Ticks to do; without it, until Ctrl-C
    #[arg(long)]
    ticks: Option<u64>,
    #[command(flatten)]
    along: AlongArguments,
    #[command(flatten)]
    folder: OfFolder,
}

/// What is said of a folder of saves.
#[derive(clap::Args)]
#[command(next_help_heading = "With a folder of saves")]
struct OfFolder {
    /// Run all of them from the start
    #[arg(long)]
    run: bool,
    /// Close a world that nothing was on for so many seconds: no request, no stream, no
    /// run; 0 is never [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle: Option<Duration>,
    /// Worlds that are open at once, at most [default: 64]
    #[arg(long, value_name = "WORLDS", value_parser = clap::value_parser!(u32).range(1..))]
    open_max: Option<u32>,
    /// Close worlds that nothing is on while this process takes more memory, those first
    /// that were asked for last the longest ago
    #[arg(long, value_name = "MIB")]
    memory_max: Option<u64>,
    /// Threads that do the ticks of all of them; without it, one for each core and two at
    /// the least
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
    /// Make worlds only of packs signed with this minisign key; may be given again
    #[arg(long, value_name = "KEY")]
    trust: Vec<String>,
}

/// Runs and serves the world, or those of a folder.
pub fn run(arguments: Arguments) -> Result<()> {
    let screen = Screen::open(Show::All);
    if is_folder_of_saves(&arguments.path) {
        return serve_folder(arguments, &screen);
    }
    let Arguments { path, save, listen, reach, hz, ticks, along, folder } = arguments;
    if let Some(name) = folder.given() {
        bail!("{name} is for a folder of saves, and {} is one world: leave it out", path.display());
    }
    let mut arguments = match save.is_none() && is_save(&path) {
        true => run::Arguments::of_served(None, Some(path), ticks, hz, listen),
        false => run::Arguments::of_served(Some(path), save, ticks, hz, listen),
    };
    (arguments.reach, arguments.along) = (reach, along);
    let save = arguments.save()?;
    let along = &arguments.along(&screen)?;
    let simulation = run::open(&arguments, &save, along, &screen)?;
    let (stop, pace) = (Stop::listen()?, arguments.pace());
    let (save, screen, stop, pace) = (&*save, &screen, &stop, &pace);
    let around = Around { save, screen, stop, pace, along };
    run::go(&arguments, around, simulation, &mut |_| Ok(()))
}

/// Whether it is a folder, and not that of a world.
fn is_folder_of_saves(path: &Path) -> bool {
    path.is_dir() && !path.join(WORLD_FILE).exists()
}

fn serve_folder(arguments: Arguments, screen: &Screen) -> Result<()> {
    const IDLE: Duration = Duration::from_secs(300);
    const OPEN_MAX: u32 = 64;
    let Arguments { path, save, listen, reach, hz, ticks, along, folder } = arguments;
    let of_one_world = [("--save", save.is_some()), ("--ticks", ticks.is_some())];
    for (name, is_given) in of_one_world {
        if is_given {
            bail!(
                "{name} is for one world, and {} is a folder of saves: leave it out",
                path.display()
            );
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let worlds = Worlds::of_folder(Folder {
        hertz: hz,
        threads: folder.threads.map_or(cores.max(2), |threads| threads as usize),
        idle: folder.idle.unwrap_or(IDLE),
        open_max: folder.open_max.unwrap_or(OPEN_MAX) as usize,
        memory_max: folder.memory_max.unwrap_or_default().saturating_mul(1 << 20),
        runs: folder.run,
        beside: along::beside(&along, screen)?,
        options: Options { trust: folder.trust, ..Options::default() },
        path: path.clone(),
    });
    let worlds = worlds.with_context(|| format!("{} cannot be served", path.display()))?;
    let (stop, bell) = (Stop::listen()?, Bell::default());
    stop.rings(&bell)?;
    let server = on_air::serve(worlds.clone(), listen, &reach, screen)?;
    while !stop.asked() {
        bell.wait(None);
        bell.take();
    }
    drop(server);
    let failed = worlds.close();
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    screen.insist(&format!("stopped; all worlds of {} are closed", path.display()));
    Ok(())
}

impl OfFolder {
    /// The first that is given.
    fn given(&self) -> Option<&'static str> {
        let all = [
            ("--run", self.run),
            ("--idle", self.idle.is_some()),
            ("--open-max", self.open_max.is_some()),
            ("--memory-max", self.memory_max.is_some()),
            ("--threads", self.threads.is_some()),
            ("--trust", !self.trust.is_empty()),
        ];
        all.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name)
    }
}

/// Reads `--idle`.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "give seconds, such as 300".to_owned())
}
