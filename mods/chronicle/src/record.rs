//! Writes down what happened.

use sandtable_sdk::prelude::*;

use crate::foreign::{
    Cause, CityAbandoned, CityFounded, Defaulted, Exodus, Nation, Owner, PeaceSigned,
    ProvinceCeded, TaxChanged, TreatyEnded, TreatySigned, WarDeclared,
};
use crate::kinds::{Entry, Subject, Tally};
use crate::text::{count, months, percent};

/// Reads the events of a week and writes an entry for each that matters. Events
/// are kept until this runs, so none is missed.
#[system(every = 7)]
pub fn record(
    wars: EventReader<WarDeclared>,
    peaces: EventReader<PeaceSigned>,
    cessions: EventReader<ProvinceCeded>,
    signed: EventReader<TreatySigned>,
    ended: EventReader<TreatyEnded>,
    taxes: EventReader<TaxChanged>,
    defaults: EventReader<Defaulted>,
    founded: EventReader<CityFounded>,
    abandoned: EventReader<CityAbandoned>,
    exoduses: EventReader<Exodus>,
    nations: Lookup<&Nation>,
    owners: Lookup<&Owner>,
    mut tally: ResMut<Tally>,
    mut commands: Commands,
    tick: Tick,
) {
    let name = |nation| nations.get(nation).map_or("nobody", |nation| nation.name.as_str());
    let owner = |province| owners.get(province).map_or("no man's land", |owner| name(owner.nation));
    let mut write = |subject, text| {
        commands.spawn(Entry { tick: tick.number(), subject, text });
    };

    for war in &wars {
        write(Subject::War, format!("{} declares war on {}", name(war.by), name(war.on)));
    }
    for peace in &peaces {
        let (winner, loser) = (name(peace.winner), name(peace.loser));
        let time = months(peace.days);
        write(Subject::War, format!("{winner} makes peace with {loser} and wins after {time}"));
    }
    for cession in &cessions {
        let (from, to) = (name(cession.from), name(cession.to));
        write(Subject::War, format!("{from} cedes a province to {to}"));
    }
    for treaty in &signed {
        write(Subject::Treaty, format!("{} and {} sign a treaty", name(treaty.a), name(treaty.b)));
    }
    for treaty in &ended {
        let (a, b) = (name(treaty.a), name(treaty.b));
        write(Subject::Treaty, format!("The treaty between {a} and {b} ends"));
    }
    for tax in &taxes {
        let (from, to) = (percent(tax.from), percent(tax.to));
        let nation = name(tax.nation);
        write(Subject::Money, format!("{nation} changes its tax rate from {from} to {to} of GDP"));
    }
    for default in &defaults {
        let debt = count(default.debt_usd);
        write(Subject::Money, format!("{} defaults on {debt} dollars", name(default.nation)));
    }
    // New cities are too many for the book; those that rise from ruins are not.
    for city in &founded {
        if let Some(ruin) = &city.on_ruin {
            let nation = owner(city.province);
            let text = format!("{} rises in {nation} from the ruins of {ruin}", city.name);
            write(Subject::City, text);
        }
    }
    for city in abandoned.iter().filter(|city| city.cause == Cause::War) {
        write(Subject::City, format!("{} in {} is sacked", city.name, owner(city.province)));
    }
    for exodus in &exoduses {
        let (people, from) = (count(exodus.people), name(exodus.from));
        let text = format!("{people} people leave {from} for {} in a quarter", name(exodus.to));
        write(Subject::People, text);
    }

    let happened = Tally {
        wars: tally.wars + wars.len() as u64,
        peaces: tally.peaces + peaces.len() as u64,
        cessions: tally.cessions + cessions.len() as u64,
        treaties_signed: tally.treaties_signed + signed.len() as u64,
        treaties_ended: tally.treaties_ended + ended.len() as u64,
        tax_changes: tally.tax_changes + taxes.len() as u64,
        defaults: tally.defaults + defaults.len() as u64,
        cities_founded: tally.cities_founded + founded.len() as u64,
        cities_abandoned: tally.cities_abandoned + abandoned.len() as u64,
        exoduses: tally.exoduses + exoduses.len() as u64,
    };
    *tally = happened;
}
