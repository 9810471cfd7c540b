//! Mods that cannot be exported.

use sandtable_sdk::prelude::*;

mod other {
    use sandtable_sdk::prelude::*;

    #[system]
    pub fn grow() {}
}

#[system]
fn grow() {}

struct Plain;

fn plain() {}

// The package of this file is named with dashes.
sandtable_sdk::export! {
    systems: [grow],
}

sandtable_sdk::export! {
    id: "My Mod",
    system: [grow],
}

sandtable_sdk::export! {
    id: "sqlite",
    id: 3,
    systems: [grow, other::grow, 4],
    kinds: Plain,
}

sandtable_sdk::export! {
    id: "economy",
    systems: [plain],
    kinds: [Plain],
}

fn main() {}
