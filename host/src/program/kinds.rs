//! From the declaration of a kind to the kind.

use super::ProgramError;
use crate::catalog::is_mod_id;
use crate::ecs::{Field, History, Kind, OnDespawn, Role, Storage, Type, canonical_field};
use crate::guest::declared;

/// A kind as a mod declares it.
pub(crate) struct Declared {
    pub kind: Kind,
    /// What each of its fields says of older saves.
    pub histories: Vec<History>,
}

/// The kinds that a mod declared, from what a save keeps of its declaration. What
/// cannot be read, which an older host may have written, is passed over.
pub(crate) fn declared(mod_id: &str, declaration: &str) -> Vec<Declared> {
    let described: Option<declared::Description> = serde_json::from_str(declaration).ok();
    let kinds = described.into_iter().flat_map(|described| described.kinds);
    kinds.filter_map(|kind| resolve(mod_id, &kind).ok()).collect()
}

/// Checks a mod's declaration of a kind.
pub(crate) fn resolve(
    mod_id: &str,
    declaration: &declared::Kind,
) -> Result<Declared, ProgramError> {
    let wrong = |what: String| ProgramError::declaration(mod_id, what);
    let name = &declaration.name;
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
    let mut fields = Vec::with_capacity(declaration.fields.len());
    let mut histories = Vec::with_capacity(declaration.fields.len());
    for field in &declaration.fields {
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
        histories.push(History { was: field.was.clone(), default });
        fields.push(Field { name: field.name.clone(), ty, offset: field.offset as usize });
    }
    let role = match declaration.role {
        declared::Role::Component => Role::Component,
        declared::Role::Event => Role::Event,
        declared::Role::Input => Role::Input,
        declared::Role::Relation => Role::Relation,
    };
    let storage = match declaration.storage {
        declared::Storage::Packed => Storage::Packed,
        declared::Storage::Dynamic => Storage::Dynamic,
    };
    let on_despawn = match declaration.on_despawn {
        declared::OnDespawn::Detach => OnDespawn::Detach,
        declared::OnDespawn::Cascade => OnDespawn::Cascade,
    };
    let size = declaration.size as usize;
    let kind = Kind::new(name.clone(), role, storage, size, fields, on_despawn)
        .map_err(|what| wrong(format!("kind `{name}` {what}")))?;
    Ok(Declared { kind, histories })
}
