//! `sandtable run`: makes or opens a save and does ticks.

pub mod pace;
mod report;
mod tally;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use sandtable::catalog::{self, ModSource};
use sandtable::config::WorldConfig;
use sandtable::names::is_pack;
use sandtable::pace::{Next, Pace};
use sandtable::unsaved::Unsaved;
use sandtable::{Error, Options, Simulation};

use self::pace::Losses;
use self::tally::Tally;
use super::along::{Along, AlongArguments};
use super::on_air::{self, Reach};
use super::screen::{Screen, Show, answer};
use super::sources;
use super::stop::Stop;
use super::text;

/// Run a world: for so many ticks, or until Ctrl-C
///
/// Makes the save when it is not there, else goes on where it stands. Without a
/// world, the save runs with the mods and settings that it holds; a slim one
/// finds its mods in the packs beside it.
#[derive(clap::Args, Default)]
#[command(after_help = "\
Examples:
  sandtable run islands
  sandtable run examples/earth --save earth.db --ticks 3650
  sandtable run --save earth.db --ticks 365 --json")]
pub struct Arguments {
    /// A world.toml, the folder that holds one, or a .pack
    world: Option<PathBuf>,
    /// The file that holds the world; without it, a file here with the name of the
    /// world
    #[arg(long)]
    save: Option<PathBuf>,
    /// Ticks to do; without it, until Ctrl-C
    #[arg(long)]
    ticks: Option<u64>,
    /// Ticks a second at most; without it, as many as possible
    #[arg(long, value_parser = pace::hz)]
    hz: Option<f64>,
    /// Threads that run mods; 0 is one for each core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Rows in a shard, for a new save
    #[arg(long)]
    shard_rows: Option<usize>,
    /// Go on with other mods than the save last ran with
    #[arg(long)]
    accept_mods: bool,
    /// Keep mods out of a new save: it needs its world or a pack to run
    #[arg(long)]
    slim: bool,
    /// Use only packs signed with this minisign key; may be given again
    #[arg(long, value_name = "KEY")]
    trust: Vec<String>,
    /// Close the save after every tick, open it again and compare the hashes
    #[arg(long)]
    heavy: bool,
    /// Show warnings and errors only
    #[arg(long, short)]
    quiet: bool,
    /// Print one JSON object about the run at its end
    #[arg(long)]
    json: bool,
    /// Show the world in the browser at this address of this machine
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:7878")]
    serve: Option<SocketAddr>,
    #[command(flatten)]
    pub along: AlongArguments,
    /// By which addresses it is asked, and how much.
    #[arg(skip)]
    pub reach: Reach,
}

impl Arguments {
    /// For a world that is being worked on, whose mods come as they are.
    pub fn of_dev(
        world: PathBuf,
        save: Option<PathBuf>,
        ticks: Option<u64>,
        hz: f64,
        serve: Option<SocketAddr>,
    ) -> Self {
        let (world, hz) = (Some(world), Some(hz));
        Self { world, save, ticks, hz, serve, accept_mods: true, ..Self::default() }
    }

    /// For a world that is served; without a world, a save with its own mods.
    pub fn of_served(
        world: Option<PathBuf>,
        save: Option<PathBuf>,
        ticks: Option<u64>,
        hz: f64,
        serve: SocketAddr,
    ) -> Self {
        let (hz, serve) = (Some(hz), Some(serve));
        Self { world, save, ticks, hz, serve, ..Self::default() }
    }

    /// When ticks are due.
    pub fn pace(&self) -> Pace {
        Pace::new(self.hz.unwrap_or_default())
    }

    /// What goes along with it.
    pub fn along(&self, screen: &Screen) -> Result<Along> {
        Along::new(&self.along, self.world.as_deref(), screen)
    }

    /// The file that holds the world: the one that is named, or one in the folder
    /// in which we are that is called as the world is.
    pub fn save(&self) -> Result<PathBuf> {
        let name = match (&self.save, &self.world) {
            (Some(save), _) => return Ok(save.clone()),
            (None, None) => bail!(
                "there is nothing to run: give a world, as in `sandtable run islands`, or a save, \
                 as in `sandtable run --save islands.db`"
            ),
            (None, Some(pack)) if is_pack(pack) && !pack.is_dir() => {
                pack.file_stem().unwrap_or_default().to_string_lossy().into_owned()
            }
            (None, Some(world)) => catalog::load(world)?.config.world.name,
        };
        Ok(format!("{}.db", text::file_name(&name)).into())
    }
}

