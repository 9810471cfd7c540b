//! Types of values that cross the boundary: components, events, inputs and
//! relations.
//!
//! A kind is written by its derive and never by hand. Its [`Info`] holds all
//! that the host is told about it.

use crate::bindings::sandtable::guest::types;
use crate::column::Store;
use crate::value::Value;

pub use types::{Field, OnDespawn, Role, Storage};

/// A type that the mod declares to the host.
pub trait Kind: Sized + 'static {
    /// What the host is told.
    #[doc(hidden)]
    const INFO: Info;

    /// Whether rows are packed or dynamic.
    #[doc(hidden)]
    type Store: Store<Self>;
}

/// Data that an entity, or the world as a resource, can have.
///
/// Derive it. A struct of numbers, [`Entity`](crate::Entity) and arrays of
/// those is *packed*: its rows are used where they lie, it needs `#[repr(C)]`,
/// `Clone` and `Copy`, and may have no padding. Any other struct is *dynamic*.
///
/// | attribute | means |
/// |---|---|
/// | `#[component(of = "economy")]` | the component of another mod |
/// | `#[component(name = "Treasury")]` | another name than that of the type |
/// | `#[component(packed)]`, `#[component(dynamic)]` | chooses the storage |
///
/// On a field, which [`Event`], [`Input`] and [`Relation`] have alike, for saves
/// that were made with an older version of the mod:
///
/// | attribute | means |
/// |---|---|
/// | `#[component(was = "money")]` | the field was called so before; also a list of names |
/// | `#[component(default = 5.0)]` | what rows get that lack the field |
///
/// What neither can express is a [`conversion`](macro@crate::conversion).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a component",
    label = "expected a type with `#[derive(Component)]`"
)]
pub trait Component: Kind {}

/// A message that one system sends and others read from the next tick on.
///
/// Derive it, for a struct of any [values](crate::Value). `#[event(of = "..")]`
/// names the mod that declares it, if that is another one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "expected a type with `#[derive(Event)]`"
)]
pub trait Event: Kind + Value {}

/// An event from outside the simulation, which systems only read.
///
/// Derive it, as an [`Event`]; its attribute is `#[input(of = "..")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an input",
    label = "expected a type with `#[derive(Input)]`"
)]
pub trait Input: Kind + Value {}

/// The data of an edge from one entity to another.
///
/// Derive it, as a [`Component`]. `#[relation(on_despawn = "cascade")]` despawns
/// the `from` end together with the `to` end; by default only the edge goes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation",
    label = "expected a type with `#[derive(Relation)]`"
)]
pub trait Relation: Kind {}

/// What the host is told about a kind.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Info {
    /// The name after the `/`.
    pub name: &'static str,
    /// The mod that owns it, if it was said.
    pub of: Option<&'static str>,
    /// The package whose source declares it.
    pub package: &'static str,
    /// What its values are used for.
    pub role: Role,
    /// How its values are stored.
    pub storage: Storage,
    /// Bytes in a packed row, else zero.
    pub size: usize,
    /// What happens to an edge without its `to` end.
    pub on_despawn: OnDespawn,
    /// Its fields; a function, because most calls never ask.
    pub fields: fn() -> Vec<Field>,
}

/// One field of a kind: its names before this one, and what rows of an older
/// save get that lack it.
#[doc(hidden)]
pub fn field<T: Value>(name: &str, offset: usize, was: &[&str], default: Option<T>) -> Field {
    let mut ty = String::new();
    T::write_type(&mut ty);
    let encoded = |value: T| {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        bytes
    };
    Field {
        name: name.to_owned(),
        ty,
        offset: offset as u32,
        was: was.iter().map(|&was| was.to_owned()).collect(),
        default: default.map(encoded),
    }
}
