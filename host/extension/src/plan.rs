//! How the outer SQLite's search in a table is put to the inner one.
//!
//! The outer one compares every row that is found once more, so too many may be
//! found, and none too few. What it makes of a value before it compares depends
//! on what the value is in its query, which the inner one is not told: of a text
//! and a number either may become the other. Conditions on which that could
//! matter are left to the outer one.

use rusqlite::types::Value;
use sandtable_save::{ColumnShape, TableShape, may_be_number, plain_integer, quoted};

/// A condition on a column: how it compares with a value that is known when the
/// search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which column.
    pub column: usize,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Condition {
    /// Whether both find the same rows.
    fn is_shared(self, table: &TableShape, value: &Value) -> bool {
        let of_numbers = table.columns.get(self.column).is_some_and(compares_numbers);
        match value {
            // Nothing is made of these, whatever they are compared with.
            Value::Null | Value::Blob(_) => true,
            Value::Integer(_) | Value::Real(_) => of_numbers,
            Value::Text(text) if of_numbers => !may_be_number(text) || is_plain(text),
            Value::Text(text) => self.operator.finds_few() && !may_be_number(text),
        }
    }
}

fn is_plain(text: &str) -> bool {
    plain_integer(text).is_some()
}

/// Whether SQLite makes numbers of what is compared with a column.
fn compares_numbers(column: &ColumnShape) -> bool {
    let ty = column.ty.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| ty.contains(word));
    has(&["INT"]) || !(ty.is_empty() || has(&["CHAR", "CLOB", "TEXT", "BLOB"]))
}

/// A search.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is known of the rows.
    conditions: Vec<Condition>,
    /// In which order they come.
    order: Vec<Order>,
    /// What it costs, as SQLite counts: about the rows that are looked at.
    pub cost: f64,
    /// How many rows are found.
    pub rows: i64,
}

/// No table tells how many rows it has. That many let SQLite begin a join
/// with the tables in which it does not know what to look for.
const ROWS: f64 = 1e6;

/// All tables are sorted, or found, by one of their first columns.
const KEYS: usize = 2;

impl Plan {
    /// Of rows that meet these conditions, in this order.
    pub fn new(conditions: Vec<Condition>, order: Vec<Order>) -> Self {
        let (mut looked_at, mut found) = (ROWS, ROWS);
        for condition in &conditions {
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
        let (cost, rows) = (looked_at.max(1.0) + 10.0, found.max(1.0) as i64);
        Self { conditions, order, cost, rows }
    }

    /// What follows the name of the table in the SELECT, if all conditions are
    /// put to the inner SQLite.
    pub fn rest(&self, table: &TableShape) -> String {
        self.rest_with(table, &self.conditions)
    }

    fn rest_with(&self, table: &TableShape, conditions: &[Condition]) -> String {
        let name = |column: usize| table.columns.get(column).map(|it| quoted(&it.name));
        let clauses = |word: &str, separator: &str, items: Vec<String>| match items.is_empty() {
            true => String::new(),
            false => format!(" {word} {}", items.join(separator)),
        };
        let conditioned = conditions.iter().zip(1..).filter_map(|(it, at)| {
            Some(format!("{} {} ?{at}", name(it.column)?, it.operator.sql()))
        });
        let ordered = self.order.iter().filter_map(|it| {
            Some(format!("{}{}", name(it.column)?, if it.descending { " DESC" } else { "" }))
        });
        clauses("WHERE", " AND ", conditioned.collect())
            + &clauses("ORDER BY", ", ", ordered.collect())
    }

    /// The whole SELECT for these values, one for each condition, and those of
    /// them that are its parameters.
    pub fn select(&self, table: &TableShape, values: Vec<Value>) -> (String, Vec<Value>) {
        let all = self.conditions.iter().copied().zip(values);
        let (conditions, values): (Vec<Condition>, Vec<Value>) =
            all.filter(|(condition, value)| condition.is_shared(table, value)).unzip();
        let rest = self.rest_with(table, &conditions);
        (format!("SELECT * FROM {}{rest}", quoted(&table.name)), values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_compared_otherwise_is_left_to_the_outer_one() {
        let column = |name: &str, ty: &str| ColumnShape {
            name: name.to_owned(),
            ty: ty.to_owned(),
            collation: "BINARY".to_owned(),
        };
        let columns = vec![column("n", "INTEGER"), column("t", "TEXT"), column("any", "")];
        let table = TableShape { name: "x".to_owned(), columns };
        let where_of = |column, operator, value| {
            let plan = Plan::new(vec![Condition { column, operator }], Vec::new());
            let (select, _) = plan.select(&table, vec![value]);
            select.trim_start_matches("SELECT * FROM \"x\"").trim_start().to_owned()
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let (equal, less) = (Operator::Equal, Operator::Less);
        for (column, operator, value, expected) in [
            (0, equal, Value::Integer(5), "WHERE \"n\" = ?1"),
            (0, less, Value::Real(5.5), "WHERE \"n\" < ?1"),
            (0, equal, text(" 5"), "WHERE \"n\" = ?1"),
            (0, equal, text("5.0"), ""),
            (0, less, text("five"), "WHERE \"n\" < ?1"),
            (1, equal, text("five"), "WHERE \"t\" = ?1"),
            (1, equal, text("5"), ""),
            (1, less, text("five"), ""),
            (1, equal, Value::Integer(5), ""),
            (1, Operator::Is, Value::Null, "WHERE \"t\" IS ?1"),
            (2, equal, Value::Integer(5), ""),
            (2, equal, Value::Blob(vec![5]), "WHERE \"any\" = ?1"),
        ] {
            assert_eq!(where_of(column, operator, value.clone()), expected, "{value:?}");
        }
    }
}
