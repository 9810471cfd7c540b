//! Random numbers that repeat.
//!
//! What an entity draws depends on the world's seed, the tick, the system and
//! the entity, and on nothing else: not on threads, shards or other entities.

mod chacha;

use std::convert::Infallible;
use std::ops::Range;

use rand_core::TryRng;

use crate::Entity;
use crate::call::Call;
use crate::declaration::SystemDeclaration;
use crate::fault::Fault;
use crate::param::{Param, Slots};

/// Random numbers for each entity.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// # #[derive(Component, Clone, Copy)] #[repr(C)] struct Health { points: i32 }
/// #[system]
/// fn suffer(mut people: Query<(Entity, &mut Health)>, rng: Rng) {
///     for (entity, health) in &mut people {
///         let mut dice = rng.of(entity);
///         if dice.chance(0.01) {
///             health.points -= dice.range(1..7);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rng {
    seed: u64,
    tick: u64,
    stream: u64,
}

impl Rng {
    /// The numbers of an entity. Asking again starts from the first.
    pub fn of(&self, entity: Entity) -> EntityRng {
        let mut key = [0; 8];
        let parts = [self.seed, self.tick, self.stream, entity.to_bits()];
        for (words, part) in key.chunks_exact_mut(2).zip(parts) {
            words.copy_from_slice(&[part as u32, (part >> 32) as u32]);
        }
        EntityRng { key, number: 0, block: [0; 16], used: 16 }
    }

    /// The numbers of the world: those of no entity.
    pub fn world(&self) -> EntityRng {
        self.of(Entity::NONE)
    }
}

/// The random numbers of one entity, one after another.
///
/// It is a [`rand_core::Rng`] (see [`crate::rand_core`]), so that the distributions of other crates work
/// with it.
#[derive(Clone, Debug)]
pub struct EntityRng {
    key: [u32; 8],
    /// The block after `block`.
    number: u64,
    block: chacha::Block,
    /// How many words of `block` were given out.
    used: usize,
}

impl EntityRng {
    /// At least 0, less than 1.
    pub fn f32(&mut self) -> f32 {
        (self.word() >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
    }

    /// At least 0, less than 1.
    pub fn f64(&mut self) -> f64 {
        (self.long() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Less than `end`; 0 if that is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        loop {
            let product = u64::from(self.word()) * u64::from(end);
            let low = product as u32;
            // Lemire: the few words that would favour some results are skipped.
            if low >= end || low >= end.wrapping_neg() % end.max(1) {
                return (product >> 32) as u32;
            }
        }
    }

    /// In a range; its start if the range is empty.
    pub fn range<T: Uniform>(&mut self, range: Range<T>) -> T {
        T::draw(range, self)
    }

    /// True with a probability between 0 and 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.f64() < probability
    }

    /// Of the normal distribution with mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        // Marsaglia's polar method.
        loop {
            let x = self.f64() * 2.0 - 1.0;
            let y = self.f64() * 2.0 - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// One of these; nothing if there are none.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.range(0..of.len()))
    }

    fn word(&mut self) -> u32 {
        if self.used == self.block.len() {
            self.block = chacha::block(&self.key, self.number);
            self.number += 1;
            self.used = 0;
        }
        let word = self.block[self.used];
        self.used += 1;
        word
    }

    fn long(&mut self) -> u64 {
        let low = u64::from(self.word());
        u64::from(self.word()) << 32 | low
    }
}

impl TryRng for EntityRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.long())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// A number that [`EntityRng::range`] can draw.
pub trait Uniform: Sized {
    /// Draws one.
    #[doc(hidden)]
    fn draw(range: Range<Self>, rng: &mut EntityRng) -> Self;
}

