//! Where statements of SQL end.

/// What a letter is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Sql,
    /// Quotes, until this letter.
    Quotes(char),
    /// A comment to the end of the line.
    Line,
    /// A comment to `*/`.
    Block,
}

/// The place behind the `;` that ends the first statement.
pub fn end(text: &str) -> Option<usize> {
    letters(text)
        .find(|(_, letter, within)| *letter == ';' && *within == Within::Sql)
        .map(|(at, ..)| at + 1)
}

/// Whether there is nothing but space, comments and `;`.
pub fn is_blank(text: &str) -> bool {
    letters(text).all(|(_, letter, within)| match within {
        Within::Sql => letter.is_whitespace() || letter == ';',
        Within::Quotes(_) => false,
        Within::Line | Within::Block => true,
    })
}

/// Every letter, its place, and what it is in; what begins a comment or quotes
/// is in them.
fn letters(text: &str) -> impl Iterator<Item = (usize, char, Within)> {
    let mut within = Within::Sql;
    let mut before = ' ';
    text.char_indices().map(move |(at, letter)| {
        let next = text[at + letter.len_utf8()..].chars().next();
        let was = within;
        (within, before) = match (within, letter) {
            (Within::Sql, '\'' | '"' | '`') => (Within::Quotes(letter), letter),
            (Within::Sql, '[') => (Within::Quotes(']'), letter),
            (Within::Sql, '-') if next == Some('-') => (Within::Line, letter),
            (Within::Sql, '/') if next == Some('*') => (Within::Block, ' '),
            (Within::Quotes(end), letter) if letter == end => (Within::Sql, letter),
            (Within::Line, '\n') => (Within::Sql, letter),
            (Within::Block, '/') if before == '*' => (Within::Sql, letter),
            // The star that begins a comment does not end it.
            (Within::Block, '*') if before == ' ' && text[..at].ends_with('/') => (within, '('),
            (within, letter) => (within, letter),
        };
        (at, letter, if was == Within::Sql { within } else { was })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_where_sql_ends_it() {
        for (text, expected) in [
            ("SELECT 1; SELECT 2;", Some("SELECT 1;")),
            ("SELECT 1", None),
            ("SELECT ';", None),
            ("SELECT ';';", Some("SELECT ';';")),
            ("SELECT 'it''s;';x", Some("SELECT 'it''s;';")),
            ("SELECT \";\", `;`, [;];", Some("SELECT \";\", `;`, [;];")),
            ("SELECT 1 -- not; yet\n;", Some("SELECT 1 -- not; yet\n;")),
            ("SELECT /* ; */ 1;", Some("SELECT /* ; */ 1;")),
            ("SELECT /*/ ; */ 1;", Some("SELECT /*/ ; */ 1;")),
            ("SELECT 3 - 2 / 1;", Some("SELECT 3 - 2 / 1;")),
            ("SELECT 'é';", Some("SELECT 'é';")),
        ] {
            assert_eq!(end(text).map(|end| &text[..end]), expected, "{text}");
        }
    }

    #[test]
    fn comments_and_space_are_no_statement() {
        for (text, expected) in [
            ("", true),
            (" ;\n", true),
            ("-- nothing", true),
            ("/* nothing */ ;", true),
            ("/* nothing */ 1", false),
            ("''", false),
        ] {
            assert_eq!(is_blank(text), expected, "{text}");
        }
    }
}
