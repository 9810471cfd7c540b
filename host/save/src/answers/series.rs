//! One question, answered at one tick after another.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use rusqlite::types::Value;

use super::{Answer, Ticks, number};
use crate::error::{Fallible, SaveError};
use crate::inquiry::Inquiry;
use crate::reader::Reader;
use crate::sql::Table;

/// What answers a question as of one tick: by a tick, and what makes an inquiry about it.
pub type Answering<'a> = dyn FnMut(u64, &dyn Fn() -> Result<Inquiry, SaveError>) -> Result<Option<Table>, SaveError>
    + 'a;

impl Reader {
    /// Answers a SELECT as of every nth tick that is kept, from the first one on,
    /// with the tick as a column in front.
    ///
    /// # Errors
    ///
    /// As [`Inquiry::query`](crate::Inquiry::query), or history does not reach back to
    /// the ticks.
    pub fn series(&self, sql: &str, every: NonZeroU64, ticks: Ticks) -> Result<Answer, SaveError> {
        self.series_by(every, ticks, &mut |_, inquiry| inquiry()?.query(sql).map(Some))
    }

    /// As [`Reader::series`], with what answers each question, of a tick and of what
    /// makes an inquiry about it; nothing from it ends the series there.
    ///
    /// # Errors
    ///
    /// As [`Reader::series`].
    pub fn series_by(
        &self,
        every: NonZeroU64,
        ticks: Ticks,
        answer: &mut Answering<'_>,
    ) -> Result<Answer, SaveError> {
        let mut notes = Vec::new();
        let kept = self.answer(self.kept(ticks, &mut notes))?;
        let every = usize::try_from(every.get()).unwrap_or(usize::MAX);
        let asked: Vec<u64> = kept.into_iter().step_by(every).collect();
        let mut series: Option<Table> = None;
        let mut refused = Vec::new();
        for &tick in &asked {
            let answer = match answer(tick, &|| self.anew()?.inquiry_at(tick)) {
                Ok(Some(answer)) => answer,
                Ok(None) => break,
                // What there was not yet, or no longer, leaves a gap.
                // So does a tick that was pruned meanwhile.
                Err(error @ (SaveError::Query { .. } | SaveError::Cannot { .. })) => {
                    refused.push(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Table { columns, rows } = series.get_or_insert_with(|| {
                let front = std::iter::once("tick".to_owned());
                Table { columns: front.chain(answer.columns.clone()).collect(), rows: Vec::new() }
            });
            if columns[1..] != answer.columns {
                let what = format!(
                    "the answer has other columns from tick {tick} on: name the columns instead of \
                     `*`"
                );
                return Err(SaveError::Query { what });
            }
            let row = |row: Vec<Value>| std::iter::once(number(tick)).chain(row).collect();
            rows.extend(answer.rows.into_iter().map(row));
        }
        let gaps = refused.len();
        match (series, refused.into_iter().next()) {
            (None, Some(error)) => Err(error),
            (series, error) => {
                if let Some(error) = error {
                    notes.push(format!("{gaps} of {} ticks have no answer: {error}", asked.len()));
                }
                let none = || Table { columns: vec!["tick".to_owned()], rows: Vec::new() };
                Ok(Answer { table: series.unwrap_or_else(none), notes })
            }
        }
    }

    /// The ticks of which whole worlds can be had.
    fn kept(&self, ticks: Ticks, notes: &mut Vec<String>) -> Fallible<Vec<u64>> {
        let window = self.window(ticks, notes)?;
        let past = self.past();
        let (nothing, anchors) = (BTreeSet::new(), past.anchors()?);
        let is_whole = |tick: u64| -> Fallible<bool> {
            let delta = past.delta(tick, &nothing)?;
            Ok(delta.is_some_and(|loaded| !loaded.delta.rows_only)
                || anchors.iter().any(|anchor| anchor.tick == tick))
        };
        let mut kept = Vec::new();
        let mut next = Some(*window.start());
        while let Some(tick) = next.filter(|tick| window.contains(tick)) {
            if is_whole(tick)? {
                kept.push(tick);
            }
            next = past.next(tick)?;
        }
        Ok(kept)
    }
}
