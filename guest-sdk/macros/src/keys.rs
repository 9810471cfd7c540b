//! The keys of an attribute, such as `every = 30, startup`.
//!
//! An unknown key is answered with the known ones, each as it is written.

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

use crate::mistakes::Mistakes;

/// A key that an attribute knows: its name, and how it is written.
pub(crate) type Known = (&'static str, &'static str);

/// One key, as it was given.
pub(crate) struct Key {
    pub(crate) name: String,
    meta: Meta,
}

/// The keys of every `attribute` among `attributes`.
pub(crate) fn of_attributes(
    attributes: &[Attribute],
    attribute: &str,
    known: &[Known],
    mistakes: &mut Mistakes,
) -> Vec<Key> {
    let mut keys = Vec::new();
    for found in attributes {
        if found.path().is_ident(attribute) {
            let tokens = found.meta.require_list().map(|list| list.tokens.clone());
            if let Some(tokens) = mistakes.catch(tokens) {
                keys.append(&mut of_tokens(tokens, attribute, known, mistakes));
            }
        }
    }
    keys
}

/// The keys inside an attribute's parentheses.
pub(crate) fn of_tokens(
    tokens: proc_macro2::TokenStream,
    attribute: &str,
    known: &[Known],
    mistakes: &mut Mistakes,
) -> Vec<Key> {
    let parsed = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens);
    let mut keys: Vec<Key> = Vec::new();
    for meta in mistakes.catch(parsed).into_iter().flatten() {
        let name = meta.path().get_ident().map(ToString::to_string);
        let name = name.unwrap_or_default();
        if !known.iter().any(|(key, _)| *key == name) {
            let examples: Vec<&str> = known.iter().map(|(_, example)| *example).collect();
            let text = format!("unknown key; #[{attribute}(..)] knows: {}", examples.join(", "));
            mistakes.add(meta.path(), text);
        } else if keys.iter().any(|key| key.name == name) {
            mistakes.add(meta.path(), format!("`{name}` is given twice"));
        } else {
            keys.push(Key { name, meta });
        }
    }
    keys
}

impl Key {
    /// That it stands alone.
    pub(crate) fn flag(&self) -> syn::Result<()> {
        let expected = format!("`{}` takes no value", self.name);
        match &self.meta {
            Meta::Path(_) => Ok(()),
            _ => Err(syn::Error::new(self.meta.span(), expected)),
        }
    }

    /// Its text.
    pub(crate) fn text(&self) -> syn::Result<LitStr> {
        let expected = || format!("expected a text: {} = \"..\"", self.name);
        match self.value(&expected())? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
            other => Err(syn::Error::new(other.span(), expected())),
        }
    }

    /// Its text, or its texts in brackets.
    pub(crate) fn texts(&self) -> syn::Result<Vec<LitStr>> {
        let expected = format!("expected a text or several: {} = [\"..\", \"..\"]", self.name);
        let text = |expr: &Expr| match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
            other => Err(syn::Error::new(other.span(), &expected)),
        };
        match self.value(&expected)? {
            Expr::Array(array) => array.elems.iter().map(text).collect(),
            expr => Ok(vec![text(expr)?]),
        }
    }

    /// Its number, at least one.
    pub(crate) fn count(&self) -> syn::Result<u32> {
        let expected = format!("expected a number from 1 on: {} = 30", self.name);
        let value = self.value(&expected)?;
        let number = match value {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().unwrap_or(0),
            _ => 0,
        };
        match number {
            0 => Err(syn::Error::new(value.span(), expected)),
            number => Ok(number),
        }
    }

    /// Its number, zero included.
    pub(crate) fn number(&self) -> syn::Result<u32> {
        let expected = format!("expected a number: {} = 7", self.name);
        let value = self.value(&expected)?;
        match value {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse(),
            _ => Err(syn::Error::new(value.span(), expected)),
        }
    }

    /// The tokens of the key with its value.
    pub(crate) fn tokens(&self) -> &Meta {
        &self.meta
    }

    /// Its value.
    pub(crate) fn value(&self, expected: &str) -> syn::Result<&Expr> {
        match &self.meta {
            Meta::NameValue(pair) => Ok(&pair.value),
            other => Err(syn::Error::new(other.span(), expected)),
        }
    }
}
