//! What a world on the air can bear, with the clients on the same machine.
//!
//! `cargo bench -- serve` runs all; `cargo bench -- serve_entity` those whose name
//! contains the word. The table in `host/benches` has the figures and what they mean.
#![allow(missing_docs)]

mod client;
mod world;
mod worlds;

use std::io::BufRead;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use client::{Client, Took, load};
use world::World;
use worlds::{Saves, resident};

/// As in the command `sandtable`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long a load goes on, and how often loads that are compared take turns.
const TURN: Duration = Duration::from_millis(500);
const TURNS: usize = 6;
/// Connections that ask at once.
const CLIENTS: usize = 16;

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wants =
        |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    if ["serve_entity", "serve_sql", "serve_past", "serve_history", "serve_resume"]
        .into_iter()
        .any(wants)
    {
        let earth = World::new("examples/earth", 3_650, 20.0);
        if wants("serve_entity") {
            entity(&earth);
        }
        if wants("serve_sql") {
            sql(&earth);
        }
        if wants("serve_past") {
            past(&earth);
        }
        if wants("serve_history") {
            history(&earth);
        }
        if wants("serve_resume") {
            resume(&earth);
        }
    }
    if wants("serve_stream") {
        streams(&World::new("examples/earth", 10, 20.0));
    }
    if wants("serve_pages") {
        pages(&World::new("examples/swarm", 10, 20.0));
    }
    if wants("serve_fork") {
        fork(&World::new("examples/earth", 400, 20.0));
    }
    if wants("serve_worlds") {
        many();
    }
}