/// Less than `end`; 0 if that is 0.
fn below(end: u64, rng: &mut EntityRng) -> u64 {
    if let Ok(end) = u32::try_from(end) {
        return u64::from(rng.below(end));
    }
    // More bits than needed are drawn and the rest is tried again.
    let mask = u64::MAX >> (end - 1).leading_zeros();
    loop {
        let value = rng.long() & mask;
        if value < end {
            return value;
        }
    }
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Uniform for $ty {
            fn draw(range: Range<Self>, rng: &mut EntityRng) -> Self {
                if range.is_empty() {
                    return range.start;
                }
                let width = range.end.wrapping_sub(range.start) as u64;
                let width = width & (u64::MAX >> (64 - Self::BITS));
                range.start.wrapping_add(below(width, rng) as Self)
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 usize i8 i16 i32 i64);

macro_rules! floats {
    ($($ty:ident)*) => {$(
        impl Uniform for $ty {
            fn draw(range: Range<Self>, rng: &mut EntityRng) -> Self {
                let value = range.start + (range.end - range.start) * rng.$ty();
                // Rounding may reach the end.
                if value < range.end { value } else { range.start }
            }
        }
    )*};
}

floats!(f32 f64);

impl Param for Rng {
    type State = ();
    type Item<'w> = Rng;

    fn declare(_: &mut SystemDeclaration<'_>) {}

    fn open(_: &Call, _: &mut Slots) -> Result<(), Fault> {
        Ok(())
    }

    fn item<'w>((): &'w mut (), _: Range<usize>, call: &'w Call) -> Rng {
        Rng { seed: call.header.seed, tick: call.header.tick, stream: call.header.stream }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng as _, SeedableRng};

    use super::*;

    fn rng() -> EntityRng {
        let rng = Rng { seed: 0x0123_4567_89ab_cdef, tick: 42, stream: u64::MAX };
        rng.of(Entity::from_bits((7 << 32) | 3))
    }

    #[test]
    fn is_chacha8_keyed_with_four_numbers() {
        let mut key = [0; 32];
        let parts = [0x0123_4567_89ab_cdef, 42, u64::MAX, (7 << 32) | 3];
        for (bytes, part) in key.chunks_exact_mut(8).zip(parts) {
            bytes.copy_from_slice(&u64::to_le_bytes(part));
        }
        let mut expected = ChaCha8Rng::from_seed(key);
        let mut found = rng();
        for _ in 0..100 {
            assert_eq!(found.next_u32(), expected.next_u32());
        }
        let mut expected = ChaCha8Rng::from_seed(key);
        let mut found = rng();
        let (mut left, mut right) = ([0; 133], [0; 133]);
        found.fill_bytes(&mut left);
        expected.fill_bytes(&mut right);
        assert_eq!(left, right);
    }

    #[test]
    fn draws_stay_in_range() {
        let mut rng = rng();
        for _ in 0..2_000 {
            assert!((0.0..1.0).contains(&rng.f32()));
            assert!((0.0..1.0).contains(&rng.f64()));
            assert!(rng.below(3) < 3);
            assert!((-5..7).contains(&rng.range(-5i8..7)));
            assert!((i64::MIN..i64::MAX).contains(&rng.range(i64::MIN..i64::MAX)));
            assert!((10..1 << 40).contains(&rng.range(10u64..1 << 40)));
            assert!((-1.0..2.0).contains(&rng.range(-1.0f32..2.0)));
        }
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.range(5..5), 5);
        assert_eq!(rng.pick::<u8>(&[]), None);
        assert!(rng.chance(1.0));
        assert!(!rng.chance(0.0));
    }

    #[test]
    fn draws_have_the_expected_moments() {
        let mut rng = rng();
        let draws = 20_000;
        let normal: Vec<f64> = (0..draws).map(|_| rng.normal()).collect();
        let mean = normal.iter().sum::<f64>() / f64::from(draws);
        let variance = normal.iter().map(|x| x * x).sum::<f64>() / f64::from(draws);
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        let mut counts = [0; 6];
        (0..draws).for_each(|_| counts[rng.range(0..6usize)] += 1);
        assert!(counts.iter().all(|count| (3_000..3_700).contains(count)), "{counts:?}");
    }

    #[test]
    fn entities_draw_apart() {
        let rng = Rng { seed: 1, tick: 2, stream: 3 };
        let one = rng.of(Entity::from_bits(1)).f64();
        assert_eq!(one, rng.of(Entity::from_bits(1)).f64());
        assert_ne!(one, rng.of(Entity::from_bits(2)).f64());
        assert_eq!(rng.world().f64(), rng.of(Entity::NONE).f64());
    }
}
