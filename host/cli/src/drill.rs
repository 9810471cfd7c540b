//! `sandtable drill`: a world whose workers and server fail, compared with itself alone.

mod fleet;
mod mishaps;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sandtable::calls::Elsewhere;
use sandtable::catalog::{self, ModSource};
use sandtable::config::{AwayCalls, NatsSettings, WorldConfig};
use sandtable::record::Digest;
use sandtable::{Options, Simulation};
use sandtable_nats::Network;
use sandtable_workers::{Coordinator, Counts};
use serde_json::json;

use self::fleet::Fleet;
use self::mishaps::{Done, Plan};
use super::screen::{Screen, Show, answer};
use super::sources;
use super::text;

/// How long workers are given to get ready before the first tick.
const READY_MAX: Duration = Duration::from_secs(60);

/// Run a world while its workers and its server fail, and compare every hash
///
/// Runs the world alone, in memory, and then again with workers at a `nats-server` of its
/// own, both on this machine. Workers are killed and stopped meanwhile, and the server is
/// killed and started again, at moments that a seed decides; the world is run again and
/// again until all of that has happened. Every tick must have the hash that it had alone.
/// Exits with 1 where one has not.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable drill examples/earth
  sandtable drill examples/swarm --kills 100 --stops 50 --server-kills 30 --seed 7")]
pub struct Arguments {
    /// A world.toml, or the folder that holds one
    world: PathBuf,
    /// Ticks of each run
    #[arg(long, default_value_t = 100)]
    ticks: u64,
    /// Workers
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,
    /// Threads that run mods here
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Workers that are killed
    #[arg(long, default_value_t = 10)]
    kills: u32,
    /// Workers that are stopped for a while
    #[arg(long, default_value_t = 5)]
    stops: u32,
    /// How often the server is killed
    #[arg(long, default_value_t = 3)]
    server_kills: u32,
    /// Milliseconds from one to the next, on average
    #[arg(long, value_name = "MILLIS", default_value_t = 200)]
    every: u64,
    /// Decides what fails when
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What came of it.
struct Report {
    runs: u64,
    ticks: u64,
    /// The first ticks that came out otherwise, by run.
    differences: Vec<(u64, u64)>,
    done: Done,
    counts: Counts,
    took: Duration,
}

/// Runs the world alone, then while all fails around it.
pub fn run(arguments: Arguments) -> Result<()> {
    let screen = Screen::open(if arguments.json { Show::Lines } else { Show::All });
    let file = catalog::load(&arguments.world)?;
    let mods = sources::build(&file, &screen)?;
    let world = Drilled { config: file.config, mods, arguments: &arguments };
    let alone = world.alone()?;
    let report = world.report(&alone, &screen)?;
    let told = if arguments.json { report.json() } else { report.told() };
    answer(&told)?;
    match report.differences.is_empty() {
        true => Ok(()),
        false => bail!("the world is another one with workers: this is a mistake of Sandtable"),
    }
}

struct Drilled<'a> {
    config: WorldConfig,
    mods: Vec<ModSource>,
    arguments: &'a Arguments,
}

