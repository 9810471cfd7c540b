//! Which parameters stand in a statement, before there is a database that knows its tables.

use std::collections::BTreeSet;

/// The names of the parameters of a statement, each written `:name`.
///
/// # Errors
///
/// The first character of a parameter that is written otherwise.
pub fn parameters(sql: &str) -> Result<BTreeSet<&str>, char> {
    let mut names = BTreeSet::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = token(rest, first);
        let (token, after) = rest.split_at(length);
        match first {
            ':' if length > 1 => {
                names.insert(&token[1..]);
            }
            '?' | '@' | '$' => return Err(first),
            _ => (),
        }
        rest = after;
    }
    Ok(names)
}

/// The first word of a statement, in lower case.
pub fn first_word(sql: &str) -> Option<String> {
    let mut rest = sql;
    loop {
        let first = rest.chars().next()?;
        let (token, after) = rest.split_at(token(rest, first));
        if token.starts_with(is_of_word) {
            return Some(token.to_ascii_lowercase());
        }
        if !first.is_whitespace() && !token.starts_with("--") && !token.starts_with("/*") {
            return None;
        }
        rest = after;
    }
}

/// Bytes of the token that a text begins with: one of those in which signs mean nothing, a
/// parameter with its name, or a single sign.
fn token(text: &str, first: char) -> usize {
    let up_to = |end: &str, from: usize| {
        text.get(from..).and_then(|it| it.find(end)).map_or(text.len(), |at| from + at + end.len())
    };
    let word = |from: usize| {
        let rest = &text[from..];
        from + rest.find(|it| !is_of_word(it)).unwrap_or(rest.len())
    };
    match first {
        '\'' => up_to("'", 1),
        '"' => up_to("\"", 1),
        '`' => up_to("`", 1),
        '[' => up_to("]", 1),
        '-' if text.starts_with("--") => up_to("\n", 2),
        '/' if text.starts_with("/*") => up_to("*/", 2),
        ':' | '@' => word(1),
        first if is_of_word(first) && first != '$' => word(0),
        first => first.len_utf8(),
    }
}

/// Whether SQLite takes it for a part of a word.
fn is_of_word(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_' || it == '$' || !it.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_where_they_are_some() {
        let sql = "SELECT ':a', \":b\", `:c`, [:d], 'it''s :e', x$y, :f -- :g\n, :f, :h2/* :i */";
        assert_eq!(parameters(sql), Ok(BTreeSet::from(["f", "h2"])));
        assert_eq!(parameters("SELECT ?1"), Err('?'));
        assert_eq!(parameters("SELECT $a"), Err('$'));
        assert_eq!(parameters("SELECT 'open :a"), Ok(BTreeSet::new()));
        assert_eq!(parameters("SELECT ä:b"), Ok(BTreeSet::from(["b"])));
        assert_eq!(first_word(" -- x\n/* y */ Select 1").as_deref(), Some("select"));
        assert_eq!(first_word("(SELECT 1)"), None);
        assert_eq!(first_word(""), None);
    }
}
