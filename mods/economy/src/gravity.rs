//! The gravity model of trade: large economies trade much, distant ones little.

use crate::foreign::Place;

/// Scales all flows, so that the nations of our data together export about a
/// fifth of what they produce, as the world does.
const STRENGTH: f64 = 0.26;

/// How strongly flows follow the share of each side in the world's economy. A
/// little less than in proportion: large nations trade more with themselves.
const SIZE_EXPONENT: f64 = 0.8;

/// Kilometres at which distance neither helps nor hinders, and how strongly it
/// hinders beyond (the mean of 1,467 estimates, Disdier and Head 2008, is 0.9).
const NEUTRAL_KM: f64 = 1_000.0;
const DISTANCE_EXPONENT: f64 = 0.9;

/// No trip is shorter: goods travel within nations too.
const DISTANCE_MIN_KM: f64 = 100.0;

/// What a common language, a common border and a treaty multiply trade with.
const LANGUAGE_FACTOR: f64 = 1.5;
const BORDER_FACTOR: f64 = 1.3;
const TREATY_FACTOR: f64 = 1.3;

/// No nation sells more than this share of its GDP to one other.
const SHARE_MAX: f64 = 0.25;

/// Kilometres from the middle of the Earth to its surface.
const EARTH_RADIUS_KM: f64 = 6_371.0;

/// What two nations have in common.
#[derive(Clone, Copy, Default)]
pub struct Ties {
    pub language: bool,
    pub border: bool,
    pub treaty: bool,
}

/// What one nation sells to another in a year, in US dollars, from the GDP of
/// both and of the world.
pub fn exports_usd(seller: f64, buyer: f64, world: f64, distance_km: f64, ties: Ties) -> f64 {
    if world <= 0.0 {
        return 0.0;
    }
    let distance = (distance_km.max(DISTANCE_MIN_KM) / NEUTRAL_KM).powf(DISTANCE_EXPONENT);
    let mut factor = STRENGTH / distance;
    for (tie, by) in [
        (ties.language, LANGUAGE_FACTOR),
        (ties.border, BORDER_FACTOR),
        (ties.treaty, TREATY_FACTOR),
    ] {
        if tie {
            factor *= by;
        }
    }
    let size = (seller / world * (buyer / world)).powf(SIZE_EXPONENT);
    (world * size * factor).min(seller.min(buyer) * SHARE_MAX)
}

/// The way over the surface of the Earth (the haversine formula).
pub fn distance_km(a: &Place, b: &Place) -> f64 {
    let (from, to) = (a.latitude_deg.to_radians(), b.latitude_deg.to_radians());
    let turn = (b.longitude_deg - a.longitude_deg).to_radians();
    let chord =
        ((to - from) / 2.0).sin().powi(2) + from.cos() * to.cos() * (turn / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS_KM * chord.min(1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude_deg: f64, longitude_deg: f64) -> Place {
        Place { latitude_deg, longitude_deg, area_km2: 0.0 }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let (paris, sydney) = (at(48.86, 2.35), at(-33.87, 151.21));
        assert!((distance_km(&paris, &sydney) - 16_960.0).abs() < 30.0);
        assert!((distance_km(&at(0.0, 179.5), &at(0.0, -179.5)) - 111.2).abs() < 0.1);
        assert_eq!(distance_km(&paris, &paris), 0.0);
    }

    #[test]
    fn trade_follows_size_distance_and_ties() {
        let flow = |buyer, km, ties| exports_usd(4e12, buyer, 165e12, km, ties);
        let plain = Ties::default();
        assert!(flow(5e12, 800.0, plain) > flow(2e12, 800.0, plain));
        assert!(flow(5e12, 800.0, plain) > flow(5e12, 8_000.0, plain));
        let ties = Ties { border: true, ..plain };
        assert!(flow(5e12, 800.0, ties) > flow(5e12, 800.0, plain));
        // France sells Germany goods for some 100 billion; one formula for the
        // whole world comes within a factor of three.
        assert!((35e9..300e9).contains(&flow(5.2e12, 800.0, ties)));
    }

    #[test]
    fn no_nation_sells_out() {
        let ties = Ties { language: true, border: true, treaty: true };
        assert!(exports_usd(1e6, 1e13, 1.1e13, 1.0, ties) <= 0.25 * 1e6);
        assert_eq!(exports_usd(0.0, 0.0, 0.0, 1.0, ties), 0.0);
    }
}
