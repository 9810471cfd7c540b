//! `sandtable fork`: what would be if.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::types::Value;
use sandtable::edit::Edit;
use sandtable::save::Table;
use sandtable::what_if::{Count, Forked, Series, Watch, Watched, WhatIf, what_if};
use serde_json::Value as Json;

use super::edit;
use super::screen::{answer, tell};
use super::spark;
use super::table;
use super::text::{count, counted};

/// See what would be if: go on from a tick with other inputs or values, in memory
///
/// The world goes on twice, with what is changed and without, and what differs is told:
/// what is watched in both, what became other first and by whom, and how much is other at
/// the end. From an earlier tick, both are given what the save has of the ticks since.
/// Nothing is written, and the world needs not grant edits. Works also while it runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable fork earth.db --ticks 365 --edit 'Germany economy/Economy.gdp_usd=9e12' \\
      --watch 'Germany economy/Economy.gdp_usd' --watch 'SELECT sum(gdp_usd) FROM economy_economy'
  sandtable fork earth.db --at 1200 --input 'economy/TaxDecree={\"nation\": \"FRA\", \"rate\": 0.3}'
  sandtable fork earth.db --ticks 1 --edit '{\"op\": \"despawn\", \"entity\": \"12v3\"}'")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// From the world as this tick left it; else the last
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// How many ticks to go on for
    #[arg(long, default_value_t = 100)]
    ticks: u64,
    /// An input that the first tick is given: its name, =, and its fields as JSON; may be
    /// given again
    #[arg(long, value_name = "INPUT")]
    input: Vec<String>,
    /// A change by hand: an entity, a field and its value, or an edit as JSON; may be given
    /// again
    #[arg(long, value_name = "EDIT")]
    edit: Vec<String>,
    /// What is noted on the way: an entity and a field of it, or a SELECT; may be given
    /// again
    #[arg(long, value_name = "WHAT")]
    watch: Vec<String>,
    /// Seconds that it may take
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Goes on, and prints what came of it.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, at, ticks, input, edit, watch, seconds, json } = arguments;
    let asked = WhatIf {
        at,
        ticks,
        inputs: input.iter().map(|text| read_input(text)).collect::<Result<_>>()?,
        edits: edit.iter().map(|text| read_edit(text)).collect::<Result<_>>()?,
        watch: watch.iter().map(|text| read_watch(text)).collect::<Result<_>>()?,
        sender: "sandtable fork".to_owned(),
        deadline: Duration::from_secs(seconds),
    };
    let (forked, _) = what_if(&save, &asked, None)?;
    if json {
        return Ok(answer(&forked.to_json().to_string())?);
    }
    print(&forked)
}

fn read_input(text: &str) -> Result<(String, Json)> {
    let (name, json) = text.split_once('=').with_context(|| {
        format!("`{text}` is no input: write it as economy/TaxDecree={{\"rate\": 0.3}}")
    })?;
    let json = serde_json::from_str(json).with_context(|| format!("`{json}` is not JSON"))?;
    Ok((name.to_owned(), json))
}

/// The last word of a text, and what stands before it.
fn last_word(text: &str) -> Option<(&str, &str)> {
    text.trim().rsplit_once(char::is_whitespace).map(|(before, last)| (before.trim(), last))
}

fn read_edit(text: &str) -> Result<Edit> {
    if text.trim_start().starts_with(['{', '[']) {
        let json: Json = serde_json::from_str(text).context("the edit is not JSON")?;
        return Edit::parse(&json).map_err(anyhow::Error::msg);
    }
    let before = text.split_once('=').map_or(text, |(before, _)| before);
    let Some((entity, _)) = last_word(before) else {
        bail!(
            "`{text}` is no edit: write it as 'Germany economy/Economy.gdp_usd=9e12', or as JSON"
        );
    };
    let assignment = text.trim_start()[entity.len()..].trim_start();
    Ok(Edit { operations: vec![edit::set(entity, assignment)?], ..Edit::default() })
}

