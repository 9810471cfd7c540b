//! What a call costs that another process makes, and how many workers one world and one
//! server feed.
//!
//! `cargo bench -- machines` starts a `nats-server` and workers on this machine,
//! measures what calls of two sizes cost in each process, has the model say how long
//! ticks take with two and with four workers here, compares that with what they take, and
//! lets it say then what would be on machines of their own.
//!
//! `cargo bench -- nats_shard` holds calls against raw echoes, the processors of all
//! processes against those of one, and says how long it takes until what fails is noticed.
#![allow(missing_docs)]

mod aims;
mod fleet;
mod model;
mod world;

use fleet::Fleet;
use model::{Cost, Costs, Machines, Work, fed, simulate};
use world::{Alone, Away, alone, away};

/// Rows of the world.
const ROWS: usize = 131_072;
/// Rows of a page: eight of them are a call.
const FEW: usize = 128;
const MANY: usize = 1_024;
/// Nanoseconds from one machine to another in a data centre.
const DISTANCE: f64 = 25_000.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [echo, url] = arguments.as_slice()
        && echo == "--echo"
    {
        return aims::echo(url);
    }
    let words: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let is_asked =
        |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    if !is_asked("machines") && !is_asked("nats_shard") {
        return;
    }
    if fleet::server().is_none() {
        println!("machines: left out, since there is no nats-server on the path");
        return;
    }
    if is_asked("nats_shard") {
        aims::run();
    }
    if is_asked("machines") {
        machines();
    }
}

fn machines() {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let alone = [FEW, MANY].map(|page| alone(ROWS, page));
    let measured = [FEW, MANY].map(|page| measured(page, &alone[1]));
    let bytes = |away: &Away| away.bytes / away.calls;
    let cost = |of: fn(&Away) -> f64| {
        let at = |away: &Away| (bytes(away), of(away) / away.calls);
        Cost::between(at(&measured[0]), at(&measured[1]))
    };
    let costs = Costs {
        tick: cost(|away| away.tick),
        network: cost(|away| away.network),
        server: cost(|away| away.server),
        worker: cost(|away| away.worker),
    };
    println!(
        "what a call takes, measured with calls of {:.0} and {:.0} KB there and back:",
        bytes(&measured[0]) / 1e3,
        bytes(&measured[1]) / 1e3
    );
    for (what, cost) in [
        ("threads of the tick", costs.tick),
        ("network thread", costs.network),
        ("server", costs.server),
        ("worker, besides the guest", costs.worker),
    ] {
        println!("  {what:<28} {:>7.1} µs + {:.3} ns a byte", cost.call / 1e3, cost.byte);
    }
    println!("\nchecked on this machine, {cores} cores for all of it:");
    for (page, alone) in [FEW, MANY].into_iter().zip(&alone) {
        let calls = ROWS.div_ceil(page * 8);
        println!(
            "  {calls:>4} calls of {:>5} rows, alone {:>6.1} ms a tick, {:.0} ns a row in the guest",
            page * 8,
            alone.tick / 1e6,
            alone.guest / ROWS as f64
        );
        for workers in [2, 4] {
            let fleet = Fleet::start(workers);
            let away = away(&fleet, ROWS, page);
            let work =
                Work { calls, bytes: bytes(&away), guest: alone.guest / calls as f64, here: 0.0 };
            let machines = Machines {
                workers,
                threads: 1,
                makers: 1,
                wire: 0.0,
                distance: 0.0,
                shared: Some(cores),
            };
            let model = simulate(&costs, &work, &machines).nanos + alone.rest();
            println!(
                "  {:>14} workers: {:>6.1} ms a tick, the model says {:>6.1}: {:.2}x; {:.0} % made away",
                workers,
                away.tick_wall / 1e6,
                model / 1e6,
                model / away.tick_wall,
                100.0 * away.calls / (away.ticks * calls as f64)
            );
        }
    }
    println!(
        "\nworkers of a thread each that one world and one server feed, calls of 8,192 rows and 64 bytes a row:"
    );
    println!(
        "  {:>6} {:>12} {:>8} {:>14} {:>9}  what is full",
        "Gbit", "ns a row", "workers", "rows a second", "of one"
    );
    let row_bytes = bytes(&measured[1]) / (MANY * 8) as f64;
    for gigabits in [10.0, 25.0, 100.0] {
        for guest in [100.0, 600.0, 1_300.0, 5_000.0, 20_000.0] {
            let rows = (MANY * 8) as f64;
            let work =
                Work { calls: 4_096, bytes: row_bytes * rows, guest: guest * rows, here: 0.0 };
            let machines = Machines {
                workers: 1,
                threads: 4,
                makers: 0,
                wire: 8.0 / gigabits,
                distance: DISTANCE,
                shared: None,
            };
            let (workers, outcome) = fed(&costs, &work, &machines);
            let rate = work.calls as f64 * rows / outcome.nanos * 1e9;
            println!(
                "  {gigabits:>6} {guest:>12} {workers:>8} {:>12.1} M {:>8.1}x  {} ({:.0} %)",
                rate / 1e6,
                rate * guest / 1e9,
                outcome.busiest.0.name(),
                100.0 * outcome.busiest.1
            );
        }
    }
}

/// What calls of a size cost, with a worker and one thread here.
fn measured(page: usize, alone: &Alone) -> Away {
    let fleet = Fleet::start(1);
    let mut away = away(&fleet, ROWS, page);
    away.worker -= alone.guest / ROWS as f64 * away.rows;
    away
}
