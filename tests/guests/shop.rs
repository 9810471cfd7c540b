//! The first version of a mod that others here are later versions of.

use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Purse {
    gold: u32,
    silver: u32,
}

#[derive(Component, Clone)]
struct Name {
    text: String,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Tax {
    percent: u32,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
struct Owes {
    gold: u32,
}

#[derive(Event, Clone)]
struct Sold {
    price: u32,
}

#[derive(Input, Clone)]
struct Gift {
    gold: u32,
}

#[system(startup)]
fn open(mut commands: Commands, mut tax: ResMut<Tax>) {
    tax.percent = 7;
    let mut before = None;
    for n in 0..10 {
        let purse = Purse { gold: n, silver: 10 * n };
        let keeper = match n % 2 {
            0 => commands.spawn((purse, Name { text: format!("Ada Number{n}") })),
            _ => commands.spawn(purse),
        };
        if let Some(before) = before.replace(keeper) {
            commands.relate(keeper, before, Owes { gold: n });
        }
    }
}

#[system]
fn earn(mut purses: Query<&mut Purse>, gifts: EventReader<Gift>) {
    let gifts: u32 = gifts.iter().map(|gift| gift.gold).sum();
    for purse in purses.iter_mut() {
        purse.gold += 1 + gifts;
    }
}

#[system]
fn sell(mut sold: EventWriter<Sold>, tick: Tick) {
    sold.send(Sold { price: tick.number() as u32 });
}

// Rarely enough that events are left unread.
#[system(every = 100)]
fn count(sold: EventReader<Sold>) {
    let _: u32 = sold.iter().map(|sold| sold.price).sum();
}

sandtable_sdk::export! {
    id: "shop",
    systems: [open, earn, sell, count],
    kinds: [Name, Owes],
}
