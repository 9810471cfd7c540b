//! Finds statements that can be made for many rows at once.

use super::given::{self, GIVEN, PLACES};

/// The statement that inserts all rows that are [given], for one that inserts one
/// row of parameters: `INSERT INTO … VALUES (…)`, with parameters and literals only,
/// and whatever ON CONFLICT says of a row alone. Nothing for any other, also where it
/// could be one.
///
/// It must be a statement that SQLite takes, for this tells none from nonsense.
pub(super) fn rewritten(sql: &str) -> Option<String> {
    let mut tokens = Tokens { sql, at: 0 };
    if !tokens.next()?.is_one_of(&["INSERT", "REPLACE"]) {
        return None;
    }
    let head = loop {
        let before = tokens.at;
        match tokens.next()? {
            Token::Word("(" | ")" | "," | ".") | Token::Name => {}
            token if token.is_one_of(&["VALUES"]) => break &sql[..before],
            token if token.is_one_of(&["SELECT", "WITH", "DEFAULT"]) => return None,
            Token::Word(_) => {}
            _ => return None,
        }
    };
    let columns = columns(&mut tokens)?;
    let before = tokens.at;
    let mut is_first = true;
    let tail = loop {
        let end = tokens.at;
        match tokens.next() {
            None => break &sql[before..end],
            Some(Token::Word(";")) => match tokens.next() {
                None => break &sql[before..end],
                Some(_) => return None,
            },
            Some(token) if is_first && !token.is_one_of(&["ON"]) => return None,
            // These would look at other rows, once for all that are given.
            Some(token) if token.is_one_of(&["SELECT", "IN", "RETURNING"]) => return None,
            Some(Token::Parameter(_) | Token::Other) => return None,
            Some(_) => is_first = false,
        }
    };
    Some(format!("{head} SELECT {columns} FROM {GIVEN} WHERE true{tail}"))
}

/// What VALUES has between its brackets, with columns for parameters.
fn columns(tokens: &mut Tokens<'_>) -> Option<String> {
    let mut columns = Vec::new();
    let mut highest = 0;
    if tokens.next()? != Token::Word("(") {
        return None;
    }
    loop {
        let before = tokens.at;
        let mut column = None;
        match tokens.next()? {
            Token::Parameter(number) => {
                let number = number.unwrap_or(highest + 1);
                highest = highest.max(number);
                column = (1..=PLACES).contains(&number).then(|| given::column(number));
                column.as_ref()?;
            }
            Token::Text | Token::Number => {}
            Token::Word("+" | "-") if tokens.next()? == Token::Number => {}
            token if token.is_one_of(&["NULL", "TRUE", "FALSE"]) => {}
            _ => return None,
        }
        columns.push(column.unwrap_or_else(|| tokens.sql[before..tokens.at].to_owned()));
        match tokens.next()? {
            Token::Word(",") => {}
            Token::Word(")") => return Some(columns.join(", ")),
            _ => return None,
        }
    }
}

/// A token of SQL, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'s> {
    /// A word without quotes, or a sign.
    Word(&'s str),
    /// A name in quotes.
    Name,
    Text,
    Number,
    /// `?` or `?1`.
    Parameter(Option<usize>),
    /// Anything else: a comment, a parameter with a name.
    Other,
}

impl Token<'_> {
    fn is_one_of(&self, words: &[&str]) -> bool {
        let Self::Word(own) = self else { return false };
        words.iter().any(|word| own.eq_ignore_ascii_case(word))
    }
}

