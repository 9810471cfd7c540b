//! Types of fields, as mods declare them in text.
//!
//! The grammar is that of `field.ty` in `types.wit`. A type is at most
//! [`Type::DEPTH_MAX`] levels deep, so that no value of it can be deeper than
//! what the decoder admits.
//!
//! Packed are numbers, `entity`, `bool` as a byte that is 0 or 1, and arrays and
//! structs of those, one part right after the other. The contract's first
//! version names neither `bool` nor structs among them; the host takes both
//! from any component.

use std::fmt;

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// `u8` to `u64`: the number of bytes.
    Unsigned(u8),
    /// `i8` to `i64`: the number of bytes.
    Signed(u8),
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `entity`.
    Entity,
    /// `string`, in UTF-8.
    String,
    /// `[T; N]`.
    Array(Box<Type>, usize),
    /// `list<T>`.
    List(Box<Type>),
    /// `option<T>`.
    Option(Box<Type>),
    /// `{a: T, b: T}`.
    Struct(Vec<(String, Type)>),
    /// `A | B(T) | C{x: T}`. Fields of a tuple variant are named by number.
    Enum(Vec<(String, Vec<(String, Type)>)>),
}

impl Type {
    /// How many levels a type may nest.
    pub const DEPTH_MAX: usize = 16;
    const ITEMS_MAX: usize = 1 << 16;

