//! Structs of a fixed number of bytes: rows of packed kinds, and what lies in
//! their fields.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, DeriveInput, Ident};

use crate::fields::{self, Field};
use crate::layout;
use crate::mistakes::Mistakes;

/// The impl by which a struct is packed, part by part.
pub(crate) fn parts(ident: &Ident, fields: &[Field]) -> TokenStream {
    let braces = fields::braces(fields);
    let packing: Vec<_> = fields
        .iter()
        .map(|Field { ty, .. }| quote_spanned!(ty.span()=> <#ty as ::sandtable_sdk::__private::Field>))
        .collect();
    let variables: Vec<_> = fields.iter().map(|field| &field.variable).collect();
    let padded = format!(
        "`{ident}` has padding, which packed rows cannot have: order its fields by falling size, \
         or fill the gaps with fields"
    );
    quote! {
        const _: () = ::core::assert!(
            ::sandtable_sdk::__private::fits(&[#((#packing::SIZE, #packing::ALIGN)),*]),
            #padded
        );

        #[automatically_derived]
        impl ::sandtable_sdk::__private::Field for #ident {
            const SIZE: usize = 0 #(+ #packing::SIZE)*;

            const ALIGN: usize = ::sandtable_sdk::__private::widest(&[#(#packing::ALIGN),*]);

            const NAMES_ENTITIES: bool = false #(|| #packing::NAMES_ENTITIES)*;

            #[inline]
            fn unpack(bytes: &[u8]) -> Self {
                #(
                    let (part, bytes) = bytes.split_at(#packing::SIZE);
                    let #variables = #packing::unpack(part);
                )*
                let _ = bytes;
                Self #braces
            }

            #[inline]
            fn pack(&self, out: &mut ::std::vec::Vec<u8>) {
                let Self #braces = self;
                let _ = &out;
                #(#packing::pack(#variables, out);)*
            }

            #[inline]
            fn name_entities(&self, names: &mut ::std::vec::Vec<::sandtable_sdk::Entity>) {
                let Self #braces = self;
                let _ = &names;
                #(#packing::name_entities(#variables, names);)*
            }
        }
    }
}

/// The impls that let rows of numbers be used where they lie.
pub(crate) fn in_place(ident: &Ident, fields: &[Field]) -> TokenStream {
    let pods = fields.iter().map(|Field { ty, .. }| quote_spanned!(ty.span()=> pod::<#ty>();));
    let flat = layout::flat(fields).map(|scalar| {
        quote! {
            #[automatically_derived]
            impl ::sandtable_sdk::Flat for #ident {
                type Scalar = #scalar;
            }
        }
    });
    quote! {
        // Sound: the fields are Pod, the struct is repr(C), and no padding is
        // between and after them, as is asserted.
        #[automatically_derived]
        unsafe impl ::sandtable_sdk::__private::Zeroable for #ident {}

        #[automatically_derived]
        unsafe impl ::sandtable_sdk::__private::Pod for #ident {}

        const _: () = {
            const fn pod<T: ::sandtable_sdk::__private::Pod>() {}
            #(#pods)*
            ::core::assert!(
                ::core::mem::size_of::<#ident>()
                    == <#ident as ::sandtable_sdk::__private::Field>::SIZE
            );
        };

        #flat
    }
}

/// That a struct whose rows are used where they lie is laid out as C would.
pub(crate) fn check_repr(
    what: &str,
    attribute: &str,
    input: &DeriveInput,
    fields: &[Field],
    mistakes: &mut Mistakes,
) {
    let mut c = fields.is_empty();
    for repr in input.attrs.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        mistakes.catch(check_c(repr, &mut c));
    }
    if !c {
        mistakes.add(
            &input.ident,
            format!(
                "{what} of numbers is packed and needs #[repr(C)]; or choose \
                 #[{attribute}(dynamic)]"
            ),
        );
    }
}

fn check_c(repr: &Attribute, c: &mut bool) -> syn::Result<()> {
    repr.parse_nested_meta(|meta| {
        if meta.path.is_ident("C") {
            *c = true;
            return Ok(());
        }
        Err(meta.error("packed rows are laid out as C would: write #[repr(C)] alone"))
    })
}
