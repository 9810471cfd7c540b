//! One scenario: a world of what is given, its ticks, and what must be so.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::catalog::Mistake;
use crate::compile::{Compiled, Compiler};
use crate::config::WorldConfig;
use crate::ecs::World;
use crate::error::Error;
use crate::fork::Fork;
use crate::options::{LogSink, Options, silent};
use crate::record::{Conversions, Digest, Given, TickRecord};
use crate::runtime::{ModSets, PendingTick, Runtime};
use crate::save::{self, Cause, Inquiry, Running, Table};

use super::answer::{Line, compare, everything, expected, text};
use super::file::{Expectation, Scenario, Wanted, under};
use super::given::{self, Names, named};

/// Threads of the runs that have several.
pub(super) const THREADS: usize = 3;

/// Shards of the largest archetype in the runs that have small ones: enough for
/// several calls.
const SHARDS: usize = 24;

const BACKWARDS: &str =
    "where rows come the other way round: a SELECT of several rows lacks an ORDER BY";
const SMALLER: &str = "with smaller shards: a system carries something from row to row, or does \
                       something once a call, for which it must ask for all rows at once with \
                       `whole = \"world\"`";
const THREADED: &str = "on several threads, which must make no difference: please report this";

/// What a scenario runs with.
pub(super) struct Setup<'a> {
    pub compiler: &'a Compiler,
    pub config: WorldConfig,
    pub mods: Vec<Compiled>,
    pub scenario: &'a Scenario,
    /// Where golden files are, and whether they are written.
    pub golden: PathBuf,
    pub bless: bool,
}

/// What came of a scenario.
#[derive(Default)]
pub(super) struct ScenarioResult {
    pub failures: Vec<Unmet>,
    pub blessed: Vec<PathBuf>,
}

/// Something that is not as it must be.
pub(super) struct Unmet {
    /// The key within the scenario that says so.
    pub key: Vec<String>,
    pub what: String,
    pub lines: Vec<Line>,
}

impl Unmet {
    fn new(what: impl Into<String>) -> Self {
        Self { key: Vec::new(), what: what.into(), lines: Vec::new() }
    }
}

impl From<Mistake> for Unmet {
    fn from(wrong: Mistake) -> Self {
        let what = wrong.to_string();
        Self { key: wrong.key, what, lines: Vec::new() }
    }
}

/// What makes no difference to a world, and differs from one run to the next.
#[derive(Clone, Copy)]
struct Circumstances {
    threads: usize,
    shard_rows: usize,
    backwards: bool,
}

/// The state after each tick, and the largest archetype that there was.
#[derive(Default)]
struct Course {
    states: Vec<Digest>,
    rows_most: usize,
}

