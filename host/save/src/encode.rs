//! Pages of the world as bytes, and the rows of a page that changed as patches.
//!
//! | part | bytes of a whole page |
//! |---|---|
//! | slots | generation, archetype, row: four bytes each |
//! | entities | eight bytes each |
//! | packed values | the rows as they are |
//! | dynamic values | a MessagePack array of them |
//! | stamps | eight bytes each; or one stamp and how often it stands, in twelve |
//!
//! Everything is little-endian. A patch says how many rows the page has after
//! it, and gives each row that differs from before: its place, its length where
//! rows differ in length, its bytes.
//!
//! What is read back may come from anywhere: lengths are checked against what is
//! there and against the rows of a page before anything is made of them.

use std::borrow::Cow;

use sandtable_world::ecs::{
    ArchetypeId, Bytes, Entity, KindId, Page, PageKey, Part, Slot, Stamp, read_array,
};

use super::error::{Fallible, damage};

/// The part that saves know by this number.
pub(super) fn part_of(number: i64) -> Option<Part> {
    usize::try_from(number).ok().and_then(|at| Part::ALL.get(at)).copied()
}

fn put_row(page: Page<'_>, row: usize, into: &mut Vec<u8>) {
    match page {
        Page::Slots(items) => into.extend_from_slice(&slot_bytes(items[row])),
        Page::Entities(items) => into.extend_from_slice(&items[row].to_bits().to_le_bytes()),
        Page::Packed(bytes, width) => into.extend_from_slice(&bytes[row * width..][..width]),
        Page::Dynamic(items) => {
            into.extend_from_slice(&(items[row].len() as u32).to_le_bytes());
            into.extend_from_slice(&items[row]);
        }
        Page::Stamps(items) => into.extend_from_slice(&items[row].to_bits().to_le_bytes()),
    }
}

/// Bytes that a row takes in a patch, besides its place.
fn row_bytes(page: Page<'_>, row: usize) -> usize {
    match page {
        Page::Slots(_) => 12,
        Page::Entities(_) | Page::Stamps(_) => 8,
        Page::Packed(_, width) => width,
        Page::Dynamic(items) => 4 + items[row].len(),
    }
}

/// How many bytes [`whole`] gives, or more.
pub(super) fn whole_bytes(page: Page<'_>) -> usize {
    match page {
        Page::Dynamic(items) => 5 + items.iter().map(|item| item.len()).sum::<usize>(),
        Page::Stamps(items) if uniform(items).is_some() => UNIFORM_BYTES,
        Page::Slots(items) => items.len() * 12,
        Page::Entities(items) => items.len() * 8,
        Page::Stamps(items) => items.len() * 8,
        Page::Packed(bytes, _) => bytes.len(),
    }
}

