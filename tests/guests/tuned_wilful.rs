//! Sets its settings, which only the world file does: by a resource.

use sandtable_sdk::prelude::*;

#[derive(Settings)]
struct Settings {
    #[settings(default = 2)]
    step: u32,
}

#[system]
fn grow(mut settings: ResMut<Settings>) {
    settings.step += 1;
}

sandtable_sdk::export! {
    id: "tuned",
    systems: [grow],
}
