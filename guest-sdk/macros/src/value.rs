//! `#[derive(Value)]`, and the values of dynamic kinds.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Ident};

use crate::fields::{self, Field};
use crate::keys::{self, Known};
use crate::mistakes::Mistakes;
use crate::{layout, packed, stub};

const KEYS: [Known; 1] = [("packed", "packed")];

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    fields::check_generics("a value", &input.generics, &mut mistakes);
    let keys = keys::of_attributes(&input.attrs, "value", &KEYS, &mut mistakes);
    for key in &keys {
        mistakes.catch(key.flag());
    }
    let is_packed = !keys.is_empty();
    let name = &input.ident;
    let mut stub = stub::value(input);
    if is_packed && input.generics.params.is_empty() {
        stub.extend(stub::field(name));
    }
    let whole = match &input.data {
        Data::Struct(data) => {
            let fields = fields::read(name, &data.fields, &mut mistakes);
            let mut whole = of_struct(name, &fields);
            if is_packed {
                if fields.is_empty() {
                    mistakes.add(name, "a packed value has fields");
                }
                if let Some(text) = layout::padding(name, &fields) {
                    mistakes.add(name, text.replace(", or choose #[component(dynamic)]", ""));
                }
                whole.extend(packed::parts(name, &fields));
            }
            whole
        }
        Data::Enum(_) if is_packed => {
            mistakes.add(name, "an enum is not packed: its variants differ in size");
            TokenStream::new()
        }
        Data::Enum(data) => of_enum(name, data, &mut mistakes),
        Data::Union(_) => {
            mistakes.add(name, "a value is a struct or an enum, not a union");
            TokenStream::new()
        }
    };
    mistakes.expand(whole, stub)
}

/// A struct: an array of its fields.
pub(crate) fn of_struct(name: &Ident, fields: &[Field]) -> TokenStream {
    let braces = fields::braces(fields);
    let count = fields.len();
    let ty = type_of_fields(fields);
    let write = write_fields(fields);
    let read = read_fields(fields);
    quote! {
        #[automatically_derived]
        impl ::sandtable_sdk::Value for #name {
            fn write_type(out: &mut ::std::string::String) {
                #ty
            }

            fn write(&self, out: &mut ::std::vec::Vec<u8>) {
                let Self #braces = self;
                ::sandtable_sdk::__private::write::array(out, #count);
                #write
            }

            fn read(
                from: &mut ::sandtable_sdk::__private::Reader<'_>,
            ) -> ::core::result::Result<Self, ::sandtable_sdk::__private::Malformed> {
                from.array_of(#count)?;
                #read
                ::core::result::Result::Ok(Self #braces)
            }
        }
    }
}

/// An enum: the name of a variant, in an array with its fields if it has some.
fn of_enum(name: &Ident, data: &DataEnum, mistakes: &mut Mistakes) -> TokenStream {
    if data.variants.is_empty() {
        mistakes.add(name, "an enum without variants has no values");
    }
    let mut types = Vec::new();
    let mut writes = Vec::new();
    let mut units = Vec::new();
    let mut reads = Vec::new();
    for (place, variant) in data.variants.iter().enumerate() {
        let ident = &variant.ident;
        let text = syn::ext::IdentExt::unraw(ident).to_string();
        let fields = fields::read(name, &variant.fields, mistakes);
        let braces = fields::braces(&fields);
        let separator = if place == 0 { "" } else { " | " };
        let label = format!("{separator}{text}");
        if fields.is_empty() {
            types.push(quote!(out.push_str(#label);));
            writes.push(
                quote!(Self::#ident #braces => ::sandtable_sdk::__private::write::str(out, #text),),
            );
            units.push(quote!(#text => ::core::result::Result::Ok(Self::#ident #braces),));
            continue;
        }
        let ty = match variant.fields {
            syn::Fields::Named(_) => type_of_fields(&fields),
            _ => type_of_tuple(&fields),
        };
        types.push(quote!(out.push_str(#label); #ty));
        let length = fields.len() + 1;
        let write = write_fields(&fields);
        writes.push(quote! {
            Self::#ident #braces => {
                ::sandtable_sdk::__private::write::array(out, #length);
                ::sandtable_sdk::__private::write::str(out, #text);
                #write
            }
        });
        let read = read_fields(&fields);
        reads.push(quote! {
            (#text, #length) => {
                #read
                ::core::result::Result::Ok(Self::#ident #braces)
            }
        });
    }
    let enum_name = name.to_string();
    quote! {
        #[automatically_derived]
        impl ::sandtable_sdk::Value for #name {
            fn write_type(out: &mut ::std::string::String) {
                #(#types)*
            }

            fn write(&self, out: &mut ::std::vec::Vec<u8>) {
                match self {
                    #(#writes)*
                }
            }

            fn read(
                from: &mut ::sandtable_sdk::__private::Reader<'_>,
            ) -> ::core::result::Result<Self, ::sandtable_sdk::__private::Malformed> {
                if from.at_str() {
                    return match from.str()? {
                        #(#units)*
                        other => ::core::result::Result::Err(
                            ::sandtable_sdk::__private::unknown_variant(#enum_name, other),
                        ),
                    };
                }
                let length = from.array()?;
                match (from.str()?, length) {
                    #(#reads)*
                    (other, _) => ::core::result::Result::Err(
                        ::sandtable_sdk::__private::unknown_variant(#enum_name, other),
                    ),
                }
            }
        }
    }
}

/// `{a: T, b: T}`.
fn type_of_fields(fields: &[Field]) -> TokenStream {
    let parts = fields.iter().enumerate().map(|(place, field)| {
        let separator = if place == 0 { "" } else { ", " };
        let label = format!("{separator}{}: ", field.name);
        let ty = &field.ty;
        quote_spanned! {ty.span()=>
            out.push_str(#label);
            <#ty as ::sandtable_sdk::Value>::write_type(out);
        }
    });
    quote! {
        out.push('{');
        #(#parts)*
        out.push('}');
    }
}

/// `(T, T)`.
fn type_of_tuple(fields: &[Field]) -> TokenStream {
    let parts = fields.iter().enumerate().map(|(place, field)| {
        let separator = if place == 0 { "" } else { ", " };
        let ty = &field.ty;
        quote_spanned! {ty.span()=>
            out.push_str(#separator);
            <#ty as ::sandtable_sdk::Value>::write_type(out);
        }
    });
    quote! {
        out.push('(');
        #(#parts)*
        out.push(')');
    }
}

fn write_fields(fields: &[Field]) -> TokenStream {
    let writes = fields.iter().map(|field| {
        let Field { variable, ty, .. } = field;
        quote_spanned!(ty.span()=> <#ty as ::sandtable_sdk::Value>::write(#variable, out);)
    });
    quote!(#(#writes)*)
}

fn read_fields(fields: &[Field]) -> TokenStream {
    let reads = fields.iter().map(|field| {
        let Field { variable, ty, name, .. } = field;
        quote_spanned! {ty.span()=>
            let #variable = <#ty as ::sandtable_sdk::Value>::read(from)
                .map_err(|error| error.inside(#name))?;
        }
    });
    quote!(#(#reads)*)
}
