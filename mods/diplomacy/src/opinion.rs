//! How opinions move.

/// The opinion of a stranger.
const STRANGER: f64 = 2.0;

/// What a common language is worth.
const LANGUAGE: f64 = 18.0;

/// What trade is worth once it reaches this share of a nation's GDP.
const TRADE: f64 = 22.0;
const TRADE_FULL_SHARE: f64 = 0.04;

/// What a treaty is worth.
const TREATY: f64 = 15.0;

/// What an open nation thinks better of all, and a closed one worse.
const OUTLOOK: f64 = 12.0;

/// What a long border costs, and the length at which half of that is reached:
/// neighbours have something to quarrel about.
const BORDER: f64 = -14.0;
const BORDER_HALF_KM: f64 = 500.0;

/// What it costs that both are great powers.
const RIVALRY: f64 = -16.0;

/// What a war costs.
const WAR: f64 = -80.0;

/// What an attack on a nation costs the attacker with each third nation, once.
pub const AGGRESSION: f64 = -8.0;

/// How much of the way to its target an opinion goes in a quarter, and the
/// standard deviation of a quarter's incidents. Around its target an opinion
/// scatters by about 15.
const PULL: f64 = 0.12;
const INCIDENTS: f64 = 7.0;

/// What there is between two nations, as one of them sees it.
#[derive(Clone, Copy, Default)]
pub struct Bonds {
    pub language: bool,
    pub treaty: bool,
    pub war: bool,
    /// Both are great powers.
    pub rivals: bool,
    /// Zero if they have no common border.
    pub border_km: f64,
    /// Trade with the other as a share of the nation's own GDP.
    pub trade_share: f64,
    /// The nation's own outlook: 0 to 1.
    pub openness: f64,
}

impl Bonds {
    /// The opinion that these bonds lead to.
    pub fn target(&self) -> f64 {
        let when = |holds, worth| if holds { worth } else { 0.0 };
        STRANGER
            + when(self.language, LANGUAGE)
            + when(self.treaty, TREATY)
            + when(self.war, WAR)
            + when(self.rivals, RIVALRY)
            + BORDER * self.border_km / (self.border_km + BORDER_HALF_KM)
            + TRADE * (self.trade_share / TRADE_FULL_SHARE).clamp(0.0, 1.0)
            + OUTLOOK * (2.0 * self.openness - 1.0)
    }
}

/// An opinion after a quarter, with its incidents drawn from the standard
/// normal distribution.
pub fn drifted(opinion: f64, target: f64, incidents: f64) -> f64 {
    (opinion + PULL * (target - opinion) + INCIDENTS * incidents).clamp(-100.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bonds_have_their_sign() {
        let none = Bonds { openness: 0.5, ..Bonds::default() };
        assert_eq!(none.target(), STRANGER);
        assert!(Bonds { language: true, ..none }.target() > STRANGER);
        assert!(Bonds { trade_share: 0.01, ..none }.target() > STRANGER);
        assert!(Bonds { border_km: 800.0, ..none }.target() < STRANGER);
        assert!(Bonds { rivals: true, ..none }.target() < STRANGER);
        assert!(Bonds { war: true, ..none }.target() < -50.0);
    }

    #[test]
    fn opinions_drift_to_their_target_and_stay_in_bounds() {
        let mut opinion = -40.0;
        for _ in 0..100 {
            opinion = drifted(opinion, 20.0, 0.0);
        }
        assert!((opinion - 20.0).abs() < 0.01);
        assert_eq!(drifted(90.0, 100.0, 9.0), 100.0);
        assert_eq!(drifted(-90.0, -100.0, -9.0), -100.0);
    }
}
