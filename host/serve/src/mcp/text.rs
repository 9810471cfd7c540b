//! Answers as a model reads them well: a line for each member, a table for rows that
//! have the same columns. A text of the world is in quotes where it could be taken for
//! something else.

use serde_json::{Map, Value as Json};

/// Letters of an object that still stands on one line.
const LINE: usize = 100;

/// The members of an answer, line by line.
pub fn of(members: &Map<String, Json>) -> String {
    let mut text = String::new();
    write_members(&mut text, members, 0);
    text
}

fn write_members(text: &mut String, members: &Map<String, Json>, depth: usize) {
    for (name, value) in members {
        indent(text, depth);
        text.push_str(&word(name));
        text.push(':');
        write_value(text, value, depth);
    }
}

/// What stands behind a colon, up to the end of its last line.
fn write_value(text: &mut String, value: &Json, depth: usize) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            let line = value.to_string();
            if line.len() <= LINE {
                text.push_str(&format!(" {line}\n"));
            } else {
                text.push('\n');
                write_members(text, members, depth + 1);
            }
        }
        Json::Array(items) => match columns(items) {
            Some(columns) => write_table(text, &columns, items, depth + 1),
            None => text.push_str(&format!(" {value}\n")),
        },
        Json::String(of) => text.push_str(&format!(" {}\n", word(of))),
        other => text.push_str(&format!(" {other}\n")),
    }
}

/// The columns of items that all have the same ones.
fn columns(items: &[Json]) -> Option<Vec<&str>> {
    let of = |item: &'_ Json| item.as_object().map(|it| it.len());
    let first = items.first()?.as_object()?;
    let is_same = |item: &Json| {
        of(item) == Some(first.len())
            && item.as_object().is_some_and(|it| it.keys().eq(first.keys()))
    };
    items.iter().all(is_same).then(|| first.keys().map(String::as_str).collect())
}

fn write_table(text: &mut String, columns: &[&str], items: &[Json], depth: usize) {
    text.push('\n');
    indent(text, depth);
    text.push_str(&columns.join(" | "));
    text.push('\n');
    for item in items {
        indent(text, depth);
        let cells = item.as_object().into_iter().flat_map(Map::values).map(cell);
        text.push_str(&cells.collect::<Vec<_>>().join(" | "));
        text.push('\n');
    }
}

/// A cell of a table; nothing where there is nothing.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) if text.contains('|') => value.to_string(),
        Json::String(text) => word(text),
        other => other.to_string(),
    }
}

/// A text as it is, or in quotes where it would not be one word or sentence.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['"', '{', '['])
        && !text.contains(|letter: char| letter.is_control());
    match is_plain {
        true => text.to_owned(),
        false => Json::from(text).to_string(),
    }
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_a_table_and_texts_keep_to_their_line() {
        let answer = json!({
            "at": "7~6db9a168",
            "rows": [
                { "entity": "0v1", "label": "Ada | Countess", "data": null },
                { "entity": "1v1", "label": "two\nlines", "data": { "gold": 3 } },
            ],
            "notes": [],
        });
        let Json::Object(members) = answer else { panic!("an object") };
        let expected = "at: 7~6db9a168\nrows:\n  entity | label | data\n  \
                        0v1 | \"Ada | Countess\" | \n  1v1 | \"two\\nlines\" | {\"gold\":3}\n\
                        notes: []\n";
        assert_eq!(of(&members), expected);
    }
}
