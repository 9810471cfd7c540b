//! What SELECTs were answered as of earlier ticks, so that a chart is drawn again for
//! the price of what is new in it. An earlier tick answers the same for ever.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sandtable::save::Table;

/// SELECTs of which answers are kept.
const SELECTS_KEPT: usize = 32;
/// Rows of all answers of a SELECT that are kept.
const ROWS_KEPT: usize = 20_000;
/// Rows of an answer that is kept.
const ROWS_MAX: usize = 64;

/// Answers, by SELECT and tick.
#[derive(Default)]
pub struct Points(Mutex<VecDeque<Answered>>);

struct Answered {
    sql: String,
    rows: usize,
    ticks: BTreeMap<u64, Table>,
}

impl Points {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Answered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a SELECT was answered as of a tick.
    pub fn get(&self, sql: &str, tick: u64) -> Option<Table> {
        let mut kept = self.kept();
        let place = kept.iter().position(|it| it.sql == sql)?;
        kept.swap(0, place);
        kept[0].ticks.get(&tick).cloned()
    }

    /// Keeps an answer, unless it is a large one.
    pub fn put(&self, sql: &str, tick: u64, table: &Table) {
        if table.rows.len() > ROWS_MAX {
            return;
        }
        let mut kept = self.kept();
        let place = kept.iter().position(|it| it.sql == sql).unwrap_or_else(|| {
            kept.truncate(SELECTS_KEPT - 1);
            kept.push_front(Answered { sql: sql.to_owned(), rows: 0, ticks: BTreeMap::new() });
            0
        });
        let answered = &mut kept[place];
        answered.rows += table.rows.len();
        if answered.rows > ROWS_KEPT {
            (answered.rows, answered.ticks) = (table.rows.len(), BTreeMap::new());
        }
        answered.ticks.insert(tick, table.clone());
    }
}
