//! A shard to a worker and back against a raw echo of as many bytes, the processors of all
//! processes against those of one, and how long it takes until what fails is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use sandtable::config::NatsSettings;
use sandtable::guest::Engine;
use sandtable_nats::{Inbox, Network};

use crate::fleet::{self, Fleet, cpu_of};
use crate::world::{Lent, World, heavy};

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something is so.
fn until(mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "it is not so within half a minute");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Of some durations the one that this share of them is not above.
fn quantile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort_unstable();
    let at = (times.len() as f64 * share).ceil() as usize;
    times[at.clamp(1, times.len()) - 1]
}

/// Answers what comes with the same, as a process of its own.
pub fn echo(url: &str) {
    let settings = NatsSettings { url: Some(url.to_owned()), ..NatsSettings::default() };
    let network = Network::connect(&settings, "echo").expect("the server is there");
    let client = network.client().clone();
    network.wait_for(async {
        let mut asked = client.subscribe("echo").await.expect("it subscribes");
        while let Some(message) = asked.next().await {
            let reply = message.reply.expect("it is asked");
            client.publish(reply, message.payload).await.expect("it answers");
        }
    });
}

/// Calls of three sizes against echoes, in turns, without the time in the guest.
pub fn shards() {
    println!(
        "a shard to a worker and back, without the guest, against an echo of its bytes (p50):"
    );
    for rows in [60, 1_000, 15_000] {
        let fleet = Fleet::start_with(1, 0);
        let _echo = fleet.with("--echo");
        let lent = Lent::new(&fleet);
        let mut world = World::start(heavy(rows, 1), rows.next_multiple_of(64), Some(lent.clone()));
        lent.wait_for(&fleet);
        let settings = NatsSettings { url: Some(fleet.url()), ..NatsSettings::default() };
        let network = Network::connect(&settings, "bench").expect("the server is there");
        network.wait(PATIENCE).expect("the server answers");
        let inbox = Inbox::new(&network, "bench");
        let ask = |payload: &bytes::Bytes| {
            let began = Instant::now();
            let asked = inbox.ask("echo".to_owned(), payload.clone(), PATIENCE);
            network.wait_for(asked).is_ok().then(|| began.elapsed())
        };
        until(|| ask(&vec![0; 8].into()).is_some());
        let (mut echoes, mut bytes) = (Vec::new(), 0);
        for _ in 0..20 {
            (0..25).for_each(|_| world.tick());
            bytes = lent.call_bytes() / 2;
            let payload = bytes::Bytes::from(vec![7; bytes]);
            echoes.extend((0..25).filter_map(|_| ask(&payload)));
        }
        let calls = lent.round_trips();
        let (call, echo) = (quantile(calls, 0.5), quantile(echoes, 0.5));
        println!(
            "  {bytes:>9} bytes each way: call {:>7.3} ms, echo {:>7.3} ms: {:.2}x",
            millis(call),
            millis(echo),
            call.as_secs_f64() / echo.as_secs_f64()
        );
    }
}

/// Processors of all processes with everything away, against those of a world alone.
pub fn processors() {
    const ROWS: usize = 65_536;
    const ROUNDS: usize = 12;
    println!(
        "\nprocessors of all processes, everything away against alone, 64 bytes a row each way:"
    );
    for times in [17, 45] {
        for (keep, what) in [(0, "columns sent each time"), (256, "columns that it has named")] {
            // As many threads as hold all calls of a tick, so that none is left to be made here.
            let fleet = Fleet::of(1, 4, keep);
            let lent = Lent::new(&fleet);
            let mut away = World::start(heavy(ROWS, times), 1_024, Some(lent.clone()));
            let mut alone = World::start(heavy(ROWS, times), 1_024, None);
            lent.wait_for(&fleet);
            (0..3).for_each(|_| away.tick());
            let all = || {
                let workers = fleet.each_worker().map(|id| cpu_of(&id.to_string(), None));
                cpu_of("self", None)
                    + cpu_of(&fleet.server().to_string(), None)
                    + workers.sum::<f64>()
            };
            let took = |world: &mut World| {
                let before = all();
                (0..4).for_each(|_| world.tick());
                all() - before
            };
            let answered = lent.answered();
            let mut ratios = Vec::new();
            let mut row = 0.0;
            for _ in 0..ROUNDS {
                let (with, without) = (took(&mut away), took(&mut alone));
                ratios.push(with / without);
                row = without / (4 * ROWS) as f64;
            }
            ratios.sort_by(f64::total_cmp);
            let calls = 4.0 * ROUNDS as f64 * (ROWS as f64 / 8_192.0);
            println!(
                "  {row:>6.0} ns a row alone, {what:<26} {:.2}x (from {:.2} to {:.2}), {:.0} % made away",
                ratios[ROUNDS / 2],
                ratios[0],
                ratios[ROUNDS - 1],
                100.0 * (lent.answered() - answered) as f64 / calls
            );
        }
    }
}

