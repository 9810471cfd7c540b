//! How the rows of one block of a page differ from before.
//!
//! A block is up to [`BLOCK_ROWS`] rows that follow each other. Its body says
//! which rows changed, and what they are now:
//!
//! | part | bytes |
//! |---|---|
//! | which rows | one: 0 all, 1 a bit each, 2 the gaps between them |
//! | how values are given | one: 0 planes, 1 one value for all, 2 whole values, 3 edits |
//! | rows | for bits and gaps: how many; then the bits, or the gaps |
//! | values | see below |
//!
//! Planes are the XOR with the value before, the first byte of every row, then
//! the second, and so on: numbers that change a little leave planes of zeros,
//! which compress to nothing. A row that was not there before counts as zeros.
//! Whole values, each with its length, are for rows that differ in length. Where
//! that is much shorter, edits of the values before stand in their place, each
//! with its length ([`super::edits`]).

use std::borrow::Cow;

use sandtable_world::ecs::{Bytes, Page};

use super::super::encode::slot_bytes;
use super::edits;
use super::varint::{number, put_number, take};

/// Rows of a block. Smaller ones would make the history of one entity cheaper
/// to read and all of it larger.
pub const BLOCK_ROWS: usize = 1024;

const ALL: u8 = 0;
const BITS: u8 = 1;
const GAPS: u8 = 2;

const PLANES: u8 = 0;
const UNIFORM: u8 = 1;
const WHOLE: u8 = 2;
const EDITS: u8 = 3;

/// Bytes of whole values from which on it is worth looking for edits, and how
/// many times shorter those must be.
const WORTH_EDITING: usize = 512;
const TIMES_SHORTER: usize = 2;

/// Bytes that a row of any page has, if all have as many.
pub(super) fn width(page: Page<'_>) -> Option<usize> {
    match page {
        Page::Slots(_) => Some(12),
        Page::Entities(_) | Page::Stamps(_) => Some(8),
        Page::Packed(_, width) => Some(width),
        Page::Dynamic(_) => None,
    }
}

/// Some rows of a page as bytes, as far as there are any.
fn fixed(page: Page<'_>, first: usize) -> Cow<'_, [u8]> {
    fn part<T>(items: &[T], first: usize) -> &[T] {
        let first = first.min(items.len());
        &items[first..(first + BLOCK_ROWS).min(items.len())]
    }
    match page {
        Page::Packed(bytes, width) => {
            let first = (first * width).min(bytes.len());
            Cow::Borrowed(&bytes[first..(first + BLOCK_ROWS * width).min(bytes.len())])
        }
        Page::Slots(items) => {
            part(items, first).iter().flat_map(|slot| slot_bytes(*slot)).collect()
        }
        Page::Entities(items) => {
            part(items, first).iter().flat_map(|entity| entity.to_bits().to_le_bytes()).collect()
        }
        Page::Stamps(items) => {
            part(items, first).iter().flat_map(|stamp| stamp.to_bits().to_le_bytes()).collect()
        }
        Page::Dynamic(_) => Cow::Borrowed(&[]),
    }
}

/// How the block that begins at a row differs from before; nothing where none
/// of its rows do.
pub(super) fn encode(before: Option<Page<'_>>, now: Page<'_>, first: usize) -> Option<Vec<u8>> {
    if let Page::Dynamic(items) = now {
        let known = match before {
            Some(Page::Dynamic(known)) => known,
            _ => &[],
        };
        return encode_whole(known.get(first..).unwrap_or_default(), &items[first..]);
    }
    let width = width(now)?;
    let known = before.filter(|before| self::width(*before) == Some(width));
    let known = known.map_or(Cow::Borrowed(&[][..]), |before| fixed(before, first));
    encode_fixed(&known, &fixed(now, first), width, matches!(now, Page::Stamps(_)))
}

fn encode_fixed(before: &[u8], now: &[u8], width: usize, may_be_uniform: bool) -> Option<Vec<u8>> {
    if before == now {
        return None;
    }
    let (total, known) = (now.len() / width, before.len() / width);
    let mut xored = now.to_vec();
    xored.iter_mut().zip(before).for_each(|(byte, old)| *byte ^= old);
    let differs =
        |row: &usize| *row >= known || xored[row * width..][..width].iter().any(|byte| *byte != 0);
    let rows: Vec<usize> = (0..total).filter(differs).collect();
    let first = *rows.first()?;
    let mut body = Vec::with_capacity(rows.len() * width + total / 8 + 16);
    put_rows(&rows, total, &mut body);
    let value = |row: usize| &now[row * width..][..width];
    if may_be_uniform && rows.iter().all(|row| value(*row) == value(first)) {
        body[1] = UNIFORM;
        body.extend_from_slice(value(first));
        return Some(body);
    }
    if rows.len() < total {
        for (at, row) in rows.iter().enumerate() {
            xored.copy_within(row * width..(row + 1) * width, at * width);
        }
        xored.truncate(rows.len() * width);
    }
    for plane in 0..width {
        body.extend(xored.chunks_exact(width).map(|row| row[plane]));
    }
    Some(body)
}

fn encode_whole(before: &[Bytes], now: &[Bytes]) -> Option<Vec<u8>> {
    let now = &now[..now.len().min(BLOCK_ROWS)];
    let rows: Vec<usize> =
        (0..now.len()).filter(|row| before.get(*row) != Some(&now[*row])).collect();
    if rows.is_empty() {
        return None;
    }
    let mut body = Vec::new();
    put_rows(&rows, now.len(), &mut body);
    body[1] = WHOLE;
    let start = body.len();
    for row in &rows {
        put_number(now[*row].len(), &mut body);
        body.extend_from_slice(&now[*row]);
    }
    let whole = body.len() - start;
    if whole >= WORTH_EDITING
        && let Some(edits) = encode_edits(before, now, &rows, whole / TIMES_SHORTER)
    {
        body.truncate(start);
        body[1] = EDITS;
        body.extend_from_slice(&edits);
    }
    Some(body)
}

/// A value as edits of what it was; nothing where those are not much shorter.
pub(super) fn worthy_edits(before: &[u8], now: &[u8]) -> Option<Vec<u8>> {
    let edits = (now.len() >= WORTH_EDITING).then(|| edits::encode(before, now));
    edits.filter(|edits| edits.len() * TIMES_SHORTER <= now.len())
}

/// The rows as edits of what they were; nothing where those are longer than that.
fn encode_edits(
    before: &[Bytes],
    now: &[Bytes],
    rows: &[usize],
    bytes_max: usize,
) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    for row in rows {
        let old = before.get(*row).map_or(&[][..], |old| old);
        let edits = edits::encode(old, &now[*row]);
        put_number(edits.len(), &mut all);
        all.extend_from_slice(&edits);
        if all.len() > bytes_max {
            return None;
        }
    }
    Some(all)
}

