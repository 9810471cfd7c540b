//! Which rows of a shard match, as runs of neighbours.
//!
//! Iterators ask for one run at a time, so that the loop over a run needs no
//! test for each row.

use std::ops::Range;

use crate::codec::Malformed;

/// One bit for each row of a shard.
pub(crate) struct Mask {
    /// Bits from the row count on are zero.
    words: Vec<u64>,
    rows: usize,
}

impl Mask {
    /// From one bit a row, the lowest bit of the first byte first.
    pub(crate) fn new(bits: &[u8], rows: usize) -> Result<Self, Malformed> {
        if bits.len() != rows.div_ceil(8) {
            return Err(Malformed::new(format!(
                "expected a mask for {rows} rows, found {} bytes",
                bits.len()
            )));
        }
        let mut words: Vec<u64> = bits
            .chunks(8)
            .map(|chunk| {
                let byte =
                    |word, (place, byte): (usize, &u8)| word | u64::from(*byte) << (place * 8);
                chunk.iter().enumerate().fold(0, byte)
            })
            .collect();
        if let Some(last) = words.last_mut()
            && !rows.is_multiple_of(64)
        {
            *last &= (1 << (rows % 64)) - 1;
        }
        Ok(Self { words, rows })
    }

    /// How many rows match.
    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether a row matches.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// The first run of matching rows that starts at `from` or later.
    pub(crate) fn run(&self, from: usize) -> Option<Range<usize>> {
        let start = self.find(from, 0)?;
        let end = self.find(start, u64::MAX).unwrap_or(self.rows);
        Some(start..end.min(self.rows))
    }

    /// The first set bit from `from` on, after each word was combined with
    /// `flip`.
    fn find(&self, from: usize, flip: u64) -> Option<usize> {
        let mut index = from / 64;
        let mut word = (self.words.get(index)? ^ flip) & (u64::MAX << (from % 64));
        while word == 0 {
            index += 1;
            word = self.words.get(index)? ^ flip;
        }
        Some(index * 64 + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(mask: &Mask) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(run) = mask.run(from) {
            from = run.end;
            found.push(run);
        }
        found
    }

    #[test]
    fn runs_are_the_set_bits() {
        for rows in [1usize, 7, 8, 63, 64, 65, 200] {
            for pattern in 0u64..64 {
                let set = |row: usize| (pattern >> (row % 6)) & 1 == 1 || row % 71 > 66;
                let mut bits = vec![0u8; rows.div_ceil(8)];
                for row in (0..rows).filter(|row| set(*row)) {
                    bits[row / 8] |= 1 << (row % 8);
                }
                let mask = Mask::new(&bits, rows).expect("of a fitting length");
                let found: Vec<usize> = runs(&mask).into_iter().flatten().collect();
                let expected: Vec<usize> = (0..rows).filter(|row| set(*row)).collect();
                assert_eq!(found, expected);
                assert_eq!(mask.count(), expected.len());
                assert!((0..rows).all(|row| mask.has(row) == set(row)));
            }
        }
    }

    #[test]
    fn bits_past_the_rows_do_not_count() {
        let mask = Mask::new(&[0xff], 3).expect("of a fitting length");
        assert_eq!(mask.run(0), Some(0..3));
        assert_eq!(mask.run(3), None);
        assert_eq!(mask.count(), 3);
        assert!(Mask::new(&[0xff, 0], 3).is_err());
    }
}
