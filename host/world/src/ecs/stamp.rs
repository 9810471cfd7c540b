//! When something happened in a world, as a number that orders all of it.

/// A moment in the order of all system runs: a tick, and a place within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(u64);

impl Stamp {
    /// Before everything.
    pub const NEVER: Stamp = Stamp(0);
    /// How many edits a tick can do: each is a step, which history numbers with 16 bits.
    pub const EDITS_MAX: usize = 2_000;
    /// How many systems a tick can have: each takes two steps, its run and its
    /// commands.
    pub const SYSTEMS_MAX: usize = (u16::MAX as usize - Self::EDITS_MAX) / 2;
    /// The last tick: stamps of the next one would be no numbers of SQLite.
    pub const TICK_MAX: u64 = (1 << 47) - 2;

    /// While the system at this place of the schedule runs.
    pub fn system(tick: u64, place: usize) -> Self {
        Stamp(tick << 16 | place as u64)
    }

    /// When the commands of a tick are applied, after all its systems.
    pub fn commands(tick: u64) -> Self {
        Stamp(tick << 16 | u64::from(u16::MAX))
    }

    /// The form that is stored.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// From the form that is stored.
    pub fn from_bits(bits: u64) -> Self {
        Stamp(bits)
    }
}
