//! A later version of `tuned`, with other settings.

use sandtable_sdk::prelude::*;

#[derive(Settings)]
struct Tuning {
    /// Was a number.
    #[settings(default = "long")]
    step: String,
    #[settings(default = 7)]
    stride: u64,
}

#[derive(Component, Clone, Default)]
struct Strode {
    strides: u64,
    last: String,
}

#[system]
fn stride(tuning: Res<Tuning>, mut strode: ResMut<Strode>) {
    strode.strides += tuning.stride;
    strode.last = tuning.step.clone();
}

sandtable_sdk::export! {
    id: "tuned",
    systems: [stride],
}
