//! `#[conversion]`.
//!
//! As with `#[system]`, the function stays as it is, and beside it comes a type
//! of the same name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, LitStr, ReturnType, Type};

use crate::fields;
use crate::keys::{self, Known};
use crate::mistakes::Mistakes;
use crate::{names, stub};

const KEYS: [Known; 1] = [("name", "name = \"0001_split_name\"")];
/// Components that one conversion may take.
const MOST: usize = 6;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let function: ItemFn = syn::parse2(item).map_err(|error| {
        syn::Error::new(error.span(), format!("#[conversion] stands on a function: {error}"))
    })?;
    let mut mistakes = Mistakes::default();
    let name = name(arguments, &function, &mut mistakes);
    let old = old(&function, &mut mistakes);
    let new = match &function.sig.output {
        ReturnType::Type(_, ty) => Some((**ty).clone()),
        ReturnType::Default => {
            let text = "a conversion returns what takes the old components' place: -> First, or \
                        -> (First, Last)";
            mistakes.add(&function.sig.ident, text);
            None
        }
    };
    let conversion = name.zip(new).map(|(name, new)| conversion_type(&function, &name, &old, &new));
    let (plain, stub) = (stub::function(&function), stub::conversion(&function));
    mistakes.expand(quote!(#function #conversion), quote!(#plain #stub))
}

fn name(arguments: TokenStream, function: &ItemFn, mistakes: &mut Mistakes) -> Option<LitStr> {
    let keys = keys::of_tokens(arguments, "conversion", &KEYS, mistakes);
    let Some(key) = keys.first() else {
        let text = "say what the conversion is called: #[conversion(name = \"0001_split_name\")]";
        mistakes.add(&function.sig.ident, text);
        return None;
    };
    let name = mistakes.catch(key.text())?;
    if !names::is_numbered(&name.value()) {
        let text = "expected four digits and words: \"0001_split_name\"";
        mistakes.add_error(syn::Error::new(name.span(), text));
    }
    Some(name)
}

fn old(function: &ItemFn, mistakes: &mut Mistakes) -> Vec<Type> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        let text = "a conversion has no generics or lifetimes: the host must know what it takes";
        mistakes.add(&signature.generics, text);
    }
    if !(1..=MOST).contains(&signature.inputs.len()) {
        let text = format!("a conversion takes the old components by value, from 1 to {MOST}");
        mistakes.add(&signature.ident, text);
    }
    let mut types = Vec::new();
    for argument in &signature.inputs {
        match argument {
            FnArg::Typed(typed) if matches!(*typed.ty, Type::Reference(_)) => {
                mistakes.add(&typed.ty, "a conversion takes the old components by value");
            }
            FnArg::Typed(typed) => types.push((*typed.ty).clone()),
            FnArg::Receiver(receiver) => {
                mistakes.add(receiver, "a conversion is a plain function, without `self`");
            }
        }
    }
    types
}

fn conversion_type(function: &ItemFn, name: &LitStr, old: &[Type], new: &Type) -> TokenStream {
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let variables: Vec<_> = (0..old.len()).map(|place| format_ident!("old_{place}")).collect();
    let fallible = fields::last_segment(new)
        .filter(|(name, arguments)| *name == "Result" && !arguments.is_empty());
    let call = quote!(#ident(#(#variables),*));
    let (new, call) = match fallible {
        Some((_, arguments)) => {
            let value = arguments[0].clone();
            (value, quote!(#call.map_err(|error| ::std::string::ToString::to_string(&error))))
        }
        None => (new.clone(), quote!(::core::result::Result::Ok(#call))),
    };
    let docs = format!("The conversion `{}`, for `export!`.", name.value());
    let new_type = quote_spanned!(new.span()=> type New = #new;);
    quote! {
        #[doc = #docs]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        #[automatically_derived]
        impl ::sandtable_sdk::Conversion for #ident {
            const NAME: &'static str = #name;

            type Old = (#(#old,)*);

            #new_type

            fn convert(
                (#(#variables,)*): Self::Old,
            ) -> ::core::result::Result<Self::New, ::std::string::String> {
                #call
            }
        }
    }
}
