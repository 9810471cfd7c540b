//! What must hold for a system to run: `run_if` of
//! [`system`](macro@crate::system).

use crate::bindings::sandtable::guest::types;
use crate::codec::{Reader, write};
use crate::column::Store;
use crate::kind::{Component, KindEntry, Role, Storage};
use crate::value::Value;

pub use types::Comparison;

/// One condition, as the attribute writes it down.
#[doc(hidden)]
pub struct Condition {
    /// The resource.
    pub kind: KindEntry,
    /// The name of its field.
    pub field: &'static str,
    /// How the field compares.
    pub compares: Comparison,
    /// With what, as MessagePack.
    pub value: fn() -> Vec<u8>,
    /// Whether it holds for an encoded value of the resource, or while it is not
    /// set.
    pub holds: fn(Option<&[u8]>) -> bool,
}

/// A type whose values a condition can put in order.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a condition cannot put values of `{Self}` in order",
    label = "not a number",
    note = "`<`, `<=`, `>` and `>=` are for numbers; `==` and `!=` also for bool, Entity, String, and enums without fields"
)]
pub trait Number: Value {}

macro_rules! numbers {
    ($($ty:ident)*) => {
        $(impl Number for $ty {})*
    };
}

numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);

/// A value of the type that a field has, as MessagePack.
#[doc(hidden)]
pub fn encoded<R, V: Value>(_: fn(&R) -> &V, value: V) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

/// The same, of a number.
#[doc(hidden)]
pub fn encoded_number<R, V: Number>(field: fn(&R) -> &V, value: V) -> Vec<u8> {
    encoded(field, value)
}

/// Whether a condition holds, as a host would find: of a resource that is not
/// set none does, and settings always are.
#[doc(hidden)]
pub fn holds<R: Component>(value: Option<&[u8]>, condition: fn(&R) -> bool) -> bool {
    let Some(value) = value else {
        return R::INFO.role == Role::Settings && R::unset().is_some_and(|of| condition(&of));
    };
    let mut bytes = Vec::with_capacity(value.len());
    match R::INFO.storage {
        Storage::Packed => write::bin(&mut bytes, value),
        Storage::Dynamic => bytes.extend_from_slice(value),
    }
    R::Store::read(&mut Reader::new(&bytes)).is_ok_and(|of| condition(&of))
}
