//! Spawns the Earth.

use std::collections::BTreeMap;

use sandtable_sdk::prelude::*;

use crate::apportion::apportion;
use crate::kinds::{Border, Harvest, Owner, Province, ProvinceOf, ProvinceStart};
use crate::layout;
use crate::source::{self, BorderRow, NationRow};

/// How many provinces the Earth has: about 800,000 people in each.
const PROVINCES: usize = 10_000;

/// Spawns every nation and province, and draws the borders.
#[system(startup)]
pub fn survey(mut commands: Commands, assets: Assets) -> Result<(), String> {
    let nations = source::nations(&assets.text("nations.csv")?)?;
    let borders = source::borders(&assets.text("borders.csv")?)?;

    let people: Vec<f64> = nations.iter().map(|row| row.start.people).collect();
    let mut by_code = BTreeMap::new();
    for (row, provinces) in nations.iter().zip(apportion(&people, PROVINCES)) {
        let nation = commands.spawn((row.nation.clone(), row.start, row.place));
        by_code.insert(row.nation.iso.as_str(), nation);
        found_provinces(&mut commands, nation, row, provinces);
    }
    for border in &borders {
        draw(&mut commands, &by_code, border)?;
    }
    info!("{} nations, {PROVINCES} provinces, {} borders", nations.len(), borders.len());
    Ok(())
}

fn found_provinces(commands: &mut Commands, nation: Entity, row: &NationRow, count: usize) {
    let parts = layout::shares(count).into_iter().zip(layout::places(row.place, count));
    for (number, (share, place)) in (1..).zip(parts) {
        let province = commands.spawn((
            Province { number },
            Owner { nation },
            ProvinceStart { people: row.start.people * share },
            place,
            Harvest { ratio: 1.0 },
        ));
        commands.relate(province, nation, ProvinceOf);
    }
}

fn draw(
    commands: &mut Commands,
    by_code: &BTreeMap<&str, Entity>,
    row: &BorderRow,
) -> Result<(), String> {
    let find = |code: &String| {
        let missing = || format!("borders.csv names `{code}`, which nations.csv lacks");
        by_code.get(code.as_str()).copied().ok_or_else(missing)
    };
    let (a, b) = (find(&row.ends[0])?, find(&row.ends[1])?);
    commands.relate(a, b, Border { length_km: row.length_km });
    commands.relate(b, a, Border { length_km: row.length_km });
    Ok(())
}
