//! How values of a type lie in memory, and what Rust derives for them.

use crate::ecs::{Kind, Storage, Type};

/// What values of a type can do.
pub fn derives(ty: &Type) -> String {
    let mut traits = vec!["Value", "Clone"];
    if holds(ty, &|ty| !matches!(ty, Type::String | Type::List(_))) {
        traits.push("Copy");
    }
    traits.extend(["Debug", "PartialEq"]);
    if holds(ty, &|ty| !matches!(ty, Type::F32 | Type::F64)) {
        traits.push("Eq");
    }
    traits.join(", ")
}

/// Whether something is so of a type and of all in it.
fn holds(ty: &Type, so: &impl Fn(&Type) -> bool) -> bool {
    let all = |fields: &[(String, Type)]| fields.iter().all(|(_, ty)| holds(ty, so));
    so(ty)
        && match ty {
            Type::Array(item, _) | Type::List(item) | Type::Option(item) => holds(item, so),
            Type::Struct(fields) => all(fields),
            Type::Enum(variants) => variants.iter().all(|(_, fields)| all(fields)),
            _ => true,
        }
}

/// Whether a type makes a kind packed where nothing is said.
pub fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Unsigned(_) | Type::Signed(_) | Type::F32 | Type::F64 | Type::Entity => true,
        Type::Array(item, _) => is_plain(item),
        _ => false,
    }
}

/// Whether the parts of a packed type lie as C would put them.
fn lies_well(ty: &Type) -> bool {
    match ty {
        Type::Array(item, _) => lies_well(item),
        Type::Struct(fields) => {
            let (mut end, mut most) = (0_usize, 1);
            let each = fields.iter().all(|(_, ty)| {
                let (size, align) = ty.packed_layout().unwrap_or((0, 1));
                let is_aligned = end.is_multiple_of(align);
                (end, most) = (end + size, align.max(most));
                is_aligned && lies_well(ty)
            });
            each && end.is_multiple_of(most)
        }
        _ => true,
    }
}

/// Whether the fields of a packed kind lie as those of a struct do.
pub fn check_layout(kind: &Kind) -> Result<(), String> {
    if kind.storage == Storage::Dynamic {
        return Ok(());
    }
    let align = |ty: &Type| ty.packed_layout().map_or(1, |(_, align)| align);
    let most = kind.fields.iter().map(|field| align(&field.ty)).max().unwrap_or(1);
    let loose = kind
        .fields
        .iter()
        .find(|field| !field.offset.is_multiple_of(align(&field.ty)) || !lies_well(&field.ty));
    match loose {
        Some(field) => Err(format!("its field `{}` is not aligned", field.name)),
        None if !kind.size.is_multiple_of(most) => Err("its rows are not aligned".to_owned()),
        None => Ok(()),
    }
}

/// Adds the structs in a type.
pub fn structs(ty: &Type, found: &mut Vec<Type>) {
    match ty {
        Type::Array(item, _) => structs(item, found),
        Type::Struct(fields) => {
            found.push(ty.clone());
            fields.iter().for_each(|(_, ty)| structs(ty, found));
        }
        _ => {}
    }
}