/// All of a page.
pub(super) fn whole(page: Page<'_>) -> Cow<'_, [u8]> {
    match page {
        Page::Packed(bytes, _) => Cow::Borrowed(bytes),
        Page::Slots(items) => items.iter().flat_map(|slot| slot_bytes(*slot)).collect(),
        Page::Entities(items) => words(items, |entity| entity.to_bits()).into(),
        Page::Stamps(items) => match uniform(items) {
            Some(bytes) => bytes.to_vec().into(),
            None => words(items, |stamp| stamp.to_bits()).into(),
        },
        Page::Dynamic(items) => {
            let mut bytes = Vec::with_capacity(whole_bytes(page));
            // Writing to a vector does not fail.
            let _ = rmp::encode::write_array_len(&mut bytes, items.len() as u32);
            items.iter().for_each(|item| bytes.extend_from_slice(item));
            bytes.into()
        }
    }
}

/// What turns an earlier state of a page into this one, if that is much less
/// than all of it.
pub(super) fn patch(key: PageKey, before: Page<'_>, now: Page<'_>) -> Option<Vec<u8>> {
    let most = whole_bytes(now) / PATCH_GAIN_MIN;
    let mut rows = Vec::new();
    let mut bytes = PATCH_HEADER_BYTES;
    for row in now.differing_rows(before).take_while(|row| *row < now.rows()) {
        bytes += 2 + row_bytes(now, row);
        if bytes > most {
            return None;
        }
        rows.push(row);
    }
    if bytes > most {
        return None;
    }
    let mut patch = Vec::with_capacity(bytes);
    patch.push(key.part as u8);
    let (count, body) = (rows.len(), bytes - PATCH_HEADER_BYTES);
    for number in
        [key.archetype.0, key.kind.0, key.page, now.rows() as u32, count as u32, body as u32]
    {
        patch.extend_from_slice(&number.to_le_bytes());
    }
    for row in rows {
        patch.extend_from_slice(&(row as u16).to_le_bytes());
        put_row(now, row, &mut patch);
    }
    Some(patch)
}

/// A patch is worth it when it is smaller than the whole by this factor.
const PATCH_GAIN_MIN: usize = 4;
const PATCH_HEADER_BYTES: usize = 25;
const UNIFORM_BYTES: usize = 12;

pub(super) fn slot_bytes(slot: Slot) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&slot.generation.to_le_bytes());
    bytes[4..8].copy_from_slice(&slot.archetype.0.to_le_bytes());
    bytes[8..].copy_from_slice(&slot.row.to_le_bytes());
    bytes
}

fn words<T>(items: &[T], word: impl Fn(&T) -> u64) -> Vec<u8> {
    items.iter().flat_map(|item| word(item).to_le_bytes()).collect()
}

/// The short form of stamps that are all the same.
fn uniform(items: &[Stamp]) -> Option<[u8; UNIFORM_BYTES]> {
    let first = items.first().filter(|first| items.iter().all(|item| item == *first))?;
    let mut bytes = [0; UNIFORM_BYTES];
    bytes[..8].copy_from_slice(&first.to_bits().to_le_bytes());
    bytes[8..].copy_from_slice(&(items.len() as u32).to_le_bytes());
    Some(bytes)
}

/// A page that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    Slots(Vec<Slot>),
    Entities(Vec<Entity>),
    Packed(Vec<u8>, usize),
    Dynamic(Vec<Bytes>),
    Stamps(Vec<Stamp>),
}

/// What a page must be, which its key alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Slots,
    Entities,
    /// With so many bytes a row; never zero.
    Packed(usize),
    Dynamic,
    Stamps,
}

impl Form {
    /// Bytes of each row, where all have as many.
    pub(super) fn width(self) -> Option<usize> {
        match self {
            Form::Slots => Some(12),
            Form::Entities | Form::Stamps => Some(8),
            Form::Packed(width) => Some(width),
            Form::Dynamic => None,
        }
    }
}

pub(super) fn four(bytes: &[u8]) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[..4]);
    u32::from_le_bytes(word)
}

pub(super) fn eight(bytes: &[u8]) -> u64 {
    u64::from(four(bytes)) | u64::from(four(&bytes[4..])) << 32
}

pub(super) fn slot(bytes: &[u8]) -> Slot {
    Slot {
        generation: four(bytes),
        archetype: ArchetypeId(four(&bytes[4..])),
        row: four(&bytes[8..]),
    }
}

pub(super) fn entity(bytes: &[u8]) -> Entity {
    Entity::from_bits(eight(bytes))
}

pub(super) fn stamp(bytes: &[u8]) -> Stamp {
    Stamp::from_bits(eight(bytes))
}

/// Takes the next so many bytes.
fn take<'a>(from: &mut &'a [u8], bytes: usize) -> Fallible<&'a [u8]> {
    let Some((taken, rest)) = from.split_at_checked(bytes) else {
        return damage("a page or patch ends too early");
    };
    *from = rest;
    Ok(taken)
}

