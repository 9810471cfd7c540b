//! Pages of a walk that is all of one tick.

use serde_json::Value as Json;

use super::super::cursor::Cursor;
use super::super::moment::Moment;
use super::super::problem::Problem;
use super::super::question::Question;
use super::super::reply::Reply;

/// A page that is asked for.
pub struct Page {
    /// The world that all pages of the walk are of, as far as it may be seen.
    pub moment: Moment,
    /// All of it.
    whole: Moment,
    /// What is the same for all of them.
    asked: String,
    /// How many rows came before.
    after: u64,
    limit: usize,
    counts: bool,
}

impl Page {
    /// Reads which page is asked for, of a walk through what an operation answers, which
    /// these parameters decide.
    ///
    /// # Errors
    ///
    /// The cursor is none of this walk, or its tick is gone.
    pub fn open(
        question: &Question<'_>,
        operation: &str,
        decisive: &[&str],
    ) -> Result<Self, Problem> {
        // One token's walk is no other's, which may not read the tick that it is of.
        let mut asked = format!("{operation}:{}:", question.principal.id());
        for name in decisive {
            for value in question.all(name) {
                asked.push_str(&format!("{name}={}:{value};", value.len()));
            }
        }
        let at = question.at()?;
        let cursor = question.parameter("cursor");
        let cursor = cursor.map(|text| Cursor::open(text, &asked, &question.secret)).transpose()?;
        let at = match &cursor {
            Some(cursor) => Some(cursor.tick(at.as_ref())?),
            None => at,
        };
        let (moment, whole) = question.moment_at(at.as_ref())?;
        let counts = match question.parameter("count") {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                return Err(Problem::parameter(
                    "count",
                    format!("is `{other}`: give true or false"),
                ));
            }
        };
        let (after, limit) = (cursor.map_or(0, |cursor| cursor.after), question.limit()?);
        Ok(Self { moment, whole, asked, after, limit, counts })
    }

    /// The page of all there is, with `next` where there is more.
    pub fn reply<T>(
        &self,
        question: &Question<'_>,
        columns: Vec<String>,
        all: impl Iterator<Item = T>,
        row: impl Fn(T) -> Vec<Json>,
        count: impl Fn() -> u64,
    ) -> Result<Reply, Problem> {
        let mut found = all.skip(usize::try_from(self.after).unwrap_or(usize::MAX));
        let rows: Vec<Vec<Json>> = found.by_ref().take(self.limit).map(row).collect();
        let (at, after) = (self.moment.at(), self.after + rows.len() as u64);
        let mut reply = Reply::rows(columns, rows).with("at", at.clone()).at(at.clone());
        if self.counts {
            reply = reply.with("count", count());
        }
        if found.next().is_some() {
            // The walk goes on there, however the world does.
            question.served.keep(self.whole.clone());
            // What is behind a cursor is for this process alone to know.
            reply = reply
                .passing()
                .with("next", Cursor { at, after }.seal(&self.asked, &question.secret));
        }
        Ok(reply)
    }
}
