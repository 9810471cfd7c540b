//! `sandtable why`: who set a value, and what that system saw then.

use std::path::PathBuf;

use anyhow::Result;
use rusqlite::types::Value;
use sandtable::save::{Answer, Asked, Reader, Seen, Setting, Table, Why};

use super::asked::print;
use super::table::Format;

/// See why a value is what it is: which system set it, what that system saw then, and
/// who had set each of those
///
/// Ask on with what it saw: `--at` and `--seen-by` take the tick and the system of a
/// row. Works also while the world runs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  sandtable why earth.db Germany economy/Economy.gdp_usd
  sandtable why earth.db Germany economy/Economy.gdp_usd --at 120
  sandtable why earth.db Germany demography/Society.people --at 120 --seen-by economy/produce")]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// An entity, as 12v3, by its number in SQL, or by its label
    entity: String,
    /// A component, by its name or that of its table, and a field after a dot
    component: String,
    /// As this tick left it; else the last
    #[arg(long, value_name = "TICK")]
    at: Option<u64>,
    /// As a system saw it in that tick, before it changed anything
    #[arg(long, value_name = "SYSTEM", requires = "at")]
    seen_by: Option<String>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Asks, and prints the answer.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, entity, component, at, seen_by, format } = arguments;
    let asked =
        Asked { entity: &entity, component: &component, tick: at, seen_by: seen_by.as_deref() };
    let why = Reader::open(&save)?.why(asked)?;
    let sentence = sentence(&why);
    print(&answer(why), format, &sentence)
}

/// Who set it, for people.
fn sentence(why: &Why) -> String {
    let what = what(why);
    let whose = match &why.label {
        Some(label) => format!("{label} ({})", why.entity),
        None => why.entity.to_string(),
    };
    match &why.set {
        None => format!("{what} of {whose} is {} since tick {} or before\n", why.value, why.since),
        Some(Setting { tick, system, sender, version, action, old, new, .. }) => {
            let by = match (system, version) {
                (Some(system), Some(version)) => format!("{system} (version {version})"),
                (Some(system), None) => system.clone(),
                (None, _) => match sender {
                    Some(sender) => format!("{sender}, by hand,"),
                    None => "no system".to_owned(),
                },
            };
            format!("{what} of {whose} was {action} by {by} in tick {tick}: {old} → {new}\n")
        }
    }
}

fn what(why: &Why) -> String {
    match &why.field {
        Some(field) => format!("{}.{field}", why.component),
        None => why.component.clone(),
    }
}

/// A row for the value, and one for each thing that its system saw.
fn answer(why: Why) -> Answer {
    let text = |text: &str| Value::Text(text.to_owned());
    let maybe = |of: Option<&str>| of.map_or(Value::Null, text);
    let number = |tick: u64| Value::Integer(tick as i64);
    let columns = ["what", "name", "entity", "label", "relation", "value", "tick", "system"]
        .map(str::to_owned);
    let mut first = vec![
        text("value"),
        Value::Text(what(&why)),
        Value::Text(why.entity.to_string()),
        maybe(why.label.as_deref()),
        Value::Null,
        Value::Text(why.value.to_string()),
    ];
    first.extend(match &why.set {
        Some(set) => [number(set.tick), maybe(set.system.as_deref())],
        None => [Value::Null, Value::Null],
    });
    let row = |seen: &Seen| {
        let entity = seen.entity.map(|it| it.to_string());
        let (tick, system) = match &seen.set {
            Some((tick, system)) => (number(*tick), maybe(system.as_deref())),
            None => (Value::Null, Value::Null),
        };
        vec![
            text(seen.what),
            text(&seen.name),
            maybe(entity.as_deref()),
            maybe(seen.label.as_deref()),
            maybe(seen.relation.as_deref()),
            Value::Text(seen.value.to_string()),
            tick,
            system,
        ]
    };
    let rows = std::iter::once(first).chain(why.read.iter().map(row)).collect();
    let mut notes = why.notes;
    if why.left_out > 0 {
        notes.push(format!("it saw {} things more", why.left_out));
    }
    Answer { table: Table { columns: columns.into(), rows }, notes }
}