    /// Reads a type from its text.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text: no type, a type that is too deep or has too many
    /// items, or something behind it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let found = parser.alternatives(0).map_err(|what| format!("`{text}`: {what}"))?;
        match parser.rest.trim() {
            "" => Ok(found),
            rest => Err(format!("`{text}`: `{rest}` is left over")),
        }
    }

    /// Bytes of a packed value and its alignment; nothing for types that have
    /// no fixed size, or a part without any bytes.
    pub fn packed_layout(&self) -> Option<(usize, usize)> {
        match self {
            Type::Bool => Some((1, 1)),
            Type::Unsigned(bytes) | Type::Signed(bytes) => Some((*bytes as usize, *bytes as usize)),
            Type::F32 => Some((4, 4)),
            Type::F64 | Type::Entity => Some((8, 8)),
            Type::Array(item, len) if *len > 0 => {
                let (size, align) = item.packed_layout()?;
                Some((size.checked_mul(*len)?, align))
            }
            Type::Struct(fields) => {
                let layouts = fields.iter().map(|(_, ty)| ty.packed_layout());
                layouts.reduce(|before, next| {
                    let ((size, align), (more, wider)) = (before?, next?);
                    Some((size.checked_add(more)?, align.max(wider)))
                })?
            }
            _ => None,
        }
    }

    /// Whether the fields of a variant are those of a tuple.
    pub fn is_tuple(fields: &[(String, Type)]) -> bool {
        fields.first().is_some_and(|(name, _)| name == "0")
    }

    /// Calls `leaf` with the offset and type of every scalar in a packed value.
    pub(super) fn leaves(&self, offset: usize, leaf: &mut impl FnMut(usize, &Type)) {
        let bytes = |ty: &Type| ty.packed_layout().map_or(0, |(size, _)| size);
        match self {
            Type::Array(item, len) => {
                let size = bytes(item);
                for at in 0..*len {
                    item.leaves(offset + at * size, leaf);
                }
            }
            Type::Struct(fields) => {
                let mut at = offset;
                for (_, ty) in fields {
                    ty.leaves(at, leaf);
                    at += bytes(ty);
                }
            }
            _ => leaf(offset, self),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Unsigned(bytes) => write!(f, "u{}", bytes * 8),
            Type::Signed(bytes) => write!(f, "i{}", bytes * 8),
            Type::F32 => f.write_str("f32"),
            Type::F64 => f.write_str("f64"),
            Type::Entity => f.write_str("entity"),
            Type::String => f.write_str("string"),
            Type::Array(item, len) => write!(f, "[{item}; {len}]"),
            Type::List(item) => write!(f, "list<{item}>"),
            Type::Option(item) => write!(f, "option<{item}>"),
            Type::Struct(fields) => write_fields(f, "{", fields, "}", true),
            Type::Enum(variants) => {
                for (at, (name, fields)) in variants.iter().enumerate() {
                    write!(f, "{}{name}", if at > 0 { " | " } else { "" })?;
                    if Type::is_tuple(fields) {
                        write_fields(f, "(", fields, ")", false)?;
                    } else if !fields.is_empty() {
                        write_fields(f, "{", fields, "}", true)?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn write_fields(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    fields: &[(String, Type)],
    close: &str,
    named: bool,
) -> fmt::Result {
    f.write_str(open)?;
    for (at, (name, ty)) in fields.iter().enumerate() {
        f.write_str(if at > 0 { ", " } else { "" })?;
        if named {
            write!(f, "{name}: ")?;
        }
        write!(f, "{ty}")?;
    }
    f.write_str(close)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(format!("expected `{token}` before `{}`", self.rest))
        }
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A type, or an enum: what starts with a capital letter is a variant.
    fn alternatives(&mut self, depth: usize) -> Result<Type, String> {
        if depth >= Type::DEPTH_MAX {
            return Err(format!("nested deeper than {} levels", Type::DEPTH_MAX));
        }
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with(|c: char| c.is_ascii_uppercase()) {
            return self.plain(depth);
        }
        let mut variants: Vec<(String, Vec<(String, Type)>)> = Vec::new();
        loop {
            let name = self.word().to_owned();
            if name.is_empty() {
                return Err(format!("expected a variant before `{}`", self.rest));
            }
            if variants.iter().any(|(other, _)| *other == name) {
                return Err(format!("variant `{name}` stands twice"));
            }
            let fields = if self.eat("(") {
                self.tuple(depth)?
            } else if self.eat("{") {
                self.fields(depth)?
            } else {
                Vec::new()
            };
            variants.push((name, fields));
            if !self.eat("|") {
                return Ok(Type::Enum(variants));
            }
        }
    }

    fn plain(&mut self, depth: usize) -> Result<Type, String> {
        if self.eat("[") {
            let item = self.alternatives(depth + 1)?;
            self.expect(";")?;
            let len = self.word();
            let len = len
                .parse()
                .ok()
                .filter(|len| *len <= Type::ITEMS_MAX)
                .ok_or_else(|| format!("`{len}` is no length up to {}", Type::ITEMS_MAX))?;
            self.expect("]")?;
            return Ok(Type::Array(Box::new(item), len));
        }
        if self.eat("{") {
            return Ok(Type::Struct(self.fields(depth)?));
        }
        match self.word() {
            "bool" => Ok(Type::Bool),
            "u8" => Ok(Type::Unsigned(1)),
            "u16" => Ok(Type::Unsigned(2)),
            "u32" => Ok(Type::Unsigned(4)),
            "u64" => Ok(Type::Unsigned(8)),
            "i8" => Ok(Type::Signed(1)),
            "i16" => Ok(Type::Signed(2)),
            "i32" => Ok(Type::Signed(4)),
            "i64" => Ok(Type::Signed(8)),
            "f32" => Ok(Type::F32),
            "f64" => Ok(Type::F64),
            "entity" => Ok(Type::Entity),
            "string" => Ok(Type::String),
            "list" => Ok(Type::List(self.angled(depth)?)),
            "option" => Ok(Type::Option(self.angled(depth)?)),
            other => Err(format!("`{other}` is no type")),
        }
    }

    fn angled(&mut self, depth: usize) -> Result<Box<Type>, String> {
        self.expect("<")?;
        let item = self.alternatives(depth + 1)?;
        self.expect(">")?;
        Ok(Box::new(item))
    }

    fn tuple(&mut self, depth: usize) -> Result<Vec<(String, Type)>, String> {
        let mut fields = Vec::new();
        loop {
            fields.push((fields.len().to_string(), self.alternatives(depth + 1)?));
            if !self.eat(",") {
                self.expect(")")?;
                return Ok(fields);
            }
        }
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<(String, Type)>, String> {
        let mut fields: Vec<(String, Type)> = Vec::new();
        while !self.eat("}") {
            if !fields.is_empty() {
                self.expect(",")?;
            }
            let name = self.word().to_owned();
            if name.is_empty() {
                return Err(format!("expected a field before `{}`", self.rest));
            }
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(format!("field `{name}` stands twice"));
            }
            self.expect(":")?;
            fields.push((name, self.alternatives(depth + 1)?));
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::Type;

    #[test]
    fn every_type_reads_back_as_it_is_written() {
        for text in [
            "u8",
            "i64",
            "[[f32; 3]; 2]",
            "list<option<string>>",
            "{name: string, at: [f64; 2]}",
            "Calm | Angry(f32, u8) | At{x: f32, who: entity}",
            "list<A | B({})>",
        ] {
            let parsed = Type::parse(text).expect(text);
            assert_eq!(parsed.to_string(), text);
            assert_eq!(Type::parse(&parsed.to_string()), Ok(parsed));
        }
    }

    #[test]
    fn a_mistake_is_named() {
        for (text, expected) in [
            ("u7", "`u7`: `u7` is no type"),
            ("list<u8", "`list<u8`: expected `>` before ``"),
            ("[u8; 99999999]", "`[u8; 99999999]`: `99999999` is no length up to 65536"),
            ("{a: u8, a: u8}", "`{a: u8, a: u8}`: field `a` stands twice"),
            ("A | A", "`A | A`: variant `A` stands twice"),
            ("u8 u8", "`u8 u8`: `u8` is left over"),
        ] {
            assert_eq!(Type::parse(text), Err(expected.to_owned()));
        }
        let deep = "list<".repeat(40) + "u8" + &">".repeat(40);
        assert!(Type::parse(&deep).is_err_and(|what| what.contains("deeper than 16")));
        let deep = "A(".repeat(100_000);
        assert!(Type::parse(&deep).is_err_and(|what| what.contains("deeper than 16")));
    }
}
