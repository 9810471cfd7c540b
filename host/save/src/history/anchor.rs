//! Which whole worlds a save has, from which earlier ticks are reached.

/// Keyframes from this number on belong to snapshots, and to no group.
pub(crate) const APART: i64 = 1 << 40;

/// A keyframe that a save has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its number.
    pub number: i64,
    /// Of which tick.
    pub tick: u64,
    /// Whether it is the world as other mods took it over after the tick.
    pub adopted: bool,
}

impl Anchor {
    /// Whether a world comes by this keyframe on its way to how a tick left it.
    pub fn is_reached_by(&self, tick: u64) -> bool {
        self.tick < tick || (self.tick == tick && (!self.adopted || tick == 0))
    }

    /// Whether deltas go on from it; otherwise it is a snapshot's.
    pub fn is_of_group(&self) -> bool {
        self.number < APART
    }
}
