//! What a guest does to a world, as it is noted and read again.

use super::message::{Reader, Unreadable, Writer};

/// One thing that a guest did.
pub(super) enum Effect<'a> {
    /// It took the next batch.
    Next,
    /// It wrote a column; without bytes, as it was.
    Write { shard: usize, column: usize, bytes: Option<&'a [u8]> },
    /// It set a resource.
    Resource { resource: u32, value: &'a [u8] },
    /// It sent commands.
    Commands(&'a [u8]),
    /// It emitted events.
    Events(&'a [u8]),
}

impl<'a> Effect<'a> {
    pub fn write(&self, into: &mut Writer) {
        match *self {
            Self::Next => {
                into.array(1);
                into.uint(0);
            }
            Self::Write { shard, column, bytes } => {
                into.array(4);
                into.uint(1);
                into.uint(shard as u64);
                into.uint(column as u64);
                match bytes {
                    Some(bytes) => into.bin(bytes),
                    None => into.nil(),
                }
            }
            Self::Resource { resource, value } => {
                into.array(3);
                into.uint(2);
                into.uint(u64::from(resource));
                into.bin(value);
            }
            Self::Commands(bytes) | Self::Events(bytes) => {
                into.array(2);
                into.uint(if matches!(self, Self::Commands(_)) { 3 } else { 4 });
                into.bin(bytes);
            }
        }
    }

    pub fn read(from: &mut Reader<'a>) -> Result<Self, Unreadable> {
        let parts = from.array()?;
        let effect = from.uint()?;
        Ok(match (effect, parts) {
            (0, 1) => Self::Next,
            (1, 4) => Self::Write {
                shard: from.uint()? as usize,
                column: from.uint()? as usize,
                bytes: from.bin_or_nil()?,
            },
            (2, 3) => {
                let resource = from.uint()?.try_into();
                let resource = resource.map_err(|_| Unreadable("no resource".to_owned()))?;
                Self::Resource { resource, value: from.bin()? }
            }
            (3, 2) => Self::Commands(from.bin()?),
            (4, 2) => Self::Events(from.bin()?),
            (effect, parts) => {
                return Err(Unreadable(format!("effect {effect} of {parts} parts")));
            }
        })
    }
}
