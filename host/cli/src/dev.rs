//! `sandtable dev`: runs a world while its mods are written.
//!
//! A thread of its own watches, builds and compiles; the world only stops for
//! the swap itself, between two ticks.

mod builder;
mod keys;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use anyhow::Result;
use sandtable::catalog::{self, Watch};
use sandtable::{Error, Simulation};

use self::builder::{Builder, Built};
use super::along::AlongArguments;
use super::run::{self, Around, pace};
use super::screen::{Mark, Screen, Show, answer};
use super::stop::Stop;
use super::text;

/// Run a world, and take over each change of its mods while it runs
///
/// What is saved in a mod's folder is built, compared with what the save holds,
/// and swapped in between two ticks, with the state kept. What does not build
/// or does not fit is reported, and the old version runs on.
///
/// At a terminal, p or space pauses and goes on, s does one tick, + makes the
/// world twice as fast and - half as fast.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  sandtable dev islands --save islands.db")]
pub struct Arguments {
    /// A world.toml, or the folder that holds one
    world: PathBuf,
    /// The file that holds the world, made when it is not there; without it, a
    /// file here with the name of the world
    #[arg(long)]
    save: Option<PathBuf>,
    /// Ticks a second at most
    #[arg(long, value_parser = pace::hz, default_value = "20")]
    hz: f64,
    /// Ticks to do; without it, until Ctrl-C
    #[arg(long)]
    ticks: Option<u64>,
    /// Show the world in the browser at this address of this machine
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:7878")]
    serve: Option<SocketAddr>,
    #[command(flatten)]
    along: AlongArguments,
}

/// Runs the world.
pub fn run(arguments: Arguments) -> Result<()> {
    let screen = Screen::open(Show::All);
    let Arguments { world, save, hz, ticks, serve, along } = arguments;
    let file = catalog::load(&world)?;
    // Before they are built, so that no change goes unnoticed.
    let watch = Watch::new(&file.folder, &file.config)?;
    let mut arguments = run::Arguments::of_dev(world, save, ticks, hz, serve);
    arguments.along = along;
    let save = arguments.save()?;
    let along = &arguments.along(&screen)?;
    let simulation = run::open(&arguments, &save, along, &screen)?;
    let (stop, pace) = (Stop::listen()?, arguments.pace());
    let (send, built) = channel();
    let builder = Builder::new(file, watch, &simulation)?;
    thread::scope(|scope| {
        let done = Done::default();
        builder.start(scope, &screen, send, done.0.clone())?;
        if keys::listen(scope, &screen, &pace, &stop, done.0.clone()) {
            screen.say(keys::HELP);
        }
        let (save, screen, stop, pace) = (&*save, &screen, &stop, &pace);
        let around = Around { save, screen, stop, pace, along };
        let result = run::go(&arguments, around, simulation, &mut |simulation| {
            take_over(simulation, &built, screen)
        });
        drop(done);
        result
    })
}

/// Tells threads on every way out that the world is done.
#[derive(Default)]
struct Done(Arc<AtomicBool>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Swaps the newest of what was built in.
fn take_over(simulation: &mut Simulation, built: &Receiver<Built>, screen: &Screen) -> Result<()> {
    let Some(newest) = built.try_iter().last() else { return Ok(()) };
    let Built { mods, changed, config, build, compile } = newest;
    let same_world = *simulation.config() == config;
    let started = Instant::now();
    let tick = text::count(simulation.world().tick());
    let stays = |why: String| screen.insist(&format!("{why}\nthe old version runs on"));
    match simulation.swap_world(config, mods) {
        Ok(swap) if swap.plan.is_empty() && same_world => screen.say("nothing of it differs"),
        Ok(swap) => {
            // A world runs on, whether or not its output is read.
            let _ = answer(&format!(
                "{}{}\nswapped {} after tick {tick}: build {}, compile {}, swap {}",
                swap.plan,
                swap.settings.iter().map(|it| format!("\n{it}")).collect::<String>(),
                changed.join(", "),
                text::short_span(build),
                text::short_span(compile),
                text::short_span(started.elapsed())
            ));
        }
        Err(Error::Incompatible(plan)) => stays(plan.to_string()),
        Err(error @ (Error::Save(_) | Error::Unsaved { .. })) => return Err(error.into()),
        Err(error) => stays(format!("{} {}", Mark::Error, text::one_line(&error.to_string()))),
    }
    Ok(())
}
