//! How one value of any length differs from another: a run of edits, each of
//! which drops some bytes of the one before, keeps some, and puts new ones in.
//!
//! | part | bytes |
//! |---|---|
//! | how many edits | a number |
//! | of each: bytes dropped, bytes kept, bytes put in | a number each |
//! | of each: what is put in | as many bytes as that |
//!
//! What is kept stands in the order of before and is kept once, so that a value
//! is never longer than the one before and its edits together, whatever they
//! claim.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::varint::{number, put_number, take};

/// Bytes that must agree for one place to count as another's. Shorter ones would
/// cost more to write than they save.
const AGREE: usize = 16;
/// Bytes past a difference within which values may agree at the same distance:
/// what was written over.
const WRITTEN_OVER: usize = 256;
/// Bytes of a block that is looked for anywhere later: what was put in or taken
/// out.
const BLOCK: usize = 32;
/// Places at which blocks are looked for in vain before the rest counts as new.
const LOOKS_MAX: usize = 1 << 18;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Edit {
    dropped: usize,
    kept: usize,
    put_in: usize,
}

/// The edits that make one value of another.
pub(super) fn encode(before: &[u8], now: &[u8]) -> Vec<u8> {
    let first = common_start(before, now);
    let last = common_end(&before[first..], &now[first..]);
    let (old_end, new_end) = (before.len() - last, now.len() - last);
    let mut search =
        Search { before: &before[..old_end], now: &now[..new_end], places: None, looks: LOOKS_MAX };
    let (mut edits, mut put_in) = (Vec::new(), Vec::new());
    // Up to where both are encoded.
    let (mut old, mut new) = (first, first);
    let mut edit = Edit { kept: first, ..Edit::default() };
    while (old, new) != (old_end, new_end) {
        let (to_old, to_new) = search.next(old, new);
        edit.put_in = to_new - new;
        put_in.extend_from_slice(&now[new..to_new]);
        edits.push(edit);
        let kept = common_start(&search.before[to_old..], &search.now[to_new..]);
        edit = Edit { dropped: to_old - old, kept, put_in: 0 };
        (old, new) = (to_old + kept, to_new + kept);
    }
    edit.kept += last;
    edits.push(edit);
    let mut encoded = Vec::with_capacity(put_in.len() + edits.len() * 6 + 4);
    put_number(edits.len(), &mut encoded);
    for edit in edits {
        for number in [edit.dropped, edit.kept, edit.put_in] {
            put_number(number, &mut encoded);
        }
    }
    encoded.extend_from_slice(&put_in);
    encoded
}

/// Bytes that are compared at once.
const STRIDE: usize = 256;

/// How many bytes of both are alike at their start.
fn common_start(one: &[u8], two: &[u8]) -> usize {
    let strides = one.chunks_exact(STRIDE).zip(two.chunks_exact(STRIDE));
    let alike = strides.take_while(|(one, two)| one == two).count() * STRIDE;
    let rest = one[alike..].iter().zip(&two[alike..]);
    alike + rest.take_while(|(one, two)| one == two).count()
}

/// How many bytes of both are alike at their end.
fn common_end(one: &[u8], two: &[u8]) -> usize {
    let strides = one.rchunks_exact(STRIDE).zip(two.rchunks_exact(STRIDE));
    let alike = strides.take_while(|(one, two)| one == two).count() * STRIDE;
    let (one, two) = (&one[..one.len() - alike], &two[..two.len() - alike]);
    let rest = one.iter().rev().zip(two.iter().rev());
    alike + rest.take_while(|(one, two)| one == two).count()
}

/// Looks for where two values agree again.
struct Search<'a> {
    before: &'a [u8],
    now: &'a [u8],
    /// Where each block of the one before stands first, and last.
    places: Option<HashMap<&'a [u8], (usize, usize), FxBuildHasher>>,
    looks: usize,
}

