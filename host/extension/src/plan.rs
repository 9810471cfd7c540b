//! How the outer SQLite's search in a table is put to the inner one.

use sandtable::persist::{TableShape, quoted};

/// A condition on a column: how it compares with a value that is known when the
/// search begins.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// Which column.
    pub column: usize,
    /// How it compares.
    pub operator: Operator,
}

/// How a column compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// They are equal.
    Equal,
    /// They are equal, or both NULL.
    Is,
    /// The column is less.
    Less,
    /// It is not greater.
    AtMost,
    /// It is greater.
    Greater,
    /// It is not less.
    AtLeast,
}

impl Operator {
    fn sql(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::Is => "IS",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
        }
    }

    fn finds_few(self) -> bool {
        matches!(self, Operator::Equal | Operator::Is)
    }
}

/// By what rows are sorted.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Which column.
    pub column: usize,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What follows the name of the table in the SELECT; parameters are numbered
    /// as the conditions are.
    pub rest: String,
    /// What it costs, as SQLite counts: about the rows that are looked at.
    pub cost: f64,
    /// How many rows are found.
    pub rows: i64,
}

/// Tables tell nobody how many rows they have. That many let SQLite begin a join
/// with the tables in which it does not know what to look for.
const ROWS: f64 = 1e6;

/// All tables are sorted, or found, by one of their first columns.
const KEYS: usize = 2;

impl Plan {
    /// Puts conditions and order into SQL.
    pub fn new(table: &TableShape, conditions: &[Condition], order: &[Order]) -> Self {
        let name = |column: usize| table.columns.get(column).map(|it| quoted(&it.name));
        let clauses = |word: &str, separator: &str, items: Vec<String>| match items.is_empty() {
            true => String::new(),
            false => format!(" {word} {}", items.join(separator)),
        };
        let conditioned = conditions.iter().zip(1..).filter_map(|(it, at)| {
            Some(format!("{} {} ?{at}", name(it.column)?, it.operator.sql()))
        });
        let ordered = order.iter().filter_map(|it| {
            Some(format!("{}{}", name(it.column)?, if it.descending { " DESC" } else { "" }))
        });
        let rest = clauses("WHERE", " AND ", conditioned.collect())
            + &clauses("ORDER BY", ", ", ordered.collect());

        let (mut looked_at, mut found) = (ROWS, ROWS);
        for condition in conditions {
            let share = match condition.operator.finds_few() {
                true => 1e-3,
                false => 0.25,
            };
            found *= share;
            if condition.column < KEYS {
                looked_at *= share;
            }
        }
        // To begin a search costs about as much as ten rows.
        Self { rest, cost: looked_at.max(1.0) + 10.0, rows: found.max(1.0) as i64 }
    }

    /// The whole SELECT.
    pub fn select(table: &TableShape, rest: &str) -> String {
        format!("SELECT * FROM {}{rest}", quoted(&table.name))
    }
}
