//! Goes as its settings say.

use sandtable_sdk::prelude::*;

#[derive(Settings)]
struct Settings {
    #[settings(default = 2)]
    step: u32,
    #[settings(default = "north")]
    heads: String,
    #[settings(default = 0.5)]
    bias: f64,
}

#[derive(Component, Clone, Default)]
struct Walked {
    steps: u64,
    heads: Vec<String>,
    bias: f64,
}

#[system]
fn walk(settings: Res<Settings>, mut walked: ResMut<Walked>) {
    walked.steps += u64::from(settings.step);
    walked.heads.push(settings.heads.clone());
    walked.bias = settings.bias;
}

sandtable_sdk::export! {
    id: "tuned",
    systems: [walk],
}
