//! `sandtable mirror`: a world as tables of PostgreSQL, and whether both are equal.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sandtable_mirror::{Checked, Difference, Error, Mirror, MirrorSettings, Step, check};

use super::screen::{Screen, Show, answer};
use super::stop::Stop;
use super::text::{count, counted};

/// Keep a world in PostgreSQL as well, as tables to be joined with others
///
/// Follows a save, also while another process runs its world, and one that is closed. The
/// world is a schema; each component is a table with typed columns, and so are entities,
/// relations, resources, events, ticks, and the tables of mods. Each step is one
/// transaction from one tick to a later one, with the row of the table `mirror` that says
/// which: killed at any moment, it goes on exactly there. A password is taken from
/// PGPASSWORD where the address has none.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  sandtable mirror earth.db --postgres postgres://me@localhost/worlds
  sandtable mirror earth.db --postgres postgres://me@localhost/worlds --once
  sandtable mirror earth.db --postgres postgres://me@localhost/worlds --gin relations.data
  sandtable mirror check earth.db --postgres postgres://me@localhost/worlds"
)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The save
    #[arg(required = true)]
    save: Option<PathBuf>,
    /// End once the mirror has what the save has; without it, at Ctrl-C
    #[arg(long)]
    once: bool,
    /// Write all anew, whatever the mirror has: as after a rewind
    #[arg(long)]
    resync: bool,
    /// A column of JSON that an index searches; it makes writing slower. May be repeated
    #[arg(long, value_name = "TABLE.COLUMN")]
    gin: Vec<String>,
    #[command(flatten)]
    postgres: Option<Postgres>,
}

#[derive(clap::Subcommand)]
enum Verb {
    Check(CheckArguments),
}

/// Compare a mirror with its save, table by table
///
/// Both sides are read as the tick of the mirror left them, and compared by digests; where
/// they differ, the first place is named, and the exit code is 1.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  sandtable mirror check earth.db --postgres postgres://me@localhost/worlds")]
struct CheckArguments {
    /// The save
    save: PathBuf,
    #[command(flatten)]
    postgres: Postgres,
}

/// Which PostgreSQL, and what there.
#[derive(clap::Args)]
struct Postgres {
    /// The address of PostgreSQL, as in `postgres://user@host:5432/database`. Over a
    /// network it is encrypted unless `?sslmode=disable` stands behind it
    #[arg(long = "postgres", value_name = "URL")]
    url: String,
    /// What the schema is called [default: the name of the world]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// Certificates of who is trusted to be the server, as PEM [default: those of the
    /// system]
    #[arg(long = "postgres-ca", value_name = "FILE")]
    trusted: Option<PathBuf>,
}

impl Postgres {
    fn settings(self) -> MirrorSettings {
        let Self { url, schema, trusted } = self;
        MirrorSettings { url, trusted, schema, ..MirrorSettings::default() }
    }
}

/// Mirrors, or compares.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { verb, save, once, resync, gin, postgres } = arguments;
    if let Some(Verb::Check(CheckArguments { save, postgres })) = verb {
        return compare(&check(&save, &postgres.settings())?);
    }
    let (Some(save), Some(postgres)) = (save, postgres) else {
        bail!("name a save and `--postgres`: `sandtable mirror --help` has examples");
    };
    let settings = MirrorSettings { resync, searched: gin, ..postgres.settings() };
    follow(Mirror::new(&save, &settings)?, once)?;
    Ok(ExitCode::SUCCESS)
}

