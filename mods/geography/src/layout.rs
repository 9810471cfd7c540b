//! How a nation is cut into provinces. The data knows nations only; this makes
//! up provinces that look right: a populous middle, and sparser land around it.

use crate::kinds::Place;

/// How steeply people fall off from the largest province to the smallest.
/// Zipf's law has 1 for cities; provinces are drawn to be more alike.
const RANK_EXPONENT: f64 = 0.6;

/// Kilometres in a degree of latitude.
const KM_PER_DEGREE: f64 = 111.32;

/// The angle from one seed of a sunflower to the next: no direction repeats.
const GOLDEN_ANGLE_RAD: f64 = 2.399_963_229_728_653;

/// Degrees of latitude that provinces keep away from the poles, where
/// longitudes meet.
const POLE_MARGIN_DEG: f64 = 1.0;

/// What share of a nation's people lives in each of its provinces, by rank and
/// size. The shares add up to 1, the first is the largest.
pub fn shares(provinces: usize) -> Vec<f64> {
    // Ranks start late in large nations, which have several centres.
    let first = 1.0 + provinces as f64 / 4.0;
    let sizes: Vec<f64> =
        (0..provinces).map(|at| (first + at as f64).powf(-RANK_EXPONENT)).collect();
    let total: f64 = sizes.iter().sum();
    sizes.iter().map(|size| size / total).collect()
}

/// Where each province of a nation lies: equal parts of a disc of the nation's
/// area, like the seeds of a sunflower, the first in the middle.
pub fn places(nation: Place, provinces: usize) -> Vec<Place> {
    let count = provinces as f64;
    let radius_km = (nation.area_km2 / std::f64::consts::PI).sqrt();
    let place = |at: usize| {
        let distance_km = radius_km * ((at as f64 + 0.5) / count).sqrt();
        let angle = at as f64 * GOLDEN_ANGLE_RAD;
        let (east_km, north_km) = (distance_km * angle.cos(), distance_km * angle.sin());
        let latitude = nation.latitude_deg + north_km / KM_PER_DEGREE;
        let limit = 90.0 - POLE_MARGIN_DEG;
        let latitude = latitude.clamp(-limit, limit);
        let km_per_longitude = KM_PER_DEGREE * latitude.to_radians().cos();
        Place {
            latitude_deg: latitude,
            longitude_deg: wrapped(nation.longitude_deg + east_km / km_per_longitude),
            area_km2: nation.area_km2 / count,
        }
    };
    (0..provinces).map(place).collect()
}

/// A longitude from -180 up to 180.
fn wrapped(longitude_deg: f64) -> f64 {
    (longitude_deg + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRANCE: Place = Place { latitude_deg: 46.6, longitude_deg: 2.6, area_km2: 635_064.0 };

    #[test]
    fn shares_add_up_and_fall() {
        for provinces in [1, 2, 87, 1780] {
            let shares = shares(provinces);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(shares.is_sorted_by(|a, b| a > b));
        }
    }

    #[test]
    fn provinces_cover_the_nation() {
        let places = places(FRANCE, 87);
        let area: f64 = places.iter().map(|place| place.area_km2).sum();
        assert!((area - FRANCE.area_km2).abs() < 1e-3);
        for place in &places {
            assert!((place.latitude_deg - FRANCE.latitude_deg).abs() < 4.1);
            assert!((place.longitude_deg - FRANCE.longitude_deg).abs() < 6.5);
        }
    }

    #[test]
    fn nothing_leaves_the_globe() {
        let antarctica =
            Place { latitude_deg: -71.2, longitude_deg: -71.8, area_km2: 10_616_359.0 };
        let fiji = Place { latitude_deg: -16.5, longitude_deg: 179.9, area_km2: 18_000.0 };
        for place in places(antarctica, 50).iter().chain(&places(fiji, 50)) {
            assert!(place.latitude_deg.abs() <= 89.0);
            assert!((-180.0..180.0).contains(&place.longitude_deg));
        }
    }
}
