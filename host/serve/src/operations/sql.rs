//! SQL over a tick of a world.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use sandtable::save::{Inquiry, cell_to_json, distinct_names};
use serde_json::Value as Json;

use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::answers;

/// How long a SELECT may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Bytes of an answer at most.
const BYTES_MAX: usize = 16 << 20;

pub fn query(question: &Question<'_>) -> Result<Reply, Problem> {
    let sql = question.parameter("sql").unwrap_or_default();
    answered(question, sql, question.limit()?)
}

pub fn series(question: &Question<'_>) -> Result<Reply, Problem> {
    let sql = question.parameter("sql").unwrap_or_default();
    let every = question.number("every")?.and_then(NonZeroU64::new);
    let every = every.ok_or_else(|| Problem::parameter("every", "is none: give 1 or more"))?;
    answers::answered(question.served.reader()?.series(sql, every, answers::ticks(question)?)?)
}

pub fn tables(question: &Question<'_>) -> Result<Reply, Problem> {
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

/// The answer to a SELECT, with so many rows at most.
pub fn answered(question: &Question<'_>, sql: &str, limit: usize) -> Result<Reply, Problem> {
    let at = question.at()?;
    let ((columns, rows, truncated), tick) =
        question.served.ask(at.as_ref(), |inquiry| within_deadline(inquiry, sql, limit))?;
    Ok(Reply::rows(columns, rows).with("tick", tick).with("truncated", truncated))
}

type Rows = (Vec<String>, Vec<Vec<Json>>, bool);

/// Asks, and ends the question after a while.
fn within_deadline(inquiry: &Inquiry, sql: &str, limit: usize) -> Result<Rows, Problem> {
    let (interrupt, is_late) = (inquiry.interrupter(), Arc::new(AtomicBool::new(false)));
    let (done, waits) = channel::<()>();
    let late = is_late.clone();
    let guard = std::thread::Builder::new().name("deadline".to_owned()).spawn(move || {
        if waits.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
            late.store(true, Ordering::Relaxed);
            interrupt();
        }
    });
    let guard = guard.map_err(|error| {
        Problem::new(Kind::Deadline, format!("there is no thread for the deadline: {error}"))
    })?;
    let answer = collect(inquiry, sql, limit);
    drop(done);
    // Once it is over, nothing interrupts the connection's next question.
    let _ = guard.join();
    match answer {
        Err(_) if is_late.load(Ordering::Relaxed) => Err(Problem::new(
            Kind::Deadline,
            format!("the SELECT took longer than {} s: ask for less", DEADLINE.as_secs()),
        )),
        answer => answer,
    }
}

fn collect(inquiry: &Inquiry, sql: &str, limit: usize) -> Result<Rows, Problem> {
    let mut answer = inquiry.rows(sql)?;
    let columns = distinct_names(&answer.columns());
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = answer.next()? {
        if rows.len() == limit || bytes > BYTES_MAX {
            return Ok((columns, rows, true));
        }
        let cells: Vec<Json> = row.iter().map(cell_to_json).collect();
        bytes += cells.iter().map(size).sum::<usize>();
        rows.push(cells);
    }
    Ok((columns, rows, false))
}

fn size(cell: &Json) -> usize {
    cell.as_str().map_or(8, str::len)
}
