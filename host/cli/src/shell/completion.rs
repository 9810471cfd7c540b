//! What can be said, and the word that is being typed completed.

use std::collections::BTreeSet;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};
use sandtable::save::TableShape;

/// What can be said besides SQL.
pub const COMMANDS: [(&str, &str); 5] = [
    (".tables", "list the tables"),
    (".schema", "show the columns of all tables, or of the one named behind it"),
    (".mode", "write answers as `table`, `csv` or `json`"),
    (".help", "show this"),
    (".quit", "leave, as Ctrl-D does"),
];

/// What a SELECT is made of.
const KEYWORDS: &str = "AND AS ASC AVG BETWEEN BY CASE COUNT CROSS DESC DISTINCT ELSE END EXISTS \
    FROM GROUP HAVING IN INNER IS JOIN LEFT LIKE LIMIT MAX MIN NATURAL NOT NULL OFFSET ON OR ORDER \
    OVER PARTITION RECURSIVE SELECT SUM THEN UNION USING VALUES WHEN WHERE WITH";

/// Everything that can be said.
pub struct Words {
    names: BTreeSet<String>,
}

impl Words {
    /// With the tables that there are, and their columns.
    pub fn of(tables: &[TableShape]) -> Self {
        let columns = tables.iter().flat_map(|table| &table.columns).map(|column| &column.name);
        let names = tables.iter().map(|table| &table.name).chain(columns);
        Self { names: names.cloned().collect() }
    }

    /// What the word before a place can become, and where it starts. A keyword
    /// is written as large as it was begun.
    fn candidates(&self, before: &str) -> (usize, Vec<String>) {
        let part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let start = before.trim_end_matches(part).len();
        let word = &before[start..];
        if before[..start].trim() == "." {
            let commands = COMMANDS.map(|(command, _)| command.to_owned());
            let fitting = commands.into_iter().filter(|it| it[1..].starts_with(word));
            return (start - 1, fitting.collect());
        }
        if word.is_empty() {
            return (start, Vec::new());
        }
        let small = word.chars().all(char::is_lowercase);
        let keywords = KEYWORDS.split_whitespace();
        let keywords = keywords.map(|it| if small { it.to_lowercase() } else { it.to_owned() });
        let fits = |it: &String| {
            it.get(..word.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(word))
        };
        (start, self.names.iter().cloned().chain(keywords).filter(fits).collect())
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        place: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(&line[..place]))
    }
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Hinter for Words {
    type Hint = String;
}
impl Validator for Words {}

#[cfg(test)]
mod tests {
    use sandtable::save::ColumnShape;

    use super::*;

    #[test]
    fn tables_columns_keywords_and_commands_are_completed() {
        let column = ColumnShape {
            name: "gold".to_owned(),
            ty: "INTEGER".to_owned(),
            collation: "BINARY".to_owned(),
        };
        let table = TableShape { name: "economy_treasury".to_owned(), columns: vec![column] };
        let words = Words::of(&[table]);
        for (before, start, expected) in [
            ("SELECT * FROM eco", 14, &["economy_treasury"][..]),
            ("SELECT max(g", 11, &["gold", "group"]),
            ("SELECT max(G", 11, &["gold", "GROUP"]),
            ("sel", 0, &["select"]),
            (".t", 0, &[".tables"]),
            ("SELECT ", 7, &[]),
            ("SELECT 'ä' FROM nothing_lik", 17, &[]),
        ] {
            let expected = expected.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            assert_eq!(words.candidates(before), (start, expected), "{before}");
        }
    }
}
