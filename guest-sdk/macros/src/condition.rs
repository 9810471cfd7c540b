//! `run_if`: conditions on fields of resources, written as Rust compares them.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, ExprLit, Lit, Member, Path, UnOp};

/// One condition: a field of a resource, and what it compares with.
pub(crate) struct Condition {
    resource: Path,
    field: Member,
    comparison: &'static str,
    value: Value,
    span: Span,
}

/// With what a field compares.
enum Value {
    Bool(bool),
    Given(Box<Expr>),
}

const EXPECTED: &str = "expected a condition on a field of a resource or of settings: \
     run_if = Weather.wind >= 30.0, run_if = Rules.open, run_if = !Rules.open, or several with `&&`";

/// Reads the conditions of an expression, all of which must hold.
pub(crate) fn read(expr: &Expr) -> syn::Result<Vec<Condition>> {
    let mut conditions = Vec::new();
    add(expr, &mut conditions)?;
    Ok(conditions)
}

fn add(expr: &Expr, into: &mut Vec<Condition>) -> syn::Result<()> {
    let refused = || syn::Error::new(expr.span(), EXPECTED);
    let (place, comparison, value) = match expr {
        Expr::Paren(inner) => return add(&inner.expr, into),
        Expr::Group(inner) => return add(&inner.expr, into),
        Expr::Binary(pair) if matches!(pair.op, BinOp::And(_)) => {
            add(&pair.left, into)?;
            return add(&pair.right, into);
        }
        Expr::Binary(pair) => {
            let comparison = comparison(&pair.op).ok_or_else(refused)?;
            (&*pair.left, comparison, Value::Given(pair.right.clone()))
        }
        Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => {
            (&*not.expr, "Equal", Value::Bool(false))
        }
        place => (place, "Equal", Value::Bool(true)),
    };
    let Expr::Field(place) = place else { return Err(refused()) };
    let Expr::Path(resource) = &*place.base else { return Err(refused()) };
    into.push(Condition {
        resource: resource.path.clone(),
        field: place.member.clone(),
        comparison,
        value,
        span: expr.span(),
    });
    Ok(())
}

fn comparison(op: &BinOp) -> Option<&'static str> {
    Some(match op {
        BinOp::Eq(_) => "Equal",
        BinOp::Ne(_) => "Unequal",
        BinOp::Lt(_) => "Less",
        BinOp::Le(_) => "AtMost",
        BinOp::Gt(_) => "Greater",
        BinOp::Ge(_) => "AtLeast",
        _ => return None,
    })
}

impl Condition {
    /// As the SDK keeps it.
    pub(crate) fn tokens(&self) -> TokenStream {
        let Self { resource, field, span, .. } = self;
        let name = match field {
            Member::Named(name) => name.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let comparison = format_ident!("{}", self.comparison);
        let operator = match self.comparison {
            "Equal" => quote!(==),
            "Unequal" => quote!(!=),
            "Less" => quote!(<),
            "AtMost" => quote!(<=),
            "Greater" => quote!(>),
            _ => quote!(>=),
        };
        let (value, encoded) = match &self.value {
            Value::Bool(value) => (quote!(#value), quote!(#value)),
            Value::Given(value) => match &**value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                    (quote!(#text), quote!(::std::string::String::from(#text)))
                }
                value => (quote!((#value)), quote!(#value)),
            },
        };
        let encode = match self.comparison {
            "Equal" | "Unequal" => quote!(encoded),
            _ => quote!(encoded_number),
        };
        quote_spanned! {*span=>
            ::sandtable_sdk::__private::Condition {
                kind: ::sandtable_sdk::__private::KindEntry::of::<#resource>(),
                field: #name,
                compares: ::sandtable_sdk::__private::Comparison::#comparison,
                value: || ::sandtable_sdk::__private::#encode(
                    |of: &#resource| &of.#field, #encoded,
                ),
                holds: |value| ::sandtable_sdk::__private::holds::<#resource>(
                    value, |of| of.#field #operator #value,
                ),
            }
        }
    }
}
