//! Kinds of one mod as another mod written in Rust declares them.
//!
//! A mod names kinds of others with declarations of its own, which the host
//! compares at load. What is written here is what these have to be. Types inside
//! of fields have no names in a world, so they are called by their field.

mod error;
mod layout;
mod writer;

use crate::compile::Compiled;
use crate::ecs::{Kind, Registry};
use crate::program::ProgramError;

pub use error::Unwritable;
use writer::{Writer, short};

#[cfg(test)]
mod tests;

/// The kinds that mods declare, as their owners do; of mods that are not there,
/// as others do.
///
/// # Errors
///
/// The first declaration of a kind that contradicts itself.
pub fn registry(mods: &[Compiled]) -> Result<Registry, ProgramError> {
    let mut registry = Registry::default();
    for own in [true, false] {
        for compiled in mods {
            for kind in compiled.kinds()? {
                let is_own = kind.name.split('/').next() == Some(compiled.declared_id());
                if is_own == own && registry.find(&kind.name).is_none() {
                    registry.add(kind);
                }
            }
        }
    }
    Ok(registry)
}

/// Writes a source file with the declarations of kinds: all of a mod, or single ones as
/// `<mod>/<Name>`.
///
/// # Errors
///
/// That there is no such kind, that two would have one name in Rust, or that Rust
/// has no words for what another language declared.
pub fn declarations(registry: &Registry, wanted: &[String]) -> Result<String, Unwritable> {
    let mut chosen: Vec<&Kind> = Vec::new();
    for wanted in wanted {
        let before = chosen.len();
        let of_mod = format!("{wanted}/");
        let is_it = |kind: &Kind| kind.name == *wanted || kind.name.starts_with(&of_mod);
        let found = registry.iter().map(|(_, kind)| &**kind).filter(|kind| is_it(kind));
        chosen.extend(found);
        if chosen.len() == before {
            let names = registry.iter().map(|(_, kind)| format!("`{}`", kind.name));
            let known = names.collect::<Vec<_>>().join(", ");
            return Err(Unwritable::Unknown { wanted: wanted.clone(), known });
        }
    }
    let mut kinds: Vec<&Kind> = Vec::new();
    for kind in chosen {
        match kinds.iter().find(|other| short(other) == short(kind)) {
            Some(other) if other.name == kind.name => {}
            Some(other) => {
                let (one, other) = (other.name.clone(), kind.name.clone());
                return Err(Unwritable::Twice { one, other });
            }
            None => kinds.push(kind),
        }
    }
    let mut writer = Writer::new(&kinds);
    kinds.iter().try_for_each(|kind| writer.kind(kind))?;
    Ok(writer.into_text())
}
