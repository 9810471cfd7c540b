//! SQL over a tick of a world.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sandtable::save::{
    Inquiry, KnownQuestion, SaveError, SelectRows, Table, cell_bytes, cell_to_json, distinct_names,
    is_lasting,
};
use serde_json::Value as Json;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::super::rights::Scope;
use super::answers;

/// How long a SELECT may take; one as of many ticks gives what it has by then.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long after an interrupt the next one follows.
const AGAIN: Duration = Duration::from_millis(50);
/// Rows of an answer at most.
const ROWS_MAX: usize = 10_000;
/// Bytes of an answer at most.
const BYTES_MAX: usize = 16 << 20;

/// A SELECT that is asked.
pub enum Select<'a> {
    /// As they wrote it who ask.
    Sql(&'a str),
    /// One that the world brings along, with values for its parameters.
    Named { known: &'a KnownQuestion, values: &'a [Json], labels: &'a [String] },
}

impl Select<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Sql(sql) => sql,
            Self::Named { known, .. } => &known.question.sql,
        }
    }

    fn rows<'i>(&self, inquiry: &'i Inquiry) -> Result<SelectRows<'i>, SaveError> {
        match self {
            Self::Sql(sql) => inquiry.rows(sql),
            Self::Named { known, values, labels } => inquiry.ask(known, values, labels),
        }
    }
}

pub fn query(question: &Question<'_>) -> Result<Reply, Problem> {
    let sql = question.parameter("sql").unwrap_or_default();
    answered(question, &Select::Sql(sql), question.limit()?)
}

pub fn query_by_body(question: &Question<'_>) -> Result<Reply, Problem> {
    let sql = std::str::from_utf8(&question.body);
    let sql = sql.map_err(|_| Problem::new(Kind::Query, "the SELECT is no text"))?;
    answered(question, &Select::Sql(sql), question.limit()?)
}

pub fn series(question: &Question<'_>) -> Result<Reply, Problem> {
    check_whole(question)?;
    let sql = question.parameter("sql").unwrap_or_default();
    let every = question.number("every")?.and_then(NonZeroU64::new);
    let every = every.ok_or_else(|| Problem::parameter("every", "is none: give 1 or more"))?;
    let (began, mut rows, mut bytes, mut is_cut) = (Instant::now(), 0, 0, false);
    let points = question.served.points();
    let mut ask = |tick: u64, inquiry: &dyn Fn() -> Result<Inquiry, SaveError>| {
        if let Some(known) = points.get(sql, tick) {
            rows += known.rows.len();
            bytes += bytes_of(&known, 0..known.rows.len());
            is_cut |= rows > ROWS_MAX || bytes > BYTES_MAX;
            return Ok((!is_cut).then_some(known));
        }
        let left = DEADLINE.saturating_sub(began.elapsed());
        let inquiry = match inquiry() {
            Err(SaveError::Late { .. }) => {
                is_cut = true;
                return Ok(None);
            }
            inquiry => inquiry?,
        };
        inquiry.confine()?;
        match within(&inquiry, left, || table(&inquiry, &Select::Sql(sql), ROWS_MAX - rows)) {
            (answer, false) => {
                let (table, truncated) = answer?;
                rows += table.rows.len();
                bytes += bytes_of(&table, 0..table.rows.len());
                if !truncated {
                    points.put(sql, tick, &table);
                }
                is_cut |= truncated || bytes > BYTES_MAX;
                Ok((!is_cut).then_some(table))
            }
            (_, true) => {
                is_cut = true;
                Ok(None)
            }
        }
    };
    let reader = question.served.reader()?;
    let answer = reader.series_by(every, answers::ticks(question)?, &mut ask)?;
    Ok(answers::answered(answer)?.with("truncated", is_cut))
}

pub fn tables(question: &Question<'_>) -> Result<Reply, Problem> {
    check_whole(question)?;
    let (shapes, tick) =
        question.served.ask(question.at()?.as_ref(), |inquiry| Ok(inquiry.tables()?))?;
    let rows = shapes.into_iter().map(|shape| {
        let column = |column: sandtable::save::ColumnShape| {
            serde_json::json!({ "name": column.name, "type": column.ty })
        };
        let columns = shape.columns.into_iter().map(column).collect();
        vec![Json::from(shape.name), Json::Array(columns)]
    });
    Ok(Reply::rows(["name", "columns"].map(str::to_owned).into(), rows.collect())
        .with("tick", tick))
}

/// Checks that they may read all that a save keeps, which its tables tell of.
fn check_whole(question: &Question<'_>) -> Result<(), Problem> {
    question.principal.check(Scope::History, Some(question.place("world")))
}

/// The answer to a SELECT, with so many rows at most. One who sees a part of the world
/// asks that part, and neither tables of mods nor logs.
pub fn answered(
    question: &Question<'_>,
    select: &Select<'_>,
    limit: usize,
) -> Result<Reply, Problem> {
    if question.sight.is_some() {
        let moment = question.moment()?;
        let inquiry = Inquiry::over(&moment.world)?;
        let (columns, rows, truncated) = within_deadline(&inquiry, select, limit)?;
        let reply = Reply::rows(columns, rows).with("tick", moment.world.tick());
        return Ok(reply.with("truncated", truncated).passing());
    }
    check_whole(question)?;
    let at = question.at()?;
    let ((columns, rows, truncated), tick) =
        question.served.ask(at.as_ref(), |inquiry| within_deadline(inquiry, select, limit))?;
    let reply = Reply::rows(columns, rows).with("tick", tick).with("truncated", truncated);
    // What a question asks may be another tomorrow.
    let is_lasting = matches!(select, Select::Sql(_)) && is_lasting(select.text());
    Ok(if is_lasting { reply } else { reply.passing() })
}

