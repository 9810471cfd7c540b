//! Which tick a request is about: `at=1200`, or `at=1200~6db9a168` with the first
//! digits of the chain hash of the tick, which make it the tick of one course of the
//! world and of no other.

use std::fmt;

use sandtable::record::{Digest, hex};

use super::problem::{Kind, Problem};

/// Digits of the chain in links.
const DIGITS: usize = 8;

/// A tick, and of which course of the world it is, where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The tick.
    pub tick: u64,
    /// The first digits of its chain hash.
    pub chain: Option<String>,
}

impl At {
    /// Reads what stands behind `at=`.
    ///
    /// # Errors
    ///
    /// It is no tick.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || {
            Problem::parameter(
                "at",
                format!(
                    "is `{text}`: give a tick, as in 1200, or one with its chain, as in 1200~6db9a168"
                ),
            )
        };
        let (tick, chain) = match text.split_once('~') {
            None => (text, None),
            Some((tick, chain)) => (tick, Some(chain)),
        };
        let is_chain = |chain: &str| {
            (DIGITS..=64).contains(&chain.len())
                && chain.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
        };
        if chain.is_some_and(|chain| !is_chain(chain))
            || !tick.bytes().all(|it| it.is_ascii_digit())
        {
            return Err(wrong());
        }
        let tick = tick.parse().map_err(|_| wrong())?;
        Ok(Self { tick, chain: chain.map(str::to_owned) })
    }

    /// A tick with its chain hash.
    pub fn of(tick: u64, chain: &Digest) -> Self {
        Self::with(tick, &hex(chain))
    }

    /// A tick with its chain hash in digits.
    pub fn with(tick: u64, chain: &str) -> Self {
        Self { tick, chain: Some(chain.chars().take(DIGITS).collect()) }
    }

    /// Checks that the tick is of the course of the world whose tick has this chain
    /// hash.
    ///
    /// # Errors
    ///
    /// It is of another.
    pub fn check(&self, chain: &Digest) -> Result<(), Problem> {
        match &self.chain {
            Some(of) if !hex(chain).starts_with(of.as_str()) => Err(Problem::new(
                Kind::Rewound,
                format!(
                    "tick {} is another one now: the world was rewound since, and has {}",
                    self.tick,
                    shown(self.tick, chain)
                ),
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.chain {
            Some(chain) => write!(f, "{}~{chain}", self.tick),
            None => write!(f, "{}", self.tick),
        }
    }
}

/// A tick as permanent links have it.
pub fn shown(tick: u64, chain: &Digest) -> String {
    At::of(tick, chain).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_may_say_of_which_course_it_is() {
        let chain = [0x6d; 32];
        let at = At::parse(&shown(1200, &chain)).expect("a tick");
        assert_eq!((at.tick, at.check(&chain)), (1200, Ok(())));
        let other = at.check(&[0; 32]).expect_err("another course");
        assert_eq!(other.kind, Kind::Rewound);
        assert_eq!(At::parse("7").expect("a tick").check(&chain), Ok(()));
        for wrong in
            ["", "x", "-1", "+1", "1~", "1~6db9", "1~xxxxxxxx", "99999999999999999999", "1.5"]
        {
            assert!(At::parse(wrong).is_err(), "{wrong}");
        }
    }
}
