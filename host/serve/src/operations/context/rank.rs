//! What is told first of what happened: recency × weight × nearness × words.
//!
//! - **Recency** is 60 / (60 + r) for what is the r-th of its source, the latest being the
//!   0th. Ranks of different clocks, ticks and the times of a story, can be compared, which
//!   their differences cannot; 60 is the constant of reciprocal rank fusion (Cormack, Clarke
//!   and Büttcher, SIGIR 2009), which keeps the first few alike.
//! - **Weight** is what the source says, 1 where it says nothing; 1/2 of a change, since what
//!   it led to is told as the state.
//! - **Nearness** is the sum of 1 / (1 + steps) over the four nearest entities that it names:
//!   what two of those did that are asked about comes before what one did.
//! - **Words** is (1 + those found) / (1 + those asked for).
//!
//! That recency, weight and relevance make a memory of what matters is of Park et al.,
//! "Generative Agents" (UIST 2023); they are multiplied here, so that what is far, old or
//! beside the point is not told for one of the others. All are whole thousandths, so that
//! no machine rounds differently; ties go by what is cited.

use std::collections::BTreeSet;

use sandtable::ecs::Entity;
use serde_json::{Value as Json, json};

use super::near::Near;

/// What recency halves after.
const FUSION: u64 = 60;
/// Thousandths of one.
pub const ONE: u64 = 1_000;
/// Entities of what happened that count.
const NAMED: usize = 4;
/// Words that are looked for.
const WORDS_MAX: usize = 16;

/// Something that happened.
pub struct Happened {
    /// What tells of it: an event of a tick, or a row of a question.
    pub cite: String,
    /// What happened.
    pub text: String,
    /// The how manieth it is of its source, the latest first.
    pub place: u64,
    /// In thousandths.
    pub weight: u64,
    /// Whom it names.
    pub named: BTreeSet<Entity>,
}

impl Happened {
    fn score(&self, near: &Near, words: &BTreeSet<String>) -> u128 {
        let recency = FUSION * ONE / (FUSION + self.place);
        let steps = self.named.iter().filter_map(|entity| near.steps(*entity));
        let mut nearness: Vec<u64> = steps.map(|steps| ONE / (1 + steps)).collect();
        nearness.sort_unstable_by(|one, other| other.cmp(one));
        let nearness: u64 = nearness.iter().take(NAMED).sum();
        let text = self.text.to_lowercase();
        let found = words.iter().filter(|word| text.contains(word.as_str())).count() as u64;
        let words = (1 + found) * ONE / (1 + words.len() as u64);
        [recency, self.weight, nearness, words].iter().map(|it| u128::from(*it)).product()
    }
}

/// What happened, each with what it is cited by, what is told first first.
pub fn ranked(happened: Vec<Happened>, near: &Near, text: &str) -> Vec<Json> {
    let words = text.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: BTreeSet<String> = words.take(WORDS_MAX).map(str::to_lowercase).collect();
    let mut scored: Vec<(u128, Happened)> =
        happened.into_iter().map(|it| (it.score(near, &words), it)).collect();
    scored.sort_by(|(score, it), (other_score, other)| {
        other_score.cmp(score).then_with(|| (&it.cite, &it.text).cmp(&(&other.cite, &other.text)))
    });
    scored.into_iter().map(|(_, it)| json!({ "cite": it.cite, "text": it.text })).collect()
}
