//! Obeys those outside the world who set taxes.

use sandtable_sdk::prelude::*;

use crate::foreign::Nation;
use crate::kinds::{TaxChanged, TaxDecree, TaxRate};

/// Sets the tax rates that were decreed. Who decrees nonsense is told so.
#[system(whole = "world")]
pub fn decree(
    decrees: EventReader<TaxDecree>,
    mut nations: Query<(Entity, &Nation, &mut TaxRate)>,
    mut changes: EventWriter<TaxChanged>,
) {
    for decree in &decrees {
        if !(0.0..=TaxRate::MAX).contains(&decree.rate) {
            warn!("a tax rate is from 0 to {}, not {}", TaxRate::MAX, decree.rate);
            continue;
        }
        let named = |nation: &Nation| nation.iso.eq_ignore_ascii_case(&decree.nation);
        match nations.iter_mut().find(|(_, nation, _)| named(nation)) {
            Some((nation, _, tax)) => {
                changes.send(TaxChanged { nation, from: tax.share, to: decree.rate });
                tax.share = decree.rate;
            }
            None => warn!("no nation has the code {:?}", decree.nation),
        }
    }
}
