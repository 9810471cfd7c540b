//! Rows of a fixed size, used where they lie.
//!
//! A row has no padding and no invalid bits, so bytes are viewed as rows and
//! rows as bytes. The derive checks this when the mod is compiled.

use bytemuck::Pod;

use crate::Entity;
use crate::kind::Kind;
use crate::value::Value;

/// What a field of a packed kind may be.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a packed component",
    label = "not a packed field",
    note = "packed fields are u8 to u64, i8 to i64, f32, f64, Entity, and arrays of those; say #[component(dynamic)] to allow any value"
)]
pub trait Field: Pod + Value {
    /// Whether values name entities.
    const NAMES_ENTITIES: bool = false;

    /// Adds the entities that the value names.
    fn name_entities(&self, names: &mut Vec<Entity>) {
        let _ = names;
    }
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(impl Field for $ty {})*};
}

numbers!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

impl Field for Entity {
    const NAMES_ENTITIES: bool = true;

    fn name_entities(&self, names: &mut Vec<Entity>) {
        if self.is_askable() {
            names.push(*self);
        }
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    const NAMES_ENTITIES: bool = T::NAMES_ENTITIES;

    fn name_entities(&self, names: &mut Vec<Entity>) {
        self.iter().for_each(|item| item.name_entities(names));
    }
}

/// One row of a packed kind.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not packed",
    label = "expected a component or relation of numbers, Entity, and arrays of those"
)]
pub trait Row: Pod + Kind {
    /// Whether a field names entities.
    const NAMES_ENTITIES: bool;

    /// Adds the entities that its fields name.
    fn name_entities(&self, names: &mut Vec<Entity>);
}

/// A packed kind whose fields are all of one number type.
///
/// Its rows can be viewed as one long slice of numbers, over which loops
/// vectorise. Every derive that can be, is flat.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not flat",
    label = "expected a packed component whose fields all have the same number type"
)]
pub trait Flat: Row {
    /// The number type of all its fields.
    type Scalar: Pod;
}
