//! What a kind's fields were in older saves.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Fields, Lit, LitStr, Type};

use crate::keys::{self, Known};
use crate::mistakes::Mistakes;
use crate::names;

const KEYS: [Known; 2] = [("was", "was = \"money\""), ("default", "default = 5.0")];

/// What one field says of older saves.
#[derive(Default)]
pub(crate) struct History {
    was: Vec<LitStr>,
    default: Option<Expr>,
}

/// Reads what `attribute` says on each field.
pub(crate) fn read(attribute: &str, fields: &Fields, mistakes: &mut Mistakes) -> Vec<History> {
    let read = |field: &syn::Field| {
        let mut history = History::default();
        for key in keys::of_attributes(&field.attrs, attribute, &KEYS, mistakes) {
            match key.name.as_str() {
                "was" => match key.texts() {
                    Ok(was) => history.was = was,
                    Err(error) => mistakes.add_error(error),
                },
                _ => match key.value("expected a value: default = 5.0") {
                    Ok(value) => history.default = Some(value.clone()),
                    Err(error) => mistakes.add_error(error),
                },
            }
        }
        for was in &history.was {
            let text = was.value();
            let is_place = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if !names::is_lower(&text) && !is_place {
                let text = "expected the name of a field: [a-z][a-z0-9_]*, or its place";
                mistakes.add_error(syn::Error::new(was.span(), text));
            }
        }
        history
    };
    fields.iter().map(read).collect()
}

impl History {
    /// The names before this one, and the default as an option of its encoding.
    pub(crate) fn tokens(&self, ty: &Type) -> (TokenStream, TokenStream) {
        let was = &self.was;
        let default = match (&self.default, self.value()) {
            (Some(default), Some(value)) => quote_spanned! {default.span()=> {
                let value: #ty = #value;
                let mut encoded = ::std::vec::Vec::new();
                <#ty as ::sandtable_sdk::Value>::write(&value, &mut encoded);
                ::core::option::Option::Some(encoded)
            }},
            _ => quote!(::core::option::Option::None),
        };
        (quote!(&[#(#was),*]), default)
    }

    /// The default as an expression, if there is one.
    pub(crate) fn value(&self) -> Option<TokenStream> {
        Some(match self.default.as_ref()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                quote!(::std::string::String::from(#text))
            }
            value => quote!(#value),
        })
    }
}
