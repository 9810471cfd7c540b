//! ChaCha with eight rounds, block by block.
//!
//! Most entities draw one or two numbers, so one block of 64 bytes is made at a
//! time. The stream is that of the `rand_chacha` crate's `ChaCha8Rng`.

/// One block: sixteen words.
pub(super) type Block = [u32; 16];

const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

const ROUNDS: usize = 8;

/// The block of a number, for a key.
pub(super) fn block(key: &[u32; 8], number: u64) -> Block {
    let mut start = [0; 16];
    start[..4].copy_from_slice(&CONSTANTS);
    start[4..12].copy_from_slice(key);
    start[12] = number as u32;
    start[13] = (number >> 32) as u32;
    let mut block = start;
    for _ in 0..ROUNDS / 2 {
        quarter(&mut block, 0, 4, 8, 12);
        quarter(&mut block, 1, 5, 9, 13);
        quarter(&mut block, 2, 6, 10, 14);
        quarter(&mut block, 3, 7, 11, 15);
        quarter(&mut block, 0, 5, 10, 15);
        quarter(&mut block, 1, 6, 11, 12);
        quarter(&mut block, 2, 7, 8, 13);
        quarter(&mut block, 3, 4, 9, 14);
    }
    for (word, start) in block.iter_mut().zip(start) {
        *word = word.wrapping_add(start);
    }
    block
}

#[inline(always)]
fn quarter(block: &mut Block, a: usize, b: usize, c: usize, d: usize) {
    block[a] = block[a].wrapping_add(block[b]);
    block[d] = (block[d] ^ block[a]).rotate_left(16);
    block[c] = block[c].wrapping_add(block[d]);
    block[b] = (block[b] ^ block[c]).rotate_left(12);
    block[a] = block[a].wrapping_add(block[b]);
    block[d] = (block[d] ^ block[a]).rotate_left(8);
    block[c] = block[c].wrapping_add(block[d]);
    block[b] = (block[b] ^ block[c]).rotate_left(7);
}
