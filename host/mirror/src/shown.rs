//! Values in the form of the protocol, for people.

use crate::cell::ColumnType;

/// A value in the form of the protocol, for people.
pub(crate) fn shown(ty: ColumnType, bytes: &[u8]) -> String {
    let told = match ty {
        ColumnType::Bool => bytes.first().map(|byte| (*byte != 0).to_string()),
        ColumnType::Small => bytes.try_into().ok().map(|it| i16::from_be_bytes(it).to_string()),
        ColumnType::Integer => bytes.try_into().ok().map(|it| i32::from_be_bytes(it).to_string()),
        ColumnType::Big => bytes.try_into().ok().map(|it| i64::from_be_bytes(it).to_string()),
        ColumnType::Real => bytes.try_into().ok().map(|it| f32::from_be_bytes(it).to_string()),
        ColumnType::Double => bytes.try_into().ok().map(|it| f64::from_be_bytes(it).to_string()),
        ColumnType::Text | ColumnType::Json => std::str::from_utf8(bytes).ok().map(str::to_owned),
        ColumnType::Numeric => numeric(bytes),
        ColumnType::Bytes | ColumnType::Time => None,
    };
    told.unwrap_or_else(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A whole number, by its digits in ten thousands.
fn numeric(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let (count, weight, _sign, _scale) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    let digits: Vec<u16> = words.collect();
    if digits.len() != usize::from(count) || weight > 8 {
        return None;
    }
    let of = |at: u16| u128::from(digits.get(usize::from(at)).copied().unwrap_or(0));
    let value = (0..=weight).fold(0_u128, |value, at| value * 10_000 + of(at));
    Some(value.to_string())
}