fn read_watch(text: &str) -> Result<Watch> {
    let title = text.to_owned();
    if text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select")) {
        return Ok(Watch { title, of: Watched::Select(text.to_owned()) });
    }
    let parts = last_word(text).and_then(|(entity, field)| {
        let (component, field) = field.split_once('.')?;
        Some((entity, component, field))
    });
    let Some((entity, component, field)) = parts else {
        bail!(
            "`{text}` cannot be watched: give an entity and a field, as in 'Germany \
             economy/Economy.gdp_usd', or a SELECT"
        );
    };
    let (entity, component, field) = (entity.to_owned(), component.to_owned(), field.to_owned());
    Ok(Watch { title, of: Watched::Field { entity, component, field } })
}

fn print(forked: &Forked) -> Result<()> {
    let cell = |json: &Json| match json {
        Json::Null => Value::Null,
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) if number.is_i64() => {
            Value::Integer(number.as_i64().unwrap_or_default())
        }
        Json::Number(number) => Value::Real(number.as_f64().unwrap_or_default()),
        other => Value::Text(other.to_string()),
    };
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    for run in &forked.edits {
        if let Some(why) = &run.refused {
            tell(&format!("an edit was refused: {why}"));
        }
    }
    let whole = |table: &Table| answer(&table::gist(table));
    for Series { title, ticks, truth, changed } in &forked.series {
        let rows = ticks.iter().zip(truth.iter().zip(changed)).map(|(tick, (truth, changed))| {
            vec![Value::Integer(*tick as i64), cell(truth), cell(changed)]
        });
        let all = Table { columns: columns(&["tick", "without", "with"]), rows: rows.collect() };
        answer(&format!("\n{title}"))?;
        for (at, which) in [(1, "without"), (2, "with   ")] {
            if let Some(line) = spark::line(&all, at) {
                answer(&format!("{which} {line}"))?;
            }
        }
        let rows = all.rows.first().into_iter().chain(all.rows.last()).cloned().collect();
        whole(&Table { rows, ..all })?;
    }
    if forked.first.is_empty() {
        tell("nothing becomes other");
    } else {
        answer("\nwhat becomes other first")?;
        let rows = forked.first.iter().map(|it| {
            let whose = it.label.clone().or_else(|| it.entity.map(|it| it.to_string()));
            let by = if it.by_hand { Some("the edit".to_owned()) } else { it.system.clone() };
            vec![
                Value::Integer(it.tick as i64),
                text(&whose),
                text(&it.kind),
                text(&it.field),
                cell(&it.truth),
                cell(&it.changed),
                text(&by),
            ]
        });
        let names = ["tick", "entity", "name", "field", "without", "with", "by"];
        whole(&Table { columns: columns(&names), rows: rows.collect() })?;
        answer("\nwhat is other at the end")?;
        let rows = forked.summary.iter().map(|Count { action, kind, field, count }| {
            let (action, count) =
                (Value::Text((*action).to_owned()), Value::Integer(*count as i64));
            vec![action, text(kind), text(field), count]
        });
        let names = ["action", "name", "field", "count"];
        whole(&Table { columns: columns(&names), rows: rows.collect() })?;
    }
    if !forked.events.is_empty() {
        answer("\nwhich events only one of the two has")?;
        let rows = forked.events.iter().map(|it| {
            let which = if it.is_of_changed { "with" } else { "without" };
            let texts = [which, &it.name, &it.value.to_string(), &it.system].map(str::to_owned);
            [Value::Integer(it.tick as i64)].into_iter().chain(texts.map(Value::Text)).collect()
        });
        let names = ["tick", "only", "name", "value", "system"];
        whole(&Table { columns: columns(&names), rows: rows.collect() })?;
        if forked.events_more > 0 {
            tell(&format!("{} more", counted(forked.events_more as u64, "event")));
        }
    }
    if forked.events_to < forked.to {
        tell(&format!("events were compared up to tick {}", forked.events_to));
    }
    if let Some(cut) = &forked.cut {
        tell(cut);
    }
    let (with, without) = forked.faults;
    let faults = match (with, without) {
        (0, 0) => String::new(),
        (with, without) => format!("; {} with, {without} without", counted(with, "fault")),
    };
    tell(&format!("from tick {} to tick {}{faults}", count(forked.at), count(forked.to)));
    Ok(())
}
