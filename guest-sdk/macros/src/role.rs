//! What values of a kind are used for, and how they are stored.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use crate::keys::Known;

/// What values of a kind are used for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Component,
    Event,
    Input,
    Relation,
    /// What a world file may say: a resource that the host sets.
    Settings,
}

/// How its values are stored.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Storage {
    Packed,
    Dynamic,
}

impl Role {
    /// How the trait is named.
    pub(crate) fn trait_name(self) -> &'static str {
        match self {
            Self::Component | Self::Settings => "Component",
            Self::Event => "Event",
            Self::Input => "Input",
            Self::Relation => "Relation",
        }
    }

    /// How the contract names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            role => role.trait_name(),
        }
    }

    /// How the attribute is named.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Event => "event",
            Self::Input => "input",
            Self::Relation => "relation",
            Self::Settings => "settings",
        }
    }

    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Component => "a component",
            Self::Event => "an event",
            Self::Input => "an input",
            Self::Relation => "a relation",
            Self::Settings => "a struct of settings",
        }
    }

    pub(crate) fn keys(self) -> &'static [Known] {
        const KEYS: [Known; 5] = [
            ("of", "of = \"economy\""),
            ("name", "name = \"Treasury\""),
            ("packed", "packed"),
            ("dynamic", "dynamic"),
            ("on_despawn", "on_despawn = \"cascade\""),
        ];
        match self {
            Self::Component => &KEYS[..4],
            Self::Settings => &KEYS[..1],
            Self::Event | Self::Input => &KEYS[..2],
            Self::Relation => &KEYS,
        }
    }

    pub(crate) fn may_be_packed(self) -> bool {
        matches!(self, Self::Component | Self::Relation)
    }

    /// The impl that lets values be read as events, where they are some.
    pub(crate) fn readable(self, ident: &Ident) -> Option<TokenStream> {
        if !matches!(self, Self::Event | Self::Input) {
            return None;
        }
        Some(quote! {
            #[automatically_derived]
            impl ::sandtable_sdk::Readable for #ident {
                fn declare(
                    system: &mut ::sandtable_sdk::__private::SystemDeclaration<'_>,
                ) -> ::sandtable_sdk::__private::Reading {
                    ::sandtable_sdk::__private::Reading::Event(system.kind::<Self>())
                }

                fn read(
                    from: &mut ::sandtable_sdk::__private::Reader<'_>,
                ) -> ::core::result::Result<Self, ::sandtable_sdk::__private::Malformed> {
                    <Self as ::sandtable_sdk::Value>::read(from)
                }
            }
        })
    }
}