struct Tokens<'s> {
    sql: &'s str,
    at: usize,
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        let rest = self.sql[self.at..].trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
        let start = self.sql.len() - rest.len();
        let first = rest.chars().next()?;
        let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let word = |from: usize| {
            let rest = &rest[from..];
            from + rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len())
        };
        let (token, length) = match first {
            'x' | 'X' if rest[1..].starts_with('\'') => (Token::Text, 1 + quoted(&rest[1..])),
            'a'..='z' | 'A'..='Z' | '_' => (Token::Word(&rest[..word(0)]), word(0)),
            '0'..='9' => {
                let is_of_number = |letter| is_of_word(letter) || letter == '.';
                let end = rest.find(|letter| !is_of_number(letter)).unwrap_or(rest.len());
                (Token::Number, end)
            }
            '\'' => (Token::Text, quoted(rest)),
            '"' | '`' => (Token::Name, quoted(rest)),
            '?' => match &rest[1..word(1)] {
                "" => (Token::Parameter(None), 1),
                number => {
                    (number.parse().map_or(Token::Other, |it| Token::Parameter(Some(it))), word(1))
                }
            },
            '-' if rest.starts_with("--") => (Token::Other, 1),
            '/' if rest.starts_with("/*") => (Token::Other, 1),
            sign if "(),.;+-*/<>=!|&%~".contains(sign) => (Token::Word(&rest[..1]), 1),
            _ => (Token::Other, first.len_utf8()),
        };
        self.at = start + length;
        Some(token)
    }
}

/// How long what is in quotes is, with them.
fn quoted(text: &str) -> usize {
    let quote = text.chars().next().unwrap_or_default();
    let mut at = 1;
    while let Some(found) = text[at..].find(quote) {
        at += found + 1;
        match text[at..].starts_with(quote) {
            true => at += 1,
            false => return at,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_parameters_are_read_from_the_table_that_is_given() {
        for (sql, expected) in [
            (
                "INSERT INTO a__b VALUES (?1, ?2)",
                "INSERT INTO a__b SELECT p1, p2 FROM st_given WHERE true",
            ),
            (
                "insert or ignore into main.\"a__b\" as t (x, `y z`) values(?,?3,?, -1, 'it''s', x'00', null);\n",
                "insert or ignore into main.\"a__b\" as t (x, `y z`) SELECT p1, p3, p4, -1, 'it''s', x'00', null FROM st_given WHERE true",
            ),
            (
                "REPLACE INTO a__b VALUES (?2, ?1) ON CONFLICT (x) DO UPDATE SET y = y + excluded.y WHERE y > 1.5",
                "REPLACE INTO a__b SELECT p2, p1 FROM st_given WHERE true ON CONFLICT (x) DO UPDATE SET y = y + excluded.y WHERE y > 1.5",
            ),
        ] {
            assert_eq!(rewritten(sql).map(|sql| sql.replace("  ", " ")).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_looks_at_more_than_its_row_is_left_as_it_is() {
        for sql in [
            "",
            "SELECT ?1",
            "UPDATE a__b SET x = ?1",
            "INSERT INTO a__b DEFAULT VALUES",
            "INSERT INTO a__b SELECT ?1",
            "INSERT INTO a__b SELECT 1 UNION ALL VALUES (?1)",
            "INSERT INTO a__b VALUES (?1), (?2)",
            "INSERT INTO a__b VALUES (?1 + 1)",
            "INSERT INTO a__b VALUES (lower(?1))",
            "INSERT INTO a__b VALUES ((SELECT max(x) FROM a__b))",
            "INSERT INTO a__b VALUES (:x)",
            "INSERT INTO a__b VALUES (p1)",
            "INSERT INTO a__b VALUES (\"p1\")",
            "INSERT INTO a__b VALUES (?0)",
            "INSERT INTO a__b VALUES (?65)",
            "INSERT INTO a__b VALUES (?1) -- x",
            "INSERT INTO a__b /* x */ VALUES (?1)",
            "INSERT INTO a__b VALUES (?1) /* x",
            "INSERT INTO a__b VALUES (?1) RETURNING x",
            "INSERT INTO a__b VALUES (?1) ON CONFLICT DO UPDATE SET x = ?2",
            "INSERT INTO a__b VALUES (?1) ON CONFLICT DO UPDATE SET x = (SELECT max(x) FROM a__b)",
            "INSERT INTO a__b VALUES (?1) ON CONFLICT DO UPDATE SET x = x IN a__c",
            "INSERT INTO a__b VALUES (?1); SELECT 1",
            "INSERT INTO a__b VALUES ('it",
        ] {
            assert_eq!(rewritten(sql), None, "{sql}");
        }
    }
}
