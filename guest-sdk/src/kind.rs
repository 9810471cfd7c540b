//! Types of values that cross the boundary: components, events, inputs and
//! relations.
//!
//! A kind is written by its derive and never by hand. Its [`Info`] holds all
//! that the host is told about it.

use std::any::TypeId;
use std::marker::PhantomData;

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

    /// What a resource reads as while no system has set it, if its type has a
    /// default.
    #[doc(hidden)]
    fn unset() -> Option<Self> {
        None
    }
}

/// Data that an entity, or the world as a resource, can have.
///
/// Derive it. A struct of numbers, [`Entity`](crate::Entity) and arrays of
/// those is *packed*: its rows are used where they lie, it needs `#[repr(C)]`,
/// `Clone` and `Copy`, and may have no padding. Any other struct is *dynamic*,
/// unless it says `#[component(packed)]`.
///
/// | attribute | means |
/// |---|---|
/// | `#[component(of = "economy")]` | the component of another mod |
/// | `#[component(name = "Treasury")]` | another name than that of the type |
/// | `#[component(packed)]`, `#[component(dynamic)]` | chooses the storage |
///
/// Packed rows cost least to keep, ship and compare. Besides numbers they may
/// hold `bool`, vectors of `glam` (with the SDK's feature `glam`), structs with
/// `#[derive(Value)] #[value(packed)]`, and arrays of all those; such rows are
/// copied out, and copied back when they were written.
///
/// ```
/// # use sandtable_sdk::prelude::*;
/// #[derive(Value, Clone, Copy)]
/// #[value(packed)]
/// struct Lock { key: u16, open: bool, rusty: bool }
///
/// #[derive(Component)]
/// #[component(packed)]
/// struct Door { leads_to: Entity, locks: [Lock; 2] }
/// ```
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
///
/// Each relation has a table of its own for SQL, as each component has: the edges
/// of `diplomacy/Treaty` are in `diplomacy_treaty`, with the columns `source` and
/// `target` before those of its fields.
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

/// One kind, and which Rust type it is.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct KindEntry {
    id: Id,
    pub(crate) info: Info,
}

/// A type's id, also before it can be asked for in a constant.
#[derive(Clone, Copy)]
enum Id {
    Of(fn() -> TypeId),
    Known(TypeId),
}

impl Id {
    fn get(self) -> TypeId {
        match self {
            Self::Of(ask) => ask(),
            Self::Known(id) => id,
        }
    }
}

impl KindEntry {
    /// That of a type with a derive.
    pub const fn of<K: Kind>() -> Self {
        Self { id: Id::Of(TypeId::of::<K>), info: K::INFO }
    }

    /// The type's id.
    pub(crate) fn id(&self) -> TypeId {
        self.id.get()
    }

    /// That of a type that is known by its id.
    pub(crate) fn new(id: TypeId, info: Info) -> Self {
        Self { id: Id::Known(id), info }
    }
}

/// One field of a kind: its names before this one, and the encoding of what
/// rows of an older save get that lack it.
#[doc(hidden)]
pub fn field(
    name: &str,
    offset: usize,
    was: &[&str],
    write_type: fn(&mut String),
    default: Option<Vec<u8>>,
) -> Field {
    let mut ty = String::new();
    write_type(&mut ty);
    Field {
        name: name.to_owned(),
        ty,
        offset: offset as u32,
        was: was.iter().map(|&was| was.to_owned()).collect(),
        default,
    }
}

/// Finds the default of a type that is known by its name, if it has one: the
/// method is that of [`HasDefault`] where the type is `Default`, and else that
/// of [`HasNone`], for which it has to be borrowed once more.
#[doc(hidden)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// Of the type.
    pub const NEW: Self = Self(PhantomData);
}

#[doc(hidden)]
pub trait HasDefault<T> {
    /// The default.
    fn unset(&self) -> Option<T>;
}

impl<T: Default> HasDefault<T> for Probe<T> {
    fn unset(&self) -> Option<T> {
        Some(T::default())
    }
}

#[doc(hidden)]
pub trait HasNone<T> {
    /// Nothing.
    fn unset(&self) -> Option<T>;
}

impl<T> HasNone<T> for &Probe<T> {
    fn unset(&self) -> Option<T> {
        None
    }
}
