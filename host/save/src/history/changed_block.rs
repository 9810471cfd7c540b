//! Which block of a page a delta is about, and where its body is.
//!
//! Following one entity reads the list of blocks of every tick, and of all that
//! it reads that is nearly all: so it is one run of bytes, and not a list
//! of lists of numbers.

use sandtable_world::ecs::{ArchetypeId, KindId, PageKey};

use super::super::encode::part_of;
use super::block::BLOCK_ROWS;

/// A block of a page that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedBlock {
    /// In which step.
    pub step: u16,
    /// Of which part, by number.
    pub part: u8,
    /// Of which archetype.
    pub archetype: u32,
    /// Of which kind.
    pub kind: u32,
    /// Of which page.
    pub page: u32,
    /// Which block of the page.
    pub block: u16,
    /// Rows that the page has afterwards.
    pub rows: u32,
    /// Where its body is; zero: inline.
    pub frame: u16,
    /// Bytes of its body.
    pub bytes: u32,
}

impl ChangedBlock {
    /// The page that it is about.
    pub fn key(&self) -> Option<PageKey> {
        let part = part_of(i64::from(self.part))?;
        let (archetype, kind) = (ArchetypeId(self.archetype), KindId(self.kind));
        Some(PageKey { part, archetype, kind, page: self.page })
    }

    /// Whether it is about this page.
    pub fn is_of(&self, key: PageKey) -> bool {
        self.page == key.page
            && self.archetype == key.archetype.0
            && self.kind == key.kind.0
            && self.part == key.part as u8
    }

    /// The first row of the block within the page.
    pub fn first(&self) -> usize {
        usize::from(self.block) * BLOCK_ROWS
    }

    /// Rows of the block.
    pub fn block_rows(&self) -> usize {
        (self.rows as usize).saturating_sub(self.first()).min(BLOCK_ROWS)
    }
}

/// All blocks of a delta as bytes, little-endian, one after the other.
pub(super) mod packed {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_bytes::ByteBuf;

    use super::ChangedBlock;

    const BYTES: usize = 27;

    pub(in super::super) fn serialize<S: Serializer>(
        blocks: &[ChangedBlock],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(blocks.len() * BYTES);
        for block in blocks {
            bytes.extend(block.step.to_le_bytes());
            bytes.push(block.part);
            for number in [block.archetype, block.kind, block.page] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend(block.block.to_le_bytes());
            bytes.extend(block.rows.to_le_bytes());
            bytes.extend(block.frame.to_le_bytes());
            bytes.extend(block.bytes.to_le_bytes());
        }
        to.serialize_bytes(&bytes)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<ChangedBlock>, D::Error> {
        let bytes = ByteBuf::deserialize(from)?;
        let (blocks, rest) = bytes.as_chunks::<BYTES>();
        if !rest.is_empty() {
            return Err(D::Error::custom("a block is cut short"));
        }
        let two = |bytes: &[u8; BYTES], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let four = |bytes: &[u8; BYTES], at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let block = |bytes: &[u8; BYTES]| ChangedBlock {
            step: two(bytes, 0),
            part: bytes[2],
            archetype: four(bytes, 3),
            kind: four(bytes, 7),
            page: four(bytes, 11),
            block: two(bytes, 15),
            rows: four(bytes, 17),
            frame: two(bytes, 21),
            bytes: four(bytes, 23),
        };
        Ok(blocks.iter().map(block).collect())
    }
}
