//! The derives of components, events, inputs, relations and settings.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Ident, LitStr};

use crate::fields::{self, Field};
use crate::history::{self, History};
use crate::keys::{self, Key};
use crate::layout;
use crate::mistakes::Mistakes;
use crate::role::{Role, Storage};
use crate::{names, packed, stub, value};

/// What the attribute says.
#[derive(Default)]
struct Options {
    of: Option<LitStr>,
    name: Option<LitStr>,
    storage: Option<Storage>,
    cascade: bool,
}

pub(crate) fn derive(role: Role, input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let mut options = Options::read(role, &input.attrs, &mut mistakes);
    if role == Role::Settings {
        options.name = Some(LitStr::new("Settings", input.ident.span()));
    }
    fields::check_generics(role.what(), &input.generics, &mut mistakes);
    let ident = &input.ident;
    let name = ident.unraw().to_string();
    if options.name.is_none() && !names::is_kind(&name) {
        mistakes.add(
            ident,
            format!(
                "the name of {} starts with a capital letter, and has only letters and digits: \
                 [A-Z][A-Za-z0-9]*",
                role.what()
            ),
        );
    }
    let Data::Struct(data) = &input.data else {
        let what = role.what();
        let text = format!("{what} is a struct; put the enum into a field, with #[derive(Value)]");
        mistakes.add(ident, text);
        return mistakes.expand(TokenStream::new(), stub::kind(role, Storage::Dynamic, input));
    };
    let fields = fields::read(ident, &data.fields, &mut mistakes);
    let histories = history::read(role.attribute(), &data.fields, &mut mistakes);
    let defaults =
        (role == Role::Settings).then(|| defaults(ident, &fields, &histories, &mut mistakes));
    let plain = fields.iter().all(|field| layout::scalar(&field.ty).is_some());
    let storage = match options.storage {
        _ if !role.may_be_packed() => Storage::Dynamic,
        Some(storage) => storage,
        None if plain => Storage::Packed,
        None => Storage::Dynamic,
    };
    let (values, store) = match storage {
        Storage::Packed => {
            if let Some(text) = layout::padding(ident, &fields) {
                let choice = format!("#[{}(", role.attribute());
                mistakes.add(ident, text.replace("#[component(", &choice));
            }
            let parts = packed::parts(ident, &fields);
            match plain {
                true => {
                    let (what, attribute) = (role.what(), role.attribute());
                    packed::check_repr(what, attribute, input, &fields, &mut mistakes);
                    let in_place = packed::in_place(ident, &fields);
                    (quote!(#parts #in_place), "Packed")
                }
                false => (parts, "Copied"),
            }
        }
        Storage::Dynamic => (value::of_struct(ident, &fields), "Dynamic"),
    };
    let info = info(role, input, &options, storage, store, &fields, &histories);
    let role_trait = format_ident!("{}", role.trait_name());
    let readable = role.readable(ident);
    let whole = quote! {
        #values
        #info

        #[automatically_derived]
        impl ::sandtable_sdk::#role_trait for #ident {}

        #readable

        #defaults
    };
    mistakes.expand(whole, stub::kind(role, storage, input))
}

/// The impl that gives settings of which the world file says nothing. All of them
/// have a value then.
fn defaults(
    ident: &Ident,
    fields: &[Field],
    histories: &[History],
    mistakes: &mut Mistakes,
) -> TokenStream {
    let mut values = Vec::with_capacity(fields.len());
    for (field, history) in fields.iter().zip(histories) {
        let member = &field.member;
        match history.value() {
            Some(value) => values.push(quote!(#member: #value)),
            None => mistakes.add(
                member,
                format!(
                    "a setting has a default, which holds where the world file says nothing: \
                     #[settings(default = ..)] on `{}`",
                    field.name
                ),
            ),
        }
    }
    quote! {
        #[automatically_derived]
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                Self { #(#values),* }
            }
        }
    }
}

impl Options {
    fn read(role: Role, attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = Self::default();
        let keys = keys::of_attributes(attributes, role.attribute(), role.keys(), mistakes);
        for key in &keys {
            if let Err(error) = options.set(key) {
                mistakes.add_error(error);
            }
        }
        options
    }

    fn set(&mut self, key: &Key) -> syn::Result<()> {
        match key.name.as_str() {
            "of" => {
                let of = key.text()?;
                if !names::is_mod(&of.value()) {
                    return Err(syn::Error::new(of.span(), "expected a mod's id: [a-z][a-z0-9]*"));
                }
                self.of = Some(of);
            }
            "name" => {
                let name = key.text()?;
                if !names::is_kind(&name.value()) {
                    let text = "expected a kind's name without the mod: [A-Z][A-Za-z0-9]*";
                    return Err(syn::Error::new(name.span(), text));
                }
                self.name = Some(name);
            }
            "on_despawn" => {
                let policy = key.text()?;
                self.cascade = match policy.value().as_str() {
                    "cascade" => true,
                    "detach" => false,
                    _ => {
                        let text = "expected \"detach\" or \"cascade\"";
                        return Err(syn::Error::new(policy.span(), text));
                    }
                };
            }
            storage => {
                key.flag()?;
                if self.storage.is_some() {
                    let text = "a kind is either packed or dynamic";
                    return Err(syn::Error::new_spanned(key.tokens(), text));
                }
                self.storage = Some(match storage {
                    "packed" => Storage::Packed,
                    _ => Storage::Dynamic,
                });
            }
        }
        Ok(())
    }
}

fn info(
    role: Role,
    input: &DeriveInput,
    options: &Options,
    storage: Storage,
    store: &str,
    fields: &[Field],
    histories: &[History],
) -> TokenStream {
    let ident = &input.ident;
    let name = match &options.name {
        Some(name) => name.value(),
        None => ident.unraw().to_string(),
    };
    let of = match &options.of {
        Some(of) => quote!(::core::option::Option::Some(#of)),
        None => quote!(::core::option::Option::None),
    };
    let on_despawn = format_ident!("{}", if options.cascade { "Cascade" } else { "Detach" });
    let is_packed = storage == Storage::Packed;
    let storage = format_ident!("{}", if is_packed { "Packed" } else { "Dynamic" });
    let store = format_ident!("{store}");
    let mut end = quote!(0);
    let fields: Vec<_> = fields
        .iter()
        .zip(histories)
        .map(|(field, history)| {
            let Field { name, ty, .. } = field;
            let (was, default) = history.tokens(ty);
            let described = quote_spanned! {ty.span()=>
                ::sandtable_sdk::__private::field(
                    #name, #end, #was, <#ty as ::sandtable_sdk::Value>::write_type, #default,
                )
            };
            if is_packed {
                let part = quote_spanned! {ty.span()=>
                    <#ty as ::sandtable_sdk::__private::Field>::SIZE
                };
                end.extend(quote!(+ #part));
            }
            described
        })
        .collect();
    let unset = matches!(role, Role::Component | Role::Settings).then(|| {
        quote! {
            fn unset() -> ::core::option::Option<Self> {
                use ::sandtable_sdk::__private::{HasDefault as _, HasNone as _};
                (&::sandtable_sdk::__private::Probe::<Self>::NEW).unset()
            }
        }
    });
    let role = format_ident!("{}", role.name());
    quote! {
        #[automatically_derived]
        impl ::sandtable_sdk::Kind for #ident {
            const INFO: ::sandtable_sdk::__private::Info = ::sandtable_sdk::__private::Info {
                name: #name,
                of: #of,
                package: ::core::env!("CARGO_PKG_NAME"),
                role: ::sandtable_sdk::__private::Role::#role,
                storage: ::sandtable_sdk::__private::Storage::#storage,
                size: #end,
                on_despawn: ::sandtable_sdk::__private::OnDespawn::#on_despawn,
                fields: || ::std::vec![#(#fields),*],
            };

            type Store = ::sandtable_sdk::__private::#store;

            #unset
        }
    }
}
