//! Conversions: from the components of an older save to those of today.
//!
//! A conversion takes and gives rows by value, so that its function needs to
//! know nothing of columns.

use std::any::TypeId;

use crate::codec::Malformed;
use crate::column::Store;
use crate::commands::{Bundle, Column};
use crate::fault::Fault;
use crate::kind::{Component, Kind, KindEntry};

/// A function with [`#[conversion]`](macro@crate::conversion).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a conversion",
    label = "expected a function with `#[conversion(name = \"0001_split\")]`"
)]
pub trait Conversion {
    /// Unique within the mod, such as `0001_split`.
    #[doc(hidden)]
    const NAME: &'static str;

    /// The components as they were.
    #[doc(hidden)]
    type Old: Rows;

    /// What takes their place.
    #[doc(hidden)]
    type New: Bundle;

    /// Converts the components of one entity.
    #[doc(hidden)]
    fn convert(old: Self::Old) -> Result<Self::New, String>;
}

/// A tuple of components, read from columns row by row.
#[doc(hidden)]
pub trait Rows: Sized {
    /// Each component's kind.
    const KINDS: &'static [KindEntry];

    /// All rows of some columns.
    fn read(columns: Vec<Vec<u8>>, rows: usize) -> Result<Vec<Self>, Malformed>;
}

/// One conversion of a mod.
#[doc(hidden)]
pub struct ConversionEntry {
    pub(crate) name: &'static str,
    pub(crate) old: &'static [KindEntry],
    pub(crate) new: fn(&mut dyn FnMut(KindEntry)),
    pub(crate) convert: Convert,
}

/// From the columns of so many rows to those that take their place.
type Convert = fn(Vec<Vec<u8>>, usize) -> Result<Vec<Vec<u8>>, String>;

impl ConversionEntry {
    /// That of a function with `#[conversion]`.
    pub const fn of<C: Conversion>() -> Self {
        Self { name: C::NAME, old: C::Old::KINDS, new: new_kinds::<C::New>, convert: convert::<C> }
    }
}

fn new_kinds<B: Bundle>(add: &mut dyn FnMut(KindEntry)) {
    B::kinds(&mut |id, info| add(KindEntry::new(id, *info)));
}

fn convert<C: Conversion>(columns: Vec<Vec<u8>>, rows: usize) -> Result<Vec<Vec<u8>>, String> {
    let malformed = |error: Malformed| Fault::from(error.inside("conversion")).into_text();
    let mut new: Vec<Column> = Vec::new();
    C::New::kinds(&mut |_: TypeId, info| new.push(Column::of(info)));
    for old in C::Old::read(columns, rows).map_err(malformed)? {
        C::convert(old)?.append(&mut new);
    }
    Ok(new.into_iter().map(Column::into_shipped).collect())
}

macro_rules! rows {
    ($($kind:ident $column:ident),+) => {
        impl<$($kind: Component),+> Rows for ($($kind,)+) {
            const KINDS: &'static [KindEntry] = &[$(KindEntry::of::<$kind>()),+];

            fn read(columns: Vec<Vec<u8>>, rows: usize) -> Result<Vec<Self>, Malformed> {
                let mut columns = columns.into_iter();
                $(
                    let bytes = columns.next().unwrap_or_default();
                    let mut $column = <$kind as Kind>::Store::taken(bytes, rows)?.into_iter();
                )+
                Ok(std::iter::from_fn(|| Some(($($column.next()?,)+))).collect())
            }
        }
    };
}

/// Of a conversion that the macro refused.
impl Rows for () {
    const KINDS: &'static [KindEntry] = &[];

    fn read(_: Vec<Vec<u8>>, rows: usize) -> Result<Vec<Self>, Malformed> {
        Ok(vec![(); rows])
    }
}

rows!(A a);
rows!(A a, B b);
rows!(A a, B b, C c);
rows!(A a, B b, C c, D d);
rows!(A a, B b, C c, D d, E e);
rows!(A a, B b, C c, D d, E e, F f);
