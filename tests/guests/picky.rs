//! Takes orders, and panics at some.

use sandtable_sdk::prelude::*;

#[derive(Input, Clone)]
struct Order {
    number: i64,
}

/// No system reads it.
#[derive(Input, Clone)]
struct Complaint {
    number: i64,
}

#[derive(Event, Clone)]
struct Rang {
    number: i64,
}

#[derive(Component, Clone, Default)]
struct Taken {
    numbers: Vec<i64>,
}

#[derive(Component, Clone, Default)]
struct Heard {
    numbers: Vec<i64>,
}

/// Panics at negative numbers, never comes back from 7777, and rings for those
/// above 1000; with a file `broken` it always panics.
#[system]
fn take(
    orders: EventReader<Order>,
    mut taken: ResMut<Taken>,
    mut rang: EventWriter<Rang>,
    assets: Assets,
) {
    assert!(assets.names().is_empty(), "it is broken");
    for order in orders.iter() {
        assert!(order.number >= 0, "order {} is negative", order.number);
        while std::hint::black_box(order.number) == 7777 {}
        taken.numbers.push(order.number);
        if order.number > 1000 {
            rang.send(Rang { number: order.number });
        }
    }
}

#[system]
fn hear(rang: EventReader<Rang>, mut heard: ResMut<Heard>) {
    for bell in rang.iter() {
        assert!(bell.number != 1013, "it is superstitious");
        heard.numbers.push(bell.number);
    }
}

sandtable_sdk::export! {
    id: "picky",
    systems: [take, hear],
    kinds: [Complaint],
}
