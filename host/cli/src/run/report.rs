//! How a run ended: a summary for people, an object for programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value;
use sandtable::Simulation;
use sandtable::config::TitledQuery;
use sandtable::pace::Tempo;
use sandtable::record::hex;
use sandtable::save;
use serde_json::json;

use super::pace;
use super::tally::Tally;
use crate::{table, text};

/// Where a run left the world.
pub struct Ending {
    name: String,
    tick: u64,
    dt_seconds: f64,
    entities: u64,
    hash: String,
    threads: usize,
    suspended: Vec<String>,
    questions: Vec<TitledQuery>,
    tally: Tally,
    took: Duration,
}

impl Ending {
    /// Takes down what is gone once the save is closed.
    pub fn of(simulation: &mut Simulation, tally: Tally, took: Duration) -> Self {
        let hash = hex(&simulation.hash());
        let (world, config) = (simulation.world(), simulation.config());
        Self {
            name: config.world.name.clone(),
            tick: world.tick(),
            dt_seconds: config.world.dt_seconds,
            entities: u64::from(world.entities.alive()),
            hash,
            threads: simulation.threads(),
            suspended: world
                .suspended()
                .map(str::to_owned)
                .chain(world.suspended_systems())
                .collect(),
            questions: config.summary.clone(),
            tally,
            took,
        }
    }

    /// One object on one line.
    pub fn json(&self, save: &Path) -> String {
        json!({
            "world": self.name,
            "tick": self.tick,
            "ticks": self.tally.ticks,
            "entities": self.entities,
            "hash": self.hash,
            "faults": self.tally.faults,
            "suspended": self.suspended,
            "set_aside": self.tally.set_aside,
            "threads": self.threads,
            "calls": self.tally.calls,
            "calls_of_workers": self.tally.away,
            "events": self.tally.events,
            "spawned": self.tally.spawned,
            "despawned": self.tally.despawned,
            "seconds": self.took.as_secs_f64(),
            "save_bytes": size(save),
            "log_bytes": size(&log(save)),
        })
        .to_string()
    }

    /// The summary for a person who tries the world out.
    pub fn summary(&self, save: &Path, tempo: Option<Tempo>) -> String {
        let tally = &self.tally;
        let mut lines = vec![String::new(), self.headline()];
        let mut line = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
        line("ticks", self.speed());
        if let Some(tempo) = tempo {
            line("pace", pace::outcome(&tempo));
        }
        line("entities", self.population());
        if tally.away > 0 {
            let (calls, away) = (text::count(tally.calls), text::count(tally.away));
            line("calls", format!("{calls}, of which workers made {away}"));
        }
        line("events", text::count(tally.events));
        line(
            "faults",
            if tally.faults == 0 { "none".to_owned() } else { text::count(tally.faults) },
        );
        for (who, faults) in &tally.faults_of {
            let times = text::count(faults.count);
            line(
                "",
                format!(
                    "{who}: {times}, last in tick {}: {}",
                    faults.tick,
                    text::first_line(&faults.cause)
                ),
            );
        }
        for id in &self.suspended {
            let why = tally.why(id).or_else(|| earlier_cause(save, id));
            let why = why.unwrap_or_else(|| "it had faulted too often".to_owned());
            line("suspended", format!("{id}: {why}"));
            line("", format!("sandtable resume {} {id} lets it take part again", save.display()));
        }
        if tally.set_aside > 0 {
            let events = text::counted(tally.set_aside, "event");
            line("set aside", format!("{events} or inputs: SELECT * FROM set_aside"));
        }
        line("save", format!("{}, {}", save.display(), text::sizes(size(save), size(&log(save)))));
        line("hash", self.hash.clone());
        for question in &self.questions {
            lines.push(format!("\n{}", question.title));
            lines.push(match save::query(save, &question.sql) {
                Ok(answer) => table::gist(&answer),
                Err(error) => format!("  cannot be answered: {error}"),
            });
        }
        lines.join("\n")
    }

    fn headline(&self) -> String {
        let since = text::span(self.tick as f64 * self.dt_seconds);
        format!("{} at tick {}, after {since}", self.name, text::count(self.tick))
    }

    fn speed(&self) -> String {
        let (ticks, seconds) = (self.tally.ticks, self.took.as_secs_f64());
        let mut speed = format!("{} in {}", text::count(ticks), text::short_span(self.took));
        if ticks > 0 && seconds > 0.0 {
            let threads = text::counted(self.threads as u64, "thread");
            let rate = text::rounded(ticks as f64 / seconds);
            speed.push_str(&format!(": {rate} a second on {threads}"));
        }
        speed
    }

    fn population(&self) -> String {
        let mut population = text::count(self.entities);
        let (spawned, despawned) = (self.tally.spawned, self.tally.despawned);
        if spawned + despawned > 0 {
            population.push_str(&format!(
                ": {} came, {} went",
                text::count(spawned),
                text::count(despawned)
            ));
        }
        population
    }
}

/// Why a mod faulted last, as the save has it. Ids need no quoting.
fn earlier_cause(save: &Path, id: &str) -> Option<String> {
    let owner = id.split('/').next().unwrap_or(id);
    let sql = format!(
        "SELECT tick, system, cause FROM faults WHERE system GLOB '{id}/*' OR system = '{id}'
         UNION ALL SELECT tick, mod, cause FROM exclusions WHERE mod = '{owner}'
         ORDER BY tick DESC LIMIT 1"
    );
    let answer = save::query(save, &sql).ok()?;
    match answer.rows.first()?.as_slice() {
        [Value::Integer(tick), Value::Text(who), Value::Text(cause)] => {
            Some(format!("{who} faulted up to tick {tick}: {}", text::first_line(cause)))
        }
        _ => None,
    }
}

/// Bytes of a file; zero when it cannot be seen.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// The log beside a save, which is there as long as a reader is open.
fn log(save: &Path) -> PathBuf {
    let mut name = save.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