impl Drilled<'_> {
    fn start(&self, elsewhere: Option<Arc<dyn Elsewhere>>) -> Result<Simulation> {
        let options = Options {
            threads: self.arguments.threads,
            log: Arc::new(|_, _, _| {}),
            elsewhere,
            ..Options::default()
        };
        Ok(Simulation::create(None, self.config.clone(), self.mods.clone(), options)?)
    }

    /// The hashes of all ticks without anything else.
    fn alone(&self) -> Result<Vec<Digest>> {
        let mut world = self.start(None)?;
        (0..self.arguments.ticks).map(|_| Ok(world.tick()?.state)).collect()
    }

    fn report(&self, alone: &[Digest], screen: &Screen) -> Result<Report> {
        let Arguments { workers, kills, stops, server_kills, every, seed, .. } = *self.arguments;
        let fleet = Fleet::start(workers)?;
        let url = Some(fleet.url());
        let settings = NatsSettings { url, calls: AwayCalls::All, ..NatsSettings::default() };
        let network = Network::connect(&settings, "world")?;
        let lending = Coordinator::new(&network, &settings);
        lending.begin(&network, &sandtable_nats::random_token());
        let mut world = self.start(Some(lending.clone()))?;
        let waiting = Instant::now();
        while lending.ready() < workers as usize {
            if waiting.elapsed() > READY_MAX {
                bail!("the workers do not get ready: {} of {workers} are", lending.ready());
            }
            thread::sleep(Duration::from_millis(10));
        }
        let plan = Plan { kills, stops, server_kills, every: Duration::from_millis(every), seed };
        let (started, is_over) = (Instant::now(), AtomicBool::new(false));
        let (mut runs, mut ticks, mut differences) = (0, 0, Vec::new());
        let spinner = screen.spinner("drilling");
        let done = thread::scope(|scope| {
            let mishaps = scope.spawn(|| {
                let done = plan.carry_out(&fleet);
                is_over.store(true, Ordering::Relaxed);
                done
            });
            let ran = loop {
                let different = alone.iter().position(|hash| {
                    ticks += 1;
                    !world.tick().is_ok_and(|record| record.state == *hash)
                });
                runs += 1;
                differences.extend(different.map(|tick| (runs, tick as u64 + 1)));
                spinner.set_message(format!("run {runs}, {} differ", differences.len()));
                if is_over.load(Ordering::Relaxed) {
                    break Ok(());
                }
                match self.start(Some(lending.clone())) {
                    Ok(again) => world = again,
                    Err(error) => break Err(error),
                }
            };
            let done = mishaps.join().unwrap_or_else(|_| bail!("what makes them fail failed"));
            ran.and(done)
        });
        spinner.finish_and_clear();
        let done = done.context("the drill was not done to its end")?;
        let (counts, took) = (lending.counts(), started.elapsed());
        Ok(Report { runs, ticks, differences, done, counts, took })
    }
}

impl Report {
    fn told(&self) -> String {
        let Done { kills, stops, server_kills } = self.done;
        let Counts { sent, answered, lost, .. } = self.counts;
        let mut told = format!(
            "{} of {} in {}\n{} of workers, {}, {} of the server\n{} sent, {} answered, {} lost\n",
            text::counted(self.ticks, "tick"),
            text::counted(self.runs, "run"),
            text::span(self.took.as_secs_f64()),
            text::counted(kills.into(), "kill"),
            text::counted(stops.into(), "stop"),
            text::counted(server_kills.into(), "kill"),
            text::counted(sent, "call"),
            text::count(answered),
            text::count(lost),
        );
        match self.differences.as_slice() {
            [] => told.push_str("every hash is the one that it was alone"),
            different => {
                let each = different.iter().map(|(run, tick)| format!("run {run} in tick {tick}"));
                let each: Vec<String> = each.collect();
                told.push_str(&format!("DIFFERENT: {}", each.join(", ")));
            }
        }
        told
    }

    fn json(&self) -> String {
        let Done { kills, stops, server_kills } = self.done;
        let Counts { sent, answered, lost, failed, asked, checked, spared_bytes, lacked } =
            self.counts;
        let different =
            self.differences.iter().map(|(run, tick)| json!({"run": run, "tick": tick}));
        json!({
            "runs": self.runs,
            "ticks": self.ticks,
            "seconds": self.took.as_secs_f64(),
            "kills": kills,
            "stops": stops,
            "server_kills": server_kills,
            "sent": sent,
            "answered": answered,
            "lost": lost,
            "failed": failed,
            "asked": asked,
            "checked": checked,
            "spared_bytes": spared_bytes,
            "lacked": lacked,
            "different": different.collect::<Vec<_>>(),
        })
        .to_string()
    }
}