impl Search<'_> {
    /// Where they agree after places at which they differ: at their ends, if
    /// nowhere else.
    fn next(&mut self, old: usize, new: usize) -> (usize, usize) {
        let (old_rest, new_rest) = (&self.before[old..], &self.now[new..]);
        let agree = |at: &usize| {
            let pieces = (old_rest.get(*at..*at + AGREE), new_rest.get(*at..*at + AGREE));
            matches!(pieces, (Some(one), Some(two)) if one == two)
        };
        if let Some(at) = (1..WRITTEN_OVER).find(agree) {
            return (old + at, new + at);
        }
        let before = self.before;
        let places = self.places.get_or_insert_with(|| {
            let mut places = HashMap::default();
            for (at, block) in before.chunks_exact(BLOCK).enumerate() {
                let place = at * BLOCK;
                places.entry(block).or_insert((place, place)).1 = place;
            }
            places
        });
        for (at, window) in new_rest.windows(BLOCK).enumerate().take(self.looks) {
            self.looks -= 1;
            let found = places.get(window).into_iter().flat_map(|(first, last)| [*first, *last]);
            if let Some(found) = found.into_iter().find(|place| *place >= old) {
                let more = common_end(&before[old..found], &new_rest[..at]);
                return (found - more, new + at - more);
            }
        }
        (self.before.len(), self.now.len())
    }
}

/// The value that edits make of the one before; nothing where they are none.
pub(super) fn apply(before: &[u8], mut edits: &[u8]) -> Option<Vec<u8>> {
    let count = number(&mut edits)?;
    // Each takes three bytes at least.
    if count > edits.len() / 3 {
        return None;
    }
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let [dropped, kept, put_in] = [(); 3].map(|()| number(&mut edits));
        all.push(Edit { dropped: dropped?, kept: kept?, put_in: put_in? });
    }
    let mut now = Vec::with_capacity(before.len());
    let mut rest = before;
    for edit in all {
        take(&mut rest, edit.dropped)?;
        now.extend_from_slice(take(&mut rest, edit.kept)?);
        now.extend_from_slice(take(&mut edits, edit.put_in)?);
    }
    edits.is_empty().then_some(now)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(before: &[u8], now: &[u8]) -> usize {
        let edits = encode(before, now);
        assert_eq!(apply(before, &edits).as_deref(), Some(now));
        edits.len()
    }

    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn a_few_changed_bytes_are_a_few_bytes() {
        let before = noise(1 << 20);
        let mut written_over = before.clone();
        for at in [5, 70_000, 700_000] {
            written_over[at..at + 8].copy_from_slice(&[7; 8]);
        }
        assert!(there_and_back(&before, &written_over) < 100);
        let mut put_in = before.clone();
        put_in.splice(300..300, [1, 2, 3]);
        put_in.splice(800_000..800_000, noise(500));
        put_in.drain(400_000..400_100);
        put_in.extend([9; 40]);
        assert!(there_and_back(&before, &put_in) < 1200);
        assert!(there_and_back(&before, &before) < 10);
        assert!(there_and_back(&before, &[]) < 10);
        assert!(there_and_back(&[], &before) < before.len() + 10);
        let other = noise((1 << 20) + 1).split_off(1);
        assert!(there_and_back(&before[..500_000], &other) < other.len() + 5000);
    }

    #[test]
    fn what_repeats_itself_is_told_apart() {
        let before: Vec<u8> = [0, 1].iter().cycle().take(10_000).copied().collect();
        let mut now = before.clone();
        now.splice(5000..5000, [3; 400]);
        now.drain(100..163);
        there_and_back(&before, &now);
        there_and_back(&now, &before);
        there_and_back(&[0; 5000], &[0; 7000]);
        there_and_back(&[0; 7000], &[0; 5000]);
    }

    #[test]
    fn edits_never_make_more_than_there_is() {
        let before = [7; 100];
        for edits in [&[1, 0, 101, 0][..], &[2, 0, 60, 0, 0, 60, 0], &[1, 90, 20, 0], &[9, 0, 0, 0]]
        {
            assert_eq!(apply(&before, edits), None);
        }
        assert_eq!(apply(&before, &[1, 1, 2, 1, 9]).as_deref(), Some(&[7, 7, 9][..]));
        assert_eq!(apply(&before, &[1, 1, 2, 1, 9, 9]), None, "more than it claims");
    }

    proptest! {
        #[test]
        fn any_value_becomes_any_other(
            pieces in vec(vec(0_u8..3, 0..60), 0..8),
            order in vec(0_usize..8, 0..12),
        ) {
            let before = pieces.concat();
            let now: Vec<u8> =
                order.iter().filter_map(|at| pieces.get(*at)).flatten().copied().collect();
            there_and_back(&before, &now);
        }

        #[test]
        fn whatever_edits_there_are_nothing_breaks(before in vec(any::<u8>(), 0..64), edits in vec(any::<u8>(), 0..32)) {
            if let Some(now) = apply(&before, &edits) {
                prop_assert!(now.len() <= before.len() + edits.len());
            }
        }
    }
}
