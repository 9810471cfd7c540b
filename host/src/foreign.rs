//! Kinds of one mod as another mod written in Rust declares them.
//!
//! A mod names kinds of others with declarations of its own, which the host
//! compares at load. What is written here is what these have to be. Types inside
//! of fields have no names in a world, so they are called by their field.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::compile::Compiled;
use crate::ecs::{Kind, OnDespawn, Registry, Role, Storage, Type};
use crate::program::ProgramError;

/// Why declarations cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Nothing bears that name.
    #[error("there is no kind `{wanted}`: give a mod, or one of its kinds; there are {known}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Two mods call different kinds alike.
    #[error("`{one}` and `{other}` have one name in Rust: write them into files of their own")]
    Twice {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// What another language made.
    #[error("`{kind}` cannot be declared in Rust: {why}")]
    Foreign {
        /// Which kind.
        kind: String,
        /// What Rust has no words for.
        why: String,
    },
}

/// The kinds that mods declare, as their owners do; of mods that are not there,
/// as others do.
pub fn registry(mods: &[Compiled]) -> Result<Registry, ProgramError> {
    let mut registry = Registry::default();
    for own in [true, false] {
        for compiled in mods {
            for kind in compiled.kinds()? {
                let is_own = kind.name.split('/').next() == Some(compiled.declared_id());
                if is_own == own && registry.find(&kind.name).is_none() {
                    registry.add(kind);
                }
            }
        }
    }
    Ok(registry)
}

/// Writes a source file with the declarations of kinds: all of a mod, or single ones as
/// `<mod>/<Name>`.
pub fn declarations(registry: &Registry, wanted: &[String]) -> Result<String, Unwritable> {
    let mut chosen: Vec<&Kind> = Vec::new();
    for wanted in wanted {
        let before = chosen.len();
        let of_mod = format!("{wanted}/");
        let is_it = |kind: &Kind| kind.name == *wanted || kind.name.starts_with(&of_mod);
        let found = registry.iter().map(|(_, kind)| &**kind).filter(|kind| is_it(kind));
        chosen.extend(found);
        if chosen.len() == before {
            let names = registry.iter().map(|(_, kind)| format!("`{}`", kind.name));
            let known = names.collect::<Vec<_>>().join(", ");
            return Err(Unwritable::Unknown { wanted: wanted.clone(), known });
        }
    }
    let mut kinds: Vec<&Kind> = Vec::new();
    for kind in chosen {
        match kinds.iter().find(|other| short(other) == short(kind)) {
            Some(other) if other.name == kind.name => {}
            Some(other) => {
                let (one, other) = (other.name.clone(), kind.name.clone());
                return Err(Unwritable::Twice { one, other });
            }
            None => kinds.push(kind),
        }
    }
    let names = kinds.iter().map(|kind| (short(kind).to_owned(), None)).collect();
    let rows = kinds.iter().filter(|kind| kind.storage == Storage::Packed);
    let mut packed = Vec::new();
    rows.flat_map(|kind| &kind.fields).for_each(|field| structs(&field.ty, &mut packed));
    let text = "use sandtable_sdk::prelude::*;\n".to_owned();
    let mut writer = Writer { names, packed, text };
    kinds.iter().try_for_each(|kind| writer.kind(kind))?;
    Ok(writer.text)
}

/// The name without the mod.
fn short(kind: &Kind) -> &str {
    kind.name.split_once('/').map_or(&kind.name, |(_, name)| name)
}

struct Writer {
    /// Names that are taken, and by which type inside of fields.
    names: BTreeMap<String, Option<Type>>,
    /// The structs that lie in packed rows.
    packed: Vec<Type>,
    text: String,
}

/// Adds the structs in a type.
fn structs(ty: &Type, found: &mut Vec<Type>) {
    match ty {
        Type::Array(item, _) => structs(item, found),
        Type::Struct(fields) => {
            found.push(ty.clone());
            fields.iter().for_each(|(_, ty)| structs(ty, found));
        }
        _ => {}
    }
}

impl Writer {
    fn kind(&mut self, kind: &Kind) -> Result<(), Unwritable> {
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
        let mut later = Vec::new();
        let body = self.body(short(kind), &fields, "pub ", &mut later).map_err(wrong)?;
        let end = if body.starts_with(' ') { "" } else { ";" };
        self.item(&format!("{head}pub struct {}{body}{end}\n", short(kind)));
        self.inner(short(kind), later).map_err(wrong)
    }

