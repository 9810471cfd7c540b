//! All mistakes of one item, so that they are reported together.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// What was found wrong so far.
#[derive(Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Adds one, at these tokens.
    pub(crate) fn add(&mut self, at: impl ToTokens, text: impl std::fmt::Display) {
        self.add_error(syn::Error::new_spanned(at, text));
    }

    /// Adds one that has its place already.
    pub(crate) fn add_error(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value of a result, or nothing and its mistake.
    pub(crate) fn catch<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add_error(error)).ok()
    }

    /// Fails if there was one.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }

    /// What the item expands to: all of it; or, if there was a mistake, those
    /// and a stub.
    pub(crate) fn expand(self, whole: TokenStream, stub: TokenStream) -> syn::Result<TokenStream> {
        Ok(match self.0 {
            None => whole,
            Some(mistakes) => {
                let mistakes = mistakes.into_compile_error();
                quote!(#mistakes #stub)
            }
        })
    }
}
