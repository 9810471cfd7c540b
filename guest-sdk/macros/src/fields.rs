//! The fields of a struct or variant.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Fields, GenericArgument, Ident, Index, Member, PathArguments, Type};

use crate::mistakes::Mistakes;
use crate::names;

/// One field.
pub(crate) struct Field {
    /// How the contract names it.
    pub(crate) name: String,
    /// How Rust names it.
    pub(crate) member: Member,
    /// A variable that can hold it.
    pub(crate) variable: Ident,
    pub(crate) ty: Type,
}

/// The fields of an item named `owner`, whose names and types are checked.
pub(crate) fn read(owner: &Ident, fields: &Fields, mistakes: &mut Mistakes) -> Vec<Field> {
    let read = |(place, field): (usize, &syn::Field)| {
        check_type(owner, &field.ty, mistakes);
        let span = field.ty.span();
        match &field.ident {
            Some(ident) => {
                let name = ident.unraw().to_string();
                if !names::is_lower(&name) {
                    mistakes.add(
                        ident,
                        "a field's name starts with a small letter, and has only small \
                         letters, digits and underscores: [a-z][a-z0-9_]*",
                    );
                }
                Field {
                    variable: Ident::new(&format!("field_{name}"), ident.span()),
                    member: Member::Named(ident.clone()),
                    name,
                    ty: field.ty.clone(),
                }
            }
            None => Field {
                name: place.to_string(),
                member: Member::Unnamed(Index { index: place as u32, span: Span::call_site() }),
                variable: Ident::new(&format!("field_{place}"), span),
                ty: field.ty.clone(),
            },
        }
    };
    fields.iter().enumerate().map(read).collect()
}

/// `{ x: field_x, 0: field_0 }`: takes fields apart, and puts them together.
pub(crate) fn braces(fields: &[Field]) -> TokenStream {
    let members = fields.iter().map(|field| &field.member);
    let variables = fields.iter().map(|field| &field.variable);
    quote!({ #(#members: #variables),* })
}

/// The name of the last part of a path, and its type arguments.
pub(crate) fn last_segment(ty: &Type) -> Option<(&Ident, Vec<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Some((&segment.ident, arguments))
}

fn check_type(owner: &Ident, ty: &Type, mistakes: &mut Mistakes) {
    match ty {
        Type::Reference(_) | Type::Ptr(_) => {
            mistakes.add(ty, "a field cannot borrow: its value lives in the world, not in the mod");
        }
        Type::Array(array) => check_type(owner, &array.elem, mistakes),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| check_type(owner, ty, mistakes)),
        _ => {
            let Some((name, arguments)) = last_segment(ty) else {
                return;
            };
            if name == owner || name == "Self" {
                mistakes.add(
                    ty,
                    format!("`{owner}` cannot contain itself: name its parts by entities"),
                );
            }
            if name == "Option" && arguments.iter().any(|inner| is_option(inner)) {
                mistakes.add(ty, "an option of an option has two ways to be nothing: use an enum");
            }
            for argument in arguments {
                check_type(owner, argument, mistakes);
            }
        }
    }
}

fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|(name, _)| name == "Option")
}

/// Refuses generics and lifetimes.
pub(crate) fn check_generics(what: &str, generics: &syn::Generics, mistakes: &mut Mistakes) {
    if !generics.params.is_empty() {
        mistakes.add(
            generics.to_token_stream(),
            format!("{what} has no generics or lifetimes: the host must know its fields"),
        );
    }
}