fn follow(mut mirror: Mirror, once: bool) -> Result<()> {
    /// From one look at the save to the next.
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    /// The pauses before PostgreSQL is asked for again.
    const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
    /// How long one that ends by itself waits for PostgreSQL.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// How often trouble that stays is told of.
    const AGAIN: Duration = Duration::from_secs(30);
    let screen = Screen::open(Show::All);
    let stop = Stop::listen()?;
    if !once {
        step_back();
    }
    let (schema, address) = (mirror.schema().to_owned(), mirror.address().to_owned());
    screen.say(&format!("mirroring to the schema {schema} at {address}"));
    let (mut pause, mut trouble) = (PAUSES[0], None::<(String, Instant)>);
    let (started, mut reached) = (Instant::now(), None);
    while !stop.asked() {
        let begun = Instant::now();
        match mirror.step() {
            Ok(step) => {
                if trouble.take().is_some() {
                    screen.insist("PostgreSQL is written to again");
                }
                pause = PAUSES[0];
                if let Step::Carried { anew: Some(why), .. } = &step {
                    screen.insist(&format!("all was written anew: {why}"));
                }
                let (Step::Same { tick } | Step::Carried { tick, .. }) = step;
                if let Step::Carried { rows, .. } = step
                    && rows > 0
                    && (once || reached.is_none())
                {
                    screen.say(&format!("at tick {}: {}", count(tick), counted(rows, "row")));
                }
                reached = Some(tick);
                if once {
                    screen.say(&format!("the mirror is at tick {}", count(tick)));
                    return Ok(());
                }
                // It takes half of its time at most.
                rest(&mirror, &stop, begun.elapsed().max(LOOK_EVERY));
            }
            Err(error) if error.passes() && !(once && started.elapsed() > PATIENCE) => {
                let why = error.to_string();
                let is_told = |(told, at): &(String, Instant)| *told == why && at.elapsed() < AGAIN;
                if !trouble.as_ref().is_some_and(is_told) {
                    screen.warn(&told(&error, mirror.behind()));
                    trouble = Some((why, Instant::now()));
                }
                rest(&mirror, &stop, pause);
                pause = (pause * 2).min(PAUSES[1]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let tick = reached.map_or("nothing".to_owned(), |tick| format!("tick {}", count(tick)));
    let behind = mirror.behind().unwrap_or_default();
    screen.insist(&format!("stopped at {tick}; {} behind", counted(behind, "tick")));
    Ok(())
}

/// Why nothing goes on at the moment, and how far behind the mirror is.
fn told(error: &Error, behind: Option<u64>) -> String {
    match behind {
        Some(ticks) if ticks > 0 => {
            format!("{error}; the mirror is {} behind, and tries again", counted(ticks, "tick"))
        }
        _ => format!("{error}; the mirror tries again"),
    }
}

/// Lets time pass, unless a stop is asked for.
/// What it follows comes first: on a machine that both share, a world at 20 ticks a second
/// is slowed by a fifth without this, and not with it (`cargo bench -- mirror`).
fn step_back() {
    #[cfg(unix)]
    let _ = rustix::process::nice(10);
}

fn rest(mirror: &Mirror, stop: &Stop, time: Duration) {
    const SLICE: Duration = Duration::from_millis(50);
    let until = Instant::now() + time;
    while !stop.asked() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        mirror.rest(left.min(SLICE));
    }
}

/// Says what a comparison came to.
fn compare(checked: &Checked) -> Result<ExitCode> {
    let Checked { tick, schema, tables, difference } = checked;
    let mut told = String::new();
    for table in tables {
        let mark = if table.is_equal() { "equal" } else { "OTHER" };
        let [save, mirror] = table.digests;
        told += &format!("{mark}  {save:032x}  {:>9}  {}", count(table.rows), table.name);
        if !table.is_equal() {
            told += &format!("  (the mirror has {mirror:032x})");
        }
        told.push('\n');
    }
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    let Some(Difference { table, key, column, values }) = difference else {
        told += &format!(
            "the mirror {schema} is equal to the save at tick {}: {} in {}",
            count(*tick),
            counted(rows, "row"),
            counted(tables.len() as u64, "table")
        );
        answer(&told)?;
        return Ok(ExitCode::SUCCESS);
    };
    let [save, mirror] = values.clone().map(|value| value.unwrap_or_else(|| "nothing".to_owned()));
    let place = column.as_ref().map(|column| format!(", {column}")).unwrap_or_default();
    told += &format!(
        "the mirror {schema} differs from the save at tick {}, first in {table} at {key}{place}: \
         the save has {save}, the mirror {mirror}; `sandtable mirror --resync` writes it anew",
        count(*tick)
    );
    answer(&told)?;
    Ok(ExitCode::FAILURE)
}
