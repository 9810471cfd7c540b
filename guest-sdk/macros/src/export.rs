//! `export!`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, Type};

use crate::mistakes::Mistakes;
use crate::names;

/// The interface that the bindings are of; the host reads it from the module
/// before it looks at anything else.
const INTERFACE: &str = "0.2.0";

/// `key: value`.
struct Entry {
    key: Ident,
    value: Expr,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.parse()?;
        input.parse::<Token![:]>()?;
        let value = input.parse()?;
        Ok(Self { key, value })
    }
}

struct Entries(Punctuated<Entry, Token![,]>);

impl Parse for Entries {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Punctuated::parse_terminated(input).map(Self)
    }
}

/// What the mod consists of.
#[derive(Default)]
struct Exported {
    id: Option<LitStr>,
    systems: Option<Vec<Path>>,
    kinds: Vec<Path>,
    migrations: Vec<LitStr>,
    conversions: Vec<Path>,
}

pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let entries: Entries = syn::parse2(input)?;
    let mut mistakes = Mistakes::default();
    let mut exported = Exported::default();
    let mut seen = Vec::new();
    for entry in &entries.0 {
        if seen.contains(&&entry.key) {
            mistakes.add(&entry.key, format!("`{}` is given twice", entry.key));
        }
        seen.push(&entry.key);
        exported.set(entry, &mut mistakes);
    }
    let Some(systems) = exported.systems.take() else {
        let text = "say which systems the mod has: systems: [grow, tax]";
        mistakes.add_error(syn::Error::new(Span::call_site(), text));
        return mistakes.finish().map(|()| TokenStream::new());
    };
    check_systems(&systems, &mut mistakes);
    let id = mod_id(exported.id.take(), &mut mistakes);
    mistakes.finish()?;
    Ok(manifest(&id, &exported, &systems))
}

impl Exported {
    fn set(&mut self, entry: &Entry, mistakes: &mut Mistakes) {
        match entry.key.to_string().as_str() {
            "id" => match &entry.value {
                Expr::Lit(ExprLit { lit: Lit::Str(id), .. }) => self.id = Some(id.clone()),
                other => mistakes.add(other, "expected a text: id: \"economy\""),
            },
            "systems" => self.systems = Some(paths(&entry.value, "systems: [grow, tax]", mistakes)),
            "kinds" => self.kinds = paths(&entry.value, "kinds: [Ruin]", mistakes),
            "migrations" => self.migrations = texts(&entry.value, mistakes),
            "conversions" => {
                self.conversions = paths(&entry.value, "conversions: [split_name]", mistakes);
            }
            _ => mistakes.add(
                &entry.key,
                "unknown key; export! knows: systems: [grow, tax], id: \"economy\", kinds: [Ruin], \
                 migrations: [\"migrations/0001_ledger.sql\"], conversions: [split_name]",
            ),
        }
    }
}

fn paths(value: &Expr, expected: &str, mistakes: &mut Mistakes) -> Vec<Path> {
    let Expr::Array(array) = value else {
        mistakes.add(value, format!("expected a list: {expected}"));
        return Vec::new();
    };
    let mut paths = Vec::new();
    for element in &array.elems {
        match element {
            Expr::Path(path) => paths.push(path.path.clone()),
            other => mistakes.add(other, format!("expected a name, as in {expected}")),
        }
    }
    paths
}

fn texts(value: &Expr, mistakes: &mut Mistakes) -> Vec<LitStr> {
    let expected = "expected a list of files: migrations: [\"migrations/0001_ledger.sql\"]";
    let Expr::Array(array) = value else {
        mistakes.add(value, expected);
        return Vec::new();
    };
    let mut texts = Vec::new();
    for element in &array.elems {
        match element {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => texts.push(text.clone()),
            other => mistakes.add(other, expected),
        }
    }
    texts
}

/// The schedule knows systems by their last name.
fn check_systems(systems: &[Path], mistakes: &mut Mistakes) {
    let mut seen: Vec<&Ident> = Vec::new();
    for name in systems.iter().filter_map(|path| path.segments.last()) {
        if seen.contains(&&name.ident) {
            let text = format!("the mod has two systems named `{}`", name.ident);
            mistakes.add(&name.ident, text);
        }
        seen.push(&name.ident);
    }
}

fn mod_id(given: Option<LitStr>, mistakes: &mut Mistakes) -> LitStr {
    let id = match &given {
        Some(id) => id.clone(),
        None => {
            let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
            LitStr::new(&package, Span::call_site())
        }
    };
    let text = id.value();
    let said = match given {
        Some(_) => String::new(),
        None => format!("the package's name `{text}` is no mod id, so say one: id: \"..\"; "),
    };
    if !names::is_mod(&text) {
        let text = format!("{said}a mod's id has only small letters and digits: [a-z][a-z0-9]*");
        mistakes.add_error(syn::Error::new(id.span(), text));
    } else if names::RESERVED.contains(&text.as_str()) {
        let text = format!("{said}`{text}` is reserved");
        mistakes.add_error(syn::Error::new(id.span(), text));
    }
    id
}

fn manifest(id: &LitStr, exported: &Exported, systems: &[Path]) -> TokenStream {
    let kinds: Vec<Type> = exported.kinds.iter().map(|path| syn::parse_quote!(#path)).collect();
    let migrations = exported.migrations.iter().map(|path| {
        quote! {
            (#path, ::core::include_str!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #path)
            ))
        }
    });
    let conversions = &exported.conversions;
    let stamp = syn::LitByteStr::new(INTERFACE.as_bytes(), Span::call_site());
    let length = INTERFACE.len();
    quote! {
        const _: () = {
            #[allow(dead_code, reason = "natively, a mod is not run by a host")]
            static MANIFEST: ::sandtable_sdk::__private::Manifest =
                ::sandtable_sdk::__private::Manifest {
                    id: #id,
                    package: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    systems: &[#(::sandtable_sdk::__private::Entry::of::<#systems>()),*],
                    kinds: &[#(::sandtable_sdk::__private::KindEntry::of::<#kinds>()),*],
                    migrations: &[#(#migrations),*],
                    conversions: &[
                        #(::sandtable_sdk::__private::ConversionEntry::of::<#conversions>()),*
                    ],
                };

            #[cfg(target_arch = "wasm32")]
            const _: () = {
                struct Exported;

                impl ::sandtable_sdk::__private::Guest for Exported {
                    fn describe() -> ::sandtable_sdk::__private::Description {
                        ::sandtable_sdk::__private::describe(&MANIFEST)
                    }

                    fn run(
                        call: ::std::vec::Vec<u8>,
                    ) -> ::core::result::Result<(), ::std::string::String> {
                        ::sandtable_sdk::__private::run(&MANIFEST, call)
                    }

                    fn convert(
                        conversion: u32,
                        rows: u32,
                        columns: ::std::vec::Vec<::std::vec::Vec<u8>>,
                    ) -> ::core::result::Result<
                        ::std::vec::Vec<::std::vec::Vec<u8>>,
                        ::std::string::String,
                    > {
                        ::sandtable_sdk::__private::convert(&MANIFEST, conversion, rows, columns)
                    }
                }

                ::sandtable_sdk::bindings::export_guest!(
                    Exported with_types_in ::sandtable_sdk::bindings
                );

                #[used]
                #[unsafe(link_section = "sandtable:interface")]
                static INTERFACE: [u8; #length] = *#stamp;
            };
        };
    }
}
