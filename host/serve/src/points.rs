//! What SELECTs were answered as of earlier ticks, so that a chart is drawn again for
//! the price of what is new in it: those whose answers last, since they ask for nothing
//! that is pruned, nor for clocks or chance.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sandtable::save::{Table, cell_bytes, is_lasting};

/// SELECTs of which answers are kept.
const SELECTS_KEPT: usize = 32;
/// Bytes of all answers of a SELECT that are kept, about.
const BYTES_KEPT: usize = 1 << 20;
/// Bytes of an answer that is kept.
const BYTES_MAX: usize = 16 << 10;

/// Answers, by SELECT and tick.
#[derive(Default)]
pub struct Points(Mutex<VecDeque<Answered>>);

struct Answered {
    sql: String,
    bytes: usize,
    ticks: BTreeMap<u64, Table>,
}

impl Points {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Answered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        self.kept().clear();
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
        let cells = table.rows.iter().flatten().map(|cell| 32 + cell_bytes(cell));
        let names: usize = table.columns.iter().map(|name| 32 + name.len()).sum();
        let bytes = 128 + names + cells.sum::<usize>();
        if bytes > BYTES_MAX || !is_lasting(sql) {
            return;
        }
        let mut kept = self.kept();
        let place = kept.iter().position(|it| it.sql == sql).unwrap_or_else(|| {
            kept.truncate(SELECTS_KEPT - 1);
            kept.push_front(Answered { sql: sql.to_owned(), bytes: 0, ticks: BTreeMap::new() });
            0
        });
        let answered = &mut kept[place];
        if answered.bytes > BYTES_KEPT {
            (answered.bytes, answered.ticks) = (0, BTreeMap::new());
        }
        if answered.ticks.insert(tick, table.clone()).is_none() {
            answered.bytes += bytes;
        }
    }
}