/// Runs the world, and says at the end how it went.
pub fn run(arguments: Arguments) -> Result<()> {
    let save = arguments.save()?;
    let screen = Screen::open(match (arguments.quiet, arguments.json) {
        (true, _) => Show::Least,
        (false, true) => Show::Lines,
        (false, false) => Show::All,
    });
    let along = &arguments.along(&screen)?;
    let simulation = open(&arguments, &save, along, &screen)?;
    let (stop, pace) = (Stop::listen()?, arguments.pace());
    let (save, screen, stop, pace) = (&*save, &screen, &stop, &pace);
    let around = Around { save, screen, stop, pace, along };
    go(&arguments, around, simulation, &mut |_| Ok(()))
}

/// What a run has around it.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Where the save is.
    pub save: &'a Path,
    /// Where it says how it goes.
    pub screen: &'a Screen,
    /// Who ends it.
    pub stop: &'a Stop,
    /// When its ticks are due.
    pub pace: &'a Pace,
    /// What goes along with it.
    pub along: &'a Along,
}

/// Does ticks, each after `before_tick`, and closes the save.
pub fn go(
    arguments: &Arguments,
    around: Around<'_>,
    mut simulation: Simulation,
    before_tick: &mut dyn FnMut(&mut Simulation) -> Result<()>,
) -> Result<()> {
    let Around { save, screen, stop, pace, along } = around;
    stop.rings(pace.bell())?;
    simulation.desk().ring_by(pace.bell());
    let reach = &arguments.reach;
    let start = |listen| on_air::start(&mut simulation, save, pace, listen, reach, screen);
    let on_air = arguments.serve.map(start).transpose()?;
    let under = along.begin(&mut simulation, save, on_air.as_ref())?;
    let mut going = Going::new(arguments, pace, screen);
    let done = going.on(&mut simulation, stop, before_tick);
    going.bar.finish_and_clear();
    done.and_then(|()| Ok(simulation.flush()?)).with_context(|| {
        let tick = text::count(simulation.saved_tick());
        let stays = format!("{} stays at tick {tick}", save.display());
        match simulation.unsaved() {
            Some(unsaved) => format!("{stays}, and {} lost", unsaved.shown()),
            None => stays,
        }
    })?;
    if stop.asked() {
        let tick = text::count(simulation.world().tick());
        let shown = save.display();
        screen.insist(&format!("stopped at tick {tick}; all up to it is in {shown}"));
    }
    let ending = report::Ending::of(&mut simulation, going.tally, going.started.elapsed());
    let carried = under.finish(save, stop.asked(), screen);
    drop(on_air);
    simulation.close()?;
    carried?;
    if arguments.json {
        answer(&ending.json(save))?;
    } else if !arguments.quiet {
        answer(&ending.summary(save, arguments.hz.map(|_| pace.tempo())))?;
    }
    Ok(())
}

/// Opens the save, or makes it.
pub fn open(
    arguments: &Arguments,
    save: &Path,
    along: &Along,
    screen: &Screen,
) -> Result<Simulation> {
    let is_there = save.exists();
    let of_new_saves =
        [("--shard-rows", arguments.shard_rows.is_some()), ("--slim", arguments.slim)];
    if let Some((name, _)) = of_new_saves.iter().find(|(_, given)| is_there && *given) {
        bail!(
            "{name} is a setting of a new save, and {} is there already: leave it out, or give \
             another --save",
            save.display()
        );
    }
    check_shard_rows(arguments.shard_rows)?;
    let (threads, slim, trust) = (arguments.threads, arguments.slim, arguments.trust.clone());
    let mut options = Options { threads, slim, trust, ..Options::default() };
    along.set(&mut options);
    let world = arguments.world.as_deref();
    let world =
        world.map(|path| sources::take(path, save, &arguments.trust, screen)).transpose()?;
    let simulation = match (world, is_there) {
        (None, false) => bail!(
            "{} is not there: give a world to make it from, as in `sandtable run <world> --save \
             {}`",
            save.display(),
            text::shell(save)
        ),
        (None, true) => Simulation::open(save, None, options)?,
        (Some(world), true) => open_with(save, world, options, arguments.accept_mods, screen)?,
        (Some((mut config, mods)), false) => {
            config.world.shard_rows = arguments.shard_rows.unwrap_or(config.world.shard_rows);
            Simulation::create(Some(save), config, mods, options)?
        }
    };
    along.opened(&simulation);
    screen.say(&format!(
        "{}: {} at tick {}, {}, {}",
        save.display(),
        simulation.config().world.name,
        text::count(simulation.world().tick()),
        text::counted(simulation.program().mods.len() as u64, "mod"),
        text::counted(simulation.threads() as u64, "thread")
    ));
    Ok(simulation)
}

