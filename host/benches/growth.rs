//! How cost grows: with entities, with mods.
//!
//! Each size is measured in a process of its own, so that the memory is that of one
//! world. `cargo bench -- growth` prints a table and draws
//! [growth.svg](growth.svg) anew.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sandtable::Simulation;
use sandtable::catalog::ModSource;
use sandtable::config::Durability;

use crate::compare::{Table, shown};
use crate::mods;

/// The argument by which this program measures one size alone.
const ONE: &str = "--growth-of";
const ENTITIES: [usize; 6] = [1_000, 10_000, 100_000, 1_000_000, 2_000_000, 4_000_000];
const MODS: [usize; 4] = [1, 5, 15, 50];
const TICKS: usize = 15;
const STAGES: [&str; 5] = ["systems", "deferred", "hash", "history", "commit"];

/// What a tick of one world takes.
struct Size {
    /// Nanoseconds of each stage, as the median of the ticks.
    stages: [u64; STAGES.len()],
    /// Bytes of memory that the process has.
    memory: u64,
    /// Bytes of the save, and by how many each tick made it longer.
    save: u64,
    save_a_tick: u64,
}

/// Measures one size, where this program was started for that.
pub fn one() -> bool {
    let mut arguments = std::env::args().skip_while(|argument| argument != ONE).skip(1);
    let (Some(what), Some(count)) = (arguments.next(), arguments.next()) else { return false };
    let count = count.parse().expect("a number");
    let folder = tempfile::tempdir().expect("a folder");
    let save = folder.path().join("world.db");
    let Size { stages, memory, save, save_a_tick } = match what.as_str() {
        "mods" => measured(&save, (0..count).map(|number| numbered("idle", number, 1)).collect()),
        what => measured(&save, bodies(count, what == "sparse")),
    };
    let figures = stages.into_iter().chain([memory, save, save_a_tick]);
    println!("{}", figures.map(|figure| figure.to_string()).collect::<Vec<_>>().join(" "));
    true
}

/// Prints both tables, and draws the first.
pub fn growth(table: &mut Table) {
    if !table.wants("growth") {
        return;
    }
    let dense = ENTITIES.map(|count| (count, apart("dense", count)));
    print("entities that all change, ns an entity", &dense, |count| count as u64);
    let sparse = ENTITIES.map(|count| (count, apart("sparse", count)));
    print("entities of which one in 100 changes, ns an entity", &sparse, |count| count as u64);
    let mods = MODS.map(|count| (count, apart("mods", count)));
    print("mods with a system for one entity, ns a mod", &mods, |count| count as u64);
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/growth.svg");
    std::fs::write(&picture, drawn(&dense)).expect("the picture is written");
    println!("drawn: {}", picture.display());
}

fn measured(save: &Path, mods: Vec<ModSource>) -> Size {
    let mut config = mods::config(&mods);
    config.durability = Durability::SyncEveryTicks { ticks: 0 };
    let made = Simulation::create(Some(save), config, mods, mods::options(1));
    let mut world = made.expect("the world starts");
    for _ in 0..3 {
        let record = world.tick().expect("a tick");
        record.runs.iter().for_each(|run| assert_eq!(run.fault, None, "{}", run.system));
    }
    let bytes = || {
        let log = save.with_file_name("world.db-wal");
        let len = |path: &Path| path.metadata().map_or(0, |it| it.len());
        len(save) + len(&log)
    };
    let before = bytes();
    let mut stages = STAGES.map(|_| Vec::new());
    for _ in 0..TICKS {
        let timings = world.tick().expect("a tick").timings;
        let taken =
            [timings.systems, timings.deferred, timings.hash, timings.history, timings.commit];
        stages.iter_mut().zip(taken).for_each(|(stage, taken)| stage.push(taken));
    }
    let save_a_tick = bytes().saturating_sub(before) / TICKS as u64;
    let stages = stages.map(|mut taken| {
        taken.sort_unstable();
        taken[TICKS / 2]
    });
    let memory = resident();
    world.close().expect("the save is closed");
    Size { stages, memory, save: bytes(), save_a_tick }
}

/// So many entities, a million for each mod: a call may spawn 1,048,576.
fn bodies(count: usize, sparse: bool) -> Vec<ModSource> {
    const EACH: usize = 1_000_000;
    let part = |number: usize| (count - number * EACH).min(EACH);
    let mut mods: Vec<ModSource> =
        (0..count.div_ceil(EACH)).map(|number| numbered("jolt", number, part(number))).collect();
    if sparse {
        mods.iter_mut().for_each(|source| drop(source.assets.insert("sparse".to_owned(), vec![])));
    }
    mods
}

