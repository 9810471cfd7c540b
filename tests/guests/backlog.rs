//! Sends events that no system reads for long, over a web of edges of which one
//! changes in a tick.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Node;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Hub;

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Tie {
    since: u64,
}

#[derive(Event, Clone)]
struct News {
    number: u32,
    text: String,
}

fn news(number: u32) -> News {
    News { number, text: "nothing new".to_owned() }
}

/// The number in an asset.
fn number(assets: &Assets, name: &str) -> Result<u32, String> {
    let text = assets.text(name)?;
    text.trim().parse().map_err(|_| format!("`{text}` is no number"))
}

#[system(startup)]
fn populate(
    mut commands: Commands,
    mut sent: EventWriter<News>,
    assets: Assets,
) -> Result<(), String> {
    for number in 0..number(&assets, "count")? {
        sent.send(news(number));
    }
    let hub = commands.spawn((Node, Hub));
    for _ in 0..number(&assets, "edges")? {
        let node = commands.spawn(Node);
        commands.relate(hub, node, Tie { since: 0 });
    }
    Ok(())
}

#[system]
fn report(mut sent: EventWriter<News>) {
    for number in 0..20 {
        sent.send(news(number));
    }
}

#[system]
fn tie(hubs: Query<Entity, With<Hub>>, tick: Tick, mut commands: Commands) {
    for hub in hubs.iter() {
        commands.relate(hub, hub, Tie { since: tick.number() });
    }
}

#[system(every = 1_000_000, whole = "world")]
fn read_all(sent: EventReader<News>, nodes: Query<&Node>) {
    info!("{} are told {} news", nodes.iter().count(), sent.len());
}

sandtable_sdk::export! {
    id: "backlog",
    systems: [populate, report, tie, read_all],
    kinds: [Tie],
}
