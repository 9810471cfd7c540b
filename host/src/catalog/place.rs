//! From the bytes of a TOML text to keys, and back: the parser reports where a
//! mistake is, people think in keys.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The keys that lead to what stands at `span`; none for the top level.
pub(super) fn path_at(text: &str, span: Range<usize>) -> Vec<String> {
    let mut path = Vec::new();
    if let Ok(table) = DeTable::parse(text)
        && !span.is_empty()
    {
        descend(table.get_ref(), &span, &mut path);
    }
    path
}

fn descend(table: &DeTable<'_>, at: &Range<usize>, path: &mut Vec<String>) -> bool {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        if inside(value.get_ref(), at, path) || holds(&key.span(), at) || holds(&value.span(), at) {
            return true;
        }
        path.pop();
    }
    false
}

fn inside(value: &DeValue<'_>, at: &Range<usize>, path: &mut Vec<String>) -> bool {
    match value {
        DeValue::Table(table) => descend(table, at, path),
        DeValue::Array(items) => items.iter().enumerate().any(|(index, item)| {
            path.push(index.to_string());
            let found = inside(item.get_ref(), at, path) || holds(&item.span(), at);
            if !found {
                path.pop();
            }
            found
        }),
        _ => false,
    }
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Where the deepest of these keys that the text has stands.
pub(super) fn offset_of(text: &str, path: &[String]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 0 };
    let mut offset = 0;
    let mut table = root.get_ref();
    let mut items: Option<&toml::de::DeArray<'_>> = None;
    for key in path {
        let value = if let Some(array) = items.take() {
            let Some(item) = key.parse().ok().and_then(|index: usize| array.get(index)) else {
                break;
            };
            offset = item.span().start;
            item.get_ref()
        } else {
            let Some((key, value)) = table.iter().find(|(name, _)| name.get_ref() == key) else {
                break;
            };
            offset = key.span().start;
            value.get_ref()
        };
        match value {
            DeValue::Table(inner) => table = inner,
            DeValue::Array(array) => items = Some(array),
            _ => break,
        }
    }
    offset
}

/// Line and column of an offset, in characters and from one.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// A path as it would be written in TOML, except that entries of a list are
/// numbered: `mods.economy.path`, `summary[0].sql`.
pub(super) fn dotted(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        if key.bytes().all(|letter| letter.is_ascii_digit()) {
            text.push_str(&format!("[{key}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(key);
        }
    }
    text
}