impl Read {
    /// The bytes of one row, if it has that one; of slots and values only.
    pub(super) fn row(&self, row: usize) -> Option<Vec<u8>> {
        match self {
            Read::Slots(items) => items.get(row).map(|slot| slot_bytes(*slot).to_vec()),
            Read::Packed(bytes, width) => bytes.chunks_exact(*width).nth(row).map(<[u8]>::to_vec),
            Read::Dynamic(items) => items.get(row).map(|item| item.to_vec()),
            Read::Entities(_) | Read::Stamps(_) => None,
        }
    }

    /// Reads a whole page, which has at most `rows_max` rows.
    pub(super) fn whole(form: Form, bytes: &[u8], rows_max: usize) -> Fallible<Self> {
        let fixed = |width: usize| {
            let rows = bytes.len() / width;
            if !bytes.len().is_multiple_of(width) || rows == 0 || rows > rows_max {
                return damage(format!(
                    "a page of {} bytes cannot hold up to {rows_max} rows of {width}",
                    bytes.len()
                ));
            }
            Ok(bytes.chunks_exact(width))
        };
        Ok(match form {
            Form::Slots => Read::Slots(fixed(12)?.map(slot).collect()),
            Form::Entities => Read::Entities(fixed(8)?.map(entity).collect()),
            Form::Packed(width) => fixed(width).map(|_| Read::Packed(bytes.to_vec(), width))?,
            Form::Stamps if bytes.len() == UNIFORM_BYTES => {
                let rows = four(&bytes[8..]) as usize;
                if rows == 0 || rows > rows_max {
                    return damage(format!("a page of stamps claims {rows} rows"));
                }
                Read::Stamps(vec![stamp(bytes); rows])
            }
            Form::Stamps => Read::Stamps(fixed(8)?.map(stamp).collect()),
            Form::Dynamic => Read::Dynamic(read_dynamic(bytes, rows_max)?),
        })
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> usize {
        match self {
            Read::Slots(items) => items.len(),
            Read::Entities(items) => items.len(),
            Read::Packed(bytes, width) => bytes.len() / width,
            Read::Dynamic(items) => items.len(),
            Read::Stamps(items) => items.len(),
        }
    }

    /// Applies a patch: each of its rows is there, or is the one after the last.
    pub(super) fn patch(&mut self, patch: &Patch<'_>, rows_max: usize) -> Fallible<()> {
        let Patch { rows, count, mut body, .. } = *patch;
        if rows == 0 || rows > rows_max || count > rows {
            return damage(format!("a patch claims {rows} rows"));
        }
        match self {
            Read::Slots(items) => items.truncate(rows),
            Read::Entities(items) => items.truncate(rows),
            Read::Packed(bytes, width) => bytes.truncate(rows * *width),
            Read::Dynamic(items) => items.truncate(rows),
            Read::Stamps(items) => items.truncate(rows),
        }
        for _ in 0..count {
            let at = take(&mut body, 2)?;
            let row = usize::from(u16::from_le_bytes([at[0], at[1]]));
            if row > self.rows() || row >= rows {
                return damage(format!("a patch changes row {row} of {}", self.rows()));
            }
            match self {
                Read::Slots(items) => put(items, row, slot(take(&mut body, 12)?)),
                Read::Entities(items) => put(items, row, entity(take(&mut body, 8)?)),
                Read::Stamps(items) => put(items, row, stamp(take(&mut body, 8)?)),
                Read::Dynamic(items) => {
                    let len = four(take(&mut body, 4)?) as usize;
                    put(items, row, take(&mut body, len)?.into());
                }
                Read::Packed(bytes, width) => {
                    let value = take(&mut body, *width)?;
                    if row * *width == bytes.len() {
                        bytes.extend_from_slice(value);
                    } else {
                        bytes[row * *width..][..*width].copy_from_slice(value);
                    }
                }
            }
        }
        if self.rows() != rows || !body.is_empty() {
            return damage(format!("a patch claims {rows} rows and leaves {}", self.rows()));
        }
        Ok(())
    }
}

fn put<T>(items: &mut Vec<T>, row: usize, item: T) {
    match items.get_mut(row) {
        Some(place) => *place = item,
        None => items.push(item),
    }
}

/// Splits a MessagePack array into its items, without looking at what they
/// mean: their kind checks that.
fn read_dynamic(bytes: &[u8], rows_max: usize) -> Fallible<Vec<Bytes>> {
    let mut rest = bytes;
    let Ok(rows) = read_array(&mut rest) else {
        return damage("a page of values is no array");
    };
    if rows == 0 || rows > rows_max {
        return damage(format!("a page of values claims {rows} rows"));
    }
    let mut items = Vec::with_capacity(rows);
    for _ in 0..rows {
        let len = match value_bytes(rest) {
            Some(len) => len,
            None => return damage("a page of values ends too early"),
        };
        items.push(take(&mut rest, len)?.into());
    }
    if !rest.is_empty() {
        return damage("a page of values goes on after its end");
    }
    Ok(items)
}

/// How many bytes the first MessagePack value takes, if all of it is there.
/// Counts what is still to come instead of descending, so that nesting costs
/// nothing.
fn value_bytes(bytes: &[u8]) -> Option<usize> {
    use rmp::Marker;
    let mut at = 0_usize;
    let mut due = 1_u64;
    let length = |at: usize, width: usize| {
        let bytes = bytes.get(at..at.checked_add(width)?)?;
        Some(bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    while due > 0 {
        let marker = Marker::from_u8(*bytes.get(at)?);
        at += 1;
        due -= 1;
        let (skip, more) = match marker {
            Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null => (0, 0),
            Marker::True | Marker::False => (0, 0),
            Marker::U8 | Marker::I8 => (1, 0),
            Marker::U16 | Marker::I16 => (2, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
            Marker::FixStr(len) => (u64::from(len), 0),
            Marker::Str8 | Marker::Bin8 => (1 + length(at, 1)?, 0),
            Marker::Str16 | Marker::Bin16 => (2 + length(at, 2)?, 0),
            Marker::Str32 | Marker::Bin32 => (4 + length(at, 4)?, 0),
            Marker::FixArray(len) => (0, u64::from(len)),
            Marker::Array16 => (2, length(at, 2)?),
            Marker::Array32 => (4, length(at, 4)?),
            // No value of ours has maps or extensions.
            _ => return None,
        };
        at = at.checked_add(usize::try_from(skip).ok()?)?;
        due += more;
        if at > bytes.len() || due > (bytes.len() - at) as u64 {
            return None;
        }
    }
    Some(at)
}

/// A patch that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patch<'a> {
    /// What it changes.
    pub key: PageKey,
    rows: usize,
    count: usize,
    body: &'a [u8],
}

impl Patch<'_> {
    /// Bytes that it takes in the log.
    pub(super) fn bytes(&self) -> usize {
        PATCH_HEADER_BYTES + self.body.len()
    }
}

/// Splits what one commit added to the log.
pub(super) fn split_patches(mut bytes: &[u8]) -> Fallible<Vec<Patch<'_>>> {
    let mut patches = Vec::new();
    while !bytes.is_empty() {
        let header = take(&mut bytes, PATCH_HEADER_BYTES)?;
        let Some(part) = part_of(i64::from(header[0])) else {
            return damage(format!("a patch is of part {}", header[0]));
        };
        let number = |at: usize| four(&header[1 + at * 4..]);
        let (archetype, kind) = (ArchetypeId(number(0)), KindId(number(1)));
        let key = PageKey { part, archetype, kind, page: number(2) };
        let (rows, count) = (number(3) as usize, number(4) as usize);
        patches.push(Patch { key, rows, count, body: take(&mut bytes, number(5) as usize)? });
    }
    Ok(patches)
}
