//! What this mod is about.
//!
//! All that a mod knows lives in components, resources and events: a system
//! starts with fresh memory every time it is called.

use sandtable_sdk::prelude::*;

/// How many ticks the mod has seen. There is one of it: a resource.
#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
pub struct Seen {
    ticks: u64,
}

/// Counts ticks. Systems that take a `Query` get rows of entities; `Commands`
/// makes some.
#[system]
fn count(mut seen: ResMut<Seen>) {
    seen.ticks += 1;
}

sandtable_sdk::export! {
    id: "{{id}}",
    systems: [count],
}