/// Writes which of so many rows changed, and that their values are planes.
fn put_rows(rows: &[usize], total: usize, body: &mut Vec<u8>) {
    if rows.len() == total {
        body.extend([ALL, PLANES]);
    } else if rows.len() * 8 < total {
        body.extend([GAPS, PLANES]);
        put_number(rows.len(), body);
        let mut next = 0;
        for row in rows {
            put_number(row - next, body);
            next = row + 1;
        }
    } else {
        body.extend([BITS, PLANES]);
        put_number(rows.len(), body);
        let start = body.len();
        body.resize(start + total.div_ceil(8), 0);
        rows.iter().for_each(|row| body[start + row / 8] |= 1 << (row % 8));
    }
}

/// A body, with the rows that it is about.
pub(super) struct Body<'a> {
    form: u8,
    rows: Vec<usize>,
    values: &'a [u8],
}

impl<'a> Body<'a> {
    /// Reads a body about a block of so many rows.
    pub(super) fn read(mut bytes: &'a [u8], total: usize) -> Option<Self> {
        let head = take(&mut bytes, 2)?;
        let rows: Vec<usize> = match head[0] {
            ALL => (0..total).collect(),
            GAPS => {
                let count = number(&mut bytes)?;
                if count > total {
                    return None;
                }
                let mut rows = Vec::with_capacity(count);
                let mut next = 0;
                for _ in 0..count {
                    let row = number(&mut bytes)?.checked_add(next)?;
                    rows.push(row);
                    next = row + 1;
                }
                rows
            }
            BITS => {
                let count = number(&mut bytes)?;
                let bits = take(&mut bytes, total.div_ceil(8))?;
                let is_set = |row: &usize| bits[row / 8] & 1 << (row % 8) != 0;
                let rows: Vec<usize> = (0..total).filter(is_set).collect();
                if rows.len() != count {
                    return None;
                }
                rows
            }
            _ => return None,
        };
        let in_range = rows.last().is_none_or(|last| *last < total);
        in_range.then_some(Self { form: head[1], rows, values: bytes })
    }

    /// The rows that changed, ascending.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Changes rows of a fixed width, of which there are as many as the block
    /// has.
    pub(super) fn apply(&self, width: usize, bytes: &mut [u8]) -> Option<()> {
        let count = self.rows.len();
        let expected = if self.form == UNIFORM { width } else { count.checked_mul(width)? };
        if self.values.len() != expected || !matches!(self.form, PLANES | UNIFORM) {
            return None;
        }
        // Ascending, so that all are there if the last one is.
        let end = self.rows.last().map_or(0, |last| (last + 1) * width);
        let bytes = bytes.get_mut(..end)?;
        if self.form == UNIFORM {
            self.rows
                .iter()
                .for_each(|row| bytes[row * width..][..width].copy_from_slice(self.values));
            return Some(());
        }
        for (plane, values) in self.values.chunks_exact(count.max(1)).enumerate() {
            if count * width == end {
                let rows = bytes.chunks_exact_mut(width).zip(values);
                rows.for_each(|(row, value)| row[plane] ^= value);
            } else {
                let rows = self.rows.iter().zip(values);
                rows.for_each(|(row, value)| bytes[row * width + plane] ^= value);
            }
        }
        Some(())
    }

