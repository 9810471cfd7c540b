//! What happened in the part of a world that one sees: what differs between that part at
//! one tick and at another. Steps within a tick, and who did them, are of the whole.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sandtable::save::{Change, differences};
use serde_json::Value as Json;

use super::super::at::At;
use super::super::moment::Moment;
use super::super::named::entity_of;
use super::super::problem::{Kind, Problem};
use super::super::question::Question;
use super::super::reply::Reply;
use super::told_change::{WHAT_HAPPENED, counted, what_happened};

/// Ticks whose changes are asked for at once.
pub const TICKS_MAX: u64 = 100;
/// How long that may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What is other between two ticks.
pub fn diff(question: &Question<'_>, is_summary: bool) -> Result<Reply, Problem> {
    let last = question.served.now().world.tick();
    let number = |name: &str| Ok::<_, Problem>(question.number(name)?.unwrap_or(last));
    let (before, after) = (at(question, number("from")?)?, at(question, number("to")?)?);
    let changes = differences(&before.world, &after.world, None);
    if is_summary {
        let key = |change: &Change| {
            let kind = change.kind.as_ref().map(|kind| kind.name.clone());
            vec![change.action.name().into(), kind.into(), Json::Null]
        };
        return Ok(counted(changes.iter().map(key)).passing());
    }
    reply(question, changes.iter(), &after, usize::MAX)
}

/// What is other in each of some ticks, the last first.
pub fn changes(question: &Question<'_>) -> Result<Reply, Problem> {
    let last = question.served.now().world.tick();
    let to = question.number("to")?.unwrap_or(last);
    let from = question.number("from")?.unwrap_or(to).max(1);
    if to.saturating_sub(from) >= TICKS_MAX {
        let what = format!("begins more than {TICKS_MAX} ticks before tick {to}: give a later one");
        return Err(Problem::parameter("from", what));
    }
    let kind = question.parameter("kind");
    let last = at(question, to)?;
    let named = |text| entity_of(&last.world, text, &question.served.labels(&last.world));
    let entity = question.parameter("entity").map(named).transpose()?;
    let (limit, began) = (question.limit()?, Instant::now());
    let mut told: VecDeque<Vec<Change>> = VecDeque::new();
    let (mut before, mut count) = (at(question, from - 1)?, 0);
    // Forwards, where each world is a step from the one before.
    for tick in from..=to {
        if began.elapsed() > DEADLINE {
            let what = format!(
                "{} ticks took longer than {} s: ask for fewer",
                to - from + 1,
                DEADLINE.as_secs()
            );
            return Err(Problem::new(Kind::Deadline, what));
        }
        let after = at(question, tick)?;
        let mut changes = differences(&before.world, &after.world, entity);
        changes.retain(|change| {
            kind.is_none_or(|kind| change.kind.as_ref().is_some_and(|it| it.name == kind))
        });
        count += changes.len();
        told.push_front(changes);
        // As many as are told, and one more.
        while told.len() > 1 && told.back().is_some_and(|oldest| count - oldest.len() > limit) {
            count -= told.pop_back().map_or(0, |oldest| oldest.len());
        }
        before = after;
    }
    reply(question, told.iter().flatten(), &last, limit)
}

fn at(question: &Question<'_>, tick: u64) -> Result<Moment, Problem> {
    question.moment_at(Some(&At { tick, chain: None })).map(|(seen, _)| seen)
}

fn reply<'a>(
    question: &Question<'_>,
    changes: impl Iterator<Item = &'a Change>,
    moment: &Moment,
    limit: usize,
) -> Result<Reply, Problem> {
    let labels = question.served.labels(&moment.world);
    let row = |change: &Change| what_happened(change, &labels, &moment.world);
    let mut rows: Vec<Vec<Json>> = changes.take(limit.saturating_add(1)).map(row).collect();
    let is_cut = rows.len() > limit;
    rows.truncate(limit);
    Ok(Reply::rows(WHAT_HAPPENED.map(str::to_owned).into(), rows)
        .with("truncated", is_cut)
        .passing())
}
