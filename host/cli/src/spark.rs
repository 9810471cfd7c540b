//! Numbers over time as a line of blocks.

use rusqlite::types::Value;
use sandtable::save::Table;

use super::text::rounded;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Letters of a line; less where there were less ticks.
const WIDTH: u64 = 60;

/// A column of a table whose first column is the tick, with its least and
/// greatest value; nothing where it is no number that changed.
pub fn line(table: &Table, column: usize) -> Option<String> {
    let points = table.rows.iter().filter_map(|row| match (row.first()?, row.get(column)?) {
        (Value::Integer(tick), Value::Integer(number)) => Some((*tick, *number as f64)),
        (Value::Integer(tick), Value::Real(number)) => Some((*tick, *number)),
        _ => None,
    });
    let points: Vec<(i64, f64)> = points.filter(|(_, number)| number.is_finite()).collect();
    let ((first, _), (last, _)) = (points.first()?, points.last()?);
    let numbers = || points.iter().map(|(_, number)| *number);
    let (least, most) = (numbers().reduce(f64::min)?, numbers().reduce(f64::max)?);
    if least >= most {
        return None;
    }
    let ticks = last.abs_diff(*first);
    let width = WIDTH.min(ticks + 1);
    let block = |at: u64| {
        let tick = *first + (ticks * at / (width - 1).max(1)) as i64;
        let known = points.partition_point(|(known, _)| *known <= tick);
        let (_, number) = points[known.saturating_sub(1)];
        let height = (number - least) / (most - least) * (BLOCKS.len() - 1) as f64;
        BLOCKS[(height.round() as usize).min(BLOCKS.len() - 1)]
    };
    let picture: String = (0..width).map(block).collect();
    Some(format!("{picture} {} to {}", rounded(least), rounded(most)))
}

/// The line of the only column of numbers beside the tick, with its name in front,
/// where no tick has two rows.
pub fn only(table: &Table) -> Option<String> {
    let is_number = |at: &usize| {
        let mut cells = table.rows.iter().filter_map(|row| row.get(*at));
        cells.any(|cell| matches!(cell, Value::Integer(_) | Value::Real(_)))
    };
    let mut numbers = (1..table.columns.len()).filter(is_number);
    let ticks = table.rows.windows(2).all(|pair| pair[0].first() != pair[1].first());
    let column = numbers.next().filter(|_| ticks && numbers.next().is_none())?;
    Some(format!("{} {}", table.columns[column], line(table, column)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_each_value_for_as_long_as_it_was_there() {
        let rows = [(10, 0.0), (12, 7.0), (16, 3.0)];
        let rows = rows.map(|(tick, number)| vec![Value::Integer(tick), Value::Real(number)]);
        let table = Table { columns: vec!["tick".into(), "x".into()], rows: rows.into() };
        assert_eq!(line(&table, 1).as_deref(), Some("▁▁████▄ 0 to 7"));
        assert_eq!(line(&Table { rows: table.rows[..1].to_vec(), ..table }, 1), None);
    }

    #[test]
    fn a_series_has_a_picture_when_it_has_one_number_a_tick() {
        let row = |tick, name: &str, number| {
            vec![Value::Integer(tick), Value::Text(name.to_owned()), Value::Integer(number)]
        };
        let columns = ["tick", "name", "n"].map(str::to_owned).to_vec();
        let series = |rows| Table { columns: columns.clone(), rows };
        let one = series(vec![row(1, "a", 3), row(2, "b", 4)]);
        assert_eq!(only(&one).as_deref(), Some("n ▁█ 3 to 4"));
        assert_eq!(only(&series(vec![row(1, "a", 3), row(1, "b", 4)])), None);
        let numbers = vec![vec![Value::Integer(1); 3], vec![Value::Integer(2); 3]];
        assert_eq!(only(&series(numbers)), None);
    }
}
