//! `#[system]`.
//!
//! The function stays as it is. Beside it comes a type of the same name, which
//! holds what the host is told and runs the function; types and functions have
//! separate names, so one `use` brings both.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, LitStr, Type};

use crate::condition::{self, Condition};
use crate::keys::{self, Key, Known};
use crate::mistakes::Mistakes;
use crate::params::{self, Params};
use crate::{names, stub};

const KEYS: [Known; 7] = [
    ("every", "every = 30"),
    ("phase", "phase = 7"),
    ("run_if", "run_if = Rules.open"),
    ("startup", "startup"),
    ("whole", "whole = \"world\""),
    ("before", "before = \"economy/grow\""),
    ("after", "after = [\"grow\", \"tax\"]"),
];

/// What the attribute says.
#[derive(Default)]
struct Options {
    every: Option<u32>,
    phase: Option<(u32, Span)>,
    run_if: Vec<Condition>,
    startup: bool,
    whole: Option<(Whole, LitStr)>,
    before: Vec<LitStr>,
    after: Vec<LitStr>,
}

#[derive(Clone, Copy, PartialEq)]
enum Whole {
    Shard,
    Archetype,
    World,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut function: ItemFn = syn::parse2(item).map_err(|error| {
        syn::Error::new(error.span(), format!("#[system] stands on a function: {error}"))
    })?;
    let mut mistakes = Mistakes::default();
    let options = Options::read(arguments, &mut mistakes);
    check_signature(&function, &mut mistakes);
    let types = parameters(&function, &mut mistakes);
    let mut params = Params::default();
    for ty in &types {
        params.add(ty, &mut mistakes);
    }
    options.check(&params, &mut mistakes);
    function.attrs.push(syn::parse_quote! {
        #[allow(clippy::too_many_arguments, clippy::type_complexity, clippy::needless_pass_by_value)]
    });
    let system = system_type(&function, &options, &types);
    let (plain, stub) = (stub::function(&function), stub::system(&function));
    mistakes.expand(quote!(#function #system), quote!(#plain #stub))
}

impl Options {
    fn read(arguments: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut options = Self::default();
        for key in keys::of_tokens(arguments, "system", &KEYS, mistakes) {
            if let Err(error) = options.set(&key) {
                mistakes.add_error(error);
            }
        }
        options
    }

    fn set(&mut self, key: &Key) -> syn::Result<()> {
        match key.name.as_str() {
            "every" => self.every = Some(key.count()?),
            "phase" => self.phase = Some((key.number()?, key.tokens().span())),
            "run_if" => {
                self.run_if =
                    condition::read(key.value("expected a condition: run_if = Rules.open")?)?
            }
            "startup" => {
                key.flag()?;
                self.startup = true;
            }
            "whole" => {
                let text = key.text()?;
                let whole = match text.value().as_str() {
                    "shard" => Whole::Shard,
                    "archetype" => Whole::Archetype,
                    "world" => Whole::World,
                    _ => {
                        let expected = "expected \"shard\", \"archetype\" or \"world\"";
                        return Err(syn::Error::new(text.span(), expected));
                    }
                };
                self.whole = Some((whole, text));
            }
            "before" => self.before = system_names(key)?,
            _ => self.after = system_names(key)?,
        }
        Ok(())
    }

    fn check(&self, params: &Params<'_>, mistakes: &mut Mistakes) {
        if self.startup && self.every.is_some() {
            let span = Span::call_site();
            let text = "a startup system runs once, so `every` has no meaning";
            mistakes.add_error(syn::Error::new(span, text));
        }
        match (self.phase, self.every) {
            (Some((_, span)), None) => {
                let text = "`phase` says in which of `every` so many ticks: every = 30, phase = 7";
                mistakes.add_error(syn::Error::new(span, text));
            }
            (Some((phase, span)), Some(every)) if phase >= every => {
                let text = format!("a phase is below `every`: from 0 to {}", every - 1);
                mistakes.add_error(syn::Error::new(span, text));
            }
            _ => {}
        }
        let parts = match &self.whole {
            Some((Whole::World, _)) => return,
            whole => whole.as_ref().map(|(_, text)| text),
        };
        if let [_, second, ..] = params.queries.as_slice() {
            mistakes.add(
                second,
                "a system with several queries is called once, with the whole world: say \
                 #[system(whole = \"world\")]",
            );
        }
        let Some(text) = parts else { return };
        let mut refuse = |why: &str| {
            mistakes.add_error(syn::Error::new(text.span(), format!("{why}: say \"world\"")));
        };
        if params.queries.is_empty() {
            refuse("a system without a query is called once");
        }
        if !params.set_resources.is_empty() {
            refuse("a system with ResMut is called once");
        }
        if let [reader, ..] = params.readers.as_slice()
            && let [sender, ..] = params.senders.as_slice()
            && !params.queries.is_empty()
        {
            mistakes.add(reader, format!("{EACH_CALL}; `{}` is here", params::name(sender)));
        }
    }
}

/// Why a system that is called for parts of the world cannot answer events.
const EACH_CALL: &str = "each call of this system reads the same events, so whatever it sends for \
     one would be sent once a call, and not at all when no row matches: say \
     #[system(whole = \"world\")], or nothing, and it is called once; or send from another system \
     than the one that writes these rows";

/// Names of systems, with or without the mod.
fn system_names(key: &Key) -> syn::Result<Vec<LitStr>> {
    let texts = key.texts()?;
    for text in &texts {
        let value = text.value();
        let (owner, name) = match value.split_once('/') {
            Some((owner, name)) => (Some(owner), name),
            None => (None, value.as_str()),
        };
        if !names::is_lower(name) || owner.is_some_and(|owner| !names::is_mod(owner)) {
            let expected = "expected a system: \"grow\" of this mod, or \"economy/grow\"";
            return Err(syn::Error::new(text.span(), expected));
        }
    }
    Ok(texts)
}

fn check_signature(function: &ItemFn, mistakes: &mut Mistakes) {
    let signature = &function.sig;
    if !names::is_lower(&signature.ident.unraw().to_string()) {
        mistakes.add(
            &signature.ident,
            "a system's name has only small letters, digits and underscores: [a-z][a-z0-9_]*",
        );
    }
    if let Some(token) = &signature.asyncness {
        mistakes.add(token, "a system is not async: it runs within its tick");
    }
    if let Some(token) = &signature.constness {
        mistakes.add(token, "a system is not const");
    }
    if let syn::Safety::Unsafe(token) = &signature.safety {
        mistakes.add(token, "a system is not unsafe: the host cannot keep promises to it");
    }
    if let Some(token) = &signature.abi {
        mistakes.add(token, "a system is a plain Rust function");
    }
    if !signature.generics.params.is_empty() {
        mistakes.add(
            &signature.generics,
            "a system has no generics or lifetimes: the host must know what it takes",
        );
    }
    if signature.inputs.len() > params::MOST {
        mistakes.add(
            &signature.ident,
            format!(
                "a system takes at most {} parameters, not {}",
                params::MOST,
                signature.inputs.len()
            ),
        );
    }
}

fn parameters(function: &ItemFn, mistakes: &mut Mistakes) -> Vec<Type> {
    let mut types = Vec::new();
    for argument in &function.sig.inputs {
        match argument {
            FnArg::Typed(typed) => types.push((*typed.ty).clone()),
            FnArg::Receiver(receiver) => {
                mistakes.add(receiver, "a system is a plain function, without `self`");
            }
        }
    }
    types
}

fn system_type(function: &ItemFn, options: &Options, types: &[Type]) -> TokenStream {
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let name = ident.unraw().to_string();
    let every = options.every.unwrap_or(1);
    let phase = options.phase.map_or(0, |(phase, _)| phase);
    let run_if = options.run_if.iter().map(Condition::tokens);
    let startup = options.startup;
    let span = match &options.whole {
        None => quote!(::core::option::Option::None),
        Some((whole, _)) => {
            let span = match whole {
                Whole::Shard => quote!(Shard),
                Whole::Archetype => quote!(Archetype),
                Whole::World => quote!(Everything),
            };
            quote!(::core::option::Option::Some(::sandtable_sdk::__private::Span::#span))
        }
    };
    let Options { before, after, .. } = options;
    let variables: Vec<_> = (0..types.len()).map(|place| format_ident!("param_{place}")).collect();
    // Mistakes in types are then shown at the parameters, and once.
    let at = function.sig.paren_token.span.join();
    let show = quote_spanned! {at=>
        viewer.see::<Self, (#(#types,)*), _>(|(#(#variables,)*)| #ident(#(#variables),*))
    };
    let conditions: Vec<_> =
        function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    let docs = format!("The system `{name}`, for `export!`.");
    quote! {
        #(#conditions)*
        #[doc = #docs]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        #(#conditions)*
        #[automatically_derived]
        impl ::sandtable_sdk::System for #ident {
            const NAME: &'static str = #name;

            const SCHEDULE: ::sandtable_sdk::__private::Schedule =
                ::sandtable_sdk::__private::Schedule {
                    span: #span,
                    every: #every,
                    phase: #phase,
                    run_if: &[#(#run_if),*],
                    startup: #startup,
                    before: &[#(#before),*],
                    after: &[#(#after),*],
                };

            fn show<V: ::sandtable_sdk::__private::Viewer>(viewer: V) -> V::Seen {
                #show
            }
        }
    }
}
