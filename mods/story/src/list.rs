//! Lists as the JSON that statements take as one parameter, for `json_each`.

/// Bytes of a list: a parameter may have little more.
const LIST_MAX: usize = 24 << 10;

/// Texts, in as many lists as it takes.
pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    written(texts, quote)
}

/// Pairs, in as many lists as it takes.
pub fn of_pairs<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> Vec<String> {
    written(pairs, |(first, second), into| {
        into.push('[');
        quote(first, into);
        into.push(',');
        quote(second, into);
        into.push(']');
    })
}

fn written<T>(items: impl IntoIterator<Item = T>, write: impl Fn(T, &mut String)) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for item in items {
        match lists.last_mut().filter(|list| list.len() < LIST_MAX) {
            Some(list) => list.push(','),
            None => {
                if let Some(list) = lists.last_mut() {
                    list.push(']');
                }
                lists.push("[".to_owned());
            }
        }
        if let Some(list) = lists.last_mut() {
            write(item, list);
        }
    }
    if let Some(list) = lists.last_mut() {
        list.push(']');
    }
    lists
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
        assert_eq!(of([]), [] as [String; 0]);
        assert_eq!(of(["a", "the \"b\" \\ c"]), [r#"["a","the \"b\" \\ c"]"#]);
        assert_eq!(of_pairs([("a", "b"), ("c", "d")]), [r#"[["a","b"],["c","d"]]"#]);
    }

    #[test]
    fn a_list_is_as_long_as_a_parameter_may_be() {
        let texts = vec!["0123456789"; 10_000];
        let lists = of(texts.iter().copied());
        assert!(lists.iter().all(|list| list.len() < 32 << 10 && list.ends_with("\"]")));
        let count: usize = lists.iter().map(|list| list.matches("0123456789").count()).sum();
        assert_eq!(count, texts.len());
    }
}