    fn item(&mut self, text: &str) {
        self.text.push('\n');
        self.text.push_str(text);
    }

    /// Writes the types that were met inside of fields, and those inside of
    /// these.
    fn inner(&mut self, kind: &str, types: Vec<(String, Type)>) -> Result<(), String> {
        let mut types = std::collections::VecDeque::from(types);
        while let Some((name, ty)) = types.pop_front() {
            let mut later = Vec::new();
            let derive = derives(&ty);
            let body = match &ty {
                Type::Struct(fields) => {
                    format!("struct {name}{}", self.body(kind, fields, "pub ", &mut later)?)
                }
                Type::Enum(variants) => {
                    let mut text = format!("enum {name} {{\n");
                    for (variant, fields) in variants {
                        let body = self.variant(kind, fields, &mut later)?;
                        let _ = writeln!(text, "    {variant}{body},");
                    }
                    text + "}"
                }
                _ => continue,
            };
            let end = if body.ends_with('}') { "" } else { ";" };
            let packed = if self.packed.contains(&ty) { "#[value(packed)]\n" } else { "" };
            self.item(&format!("#[derive({derive})]\n{packed}pub {body}{end}\n"));
            types.extend(later);
        }
        Ok(())
    }

    /// What stands behind the name of a struct.
    fn body(
        &mut self,
        kind: &str,
        fields: &[(String, Type)],
        visible: &str,
        later: &mut Vec<(String, Type)>,
    ) -> Result<String, String> {
        match fields {
            [] => Ok(String::new()),
            [(first, _), ..] if first == "0" => {
                let mut types = Vec::with_capacity(fields.len());
                for (_, ty) in fields {
                    types.push(format!("{visible}{}", self.ty(kind, "value", ty, later)?));
                }
                Ok(format!("({})", types.join(", ")))
            }
            fields => {
                let mut text = " {\n".to_owned();
                for (name, ty) in fields {
                    let ty = self.ty(kind, name, ty, later)?;
                    let _ = writeln!(text, "    {visible}{}: {ty},", word(name)?);
                }
                Ok(text + "}")
            }
        }
    }

    /// What stands behind the name of a variant.
    fn variant(
        &mut self,
        kind: &str,
        fields: &[(String, Type)],
        later: &mut Vec<(String, Type)>,
    ) -> Result<String, String> {
        if fields.first().is_none_or(|(name, _)| name == "0") {
            return self.body(kind, fields, "", later);
        }
        let mut parts = Vec::with_capacity(fields.len());
        for (name, ty) in fields {
            parts.push(format!("{}: {}", word(name)?, self.ty(kind, name, ty, later)?));
        }
        Ok(format!(" {{ {} }}", parts.join(", ")))
    }

    /// A type as Rust writes it; one that needs a declaration is left for later.
    fn ty(
        &mut self,
        kind: &str,
        field: &str,
        ty: &Type,
        later: &mut Vec<(String, Type)>,
    ) -> Result<String, String> {
        Ok(match ty {
            Type::Entity => "Entity".to_owned(),
            Type::String => "String".to_owned(),
            Type::Array(item, len) => format!("[{}; {len}]", self.ty(kind, field, item, later)?),
            Type::List(item) => format!("Vec<{}>", self.ty(kind, field, item, later)?),
            Type::Option(item) => format!("Option<{}>", self.ty(kind, field, item, later)?),
            Type::Struct(_) | Type::Enum(_) => self.named(kind, field, ty, later)?,
            number => number.to_string(),
        })
    }

    /// The name of a type inside of a field: that of the field, if it is free.
    fn named(
        &mut self,
        kind: &str,
        field: &str,
        ty: &Type,
        later: &mut Vec<(String, Type)>,
    ) -> Result<String, String> {
        let short = camel_case(field);
        let long = format!("{kind}{short}");
        for name in [short, long] {
            match self.names.get(&name) {
                Some(Some(known)) if known == ty => return Ok(name),
                Some(_) => {}
                None => {
                    self.names.insert(name.clone(), Some(ty.clone()));
                    later.push((name.clone(), ty.clone()));
                    return Ok(name);
                }
            }
        }
        Err(format!("several types would be called `{kind}{}`", camel_case(field)))
    }
}

