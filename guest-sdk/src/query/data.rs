//! What a query gives for each row, and how a shard's columns become that.

use std::ops::Range;

use super::shipped::Shipped;
use crate::Entity;
use crate::codec::Malformed;
use crate::declaration::QueryDeclaration;

/// What a query gives for each row: a term, or a tuple of up to twelve.
///
/// | term | gives | matches |
/// |---|---|---|
/// | `&T` | `&T` | rows with the component |
/// | `&mut T` | `&mut T`; [`Mut<T>`](crate::Mut) if it is dynamic | rows with the component |
/// | `Option<&T>` | `Option<&T>` | all rows |
/// | `Option<&mut T>` | an option of what `&mut T` gives | all rows |
/// | [`Entity`] | the row's entity | all rows |
/// | [`Has<T>`](crate::Has) | whether the row has the component | all rows |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something a query can give",
    label = "not a query term",
    note = "terms are &T, &mut T, Option<&T>, Option<&mut T>, Has<T> of a component T, Entity, and tuples of up to twelve of those"
)]
pub trait QueryData {
    /// The same, without writing.
    #[doc(hidden)]
    type ReadOnly: ReadData<Columns = Self::Columns>;
    /// The columns of a shard.
    #[doc(hidden)]
    type Columns: 'static;
    /// A contiguous stretch of their rows.
    #[doc(hidden)]
    type Stretch<'s>;
    /// Goes over a stretch.
    #[doc(hidden)]
    type Raw<'s>: Iterator;
    /// What a row gives.
    type Item<'s>;
    /// What a contiguous stretch of rows gives, a slice for each term.
    type Slices<'s>;

    /// Whether it asks for entities.
    #[doc(hidden)]
    const ENTITIES: bool = false;

    /// Declares the terms.
    #[doc(hidden)]
    fn declare(query: &mut QueryDeclaration<'_, '_>);

    /// Takes its columns out of a shard.
    #[doc(hidden)]
    fn take(shard: &mut Shipped) -> Result<Self::Columns, Malformed>;

    /// All rows of a shard.
    #[doc(hidden)]
    fn stretch<'s>(
        columns: &'s mut Self::Columns,
        frame: Frame<'s>,
    ) -> Result<Self::Stretch<'s>, Malformed>;

    /// The rows before and from `at` on.
    #[doc(hidden)]
    fn split(stretch: Self::Stretch<'_>, at: usize) -> (Self::Stretch<'_>, Self::Stretch<'_>);

    /// Row after row.
    #[doc(hidden)]
    fn rows(stretch: Self::Stretch<'_>) -> Self::Raw<'_>;

    /// What a row gives.
    #[doc(hidden)]
    fn item<'s>(raw: <Self::Raw<'s> as Iterator>::Item) -> Self::Item<'s>;

    /// All rows at once.
    #[doc(hidden)]
    fn slices(stretch: Self::Stretch<'_>) -> Self::Slices<'_>;

    /// Adds the entities that fields of these rows name.
    #[doc(hidden)]
    fn name_entities(columns: &Self::Columns, rows: Range<usize>, names: &mut Vec<Entity>);

    /// Gives each column that was handed out for writing, with its index.
    #[doc(hidden)]
    fn store(columns: &Self::Columns, write: &mut dyn FnMut(u32, &[u8]));
}

/// What a query that writes nothing gives.
#[doc(hidden)]
pub trait ReadData: QueryData {
    /// All rows of a shard.
    fn view<'s>(
        columns: &'s Self::Columns,
        frame: Frame<'s>,
    ) -> Result<Self::Stretch<'s>, Malformed>;
}

/// What all terms share of a shard.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Frame<'s> {
    /// The entities, if the query asked for them.
    pub(crate) entities: &'s [Entity],
    /// How many rows there are.
    pub(crate) rows: usize,
}
