//! Inputs that are nearly what they should be.

/// Alters one of some whole things as an input says: its first byte chooses
/// which, each four after it make an edit. Some inputs are bytes as they are.
pub fn altered(whole: &[Vec<u8>], input: &[u8]) -> Vec<u8> {
    let Some((choice, edits)) = input.split_first() else { return Vec::new() };
    let choice = usize::from(*choice) % (whole.len() + 1);
    let Some(chosen) = whole.get(choice) else { return edits.to_vec() };
    let mut bytes = chosen.clone();
    for edit in edits.chunks_exact(4) {
        let (how, value) = (edit[0], edit[3]);
        let at = usize::from(u16::from_le_bytes([edit[1], edit[2]])) * 7919 % (bytes.len() + 1);
        let rest = bytes.len() - at;
        match how % 6 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, value),
            2 => drop(bytes.drain(at..at + rest.min(usize::from(value)))),
            3 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            4 => bytes[at..].iter_mut().take(1).for_each(|byte| *byte = value),
            _ => bytes[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << (value % 8)),
        }
    }
    bytes
}