/// What values of a type can do.
fn derives(ty: &Type) -> String {
    let mut traits = vec!["Value", "Clone"];
    if holds(ty, &|ty| !matches!(ty, Type::String | Type::List(_))) {
        traits.push("Copy");
    }
    traits.extend(["Debug", "PartialEq"]);
    if holds(ty, &|ty| !matches!(ty, Type::F32 | Type::F64)) {
        traits.push("Eq");
    }
    traits.join(", ")
}

/// Whether something is so of a type and of all in it.
fn holds(ty: &Type, so: &impl Fn(&Type) -> bool) -> bool {
    let all = |fields: &[(String, Type)]| fields.iter().all(|(_, ty)| holds(ty, so));
    so(ty)
        && match ty {
            Type::Array(item, _) | Type::List(item) | Type::Option(item) => holds(item, so),
            Type::Struct(fields) => all(fields),
            Type::Enum(variants) => variants.iter().all(|(_, fields)| all(fields)),
            _ => true,
        }
}

/// Whether a type makes a kind packed where nothing is said.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Unsigned(_) | Type::Signed(_) | Type::F32 | Type::F64 | Type::Entity => true,
        Type::Array(item, _) => is_plain(item),
        _ => false,
    }
}

/// Whether the parts of a packed type lie as C would put them.
fn lies_well(ty: &Type) -> bool {
    match ty {
        Type::Array(item, _) => lies_well(item),
        Type::Struct(fields) => {
            let (mut end, mut most) = (0_usize, 1);
            let each = fields.iter().all(|(_, ty)| {
                let (size, align) = ty.packed_layout().unwrap_or((0, 1));
                let is_aligned = end.is_multiple_of(align);
                (end, most) = (end + size, align.max(most));
                is_aligned && lies_well(ty)
            });
            each && end.is_multiple_of(most)
        }
        _ => true,
    }
}

