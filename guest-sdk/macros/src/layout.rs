//! How a packed row lies in memory.
//!
//! Types are only known by how they are spelled, so what is found here makes
//! good messages; that rows are sound is asserted again where types are known.

use syn::{Expr, ExprLit, Ident, Lit, Type};

use crate::fields::{self, Field};

/// The size and alignment of a field, if they can be told.
#[derive(Clone, Copy)]
struct Extent {
    size: u64,
    align: u64,
}

/// The number type or `Entity` that a field is made of, whose rows can be used
/// where they lie.
pub(crate) fn scalar(ty: &Type) -> Option<&Ident> {
    part(ty).filter(|name| *name != "bool")
}

/// The type of known width that a field is made of.
fn part(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Array(array) => part(&array.elem),
        Type::Path(_) => {
            let (name, arguments) = fields::last_segment(ty)?;
            (arguments.is_empty() && width(name).is_some()).then_some(name)
        }
        _ => None,
    }
}

/// The number type that all fields are made of.
pub(crate) fn flat(fields: &[Field]) -> Option<&Ident> {
    let first = scalar(&fields.first()?.ty)?;
    let same = |field: &Field| scalar(&field.ty).is_some_and(|scalar| scalar == first);
    (first != "Entity" && fields.iter().all(same)).then_some(first)
}

/// Where the row has padding and how to get rid of it; nothing if it has none,
/// or if the size of a field is not known.
pub(crate) fn padding(owner: &Ident, all: &[Field]) -> Option<String> {
    let extents: Vec<Extent> = all.iter().map(|field| extent(&field.ty)).collect::<Option<_>>()?;
    let align = extents.iter().map(|extent| extent.align).max()?;
    let mut lines = Vec::new();
    let mut padded = false;
    let mut end = 0u64;
    for (field, extent) in all.iter().zip(&extents) {
        let start = end.next_multiple_of(extent.align);
        padded |= gap(end, start, &mut lines);
        end = start + extent.size;
        lines.push(format!("  {start:>4}  {}: {}", field.name, spell(&field.ty)));
    }
    padded |= gap(end, end.next_multiple_of(align), &mut lines);
    if !padded {
        return None;
    }
    Some(format!(
        "packed rows have no padding, but `{owner}` would have some:\n{}\n{}, or choose \
         #[component(dynamic)]",
        lines.join("\n"),
        advice(all, &extents, align)
    ))
}

fn gap(end: u64, start: u64, lines: &mut Vec<String>) -> bool {
    if start > end {
        let count = start - end;
        let plural = if count == 1 { "" } else { "s" };
        lines.push(format!("  {end:>4}  ({count} byte{plural} of padding)"));
    }
    start > end
}

/// The order without gaps, and what fills the end.
fn advice(fields: &[Field], extents: &[Extent], align: u64) -> String {
    let mut order: Vec<(&Field, &Extent)> = fields.iter().zip(extents).collect();
    order.sort_by_key(|(_, extent)| std::cmp::Reverse(extent.align));
    let names: Vec<&str> = order.iter().map(|(field, _)| field.name.as_str()).collect();
    let written: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let size: u64 = extents.iter().map(|extent| extent.size).sum();
    let rest = size.next_multiple_of(align) - size;
    let order = (names != written).then(|| format!("order the fields {}", names.join(", ")));
    let filler = (rest > 0).then(|| format!("end with a field `spare: [u8; {rest}]`"));
    let advice: Vec<String> = order.into_iter().chain(filler).collect();
    advice.join(" and ")
}

fn extent(ty: &Type) -> Option<Extent> {
    match ty {
        Type::Array(array) => {
            let Expr::Lit(ExprLit { lit: Lit::Int(length), .. }) = &array.len else {
                return None;
            };
            let item = extent(&array.elem)?;
            Some(Extent {
                size: item.size.checked_mul(length.base10_parse().ok()?)?,
                align: item.align,
            })
        }
        _ => {
            let size = width(part(ty)?)?;
            Some(Extent { size, align: size })
        }
    }
}

fn width(name: &Ident) -> Option<u64> {
    Some(match name.to_string().as_str() {
        "bool" | "u8" | "i8" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" | "f32" => 4,
        "u64" | "i64" | "f64" | "Entity" => 8,
        _ => return None,
    })
}

fn spell(ty: &Type) -> String {
    let text = quote::quote!(#ty).to_string();
    text.replace(" ;", ";").replace("[ ", "[").replace(" ]", "]")
}
