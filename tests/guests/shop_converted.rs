//! A later version of `shop`, whose conversions split, merge and retype.

use sandtable_sdk::prelude::*;

#[derive(Component)]
#[component(name = "Name")]
struct OldName {
    text: String,
}

#[derive(Component, Clone, Copy)]
#[component(name = "Purse")]
#[repr(C)]
struct OldPurse {
    gold: u32,
    silver: u32,
}

#[derive(Component, Clone, Copy)]
#[component(name = "Tax")]
#[repr(C)]
struct OldTax {
    percent: u32,
}

#[derive(Component)]
struct First {
    text: String,
}

#[derive(Component)]
struct Last {
    text: String,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Wealth(u64);

#[derive(Component)]
struct Purse {
    label: String,
}

#[derive(Component, Clone, Copy, Default)]
#[repr(C)]
struct Tax {
    rate: f32,
}

/// Those with a name: one component becomes two, and two become one.
#[conversion(name = "0001_split_name")]
fn split_name(name: OldName, purse: OldPurse) -> Result<(First, Last, Wealth), String> {
    let (first, last) = name.text.split_once(' ').ok_or("a name of one word")?;
    let wealth = u64::from(purse.gold) * 100 + u64::from(purse.silver);
    Ok((First { text: first.to_owned() }, Last { text: last.to_owned() }, Wealth(wealth)))
}

/// All others: the component keeps its name.
#[conversion(name = "0002_label_purse")]
fn label_purse(purse: OldPurse) -> Purse {
    Purse { label: format!("{} gold, {} silver", purse.gold, purse.silver) }
}

#[conversion(name = "0003_tax")]
fn tax_rate(tax: OldTax) -> Tax {
    Tax { rate: tax.percent as f32 / 100.0 }
}

#[system]
fn look(purses: Query<&Purse>, _: Res<Tax>) {
    let _ = purses.iter().map(|purse| purse.label.len()).sum::<usize>();
}

sandtable_sdk::export! {
    id: "shop",
    systems: [look],
    conversions: [tax_rate, label_purse, split_name],
}
