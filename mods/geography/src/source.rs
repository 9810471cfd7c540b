//! The two tables that the Earth is made from, as values.

use crate::csv::{CsvError, Row, Table};
use crate::kinds::{Nation, NationStart, Place, Region};

/// A row of `nations.csv`.
pub struct NationRow {
    pub nation: Nation,
    pub start: NationStart,
    pub place: Place,
}

/// A row of `borders.csv`.
pub struct BorderRow {
    /// The codes of the two nations.
    pub ends: [String; 2],
    pub length_km: f64,
}

/// Reads `nations.csv`. Numbers that the file leaves out count as zero.
pub fn nations(text: &str) -> Result<Vec<NationRow>, CsvError> {
    Table::parse(text)?.rows().map(|row| nation(&row)).collect()
}

/// Reads `borders.csv`.
pub fn borders(text: &str) -> Result<Vec<BorderRow>, CsvError> {
    Table::parse(text)?.rows().map(|row| border(&row)).collect()
}

fn nation(row: &Row<'_>) -> Result<NationRow, CsvError> {
    let number = |column| Ok::<f64, CsvError>(row.number(column)?.unwrap_or(0.0));
    let nation = Nation {
        iso: row.text("iso")?.to_owned(),
        name: row.text("name")?.to_owned(),
        region: region(row)?,
        language: row.text("main_language")?.to_owned(),
    };
    let start = NationStart {
        people: number("population")?,
        gdp_usd: number("gdp_ppp_usd")?,
        literacy: number("literacy_percent")? / 100.0,
    };
    let place = Place {
        latitude_deg: number("latitude_deg")?,
        longitude_deg: number("longitude_deg")?,
        // An outline that runs around a pole comes out negative in the source.
        area_km2: number("area_km2")?.abs(),
    };
    Ok(NationRow { nation, start, place })
}

fn region(row: &Row<'_>) -> Result<Region, CsvError> {
    match row.text("region")? {
        "Africa" => Ok(Region::Africa),
        "Americas" => Ok(Region::Americas),
        "Asia" => Ok(Region::Asia),
        "Europe" => Ok(Region::Europe),
        "Oceania" => Ok(Region::Oceania),
        "" => Ok(Region::Elsewhere),
        other => Err(row.error(format!("has an unknown region `{other}`"))),
    }
}

fn border(row: &Row<'_>) -> Result<BorderRow, CsvError> {
    Ok(BorderRow {
        ends: [row.text("a")?.to_owned(), row.text("b")?.to_owned()],
        length_km: row.number("length_km")?.unwrap_or(0.0),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NATIONS: &str = include_str!("../../../examples/earth/data/nations.csv");
    const BORDERS: &str = include_str!("../../../examples/earth/data/borders.csv");

    #[test]
    fn the_real_data_is_read_whole() {
        let nations = nations(NATIONS).expect("nations.csv");
        assert_eq!(nations.len(), 233);
        let codes: BTreeSet<&str> = nations.iter().map(|row| row.nation.iso.as_str()).collect();
        assert_eq!(codes.len(), 233);
        let people: f64 = nations.iter().map(|row| row.start.people).sum();
        assert_eq!(people, 7_938_996_626.0);
        for row in &nations {
            assert!(row.start.people > 0.0 && row.start.gdp_usd > 0.0 && row.place.area_km2 > 0.0);
            assert!((0.0..=1.0).contains(&row.start.literacy));
        }

        let borders = borders(BORDERS).expect("borders.csv");
        assert_eq!(borders.len(), 306);
        for row in &borders {
            assert!(row.ends.iter().all(|end| codes.contains(end.as_str())));
            assert!(row.length_km > 0.0);
        }
    }

    #[test]
    fn an_unknown_region_is_refused() {
        let text = "iso,name,region,main_language,population,gdp_ppp_usd,literacy_percent,area_km2,\
                    latitude_deg,longitude_deg\nXX,X,Atlantis,und,1,1,1,1,1,1\n";
        let error = nations(text).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(error, Err("row 2 has an unknown region `Atlantis`".to_owned()));
    }
}
