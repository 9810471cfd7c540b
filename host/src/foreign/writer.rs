//! Declarations in Rust.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use super::error::Unwritable;
use super::layout::{check_layout, derives, is_plain, structs};
use crate::ecs::{Kind, OnDespawn, Role, Storage, Type};

/// The name without the mod.
pub fn short(kind: &Kind) -> &str {
    kind.name.split_once('/').map_or(&kind.name, |(_, name)| name)
}

/// Writes one source file.
pub struct Writer {
    names: Names,
    /// The structs that lie in packed rows.
    packed: Vec<Type>,
    text: String,
}

/// Names that are taken, and by which type inside of fields.
type Names = BTreeMap<String, Option<Type>>;

/// Types inside of fields, by their names, that have to be declared as well.
type Later = VecDeque<(String, Type)>;

/// Names types inside of one kind, and notes which have to be declared.
struct Scope<'a> {
    kind: &'a str,
    names: &'a mut Names,
    later: Later,
}

/// Where fields stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Behind the name of a struct: each on a line of its own, and public.
    Struct,
    /// Behind the name of a variant.
    Variant,
}

impl Writer {
    /// For these kinds, whose names are taken.
    pub fn new(kinds: &[&Kind]) -> Self {
        let names = kinds.iter().map(|kind| (short(kind).to_owned(), None)).collect();
        let rows = kinds.iter().filter(|kind| kind.storage == Storage::Packed);
        let mut packed = Vec::new();
        rows.flat_map(|kind| &kind.fields).for_each(|field| structs(&field.ty, &mut packed));
        Self { names, packed, text: "use sandtable_sdk::prelude::*;\n".to_owned() }
    }

    /// The source file.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Declares a kind and the types inside of its fields.
    pub fn kind(&mut self, kind: &Kind) -> Result<(), Unwritable> {
        let wrong = |why: String| Unwritable::Foreign { kind: kind.name.clone(), why };
        check_layout(kind).map_err(wrong)?;
        let (derive, attribute) = match kind.role {
            Role::Component => ("Component", "component"),
            Role::Event => ("Event", "event"),
            Role::Input => ("Input", "input"),
            Role::Relation => ("Relation", "relation"),
        };
        let packed = kind.storage == Storage::Packed;
        let copy = if packed { ", Copy" } else { "" };
        let mut head = format!("#[derive({derive}, Clone{copy})]\n");
        if packed {
            head.push_str("#[repr(C)]\n");
        }
        let owner = kind.name.split_once('/').map_or("", |(owner, _)| owner);
        let mut keys = format!("of = \"{owner}\"");
        // Where nothing is said, numbers make a kind packed, and all else dynamic.
        let plain = kind.fields.iter().all(|field| is_plain(&field.ty));
        match packed {
            true if !plain => keys.push_str(", packed"),
            false if plain && matches!(kind.role, Role::Component | Role::Relation) => {
                keys.push_str(", dynamic");
            }
            _ => {}
        }
        if kind.role == Role::Relation && kind.on_despawn == OnDespawn::Cascade {
            keys.push_str(", on_despawn = \"cascade\"");
        }
        let _ = writeln!(head, "#[{attribute}({keys})]");
        let fields = kind.fields.iter().map(|field| (field.name.clone(), field.ty.clone()));
        let fields: Vec<(String, Type)> = fields.collect();
        let mut scope = self.scope(short(kind));
        let body = scope.fields(&fields, Form::Struct).map_err(wrong)?;
        let later = scope.later;
        let end = if body.starts_with(' ') { "" } else { ";" };
        self.item(&format!("{head}pub struct {}{body}{end}\n", short(kind)));
        self.inner(short(kind), later).map_err(wrong)
    }

    fn item(&mut self, text: &str) {
        self.text.push('\n');
        self.text.push_str(text);
    }

