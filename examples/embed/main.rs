//! A world inside another program: no command line, no world file, no save.
//!
//! `cargo run --release --example embed`

use sandtable::catalog;
use sandtable::ecs::to_json;
use sandtable::{Options, Simulation};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A world's settings and mods usually come from its world file.
    let file = catalog::load("examples/earth".as_ref())?;
    let mods = catalog::build_mods(&file.folder, &file.config, &mut |_| {})?;

    // Without a path the world lives in memory; with one, in its save.
    let mut earth = Simulation::create(None, file.config, mods, Options::default())?;
    earth.tick()?;

    // Whatever comes from outside is an input of the next tick.
    let decree = serde_json::json!({ "nation": "FR", "rate": 0.55 });
    earth.send("economy/TaxDecree", &decree, "embed")?;

    let mut events = 0;
    for _ in 0..365 {
        let record = earth.tick()?;
        events += record.events.len();
        for run in record.runs.iter().filter(|run| run.fault.is_some()) {
            println!("{} faulted: {:?}", run.system, run.fault);
        }
    }

    // The host holds bytes and schemas, so components are read by name.
    let world = earth.world();
    let kind = |name: &str| world.registry.find(name).ok_or(format!("no mod declares {name}"));
    let (nation, tax) = (kind("geography/Nation")?, kind("economy/TaxRate")?);
    let shown = |kind, bytes: &[u8]| to_json(world.registry.get(kind), bytes);
    for (entity, rate) in world.values(tax) {
        if let Some(name) = world.component(entity, nation).map(|name| shown(nation, name))
            && name["iso"] == "FR"
        {
            println!("{} taxes {}", name["name"], shown(tax, rate)["share"]);
        }
    }
    println!(
        "tick {}: {} entities, {events} events in a year",
        world.tick(),
        world.entities.alive()
    );
    earth.close()?;
    Ok(())
}