/// How long it takes until calls of a dead worker are back, until a tick with a frozen one
/// is done, until a dead server is noticed, and until one that is back is used.
pub fn failures() {
    const KILLS: usize = 60;
    let mut fleet = Fleet::start_with(2, 256);
    let lent = Lent::new(&fleet);
    let mut world = World::start(heavy(65_536, 10), 1_024, Some(lent.clone()));
    lent.wait_for(&fleet);
    (0..5).for_each(|_| world.tick());

    let mut back = Vec::new();
    while back.len() < KILLS {
        let worker = fleet.take_worker();
        let (began, is_killed) = (Instant::now(), AtomicBool::new(false));
        let pause = Duration::from_micros(3_000 + 977 * (back.len() as u64 % 19));
        let killed = std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                std::thread::sleep(pause);
                drop(worker);
                is_killed.store(true, Ordering::Relaxed);
                began + pause
            });
            while !is_killed.load(Ordering::Relaxed) {
                world.tick();
            }
            killer.join().expect("it kills")
        });
        (0..3).for_each(|_| world.tick());
        let lost = lent.take_lost();
        back.extend(lost.into_iter().map(|at| at.saturating_duration_since(killed)));
        fleet.add_worker();
        until(|| {
            world.tick();
            lent.ready() == 2
        });
        lent.take_lost();
    }
    println!("\nfrom the kill of a worker to its calls being back, {} of them:", back.len());
    println!(
        "  p50 {:.1} ms, p99 {:.1} ms",
        millis(quantile(back.clone(), 0.5)),
        millis(quantile(back, 0.99))
    );

    let mut ticks: Vec<(Duration, Duration)> = Vec::new();
    for _ in 0..10 {
        let usual: Vec<Duration> = (0..10).map(|_| world.timed()).collect();
        fleet.freeze();
        ticks.push((quantile(usual, 0.5), world.timed()));
        fleet.thaw();
        until(|| {
            world.tick();
            lent.ready() == 2
        });
    }
    let (usual, frozen): (Vec<_>, Vec<_>) = ticks.into_iter().unzip();
    println!(
        "a tick takes {:.1} ms (p50), and with a worker that freezes before it {:.1} ms (p50), {:.1} ms at most",
        millis(quantile(usual, 0.5)),
        millis(quantile(frozen.clone(), 0.5)),
        millis(quantile(frozen, 1.0))
    );

    let (mut noticed, mut used) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let link = lent.link();
        let began = Instant::now();
        fleet.kill_server();
        until(|| !link.borrow().is_up);
        noticed.push(began.elapsed());
        (0..2).for_each(|_| world.tick());
        fleet.start_server_again();
        let began = Instant::now();
        let answered = lent.answered();
        until(|| {
            world.tick();
            lent.answered() > answered
        });
        used.push(began.elapsed());
    }
    println!(
        "the server is killed: noticed after {:.1} ms (p50), {:.1} ms at most; it listens again: \
         calls are answered after {:.1} ms (p50), {:.1} ms at most",
        millis(quantile(noticed.clone(), 0.5)),
        millis(quantile(noticed, 1.0)),
        millis(quantile(used.clone(), 0.5)),
        millis(quantile(used, 1.0))
    );
}

/// A component of 12 MB, from a world that starts to a worker that is ready for it.
pub fn component() {
    let mut times = Vec::new();
    for number in 0..5_u64 {
        let fleet = Fleet::start_with(1, 256);
        let lent = Lent::new(&fleet);
        let mut source = heavy(64, 1);
        source.component.extend(custom_section(12_000_000, number));
        let engine = Engine::new(false, 1).expect("an engine");
        let began = Instant::now();
        engine.load("heavy", &source.component).expect("it compiles");
        let compiling = began.elapsed();
        let component = Arc::new(source);
        until(|| lent.workers() == 1);
        let began = lent.watch_loading();
        let world = World::start((*component).clone(), 64, Some(lent.clone()));
        lent.wait_for(&fleet);
        let loaded = began.lock().expect("it is kept").expect("the mods are loaded");
        times.push((loaded.elapsed(), compiling));
        drop(world);
    }
    times.sort_unstable();
    let (ready, compiling) = times[times.len() / 2];
    println!(
        "\na component of 12 MB is ready after {:.0} ms; compiling it takes {:.0} ms here",
        millis(ready),
        millis(compiling)
    );
}

/// A section of a component that nothing reads, of bytes that are not to be compressed.
fn custom_section(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut content = vec![4, b'r', b'e', b's', b't'];
    content.extend((0..bytes).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    }));
    let mut section = vec![0];
    let mut left = content.len();
    loop {
        let (low, more) = ((left & 0x7f) as u8, left > 0x7f);
        section.push(low | if more { 0x80 } else { 0 });
        left >>= 7;
        if !more {
            break;
        }
    }
    section.extend(content);
    section
}

/// All of them.
pub fn run() {
    println!("{}", fleet::version());
    shards();
    processors();
    failures();
    component();
}
