//! Columns of packed rows that are more than numbers: copied out, and copied
//! back when changed.

use std::borrow::Cow;
use std::ops::Range;

use super::{Column, Store};
use crate::Entity;
use crate::codec::{Malformed, Reader};
use crate::kind::Storage;
use crate::packed::Field;

/// The storage of packed kinds with fields that not all bytes are a value of,
/// or whose bytes Rust does not lay out as the contract does.
#[doc(hidden)]
pub enum Copied {}

/// Packed rows, copied.
#[doc(hidden)]
pub struct CopiedColumn<T> {
    rows: Vec<T>,
    touched: bool,
}

fn unpack<T: Field>(bytes: &[u8], count: usize) -> Result<Vec<T>, Malformed> {
    if Some(bytes.len()) != count.checked_mul(T::SIZE) {
        return Err(Malformed::new(format!(
            "expected {count} rows of {} bytes, found {} bytes",
            T::SIZE,
            bytes.len()
        )));
    }
    Ok(bytes.chunks_exact(T::SIZE.max(1)).map(T::unpack).collect())
}

impl<T: Field + 'static> Store<T> for Copied {
    const STORAGE: Storage = Storage::Packed;

    type Column = CopiedColumn<T>;

    fn column(bytes: Vec<u8>, rows: usize) -> Result<Self::Column, Malformed> {
        Ok(CopiedColumn { rows: unpack(&bytes, rows)?, touched: false })
    }

    fn values(bytes: Vec<u8>, count: usize) -> Result<Self::Column, Malformed> {
        Self::column(bytes, count)
    }

    fn taken(bytes: Vec<u8>, rows: usize) -> Result<Vec<T>, Malformed> {
        unpack(&bytes, rows)
    }

    fn read(from: &mut Reader<'_>) -> Result<T, Malformed> {
        let bytes = from.bin()?;
        match bytes.len() == T::SIZE {
            true => Ok(T::unpack(bytes)),
            false => {
                Err(Malformed::new(format!("expected {} bytes, found {}", T::SIZE, bytes.len())))
            }
        }
    }

    #[inline]
    fn write(value: &T, out: &mut Vec<u8>) {
        value.pack(out);
    }
}

impl<T: Field + 'static> Column<T> for CopiedColumn<T> {
    type Stretch<'s> = &'s mut [T];

    #[inline]
    fn rows(&self) -> Result<&[T], Malformed> {
        Ok(&self.rows)
    }

    #[inline]
    fn rows_mut(&mut self) -> Result<&mut [T], Malformed> {
        self.touched = true;
        Ok(&mut self.rows)
    }

    fn changed(&self) -> Option<Cow<'_, [u8]>> {
        if !self.touched {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.rows.len() * T::SIZE);
        self.rows.iter().for_each(|row| row.pack(&mut bytes));
        Some(Cow::Owned(bytes))
    }

    fn name_entities(&self, rows: Range<usize>, names: &mut Vec<Entity>) {
        if T::NAMES_ENTITIES {
            let rows = self.rows.get(rows).unwrap_or_default();
            rows.iter().for_each(|row| row.name_entities(names));
        }
    }
}