fn shown(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

fn told(name: &str, what: &str, rate: f64, took: &Took) {
    println!(
        "{name:<26} {what:<44} {rate:>9.0}/s   p50 {:>9}   p99 {:>9}",
        shown(took.quantile(0.5)),
        shown(took.quantile(0.99))
    );
}

/// Loads in turns: each path with all that its requests took.
fn in_turns<const N: usize>(world: &World, paths: [&str; N]) -> [Took; N] {
    let mut all = [const { Vec::new() }; N];
    for _ in 0..TURNS {
        for (path, all) in paths.iter().zip(&mut all) {
            all.push(load(world.address, CLIENTS, path, TURN));
        }
    }
    all.map(Took::together)
}

fn entity(earth: &World) {
    let germany = format!("{}/entities/{}", earth.path, earth.labelled("Germany"));
    let province = format!("{}/entities/{}", earth.path, earth.first_with("geography/Province"));
    let quiet = earth.quiet(Duration::from_secs(2));
    let page = format!(
        "{}/entities?with=geography/Nation&select=economy/Economy.gdp_usd&limit=100",
        earth.path
    );
    let before = earth.pulse();
    let [whole, few, small, page, nothing] =
        in_turns(earth, [&germany, &province, &earth.path, &page, "/healthz"]);
    let busy = earth.pulse_since(before);
    let rate = |took: &Took| took.count() as f64 / (TURN * TURNS as u32).as_secs_f64();
    told("serve_entity", "a nation, all components and 230 relations", rate(&whole), &whole);
    told("serve_entity", "a province, all components", rate(&few), &few);
    told("serve_entity", "status of the world", rate(&small), &small);
    told("serve_entity", "a page of 100 nations with their GDP", rate(&page), &page);
    told("serve_entity", "nothing (/healthz)", rate(&nothing), &nothing);
    println!(
        "{:<26} a province: {:.2}x of nothing; a tick {} under load, {} without: {:.2}x",
        "",
        rate(&few) / rate(&nothing),
        shown(busy),
        shown(quiet),
        busy.as_secs_f64() / quiet.as_secs_f64()
    );
}

/// A year of earth as it would be with another value, beside the year as it was.
fn fork(earth: &World) {
    let germany = earth.labelled("Germany");
    let edit = json!({
        "op": "set", "entity": germany, "component": "economy/Economy",
        "value": { "gdp_usd": 9e12 },
    });
    let field = json!({ "entity": germany, "component": "economy/Economy.gdp_usd" });
    let sql = json!({ "sql": "SELECT sum(gdp_usd) FROM economy_economy" });
    let asked = json!({ "at": "20", "ticks": 365, "edits": [edit], "watch": [field, sql] });
    let mut client = Client::new(earth.address);
    let mut ask = || {
        let began = Instant::now();
        client.post(&format!("{}/forks", earth.path), &asked.to_string());
        began.elapsed()
    };
    let took = Took::new((0..11).map(|_| ask()).collect());
    told(
        "serve_fork",
        "365 ticks, a field and a SELECT",
        1.0 / took.quantile(0.5).as_secs_f64(),
        &took,
    );
}

/// Many saves of earth, of which some run.
fn many() {
    const SAVES: usize = 200;
    const ACTIVE: usize = 20;
    let saves = Saves::new("examples/earth", 20, SAVES);
    let list = saves.list();
    let before = resident();
    saves.run(0..ACTIVE);
    let active = resident();
    let took = saves.first_access(ACTIVE..SAVES);
    let rate = 1.0 / took.quantile(0.5).as_secs_f64();
    told("serve_worlds", "the first request for a closed earth", rate, &took);
    saves.come_to(ACTIVE);
    println!(
        "{:<26} a first list {}, another {}; {before} MiB closed, {active} MiB with {ACTIVE} that \
         run, {} MiB after the others",
        "",
        shown(list),
        shown(saves.list()),
        resident()
    );
}

fn sql(earth: &World) {
    let key = earth.sql_key("Germany");
    let path = format!(
        "{}/query?sql=SELECT%20*%20FROM%20economy_economy%20WHERE%20entity={key}",
        earth.path
    );
    let [took] = in_turns(earth, [&path]);
    let rate = took.count() as f64 / (TURN * TURNS as u32).as_secs_f64();
    told("serve_sql", "one row by its key", rate, &took);
}

/// Ticks that nothing is near of, and then their neighbours.
fn past(earth: &World) {
    let germany = earth.labelled("Germany");
    let mut client = Client::new(earth.address);
    let mut ask = |tick: u64| {
        let began = Instant::now();
        client.get(&format!("{}/entities/{germany}?at={tick}", earth.path));
        began.elapsed()
    };
    // A step that comes by all of the ticks in no order.
    let far = (0..60).map(|turn| ask(1 + turn * 1_187 % 3_500)).collect();
    let near = (3_501..3_601).map(&mut ask).collect();
    let (far, near) = (Took::new(far), Took::new(near));
    told("serve_past", "Germany at any tick", 1.0 / far.quantile(0.5).as_secs_f64(), &far);
    told(
        "serve_past",
        "at the tick after the last one asked for",
        1.0 / near.quantile(0.5).as_secs_f64(),
        &near,
    );
}

fn history(earth: &World) {
    let germany = earth.labelled("Germany");
    let path = &earth.path;
    let mut client = Client::new(earth.address);
    for (what, asked) in [
        (
            "history of a component, 3,650 ticks",
            format!("{path}/entities/{germany}/history?component=economy/Economy&to=3650"),
        ),
        (
            "blame of a field",
            format!("{path}/entities/{germany}/blame?component=economy/Economy.gdp_usd&to=3650"),
        ),
        ("timeline", format!("{path}/entities/{germany}/timeline?to=3650")),
        ("why", format!("{path}/why?entity={germany}&component=economy/Economy.gdp_usd&at=3600")),
        ("diff of two ticks, 30 apart", format!("{path}/diff?from=3600&to=3630&summary=true")),
        ("changes of a tick", format!("{path}/changes?to=3600")),
    ] {
        let mut took = Vec::new();
        let mut first = None;
        for _ in 0..21 {
            let began = Instant::now();
            client.get(&asked);
            first.get_or_insert(began.elapsed());
            took.push(began.elapsed());
        }
        let took = Took::new(took);
        println!(
            "{:<26} {what:<44} first {:>9}   p50 {:>9}",
            "serve_history",
            shown(first.unwrap_or_default()),
            shown(took.quantile(0.5))
        );
    }
}

/// A client that had a tick of long ago.
fn resume(earth: &World) {
    let mut took = Vec::new();
    for tick in [100, 1_000, 2_000] {
        let began = Instant::now();
        let stream = Client::stream(
            earth.address,
            &format!("{}/stream?changes=*", earth.path),
            Some(&tick.to_string()),
        );
        let changes = stream
            .lines()
            .map_while(Result::ok)
            .find(|line| line.starts_with("data: {\"despawned\""));
        assert!(changes.is_some_and(|line| line.contains(&format!("\"from\":{tick}"))));
        took.push(began.elapsed());
    }
    let took = Took::new(took);
    println!(
        "{:<26} {:<44} longest {:>9}",
        "serve_resume",
        "all changes of 1,650 to 3,550 ticks, as one",
        shown(took.quantile(1.0))
    );
}

/// Many clients of the stream, from when all of them are there.
fn streams(earth: &World) {
    const STREAMS: usize = 1_000;
    const DURING: Duration = Duration::from_secs(5);
    let path = format!("{}/stream", earth.path);
    let all_are_there = Arc::new(Barrier::new(STREAMS));
    let client = |_| {
        let (address, path, all) = (earth.address, path.clone(), all_are_there.clone());
        let follow = move || {
            let stream = Client::stream(address, &path, None);
            all.wait();
            let (begun, mut seen) = (Instant::now(), Vec::new());
            for line in stream.lines().map_while(Result::ok) {
                let Some(id) = line.strip_prefix("id: ") else { continue };
                let tick = id.split('~').next().and_then(|it| it.parse::<u64>().ok());
                seen.push((tick.expect("a tick"), Instant::now()));
                if begun.elapsed() > DURING {
                    break;
                }
            }
            (begun, seen)
        };
        std::thread::Builder::new().stack_size(128 << 10).spawn(follow).expect("a thread")
    };
    let clients: Vec<_> = (0..STREAMS).map(client).collect();
    let (mut lost, mut late) = (0, Vec::new());
    for client in clients {
        let (begun, seen) = client.join().expect("a client");
        let mut last = None;
        for (tick, at) in seen {
            let Some(published) = earth.published(tick).filter(|it| *it > begun) else { continue };
            late.push(at.saturating_duration_since(published));
            lost += last.map_or(0, |last| tick - last - 1);
            last = Some(tick);
        }
    }
    let late = Took::new(late);
    println!(
        "{:<26} {:<44} {} told, {lost} lost   p50 {:>9}   p99 {:>9}",
        "serve_stream",
        format!("{STREAMS} clients at 20 ticks a second"),
        late.count(),
        shown(late.quantile(0.5)),
        shown(late.quantile(0.99))
    );
}

/// All bodies of the swarm while all of them move.
fn pages(swarm: &World) {
    let mut client = Client::new(swarm.address);
    let mut took = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let asked = format!(
            "{}/entities?with=swarm/Position&select=swarm/Position.x&limit=1000",
            swarm.path
        );
        let (mut next, mut rows) = (asked.clone(), 0);
        loop {
            let page: Json = serde_json::from_slice(&client.get(&next)).expect("a page");
            rows += page["rows"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(cursor) => next = format!("{asked}&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(rows, 100_000);
        took.push(began.elapsed());
    }
    let took = Took::new(took);
    println!(
        "{:<26} {:<44} p50 {:>9}",
        "serve_pages",
        "100,000 moving bodies, 1,000 a page",
        shown(took.quantile(0.5))
    );
}
