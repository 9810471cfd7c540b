//! A later version of `shop`: fields are renamed, widened, added and dropped.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    #[component(was = "gold")]
    coins: u64,
    #[component(default = 2.5)]
    debt: f64,
    #[component(default = [1, 2])]
    ranks: [u32; 2],
}

#[derive(Component, Clone)]
struct Name {
    #[component(default = "unnamed")]
    nick: String,
    text: Option<String>,
}

#[derive(Component, Clone, Default)]
struct Tax {
    percent: u64,
    #[component(default = "the king")]
    levied_by: String,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Owes {
    #[relation(was = ["silver", "gold"])]
    coins: u64,
}

#[derive(Event, Clone)]
struct Sold {
    price: u64,
    #[event(default = true)]
    paid: bool,
}

#[derive(Input, Clone)]
struct Gift {
    #[input(was = "gold")]
    coins: u64,
}

#[system]
fn earn(mut purses: Query<&mut Purse>, gifts: EventReader<Gift>) {
    let gifts: u64 = gifts.iter().map(|gift| gift.coins).sum();
    for purse in purses.iter_mut() {
        purse.coins += 1 + gifts;
    }
}

#[system(every = 100)]
fn count(sold: EventReader<Sold>, tax: Res<Tax>) {
    let _ = (sold.iter().filter(|sold| sold.paid).map(|sold| sold.price).sum::<u64>(), tax.percent);
}

sandtable_sdk::export! {
    id: "shop",
    systems: [earn, count],
    kinds: [Name, Owes],
}
