//! Why mods cannot be loaded together.

use crate::declaration::DeclarationError;
use crate::ecs::Stamp;

/// Why mods cannot be loaded together.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// A mod's declaration contradicts itself.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// A mod says it is another than the world file says.
    #[error(
        "the world file loads mod `{expected}`, but the component there calls itself `{found}`: \
         rename one of the two"
    )]
    Id {
        /// What the world file says.
        expected: String,
        /// What the component says.
        found: String,
    },
    /// Two declarations of one kind differ.
    #[error(
        "`{kind}` is declared differently by mod `{mod_id}` and {other}: {difference}; \
         make both declarations the same"
    )]
    KindDiffers {
        /// Which kind.
        kind: String,
        /// Who declares it now.
        mod_id: String,
        /// What it differs from.
        other: String,
        /// Where they differ.
        difference: String,
    },
    /// More systems than a tick can order.
    #[error("{0} systems are loaded; the most is {max}", max = Stamp::SYSTEMS_MAX)]
    TooManySystems(usize),
}
