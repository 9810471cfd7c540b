//! Prints more than is kept, and panics where an input says so.

use sandtable_sdk::prelude::*;

#[system]
fn chat(assets: Assets, tick: Tick) {
    for _ in 0..500 {
        debug!("hidden");
    }
    info!("seen in tick {}", tick.number());
    for line in 0..20_000 {
        println!("line {line} of what is not read");
    }
    if assets.names().iter().any(|name| name == "panic") {
        panic!("at the end of it all");
    }
}

sandtable_sdk::export! {
    id: "chatter",
    systems: [chat],
}
