//! What a system takes, as far as its spelling tells.
//!
//! Aliases hide what they stand for; then the SDK's own types find the mistake,
//! with less to say about it.

use syn::{Ident, Type};

use crate::fields::last_segment;
use crate::mistakes::Mistakes;

/// The parameters that the rules about systems speak of.
#[derive(Default)]
pub(crate) struct Params<'s> {
    pub(crate) queries: Vec<&'s Type>,
    pub(crate) set_resources: Vec<&'s Type>,
    /// What reads events, and what sends commands and events.
    pub(crate) readers: Vec<&'s Type>,
    pub(crate) senders: Vec<&'s Type>,
    resources: Vec<String>,
}

/// How many parameters a system may take.
pub(crate) const MOST: usize = 16;

const LIST: &str = "a system takes Query<..>, Res<T>, ResMut<T>, Option<Res<T>>, Lookup<&T>, \
     Relations<K>, Commands, EventReader<E>, EventWriter<E>, Rng, Tick, Tables and Assets";

impl<'s> Params<'s> {
    /// Reads one parameter's type.
    pub(crate) fn add(&mut self, ty: &'s Type, mistakes: &mut Mistakes) {
        let Type::Path(_) = ty else {
            return mistakes.add(ty, format!("not something a system can take; {LIST}"));
        };
        let Some((name, arguments)) = last_segment(ty) else {
            return;
        };
        match (name.to_string().as_str(), arguments.as_slice()) {
            ("Query", arguments) => {
                self.queries.push(ty);
                check_query(arguments, mistakes);
            }
            ("ResMut", [resource]) => {
                self.set_resources.push(ty);
                self.add_resource(resource, mistakes);
            }
            ("EventReader", _) => self.readers.push(ty),
            ("EventWriter" | "Commands", _) => self.senders.push(ty),
            ("Res", [resource]) => self.add_resource(resource, mistakes),
            ("Option", [inner]) => match last_segment(inner) {
                Some((name, arguments)) if name == "Res" => {
                    if let [resource] = arguments.as_slice() {
                        self.add_resource(resource, mistakes);
                    }
                }
                _ => mistakes.add(ty, format!("not something a system can take; {LIST}")),
            },
            (other, _) if is_plain(other) => {
                mistakes.add(ty, format!("not something a system can take; {LIST}"));
            }
            _ => {}
        }
    }

    fn add_resource(&mut self, resource: &Type, mistakes: &mut Mistakes) {
        let text = spell(resource);
        if self.resources.contains(&text) {
            mistakes.add(resource, format!("the resource `{text}` is taken twice"));
        }
        self.resources.push(text);
    }
}

/// The name of a parameter's type, without its arguments.
pub(crate) fn name(ty: &Type) -> String {
    last_segment(ty).map_or_else(|| spell(ty), |(name, _)| name.to_string())
}

/// Types that people try, and that are surely no parameters.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "u8" | "u16"
            | "u32"
            | "u64"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "isize"
            | "f32"
            | "f64"
            | "bool"
            | "char"
            | "String"
            | "Vec"
            | "Entity"
    )
}

fn check_query(arguments: &[&Type], mistakes: &mut Mistakes) {
    let (mut shipped, mut needed) = (Vec::new(), Vec::new());
    let terms = arguments.first().map_or_else(Vec::new, |data| parts(data));
    for term in terms {
        let Some(component) = component(term) else {
            check_term(term, mistakes);
            continue;
        };
        let text = spell(component);
        if shipped.contains(&text) {
            mistakes.add(term, format!("`{text}` is in this query twice"));
        }
        if let Type::Reference(_) = term {
            needed.push(text.clone());
        }
        shipped.push(text);
    }
    let filters = arguments.get(1).map_or_else(Vec::new, |filter| parts(filter));
    check_filters(&filters, "no row matches", &needed, mistakes);
}

/// Filters that hold together, and what follows where one contradicts the terms.
fn check_filters(filters: &[&Type], then: &str, needed: &[String], mistakes: &mut Mistakes) {
    for filter in filters {
        let Some((name, arguments)) = last_segment(filter) else { continue };
        let [argument] = arguments.as_slice() else { continue };
        let component = spell(argument);
        if name == "Without" && needed.contains(&component) {
            mistakes.add(filter, format!("{then}: the query needs `{component}` and excludes it"));
        }
        if name == "Or" {
            for alternative in parts(argument) {
                let then = "no row matches this alternative";
                check_filters(&parts(alternative), then, needed, mistakes);
            }
        }
    }
}

/// A component given without `&` is the likely mistake; others are left to the
/// types.
fn check_term(term: &Type, mistakes: &mut Mistakes) {
    let plain = |name: &Ident| is_plain(&name.to_string()) && name != "Entity";
    if let Some((name, arguments)) = last_segment(term)
        && (plain(name) || name == "Option" && !arguments.is_empty())
    {
        mistakes.add(
            term,
            "not a query term: terms are &T, &mut T, Option<&T>, Option<&mut T>, Has<T> of a \
             component T, and Entity",
        );
    }
}

/// The component that a term ships.
fn component(term: &Type) -> Option<&Type> {
    match term {
        Type::Reference(reference) => Some(&reference.elem),
        _ => match last_segment(term)? {
            (name, arguments) if name == "Option" => match arguments.as_slice() {
                [Type::Reference(reference)] => Some(&reference.elem),
                _ => None,
            },
            (name, arguments) if name == "Has" => arguments.first().copied(),
            _ => None,
        },
    }
}

/// The parts of a tuple, or the type itself.
fn parts(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Paren(inner) => parts(&inner.elem),
        other => vec![other],
    }
}

fn spell(ty: &Type) -> String {
    quote::quote!(#ty).to_string().replace(' ', "")
}
