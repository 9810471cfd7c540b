//! From the declaration of a kind to the kind.

use super::{DeclarationError, Kind as Declared, Role as DeclaredRole};
use crate::ecs::{Field, FieldHistory, Kind, OnDespawn, Role, Type, canonical_field};
use crate::names::is_mod_id;

/// A kind as a mod declares it, checked.
pub struct ResolvedKind {
    /// The kind.
    pub kind: Kind,
    /// What each of its fields says of older saves.
    pub histories: Vec<FieldHistory>,
}

/// Checks a mod's declaration of a kind.
///
/// # Errors
///
/// A sentence about the first thing that is wrong: its name, a type, a default,
/// how it is laid out.
pub fn resolve(mod_id: &str, declared: &Declared) -> Result<ResolvedKind, DeclarationError> {
    let wrong = |what: String| DeclarationError::new(mod_id, what);
    let name = &declared.name;
    let well_named = name.split_once('/').is_some_and(|(owner, short)| {
        is_mod_id(owner)
            && short.starts_with(|c: char| c.is_ascii_uppercase())
            && short.chars().all(|c| c.is_ascii_alphanumeric())
    });
    if !well_named {
        return Err(wrong(format!(
            "it declares a kind named `{name}`; a kind is named `<mod>/<Name>`"
        )));
    }
    let mut fields = Vec::with_capacity(declared.fields.len());
    let mut histories = Vec::with_capacity(declared.fields.len());
    for field in &declared.fields {
        let ty = Type::parse(&field.ty).map_err(|why| {
            wrong(format!("field `{}` of kind `{name}` has a type that is none: {why}", field.name))
        })?;
        let default = field.default.as_ref().map(|value| {
            canonical_field(&ty, value, &mut Ok).map_err(|why| {
                wrong(format!(
                    "the default of field `{}` of kind `{name}` is no {ty}: {why}",
                    field.name
                ))
            })
        });
        let default = default.transpose()?.map(Into::into);
        histories.push(FieldHistory { was: field.was.clone(), default });
        fields.push(Field { name: field.name.clone(), ty, offset: field.offset as usize });
    }
    // Settings are components to the world, told apart by what a component has no
    // use for; so a mod's settings are the same in saves of every version.
    let (role, on_despawn) = match declared.role {
        DeclaredRole::Component => (Role::Component, declared.on_despawn),
        DeclaredRole::Event => (Role::Event, declared.on_despawn),
        DeclaredRole::Input => (Role::Input, declared.on_despawn),
        DeclaredRole::Relation => (Role::Relation, declared.on_despawn),
        DeclaredRole::Settings if !name.ends_with("/Settings") => {
            return Err(wrong(format!(
                "it declares `{name}` as settings; those of a mod are named `<mod>/Settings`"
            )));
        }
        DeclaredRole::Settings => (Role::Component, OnDespawn::Cascade),
    };
    let (storage, size) = (declared.storage, declared.size as usize);
    let kind = Kind::new(name.clone(), role, storage, size, fields, on_despawn)
        .map_err(|what| wrong(format!("kind `{name}` {what}")))?;
    Ok(ResolvedKind { kind, histories })
}
