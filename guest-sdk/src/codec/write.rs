//! Appends MessagePack to a byte vector, in the shortest form of each value.

/// The absence of a value.
pub fn nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

/// A truth value.
pub fn bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

/// A number that is not negative.
pub fn uint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else if let Ok(value) = u8::try_from(value) {
        out.extend_from_slice(&[0xcc, value]);
    } else if let Ok(value) = u16::try_from(value) {
        tagged(out, 0xcd, value.to_be_bytes());
    } else if let Ok(value) = u32::try_from(value) {
        tagged(out, 0xce, value.to_be_bytes());
    } else {
        tagged(out, 0xcf, value.to_be_bytes());
    }
}

/// A number that may be negative.
pub fn int(out: &mut Vec<u8>, value: i64) {
    if let Ok(value) = u64::try_from(value) {
        uint(out, value);
    } else if value >= -32 {
        out.push(value as u8);
    } else if let Ok(value) = i8::try_from(value) {
        tagged(out, 0xd0, value.to_be_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        tagged(out, 0xd1, value.to_be_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        tagged(out, 0xd2, value.to_be_bytes());
    } else {
        tagged(out, 0xd3, value.to_be_bytes());
    }
}

/// A single-precision number.
pub fn f32(out: &mut Vec<u8>, value: f32) {
    tagged(out, 0xca, value.to_be_bytes());
}

/// A double-precision number.
pub fn f64(out: &mut Vec<u8>, value: f64) {
    tagged(out, 0xcb, value.to_be_bytes());
}

/// A text.
pub fn str(out: &mut Vec<u8>, value: &str) {
    let length = value.len();
    if length < 32 {
        out.push(0xa0 | length as u8);
    } else if let Ok(length) = u8::try_from(length) {
        out.extend_from_slice(&[0xd9, length]);
    } else if let Ok(length) = u16::try_from(length) {
        tagged(out, 0xda, length.to_be_bytes());
    } else {
        tagged(out, 0xdb, (length as u32).to_be_bytes());
    }
    out.extend_from_slice(value.as_bytes());
}

/// Bytes.
pub fn bin(out: &mut Vec<u8>, value: &[u8]) {
    let length = value.len();
    if let Ok(length) = u8::try_from(length) {
        out.extend_from_slice(&[0xc4, length]);
    } else if let Ok(length) = u16::try_from(length) {
        tagged(out, 0xc5, length.to_be_bytes());
    } else {
        tagged(out, 0xc6, (length as u32).to_be_bytes());
    }
    out.extend_from_slice(value);
}

/// The start of an array; its values follow.
pub fn array(out: &mut Vec<u8>, length: usize) {
    if length < 16 {
        out.push(0x90 | length as u8);
    } else if let Ok(length) = u16::try_from(length) {
        tagged(out, 0xdc, length.to_be_bytes());
    } else {
        tagged(out, 0xdd, (length as u32).to_be_bytes());
    }
}

fn tagged<const N: usize>(out: &mut Vec<u8>, tag: u8, bytes: [u8; N]) {
    out.push(tag);
    out.extend_from_slice(&bytes);
}
