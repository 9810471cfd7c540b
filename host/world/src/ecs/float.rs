//! Floats in one form: whatever is not a number is the one quiet NaN with a clear
//! sign.

/// A float as it may enter the world.
pub(super) fn canonical_f32(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(0x7fc0_0000) } else { value }
}

/// A float as it may enter the world.
pub(super) fn canonical_f64(value: f64) -> f64 {
    if value.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { value }
}

/// Makes every float of a run of little-endian ones canonical.
pub(super) fn canonicalise_f32s(bytes: &mut [u8]) {
    canonicalise(bytes, |word| canonical_f32(f32::from_le_bytes(word)).to_le_bytes());
}

/// Makes every float of a run of little-endian ones canonical.
pub(super) fn canonicalise_f64s(bytes: &mut [u8]) {
    canonicalise(bytes, |word| canonical_f64(f64::from_le_bytes(word)).to_le_bytes());
}

fn canonicalise<const N: usize>(bytes: &mut [u8], canonical: impl Fn([u8; N]) -> [u8; N]) {
    let (words, _) = bytes.as_chunks_mut::<N>();
    // Nearly always there is none: reading alone is faster than reading and writing.
    if words.iter().fold(false, |any, word| any | (canonical(*word) != *word)) {
        for word in words {
            *word = canonical(*word);
        }
    }
}
