//! Lists as the JSON that statements take as one parameter, for `json_each`.

/// A list of texts.
pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    written(texts, |text, into| quote(text, into))
}

/// A list of pairs.
pub fn of_pairs<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> String {
    written(pairs, |(first, second), into| {
        into.push('[');
        quote(first, into);
        into.push(',');
        quote(second, into);
        into.push(']');
    })
}

fn written<T>(items: impl IntoIterator<Item = T>, write: impl Fn(T, &mut String)) -> String {
    let mut into = String::from("[");
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            into.push(',');
        }
        write(item, &mut into);
    }
    into.push(']');
    into
}

/// Ids have no control characters, so that only these two have to be escaped.
fn quote(text: &str, into: &mut String) {
    into.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            into.push('\\');
        }
        into.push(char);
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::{of, of_pairs};

    #[test]
    fn texts_are_quoted() {
        assert_eq!(of([]), "[]");
        assert_eq!(of(["a", "the \"b\" \\ c"]), r#"["a","the \"b\" \\ c"]"#);
        assert_eq!(of_pairs([("a", "b"), ("c", "d")]), r#"[["a","b"],["c","d"]]"#);
    }
}