/// Opens a save with mods that may be others than it last ran with: says what
/// that would mean, and goes on where that is accepted.
fn open_with(
    save: &Path,
    given: (WorldConfig, Vec<ModSource>),
    options: Options,
    accept: bool,
    screen: &Screen,
) -> Result<Simulation> {
    let careful = Options { accept_mods: false, ..options.clone() };
    match Simulation::open(save, Some(given.clone()), careful) {
        Err(Error::OtherMods(plan)) if accept => {
            screen.say(&plan.to_string());
            Ok(Simulation::open(save, Some(given), options)?)
        }
        Err(Error::OtherMods(plan)) => {
            screen.insist(&plan.to_string());
            bail!(
                "{} last ran with other mods: give --accept-mods to go on with these, or leave \
                 the world out to go on with those",
                save.display()
            )
        }
        Err(Error::Incompatible(plan)) => {
            screen.insist(&plan.to_string());
            bail!(
                "{} cannot follow these mods: do as is said above, or leave the world out to go \
                 on with those that it has",
                save.display()
            )
        }
        opened => Ok(opened?),
    }
}

fn check_shard_rows(rows: Option<usize>) -> Result<()> {
    let most = catalog::SHARD_ROWS_MAX;
    match rows {
        Some(rows) if !(1..=most).contains(&rows) => {
            bail!("--shard-rows is {rows}: give a number from 1 to {most}")
        }
        _ => Ok(()),
    }
}

/// A run under way.
struct Going<'a> {
    ticks: Option<u64>,
    heavy: bool,
    screen: &'a Screen,
    bar: ProgressBar,
    pace: &'a Pace,
    losses: Losses,
    tally: Tally,
    started: Instant,
    shown: Instant,
}

impl<'a> Going<'a> {
    /// Long enough not to cost anything, short enough to look alive.
    const SHOW_EVERY: Duration = Duration::from_millis(50);

    fn new(arguments: &Arguments, pace: &'a Pace, screen: &'a Screen) -> Self {
        let started = Instant::now();
        Self {
            ticks: arguments.ticks,
            heavy: arguments.heavy,
            screen,
            bar: screen.ticks(arguments.ticks),
            pace,
            losses: Losses::default(),
            tally: Tally::default(),
            started,
            shown: started,
        }
    }

    /// Does ticks until there are enough or a stop is asked for.
    fn on(
        &mut self,
        simulation: &mut Simulation,
        stop: &Stop,
        before_tick: &mut dyn FnMut(&mut Simulation) -> Result<()>,
    ) -> Result<()> {
        while !stop.asked() && self.ticks.is_none_or(|ticks| self.tally.ticks < ticks) {
            match self.pace.wait() {
                Next::Woken => {
                    simulation.attend(self.pace.until_due());
                    continue;
                }
                Next::Tick => simulation.attend(Some(Duration::ZERO)),
            }
            if let Some(news) = self.losses.news(&self.pace.tempo()) {
                self.screen.warn(&news);
            }
            before_tick(simulation)?;
            let unsaved = simulation.unsaved();
            let record = simulation.tick()?;
            if self.heavy {
                simulation.reopen()?;
            }
            self.pace.done();
            let news = of_the_save(unsaved, simulation.unsaved());
            for news in self.tally.add(&record).into_iter().chain(news) {
                self.screen.warn(&news);
            }
            self.bar.inc(1);
            if self.pace.tempo().is_paused || self.shown.elapsed() >= Self::SHOW_EVERY {
                self.show(record.tick, simulation.unsaved());
            }
        }
        Ok(())
    }

    fn show(&mut self, tick: u64, unsaved: Option<Unsaved>) {
        self.shown = Instant::now();
        let mut message = format!("tick {}", text::count(tick));
        message.push_str(&format!(" · {}", text::counted(self.tally.faults, "fault")));
        if let Some(unsaved) = unsaved {
            let ticks = text::counted(unsaved.last + 1 - unsaved.first, "tick");
            message.push_str(&format!(" · {ticks} NOT IN THE SAVE"));
        }
        if let Some(lag) = pace::lag(&self.pace.tempo()) {
            message.push_str(&format!(" · {lag} behind"));
        }
        self.bar.set_message(message);
    }
}

/// What to tell when the save could not be written in a tick, or can be again.
fn of_the_save(before: Option<Unsaved>, now: Option<Unsaved>) -> Option<String> {
    match (before, now) {
        (before, Some(now)) if before.as_ref().is_none_or(|it| it.tries < now.tries) => {
            Some(format!("{} in memory only: {}", now.shown(), now.cause))
        }
        (Some(before), None) => Some(format!(
            "the save can be written again: {} in it, and so is all since",
            before.shown()
        )),
        _ => None,
    }
}