/// Whether the fields of a packed kind lie as those of a struct do.
fn check_layout(kind: &Kind) -> Result<(), String> {
    if kind.storage == Storage::Dynamic {
        return Ok(());
    }
    let align = |ty: &Type| ty.packed_layout().map_or(1, |(_, align)| align);
    let most = kind.fields.iter().map(|field| align(&field.ty)).max().unwrap_or(1);
    let loose = kind
        .fields
        .iter()
        .find(|field| !field.offset.is_multiple_of(align(&field.ty)) || !lies_well(&field.ty));
    match loose {
        Some(field) => Err(format!("its field `{}` is not aligned", field.name)),
        None if !kind.size.is_multiple_of(most) => Err("its rows are not aligned".to_owned()),
        None => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::Field;

    fn kind(name: &str, role: Role, storage: Storage, fields: &[(&str, &str)]) -> Kind {
        let mut size = 0;
        let fields = fields.iter().map(|(name, ty)| {
            let ty = Type::parse(ty).expect("a type");
            let offset = size;
            let packed = ty.packed_layout().filter(|_| storage == Storage::Packed);
            size += packed.map_or(0, |(size, _)| size);
            Field { name: (*name).to_owned(), ty, offset }
        });
        let fields = fields.collect();
        let on_despawn = OnDespawn::Cascade;
        Kind::new(name.to_owned(), role, storage, size, fields, on_despawn).expect("a kind")
    }

    fn written(kinds: Vec<Kind>, wanted: &[&str]) -> Result<String, String> {
        let mut registry = Registry::default();
        for kind in kinds {
            registry.add(kind);
        }
        let wanted: Vec<String> = wanted.iter().map(|it| (*it).to_owned()).collect();
        declarations(&registry, &wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn every_role_storage_and_type_is_declared() {
        use Role::{Component, Event, Input, Relation};
        use Storage::{Dynamic, Packed};
        let kinds = vec![
            kind("a/Frozen", Component, Packed, &[]),
            kind("a/Owner", Component, Packed, &[("0", "entity")]),
            kind("a/Body", Component, Packed, &[("at", "[f32; 3]"), ("type", "u32")]),
            kind(
                "a/Door",
                Component,
                Packed,
                &[("lock", "{key: u16, open: bool, rusty: bool}"), ("painted", "[bool; 4]")],
            ),
            kind("a/Loose", Component, Dynamic, &[("mass", "f64")]),
            kind(
                "a/Mind",
                Component,
                Dynamic,
                &[
                    ("mood", "Calm | At {x: f32, body: {a: u8}} | Angry(f64, string)"),
                    ("old_moods", "list<option<Good | Bad>>"),
                    ("text", "string"),
                ],
            ),
            kind("a/Shout", Event, Dynamic, &[("mood", "Loud | Soft"), ("by", "entity")]),
            kind("a/Poke", Input, Dynamic, &[("who", "entity")]),
            kind("a/Part", Relation, Packed, &[("share", "f64")]),
            kind("b/Other", Component, Packed, &[]),
        ];
        let expected = "\
use sandtable_sdk::prelude::*;

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\")]
pub struct Frozen;

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\")]
pub struct Owner(pub Entity);

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\")]
pub struct Body {
    pub at: [f32; 3],
    pub r#type: u32,
}

#[derive(Component, Clone, Copy)]
#[repr(C)]
#[component(of = \"a\", packed)]
pub struct Door {
    pub lock: Lock,
    pub painted: [bool; 4],
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
#[value(packed)]
pub struct Lock {
    pub key: u16,
    pub open: bool,
    pub rusty: bool,
}

#[derive(Component, Clone)]
#[component(of = \"a\", dynamic)]
pub struct Loose {
    pub mass: f64,
}

#[derive(Component, Clone)]
#[component(of = \"a\")]
pub struct Mind {
    pub mood: Mood,
    pub old_moods: Vec<Option<OldMoods>>,
    pub text: String,
}

#[derive(Value, Clone, Debug, PartialEq)]
pub enum Mood {
    Calm,
    At { x: f32, body: MindBody },
    Angry(f64, String),
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldMoods {
    Good,
    Bad,
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub struct MindBody {
    pub a: u8,
}

#[derive(Event, Clone)]
#[event(of = \"a\")]
pub struct Shout {
    pub mood: ShoutMood,
    pub by: Entity,
}

#[derive(Value, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShoutMood {
    Loud,
    Soft,
}

#[derive(Input, Clone)]
#[input(of = \"a\")]
pub struct Poke {
    pub who: Entity,
}

#[derive(Relation, Clone, Copy)]
#[repr(C)]
#[relation(of = \"a\", on_despawn = \"cascade\")]
pub struct Part {
    pub share: f64,
}
";
        assert_eq!(written(kinds.clone(), &["a"]).as_deref(), Ok(expected));
        let two = written(kinds, &["a/Part", "b", "a/Part"]).expect("both");
        let items: Vec<&str> = two.lines().filter(|line| line.starts_with("pub")).collect();
        assert_eq!(items, ["pub struct Part {", "pub struct Other;"], "as asked, each once");
    }

    #[test]
    fn what_rust_cannot_say_is_refused() {
        let tag = |name: &str| kind(name, Role::Component, Storage::Packed, &[]);
        assert_eq!(
            written(vec![tag("a/Thing"), tag("b/Thing")], &["a", "b"]),
            Err(
                "`a/Thing` and `b/Thing` have one name in Rust: write them into files of their own"
                    .to_owned()
            )
        );
        assert_eq!(
            written(vec![tag("a/Thing")], &["a/Thin"]),
            Err("there is no kind `a/Thin`: give a mod, or one of its kinds; there are `a/Thing`"
                .to_owned())
        );
        for (fields, what) in [
            ([("a", "u8"), ("b", "f32")], "its field `b` is not aligned"),
            ([("b", "f32"), ("a", "u8")], "its rows are not aligned"),
        ] {
            let loose = kind("a/Loose", Role::Component, Storage::Packed, &fields);
            let told = format!("`a/Loose` cannot be declared in Rust: {what}");
            assert_eq!(written(vec![loose], &["a"]), Err(told));
        }
        let own = kind("a/Own", Role::Event, Storage::Dynamic, &[("self", "u8")]);
        assert_eq!(
            written(vec![own], &["a"]),
            Err("`a/Own` cannot be declared in Rust: Rust has no field `self`".to_owned())
        );
    }
}