    /// Changes one row of a fixed width, if it is one of those rows.
    pub(super) fn apply_to(&self, row: usize, bytes: &mut [u8]) -> Option<bool> {
        let (count, width) = (self.rows.len(), bytes.len());
        let Ok(at) = self.rows.binary_search(&row) else { return Some(false) };
        match self.form {
            UNIFORM => bytes.copy_from_slice(self.values.get(..width)?),
            PLANES => {
                for (plane, byte) in bytes.iter_mut().enumerate() {
                    *byte ^= self.values.get(plane * count + at)?;
                }
            }
            _ => return None,
        }
        Some(true)
    }

    /// Changes rows that differ in length.
    pub(super) fn apply_whole(&self, items: &mut [Bytes]) -> Option<()> {
        let mut rest = self.values;
        for row in &self.rows {
            let item = items.get_mut(*row)?;
            *item = self.value(item, &mut rest)?.into();
        }
        rest.is_empty().then_some(())
    }

    /// What became of one row that differs in length, which was this before, if
    /// it is one of those rows.
    pub(super) fn whole(&self, row: usize, before: &[u8]) -> Option<Option<Cow<'a, [u8]>>> {
        let mut rest = self.values;
        for known in &self.rows {
            if *known == row {
                return self.value(before, &mut rest).map(Some);
            }
            let length = number(&mut rest)?;
            take(&mut rest, length)?;
        }
        Some(None)
    }

    /// The next value, of a row that was this before.
    fn value(&self, before: &[u8], rest: &mut &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let length = number(rest)?;
        let given = take(rest, length)?;
        match self.form {
            WHOLE => Some(Cow::Borrowed(given)),
            EDITS => edits::apply(before, given).map(Cow::Owned),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_of_a_fixed_width_come_back(
            width in 1_usize..9,
            before in vec(0_u8..3, 0..600),
            now in vec(0_u8..3, 1..600),
        ) {
            let before = &before[..before.len() / width * width];
            let now = &now[..now.len() / width * width];
            let mut applied = before.to_vec();
            applied.resize(now.len(), 0);
            if let Some(body) = encode_fixed(before, now, width, false) {
                let body = Body::read(&body, now.len() / width).expect("a body");
                body.apply(width, &mut applied).expect("applied");
                for row in 0..now.len() / width {
                    let mut one = before.get(row * width..(row + 1) * width)
                        .map_or(vec![0; width], <[u8]>::to_vec);
                    body.apply_to(row, &mut one).expect("applied");
                    prop_assert_eq!(&one[..], &now[row * width..(row + 1) * width]);
                }
            }
            prop_assert_eq!(&applied[..], now);
        }

        #[test]
        fn rows_that_differ_in_length_come_back(
            before in vec(vec(any::<u8>(), 0..4), 0..40),
            now in vec(vec(any::<u8>(), 0..4), 1..40),
            long in vec(any::<u8>(), 0..900),
        ) {
            let longer = |rows: Vec<Vec<u8>>| rows.into_iter().map(|row| [&long[..], &row].concat());
            let (before, now): (Vec<_>, Vec<_>) = (longer(before).collect(), longer(now).collect());
            let items = |rows: &[Vec<u8>]| rows.iter().map(|row| row[..].into()).collect::<Vec<Bytes>>();
            let (before, now) = (items(&before), items(&now));
            let mut applied = before.clone();
            applied.resize(now.len(), Bytes::from([]));
            if let Some(body) = encode_whole(&before, &now) {
                let body = Body::read(&body, now.len()).expect("a body");
                for row in 0..now.len() {
                    let one = body.whole(row, &applied[row]).expect("read");
                    prop_assert_eq!(&*one.unwrap_or(Cow::Borrowed(&applied[row])), &*now[row]);
                }
                body.apply_whole(&mut applied).expect("applied");
            }
            prop_assert_eq!(applied, now);
        }

        #[test]
        fn whatever_bytes_there_are_nothing_breaks(bytes in vec(any::<u8>(), 0..64), total in 0_usize..40) {
            if let Some(body) = Body::read(&bytes, total) {
                let _ = body.apply(3, &mut vec![0; total * 3]);
                let _ = body.apply_whole(&mut vec![Bytes::from([]); total]);
                let _ = body.apply_to(1, &mut [0; 3]);
                let _ = body.whole(1, &[7; 20]);
            }
        }
    }
}
