//! What a refused item expands to besides its mistakes.
//!
//! Its traits are there, so that the places that use the item are not mistaken
//! too. Nothing of a stub is ever run, because the crate does not compile.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, Ident, ItemFn};

use crate::role::{Role, Storage};

/// Of a component, event, input or relation. One with generics gets none.
pub(crate) fn kind(role: Role, storage: Storage, input: &DeriveInput) -> TokenStream {
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let ident = &input.ident;
    let (values, storage, store) = match storage {
        Storage::Packed => (field(ident), quote!(Packed), quote!(Copied)),
        Storage::Dynamic => (value(input), quote!(Dynamic), quote!(Dynamic)),
    };
    let name = ident.to_string();
    let trait_name = format_ident!("{}", role.trait_name());
    let role_name = format_ident!("{}", role.name());
    let readable = role.readable(ident);
    quote! {
        #values

        impl ::sandtable_sdk::Kind for #ident {
            const INFO: ::sandtable_sdk::__private::Info = ::sandtable_sdk::__private::Info {
                name: #name,
                of: ::core::option::Option::None,
                package: "",
                role: ::sandtable_sdk::__private::Role::#role_name,
                storage: ::sandtable_sdk::__private::Storage::#storage,
                size: 0,
                on_despawn: ::sandtable_sdk::__private::OnDespawn::Detach,
                fields: || ::std::vec![],
            };

            type Store = ::sandtable_sdk::__private::#store;
        }

        impl ::sandtable_sdk::#trait_name for #ident {}

        #readable
    }
}

/// Of a value.
pub(crate) fn value(input: &DeriveInput) -> TokenStream {
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let ident = &input.ident;
    quote! {
        impl ::sandtable_sdk::Value for #ident {
            fn write_type(_: &mut ::std::string::String) {}

            fn write(&self, _: &mut ::std::vec::Vec<u8>) {}

            fn read(
                _: &mut ::sandtable_sdk::__private::Reader<'_>,
            ) -> ::core::result::Result<Self, ::sandtable_sdk::__private::Malformed> {
                ::core::unreachable!()
            }
        }
    }
}

/// Of a struct that is packed.
pub(crate) fn field(ident: &Ident) -> TokenStream {
    quote! {
        impl ::sandtable_sdk::__private::Field for #ident {
            const SIZE: usize = 1;
            const ALIGN: usize = 1;

            fn unpack(_: &[u8]) -> Self {
                ::core::unreachable!()
            }

            fn pack(&self, _: &mut ::std::vec::Vec<u8>) {}
        }
    }
}

/// Of a system.
pub(crate) fn system(function: &ItemFn) -> TokenStream {
    let (ident, visibility) = (&function.sig.ident, &function.vis);
    let name = ident.to_string();
    quote! {
        #[allow(non_camel_case_types, dead_code)]
        #visibility struct #ident {}

        impl ::sandtable_sdk::System for #ident {
            const NAME: &'static str = #name;

            const SCHEDULE: ::sandtable_sdk::__private::Schedule =
                ::sandtable_sdk::__private::Schedule {
                    span: ::core::option::Option::None,
                    every: 1,
                    phase: 0,
                    run_if: &[],
                    startup: false,
                    before: &[],
                    after: &[],
                };

            fn show<V: ::sandtable_sdk::__private::Viewer>(_: V) -> V::Seen {
                ::core::unreachable!()
            }
        }
    }
}

/// Of a conversion.
pub(crate) fn conversion(function: &ItemFn) -> TokenStream {
    let (ident, visibility) = (&function.sig.ident, &function.vis);
    quote! {
        #[allow(non_camel_case_types, dead_code)]
        #visibility struct #ident {}

        impl ::sandtable_sdk::Conversion for #ident {
            const NAME: &'static str = "";

            type Old = ();
            type New = ();

            fn convert((): ()) -> ::core::result::Result<(), ::std::string::String> {
                ::core::unreachable!()
            }
        }
    }
}

/// The function of either, which may hold mistakes of its own.
pub(crate) fn function(function: &ItemFn) -> TokenStream {
    // One that takes `self` is none outside of an impl.
    match function.sig.receiver() {
        Some(_) => TokenStream::new(),
        None => quote!(#[allow(unused)] #function),
    }
}
