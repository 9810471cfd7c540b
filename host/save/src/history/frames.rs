//! Bytes that are compressed and stored apart, each by its number.
//!
//! Frame zero is the head of what they belong to. Every frame carries a
//! checksum of what it unpacks to.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

/// The level of zstd. Level 3 makes ten years of earth 1.2 % smaller and the
/// swarm 0.3 %, level 9 by 2.5 % and 1 % in three times the time.
const LEVEL: i32 = 1;

/// Bytes from which on a body has a frame of its own.
const FRAME_BYTES: usize = 512;

/// How many frames there may be besides the head.
const FRAMES_MAX: usize = u16::MAX as usize;

/// Bytes that a frame may unpack to: none is of more than a page, and a page that
/// is larger is no blob of SQLite, so that it never comes into a save.
const UNPACKED_MAX: usize = 1 << 30;

/// The id of a frame of a keyframe or delta, by which a save has it.
pub(super) fn frame_id(of: i64, frame: u16) -> i64 {
    of << 16 | i64::from(frame)
}

/// Compressed frames, the head first.
pub type Frames = Vec<Vec<u8>>;

// What the compressor needs takes longer to make than most frames to press.
thread_local! {
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses bytes as one frame.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let compressed = COMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            let mut made = zstd::bulk::Compressor::new(LEVEL).ok()?;
            made.include_checksum(true).ok()?;
            *kept = Some(made);
        }
        kept.as_mut()?.compress(bytes).ok()
    });
    // Compressing into memory fails only without memory.
    compressed.unwrap_or_default()
}

/// A body as a frame, or as it is where a frame is not worth it.
pub(super) fn frame(body: Vec<u8>) -> (Vec<u8>, bool) {
    if body.len() < FRAME_BYTES { (body, false) } else { (compress(&body), true) }
}

/// Unpacks a frame; nothing where it is damaged or claims too much.
pub fn unpack(frame: &[u8]) -> Option<Vec<u8>> {
    let claimed = zstd::zstd_safe::get_frame_content_size(frame).ok()??;
    let claimed = usize::try_from(claimed).ok().filter(|claimed| *claimed <= UNPACKED_MAX)?;
    DECOMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = zstd::bulk::Decompressor::new().ok();
        }
        let unpacked = kept.as_mut()?.decompress(frame, claimed).ok()?;
        (unpacked.len() == claimed).then_some(unpacked)
    })
}

/// Reads a head.
pub fn read_head<T: DeserializeOwned>(frame: &[u8]) -> Option<T> {
    rmp_serde::from_slice(&unpack(frame)?).ok()
}

/// Puts bodies into frames or into the head.
#[derive(Default)]
pub(super) struct Packer {
    frames: Frames,
}

impl Packer {
    /// Adds a body, which may be a frame already; gives where it is.
    pub(super) fn add(
        &mut self,
        body: Vec<u8>,
        is_frame: bool,
        inline: &mut ByteBuf,
    ) -> (u16, u32) {
        let bytes = body.len() as u32;
        if is_frame && self.frames.len() < FRAMES_MAX {
            self.frames.push(body);
            return (self.frames.len() as u16, bytes);
        }
        // HistoryReader the last number, what was compressed goes into the head as it was.
        let body = if is_frame { unpack(&body).unwrap_or_default() } else { body };
        inline.extend_from_slice(&body);
        (0, body.len() as u32)
    }

    /// All frames, with the head.
    pub(super) fn finish(mut self, head: &impl Serialize) -> Frames {
        // A head is numbers, texts and lists, for all of which there are words.
        let head = rmp_serde::to_vec(head).unwrap_or_default();
        self.frames.insert(0, compress(&head));
        self.frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_hundreds_of_mebibytes_comes_back() {
        let body = vec![7; 300 << 20];
        let (pressed, is_frame) = frame(body.clone());
        assert!(is_frame && pressed.len() < 1 << 20);
        assert!(unpack(&pressed) == Some(body), "as it was");
        assert_eq!(unpack(&pressed[..pressed.len() - 1]), None, "cut short");
    }
}