type Rows = (Vec<String>, Vec<Vec<Json>>, bool);

/// Asks, and ends the question after a while.
fn within_deadline(inquiry: &Inquiry, select: &Select<'_>, limit: usize) -> Result<Rows, Problem> {
    inquiry.confine()?;
    match within(inquiry, DEADLINE, || table(inquiry, select, limit)) {
        (_, true) => Err(Problem::new(
            Kind::Deadline,
            format!("the SELECT took longer than {} s: ask for less", DEADLINE.as_secs()),
        )),
        (answer, false) => {
            let (table, truncated) = answer?;
            let (columns, rows) = as_json(&table);
            Ok((columns, rows, truncated))
        }
    }
}

/// How much of an answer is taken, and by when it must be there.
pub struct Share {
    /// Rows at most.
    pub rows: usize,
    /// Bytes of them at most.
    pub bytes: usize,
    /// Rows beyond those that are counted, at most.
    pub counted: usize,
    /// When the time is up.
    pub until: Instant,
}

/// What there is of a share: columns, rows, and how many more rows there are, as far as they
/// are counted.
pub type Shared = (Vec<String>, Vec<Vec<Json>>, usize);

/// Asks for a share of an answer. Nothing where the time was up before it was there.
pub fn shared(
    inquiry: &Inquiry,
    select: &Select<'_>,
    share: &Share,
) -> Result<Option<Shared>, Problem> {
    inquiry.confine()?;
    let left = share.until.saturating_duration_since(Instant::now());
    let ask = || -> Result<(Table, usize), SaveError> {
        let mut answer = select.rows(inquiry)?;
        let (mut table, mut bytes) = (Table { columns: answer.columns(), rows: Vec::new() }, 0);
        while table.rows.len() < share.rows {
            let Some(row) = answer.next()? else { return Ok((table, 0)) };
            table.rows.push(row);
            let last = table.rows.len() - 1;
            bytes += bytes_of(&table, last..last + 1);
            if bytes > share.bytes {
                table.rows.pop();
                return Ok((table, 1 + counted(&mut answer, share.counted.saturating_sub(1))?));
            }
        }
        let more = counted(&mut answer, share.counted)?;
        Ok((table, more))
    };
    match within(inquiry, left, ask) {
        (_, true) => Ok(None),
        (answer, false) => {
            let (table, more) = answer?;
            let (columns, rows) = as_json(&table);
            Ok(Some((columns, rows, more)))
        }
    }
}

/// How many rows follow, up to a bound.
fn counted(answer: &mut SelectRows<'_>, most: usize) -> Result<usize, SaveError> {
    let mut count = 0;
    while count < most && answer.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn as_json(Table { columns, rows }: &Table) -> (Vec<String>, Vec<Vec<Json>>) {
    let rows = rows.iter().map(|row| row.iter().map(cell_to_json).collect()).collect();
    (distinct_names(columns), rows)
}

/// Does something with an inquiry that is interrupted after a while; says also whether
/// it was, after which the inquiry is of no more use: an interrupt may be on its way.
fn within<T>(inquiry: &Inquiry, patience: Duration, ask: impl FnOnce() -> T) -> (T, bool) {
    let interrupt = inquiry.interrupter();
    let is_late = Arc::new(AtomicBool::new(false));
    let late = is_late.clone();
    let watch = Handle::current().spawn(async move {
        sleep(patience).await;
        late.store(true, Ordering::Relaxed);
        // Once more and again, for what was only about to begin.
        loop {
            interrupt();
            sleep(AGAIN).await;
        }
    });
    let answer = ask();
    watch.abort();
    (answer, is_late.load(Ordering::Relaxed))
}

/// Bytes of rows as JSON has them: names in each, blobs as two digits a byte.
fn bytes_of(table: &Table, rows: std::ops::Range<usize>) -> usize {
    let names: usize = table.columns.iter().map(String::len).sum();
    let cells = |row: &Vec<_>| row.iter().map(|cell| cell_bytes(cell) * 2 + 8).sum::<usize>();
    table.rows[rows].iter().map(|row| names + cells(row)).sum()
}

/// The answer with so many rows at most, and whether there were more.
fn table(inquiry: &Inquiry, select: &Select<'_>, limit: usize) -> Result<(Table, bool), SaveError> {
    let mut answer = select.rows(inquiry)?;
    let mut table = Table { columns: answer.columns(), rows: Vec::new() };
    let mut bytes = 0;
    while let Some(row) = answer.next()? {
        table.rows.push(row);
        let last = table.rows.len() - 1;
        bytes += bytes_of(&table, last..last + 1);
        if last == limit || bytes > BYTES_MAX {
            table.rows.pop();
            return Ok((table, true));
        }
    }
    Ok((table, false))
}