    /// Declares the types that were met inside of fields, and those inside of
    /// these.
    fn inner(&mut self, kind: &str, mut types: Later) -> Result<(), String> {
        while let Some((name, ty)) = types.pop_front() {
            let mut scope = self.scope(kind);
            let body = match &ty {
                Type::Struct(fields) => {
                    format!("struct {name}{}", scope.fields(fields, Form::Struct)?)
                }
                Type::Enum(variants) => {
                    let mut text = format!("enum {name} {{\n");
                    for (variant, fields) in variants {
                        let body = scope.fields(fields, Form::Variant)?;
                        let _ = writeln!(text, "    {variant}{body},");
                    }
                    text + "}"
                }
                _ => continue,
            };
            types.append(&mut scope.later);
            let (derive, end) = (derives(&ty), if body.ends_with('}') { "" } else { ";" });
            let packed = if self.packed.contains(&ty) { "#[value(packed)]\n" } else { "" };
            self.item(&format!("#[derive({derive})]\n{packed}pub {body}{end}\n"));
        }
        Ok(())
    }

    fn scope<'a>(&'a mut self, kind: &'a str) -> Scope<'a> {
        Scope { kind, names: &mut self.names, later: Later::new() }
    }
}

impl Scope<'_> {
    /// What stands behind the name of a struct or a variant.
    fn fields(&mut self, fields: &[(String, Type)], form: Form) -> Result<String, String> {
        let visible = if form == Form::Struct { "pub " } else { "" };
        let is_tuple = fields.first().is_some_and(|(name, _)| name == "0");
        let mut parts = Vec::with_capacity(fields.len());
        for (name, ty) in fields {
            parts.push(match is_tuple {
                true => format!("{visible}{}", self.ty("value", ty)?),
                false => format!("{visible}{}: {}", word(name)?, self.ty(name, ty)?),
            });
        }
        Ok(match form {
            _ if parts.is_empty() => String::new(),
            _ if is_tuple => format!("({})", parts.join(", ")),
            Form::Struct => format!(" {{\n    {},\n}}", parts.join(",\n    ")),
            Form::Variant => format!(" {{ {} }}", parts.join(", ")),
        })
    }

    /// A type as Rust writes it; one that needs a declaration is left for later.
    fn ty(&mut self, field: &str, ty: &Type) -> Result<String, String> {
        Ok(match ty {
            Type::Entity => "Entity".to_owned(),
            Type::String => "String".to_owned(),
            Type::Array(item, len) => format!("[{}; {len}]", self.ty(field, item)?),
            Type::List(item) => format!("Vec<{}>", self.ty(field, item)?),
            Type::Option(item) => format!("Option<{}>", self.ty(field, item)?),
            Type::Struct(_) | Type::Enum(_) => self.named(field, ty)?,
            number => number.to_string(),
        })
    }

    /// The name of a type inside of a field: that of the field, if it is free.
    fn named(&mut self, field: &str, ty: &Type) -> Result<String, String> {
        let short = camel_case(field);
        let long = format!("{}{short}", self.kind);
        for name in [short, long.clone()] {
            match self.names.get(&name) {
                Some(Some(known)) if known == ty => return Ok(name),
                Some(_) => {}
                None => {
                    self.names.insert(name.clone(), Some(ty.clone()));
                    self.later.push_back((name.clone(), ty.clone()));
                    return Ok(name);
                }
            }
        }
        Err(format!("several types would be called `{long}`"))
    }
}

/// A name that may be a word of Rust itself.
fn word(name: &str) -> Result<String, String> {
    const NEVER: [&str; 4] = ["self", "super", "crate", "_"];
    const WORDS: &str = "abstract as async await become box break const continue do dyn else enum \
                         extern false final fn for gen if impl in let loop macro match mod move mut \
                         override priv pub ref return static struct trait true try type typeof \
                         unsafe unsized use virtual where while yield";
    if NEVER.contains(&name) {
        return Err(format!("Rust has no field `{name}`"));
    }
    let is_word = WORDS.split_whitespace().any(|word| word == name);
    Ok(if is_word { format!("r#{name}") } else { name.to_owned() })
}

fn camel_case(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('_').map(capital).collect()
}