impl Setup<'_> {
    /// Runs the scenario, and again in other circumstances.
    pub fn run(&self) -> ScenarioResult {
        let mut result = ScenarioResult::default();
        if let Err(unmet) = self.run_all(&mut result) {
            result.failures.push(unmet);
        }
        result
    }

    fn run_all(&self, result: &mut ScenarioResult) -> Result<(), Unmet> {
        let shard_rows = self.config.world.shard_rows;
        let plain = Circumstances { threads: 1, shard_rows, backwards: false };
        let log = Options::default().log;
        let expected = self.play(plain, log, &mut |about| self.check(about, result))?;
        let mut again = |beside: &Course, with, circumstance| -> Result<Course, Unmet> {
            let found = self.play(with, silent(), &mut |_| {})?;
            let mut pairs = beside.states.iter().zip(&found.states);
            if let Some(at) = pairs.position(|(one, two)| one != two) {
                let what = format!("tick {} ends otherwise {circumstance}", at + 1);
                result.failures.push(Unmet::new(what));
            }
            Ok(found)
        };
        let backwards = Circumstances { backwards: true, ..plain };
        again(&expected, backwards, BACKWARDS)?;
        let shard_rows = (expected.rows_most / SHARDS).clamp(1, shard_rows);
        let smaller = Circumstances { shard_rows, ..plain };
        let divided = again(&expected, smaller, SMALLER)?;
        again(&divided, Circumstances { threads: THREADS, ..smaller }, THREADED)?;
        Ok(())
    }

    /// Runs the scenario once; shows the world as it is given, and after each
    /// tick.
    fn play(
        &self,
        circumstances: Circumstances,
        log: LogSink,
        show: &mut dyn FnMut(&AfterTick<'_>),
    ) -> Result<Course, Unmet> {
        let scenario = self.scenario;
        let failed = |error: Error| Unmet::new(error.to_string());
        let mut world = self.make(circumstances, log).map_err(failed)?;
        let names = given::put(&mut world, scenario)?;
        if circumstances.backwards {
            world.tables().read_backwards().map_err(|error| Unmet::new(error.to_string()))?;
        }
        let before = world.world().clone();
        let mut course = Course::default();
        let mut records = Vec::new();
        for tick in 0..=scenario.ticks() {
            if tick > 0 {
                let given = self.given(&world, tick, &names)?;
                let record = world.tick(PendingTick::new(given)).map_err(failed)?;
                course.states.push(record.state);
                records.push(record);
            }
            let rows = world.world().archetypes().iter().map(|archetype| archetype.len());
            course.rows_most = rows.max().unwrap_or(0).max(course.rows_most);
            let now = world.world();
            let running = Running {
                before: &before,
                now,
                tables: world.tables(),
                records: &records,
                names: &names,
            };
            show(&AfterTick { tick, running });
        }
        Ok(course)
    }

    /// A world that has the mods, and nothing that is given yet.
    fn make(&self, circumstances: Circumstances, log: LogSink) -> Result<Fork, Error> {
        let Circumstances { threads, shard_rows, .. } = circumstances;
        let mut config = self.config.clone();
        config.world.shard_rows = shard_rows;
        let (engine, sets) = (self.compiler.engine(), ModSets::default());
        let runtime = Runtime::new(config.clone(), engine, sets, threads)?;
        let (world, tables) = (World::new(shard_rows), Arc::new(save::in_memory()?));
        let fork = Fork::new(runtime, world, [0; 32], tables, Conversions::new());
        let mut fork = fork.with_log(log);
        let candidate = fork.prepare(config, self.mods.clone(), Vec::new())?;
        fork.take_over(candidate, Some(Cause::Made))?;
        Ok(fork)
    }

    /// What a tick is given.
    fn given(&self, world: &Fork, tick: u64, names: &Names) -> Result<Given, Unmet> {
        let mut given = Given::default();
        let due = self.scenario.input.iter().enumerate().filter(|(_, sent)| sent.tick == tick);
        for (at, sent) in due {
            let wrong =
                |what| Unmet { key: vec!["input".to_owned(), at.to_string()], ..Unmet::new(what) };
            let json = named(&sent.value, names).map_err(wrong)?;
            let input = world.runtime().input(world.world(), &sent.kind, &json, "scenario");
            given.inputs.push(input.map_err(|error| wrong(error.to_string()))?);
        }
        Ok(given)
    }

    /// Looks whether everything is so that must be so now.
    fn check(&self, after: &AfterTick<'_>, result: &mut ScenarioResult) {
        let Setup { scenario, .. } = self;
        let due =
            |(_, expectation): &(usize, &Expectation)| scenario.due(expectation) == after.tick;
        let due: Vec<_> = scenario.expect.iter().enumerate().filter(due).collect();
        if !due.is_empty() {
            match Inquiry::about(after.running) {
                Ok(inquiry) => {
                    for (at, expectation) in due {
                        let met = self.meet(expectation, after, &inquiry, &mut result.blessed);
                        if let Err(unmet) = met {
                            let unmet = under_expect(at, unmet);
                            result.failures.push(unmet);
                        }
                    }
                }
                Err(error) => result.failures.push(Unmet::new(error.to_string())),
            }
        }
        if after.tick == scenario.ticks() {
            result.failures.extend(self.faults(after.running.records));
        }
    }

    /// Faults that are not expected, or that are and did not happen.
    fn faults(&self, records: &[TickRecord]) -> Option<Unmet> {
        let of = |record: &TickRecord| -> Vec<String> {
            let tick = record.tick;
            let faults = record.runs.iter().filter_map(|run| {
                Some(format!("tick {tick}, {}: {}", run.system, run.fault.as_ref()?))
            });
            let excluded = record.exclusions.iter().map(|exclusion| {
                format!("tick {tick}, {} is left out: {}", exclusion.mod_id, exclusion.cause)
            });
            faults.chain(excluded).collect()
        };
        let faults: Vec<String> = records.iter().flat_map(of).collect();
        match &self.scenario.expect_fault {
            None => {
                let first = faults.first()?;
                let more = match faults.len() - 1 {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                Some(Unmet::new(format!("a fault{more}: {first}")))
            }
            Some(text) => {
                let key = vec!["expect_fault".to_owned()];
                let what = match faults.iter().find(|fault| !fault.contains(text)) {
                    Some(other) => format!("expected is a fault with {text:?}, and found {other}"),
                    None if faults.is_empty() => {
                        format!("expected is a fault with {text:?}, and there is none")
                    }
                    None => return None,
                };
                Some(Unmet { key, ..Unmet::new(what) })
            }
        }
    }

    /// Looks whether one expectation is met.
    fn meet(
        &self,
        expectation: &Expectation,
        after: &AfterTick<'_>,
        inquiry: &Inquiry,
        blessed: &mut Vec<PathBuf>,
    ) -> Result<(), Unmet> {
        let names = after.running.names;
        let failed = |error: crate::save::SaveError| Unmet::new(error.to_string());
        let ask = |sql: &String| inquiry.query(sql).map_err(failed);
        let found: Option<Table> = expectation.sql.as_ref().map(ask).transpose()?;
        let (wanted, found) = match (expectation.wanted(), found) {
            (Wanted::Rows(rows), Some(table)) => {
                let rows: Result<Vec<Vec<_>>, _> = rows
                    .iter()
                    .map(|row| row.iter().map(|json| named(json, names)).collect())
                    .collect();
                let rows = rows.map_err(Unmet::new)?;
                let wanted = expected(&rows, &table, expectation.tolerance, names);
                (wanted, text(&table, names))
            }
            (Wanted::Rows(_), None) => return Ok(()),
            (Wanted::Golden(name), table) => {
                let found = match table {
                    Some(table) => text(&table, names),
                    None => everything(inquiry, names).map_err(failed)?,
                };
                (self.golden(name, &found, blessed)?, found)
            }
        };
        match compare(&wanted, &found) {
            lines if lines.is_empty() => Ok(()),
            lines => Err(Unmet { lines, ..Unmet::new(format!("after {}", ticks(after.tick))) }),
        }
    }

    /// What a golden file says, which is written where that is wanted.
    fn golden(&self, name: &str, found: &str, blessed: &mut Vec<PathBuf>) -> Result<String, Unmet> {
        let path = self.golden.join(format!("{name}.txt"));
        let wrong = |what: String| Unmet::new(format!("{} {what}", path.display()));
        let kept = fs::read_to_string(&path).map(|text| text.replace("\r\n", "\n"));
        match kept {
            Ok(kept) if !self.bless || kept == found => Ok(kept),
            Err(_) if !self.bless => {
                Err(wrong("cannot be read: write it with `sandtable test --bless`".to_owned()))
            }
            _ => {
                fs::create_dir_all(&self.golden)
                    .and_then(|()| fs::write(&path, found))
                    .map_err(|error| wrong(format!("cannot be written: {error}")))?;
                blessed.push(path);
                Ok(found.to_owned())
            }
        }
    }
}

/// A world after a tick.
struct AfterTick<'a> {
    tick: u64,
    running: Running<'a>,
}

fn under_expect(at: usize, unmet: Unmet) -> Unmet {
    let Unmet { key, what, lines } = unmet;
    let wrong = under(["expect", &at.to_string()], Mistake { key, what });
    Unmet { key: wrong.key, what: wrong.what, lines }
}

/// So many ticks.
pub(super) fn ticks(number: u64) -> String {
    format!("{number} tick{}", if number == 1 { "" } else { "s" })
}
