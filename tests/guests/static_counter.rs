//! Tries to remember something in a `static`.

use std::sync::atomic::{AtomicU32, Ordering};

use sandtable_sdk::prelude::*;

static CALLS: AtomicU32 = AtomicU32::new(0);

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Seen {
    calls: u32,
}

#[system(startup)]
fn populate(mut commands: Commands) {
    for _ in 0..64 {
        commands.spawn(Seen { calls: 0 });
    }
}

#[system(whole = "archetype")]
fn remember(mut rows: Query<&mut Seen>) {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    for seen in rows.iter_mut() {
        seen.calls = calls;
    }
}

sandtable_sdk::export! {
    id: "staticcounter",
    systems: [populate, remember],
}
