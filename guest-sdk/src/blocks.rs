//! A list that only grows, whose items stay where they are.
//!
//! What a call has looked up is kept here, so that references to it last as
//! long as the lookup itself.

use std::cell::{Cell, OnceCell};

/// Segment `n` holds as many items as the nth power of two.
const SEGMENTS: usize = 32;

/// A list that only grows.
pub(crate) struct Blocks<B> {
    segments: [OnceCell<Box<[OnceCell<B>]>>; SEGMENTS],
    length: Cell<u32>,
}

impl<B> Blocks<B> {
    /// Adds a block and gives its number.
    pub(crate) fn push(&self, block: B) -> u32 {
        let number = self.length.get();
        let (segment, place) = Self::locate(number);
        let slots = self.segments[segment].get_or_init(|| {
            let slots = std::iter::repeat_with(OnceCell::new);
            slots.take(1 << segment).collect()
        });
        slots[place].get_or_init(|| block);
        self.length.set(number + 1);
        number
    }

    /// The block of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&B> {
        let (segment, place) = Self::locate(number);
        self.segments[segment].get()?.get(place)?.get()
    }

    fn locate(number: u32) -> (usize, usize) {
        let position = number as usize + 1;
        let segment = position.ilog2() as usize;
        (segment, position - (1 << segment))
    }
}

impl<B> Default for Blocks<B> {
    fn default() -> Self {
        Self { segments: [const { OnceCell::new() }; SEGMENTS], length: Cell::new(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay() {
        let blocks = Blocks::default();
        let first = blocks.push(0u32);
        let kept = blocks.get(first).expect("was pushed");
        for number in 1..100 {
            assert_eq!(blocks.push(number), number);
        }
        assert_eq!(*kept, 0);
        assert!((0..100).all(|number| blocks.get(number) == Some(&number)));
        assert_eq!(blocks.get(100), None);
    }
}
