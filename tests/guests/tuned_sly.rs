//! Sets its settings, which only the world file does: by a command.

use sandtable_sdk::prelude::*;

#[derive(Settings)]
struct Settings {
    #[settings(default = 2)]
    step: u32,
}

#[system]
fn grow(mut commands: Commands) {
    commands.spawn(Settings { step: 3 });
}

sandtable_sdk::export! {
    id: "tuned",
    systems: [grow],
    kinds: [Settings],
}