/// A guest as another mod than those of other numbers.
fn numbered(guest: &str, number: usize, count: usize) -> ModSource {
    let mut source = mods::guest(guest, count);
    let id = format!("m{number:03}");
    let (component, mut at) = (&mut source.component, 0);
    let place = |component: &[u8]| component.windows(4).position(|it| it == guest.as_bytes());
    while let Some(found) = place(&component[at..]) {
        at += found;
        component[at..at + 4].copy_from_slice(id.as_bytes());
    }
    source.id = id;
    source
}

/// One size, measured in a process of its own.
fn apart(what: &str, count: usize) -> Size {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args([ONE, what, &count.to_string()]).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} {count}: {said}{errors}");
    let mut figures = said.split_whitespace().map(|it| it.parse().expect("a number"));
    let mut next = || figures.next().expect("a figure");
    let stages = STAGES.map(|_| next());
    Size { stages, memory: next(), save: next(), save_a_tick: next() }
}

/// Bytes of memory that this process has in use, where the system says so.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

fn print(title: &str, sizes: &[(usize, Size)], share: impl Fn(usize) -> u64) {
    println!("\ngrowth: {title}");
    print!("{:>10}", "");
    STAGES.iter().for_each(|stage| print!("{stage:>10}"));
    println!("{:>12}{:>12}{:>12}{:>14}", "tick", "memory", "save", "save a tick");
    for (count, size) in sizes {
        print!("{count:>10}");
        let share = share(*count);
        size.stages.iter().for_each(|taken| print!("{:>10.1}", *taken as f64 / share as f64));
        let tick = shown(Duration::from_nanos(size.stages.iter().sum()));
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        let (memory, save) = (mib(size.memory), mib(size.save));
        println!("{tick:>12}{memory:>12}{save:>12}{:>14}", mib(size.save_a_tick));
    }
}

/// Nanoseconds an entity by entities, both by powers of ten, a line for each stage.
fn drawn(sizes: &[(usize, Size)]) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 360.0;
    const LEFT: f64 = 60.0;
    const COLOURS: [&str; STAGES.len() + 1] =
        ["#1f77b4", "#9467bd", "#2ca02c", "#ff7f0e", "#d62728", "#444444"];
    let x = |count: f64| LEFT + (count.log10() - 3.0) / 3.7 * (WIDTH - LEFT - 110.0);
    let y = |nanos: f64| HEIGHT - 40.0 - (nanos.max(0.1).log10() + 1.0) / 5.0 * (HEIGHT - 60.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"14\">Nanoseconds an entity in each stage of a tick, by the \
         number of entities that all change</text>\n"
    );
    let mut add = |line: std::fmt::Arguments<'_>| {
        // Writing to a string does not fail.
        let _ = writeln!(svg, "{line}");
    };
    for power in -1..=4 {
        let nanos = 10_f64.powi(power);
        let (y, right) = (y(nanos), WIDTH - 110.0);
        add(format_args!(
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{nanos}</text>",
            LEFT - 6.0,
            y + 4.0
        ));
    }
    for (count, name) in [(1e3, "1k"), (1e4, "10k"), (1e5, "100k"), (1e6, "1M"), (4e6, "4M")] {
        let (x, y) = (x(count), HEIGHT - 22.0);
        add(format_args!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>"));
    }
    let stage = |at: usize, size: &Size| match size.stages.get(at) {
        Some(taken) => *taken,
        None => size.stages.iter().sum(),
    };
    let names = STAGES.iter().copied().chain(["the tick"]).enumerate();
    let mut last_y = f64::INFINITY;
    let mut labels: Vec<(f64, usize, &str)> = Vec::new();
    for (at, name) in names {
        let point = |(count, size): &(usize, Size)| {
            let nanos = stage(at, size) as f64 / *count as f64;
            (x(*count as f64), y(nanos))
        };
        let points: Vec<(f64, f64)> = sizes.iter().map(point).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        add(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
            path.join(" "),
            COLOURS[at]
        ));
        labels.extend(points.last().map(|(_, y)| (*y, at, name)));
    }
    // From the lowest line up, so that no name lies on another.
    labels.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (y, at, name) in labels {
        last_y = (y + 4.0).min(last_y - 13.0);
        let x = WIDTH - 104.0;
        add(format_args!(
            "<text x=\"{x}\" y=\"{last_y:.1}\" fill=\"{}\">{name}</text>",
            COLOURS[at]
        ));
    }
    svg.push_str("</svg>\n");
    svg
}
