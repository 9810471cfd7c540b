//! Asks its standard library for the time, for luck, for files and for rest.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Default)]
struct Told {
    seconds: u64,
    order: Vec<u32>,
    files: bool,
    variables: u32,
}

#[system]
fn ask(mut told: ResMut<Told>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let numbers: HashMap<u32, ()> = (0..50).map(|n| (n, ())).collect();
    *told = Told {
        seconds: now,
        order: numbers.into_keys().collect(),
        files: std::fs::read_dir("/").is_ok() || std::fs::write("/tmp/escaped", "out").is_ok(),
        variables: std::env::vars().count() as u32,
    };
    println!("said by println");
    std::thread::sleep(std::time::Duration::from_secs(3600));
}

sandtable_sdk::export! {
    id: "closedwasi",
    systems: [ask],
}
