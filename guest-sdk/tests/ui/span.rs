//! Systems that are called for parts of the world, and must not be, where the
//! spelling of their parameters does not tell.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Gold(f64);

#[derive(Input, Clone)]
struct Decree {
    rate: f64,
}

type Decrees<'w> = EventReader<'w, Decree>;
type Total<'w> = ResMut<'w, Gold>;
type Rows<'w> = Query<'w, &'static Gold>;

#[system(whole = "shard")]
fn answers(rows: Query<&Gold>, decrees: Decrees, mut commands: Commands) {
    for _ in &decrees {
        commands.spawn(Gold(rows.len() as f64));
    }
}

#[system(whole = "archetype")]
fn sets(rows: Query<&Gold>, mut total: Total) {
    total.0 += rows.len() as f64;
}

#[system]
fn several(first: Rows, second: Rows) {
    assert_eq!(first.len(), second.len());
}

sandtable_sdk::export! {
    systems: [answers, sets, several],
}

fn main() {}
