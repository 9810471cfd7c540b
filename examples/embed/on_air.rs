//! A world inside another program, on the air beside that program's own pages.
//!
//! `cargo run --release --example on_air`, with a world file and the ticks to do where
//! those are others than earth's and until Ctrl-C.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use sandtable::pace::{Next, Pace};
use sandtable::{Options, Simulation, catalog};
use sandtable_serve::{Access, Key, Served, Trust, router};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut given = std::env::args().skip(1);
    let world = given.next().unwrap_or_else(|| "examples/earth".to_owned());
    let ticks = given.next().map_or(Ok(u64::MAX), |ticks| ticks.parse())?;
    let file = catalog::load(world.as_ref())?;
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {})?;
    let folder = tempfile::tempdir()?;
    let save = folder.path().join("world.db");
    let mut simulation = Simulation::create(Some(&save), file.config, mods, Options::default())?;

    // The server has threads of its own; the world keeps this one, and is paused, stepped
    // and set to other speeds by the pace that both have.
    let pace = Pace::new(20.0);
    simulation.desk().ring_by(pace.bell());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let token = std::env::var("SANDTABLE_TOKEN").ok();
    let access = Access { token, trust: Trust::own().ok(), ..Access::default() };
    let key = Arc::new(Key::new(address, access)?);
    eprintln!("open http://{address}/#link={}", key.fragment().unwrap_or_default());
    let served = Served::new(&mut simulation, &save).paced(&pace);
    let server = tokio::runtime::Runtime::new()?;
    server.spawn(async move {
        let app = router(served, key).route("/hello", get(|| async { "hello\n" }));
        axum::serve(tokio::net::TcpListener::from_std(listener)?, app).await
    });

    while pace.tempo().done < ticks {
        match pace.wait() {
            // What requests left for this thread.
            Next::Woken => {
                simulation.attend(pace.until_due());
                continue;
            }
            Next::Tick => simulation.tick()?,
        };
        pace.done();
    }
    server.shutdown_timeout(Duration::from_secs(1));
    simulation.close()?;
    Ok(())
}
