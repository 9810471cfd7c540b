//! `sandtable info`: what is in a save.

use std::path::{Path, PathBuf};

use anyhow::Result;
use sandtable::record::hex;
use sandtable::save::outbox::OutboxStanding;
use sandtable::save::{Info, Reader};
use serde_json::json;

use super::screen::answer;
use super::text::{bytes, count, counted, date, sizes, span, visible};

/// See what is in a save
///
/// Works also while the world runs.
#[derive(clap::Args)]
pub struct Arguments {
    /// The save
    save: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints what is in the save.
pub fn run(arguments: Arguments) -> Result<()> {
    let Arguments { save, json } = arguments;
    let info = Reader::open(&save)?.info()?;
    Ok(answer(&if json { as_json(&info)? } else { as_text(&save, &info) })?)
}

fn as_json(info: &Info) -> Result<String> {
    let archetypes = info.archetypes.iter();
    let (mods, findings) = (info.mods.iter(), info.findings.iter());
    Ok(json!({
        "world": info.name,
        "tick": info.tick,
        "hash": hex(&info.hash),
        "chain": hex(&info.chain),
        "entities": info.entities,
        "relations": info.relations,
        "archetypes": archetypes
            .map(|it| json!({ "components": it.components, "entities": it.entities }))
            .collect::<Vec<_>>(),
        "mods": mods
            .map(|it| json!({
                "id": it.id,
                "version": it.version,
                "hash": hex(&it.hash),
                "suspended": it.suspended,
                "faults_in_a_row": it.faults_in_a_row,
            }))
            .collect::<Vec<_>>(),
        "faults": info.faults,
        "calls": info.calls,
        "calls_of_workers": info.calls_of_workers,
        "inbox": info.inbox,
        "set_aside": info.set_aside,
        "findings": findings
            .map(|(it, count)| json!({
                "event": it.kind(),
                "severity": it.declared.severity.name(),
                "about": it.declared.about,
                "count": count,
            }))
            .collect::<Vec<_>>(),
        "suspended_systems": info.suspended_systems,
        "world_id": info.world_id.map(|id| id.to_string()),
        "outbox": {
            "first": info.outbox.first,
            "last": info.outbox.last,
            "acknowledged": info.outbox.acknowledged(),
            "behind": info.outbox.behind(),
        },
        "history": {
            "first_tick": info.first_tick,
            "keyframes": info.keyframes,
            "snapshots": info.snapshots,
        },
        "bytes": {
            "world": info.sizes.world,
            "history": info.sizes.history,
            "mods": info.sizes.mods,
            "tables": info.sizes.tables,
            "free": info.sizes.free,
            "rest": info.sizes.rest,
        },
        "save_bytes": info.file_bytes,
        "log_bytes": info.log_bytes,
        "format": info.format,
        "committed_at": date(info.committed_at),
        "config": serde_json::to_value(&info.config)?,
    })
    .to_string())
}

fn as_text(save: &Path, info: &Info) -> String {
    let time = span(info.tick as f64 * info.config.world.dt_seconds);
    let mut lines = vec![format!("{} at tick {}, after {time}", info.name, count(info.tick))];
    let mut line = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
    line("entities", count(info.entities));
    for archetype in &info.archetypes {
        let components = match archetype.components.as_slice() {
            [] => "(no components)".to_owned(),
            names => names.join(", "),
        };
        line("", format!("{:>9}  {components}", count(archetype.entities)));
    }
    line("relations", count(info.relations));
    for (at, it) in info.mods.iter().enumerate() {
        let hash = hex(&it.hash);
        let state = match (it.suspended, it.faults_in_a_row) {
            (true, _) => format!(", suspended: sandtable resume {} {}", save.display(), it.id),
            (false, 0) => String::new(),
            (false, _) => ", faulted in the last tick".to_owned(),
        };
        let name = if at == 0 { "mods" } else { "" };
        line(name, format!("{} {} ({}){state}", it.id, it.version, &hash[..12]));
    }
    for system in &info.suspended_systems {
        let resume = format!("sandtable resume {} {system}", save.display());
        line("", format!("{system} is suspended, its mod goes on: {resume}"));
    }
    line("faults", count(info.faults));
    for (at, (it, found)) in info.findings.iter().filter(|(_, found)| *found > 0).enumerate() {
        let (name, declared) = (if at == 0 { "findings" } else { "" }, &it.declared);
        let times = counted(*found, "time");
        line(
            name,
            format!("{} {times}, {}: {}", it.kind(), declared.severity.name(), declared.about),
        );
    }
    if info.calls_of_workers > 0 {
        let (calls, away) = (count(info.calls), count(info.calls_of_workers));
        line("calls", format!("{calls}, of which workers made {away}: SELECT * FROM systems"));
    }
    if info.inbox > 0 {
        line("inbox", format!("{} for the next tick", counted(info.inbox, "input")));
    }
    if info.set_aside > 0 {
        let what = counted(info.set_aside, "event");
        line("set aside", format!("{what} or inputs: SELECT * FROM set_aside"));
    }
    if let Some(id) = info.world_id {
        line("world id", id.to_string());
    }
    if info.outbox.last > 0 {
        let OutboxStanding { first, last, .. } = info.outbox;
        let behind = counted(info.outbox.behind(), "row");
        let acknowledged = count(info.outbox.acknowledged());
        line("outbox", format!("up to row {}, from row {} on kept", count(last), count(first)));
        line("", format!("acknowledged up to row {acknowledged}, {behind} behind"));
    }
    let parts = &info.sizes;
    line(
        "history",
        match info.first_tick {
            None => "none".to_owned(),
            Some(first) => format!(
                "from tick {} on, {}, {}, {}",
                count(first),
                bytes(parts.history),
                counted(info.keyframes, "keyframe"),
                counted(info.snapshots, "snapshot")
            ),
        },
    );
    line("save", format!("{}, {}", save.display(), sizes(info.file_bytes, info.log_bytes)));
    let part = |what: &str, size: u64| format!("{what} {}", bytes(size));
    let parts = [
        part("world", parts.world),
        part("history", parts.history),
        part("mods", parts.mods),
        part("tables of mods", parts.tables),
        part("logs, indices and ends of pages", parts.rest),
        part("free", parts.free),
    ];
    line("", parts.join(", "));
    line("committed", date(info.committed_at));
    line("hash", hex(&info.hash));
    visible(&lines.join("\n"))
}
