//! The time of the simulation.

use std::ops::Range;

use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::param::{Param, Slots};

/// The tick that runs. The first one of a world is number 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    number: u64,
    dt: f64,
}

impl Tick {
    /// Its number, by which saves and people call it: 1 for the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The length of every tick, in seconds of the simulation.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// The world's age when it ends, in seconds of the simulation: after the
    /// first tick, the length of one.
    pub fn elapsed(&self) -> f64 {
        self.number as f64 * self.dt
    }
}

impl Param for Tick {
    type State = ();
    type Item<'w> = Tick;

    fn declare(_: &mut SystemDeclaration<'_>) {}

    fn open(_: &Call, _: &mut Slots) -> Result<(), Fault> {
        Ok(())
    }

    fn item<'w>((): &'w mut (), _: Range<usize>, call: &'w Call) -> Tick {
        Tick { number: call.header.tick, dt: call.header.dt }
    }
}
