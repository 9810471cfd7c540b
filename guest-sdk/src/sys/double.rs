//! An in-memory host, for tests.
//!
//! Each thread has its own. It answers from what was put in and keeps what came
//! out; it checks nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::bindings::sandtable::guest::log::Level;
use crate::bindings::sandtable::guest::lookups::{Direction, Edges, Found};
use crate::bindings::sandtable::guest::shards::Shard;
use crate::bindings::sandtable::guest::tables::Answer;

/// What goes in, and what came out.
#[derive(Default)]
pub(crate) struct Double {
    /// The batches still to come.
    pub(crate) batches: VecDeque<Vec<Shard>>,
    /// By lookup and entity: the component's bytes.
    pub(crate) components: BTreeMap<(u32, u64), Vec<u8>>,
    /// By relation, `from` and `to`: the edge's bytes.
    pub(crate) edges: BTreeMap<(u32, u64, u64), Vec<u8>>,
    /// By name.
    pub(crate) assets: BTreeMap<String, Vec<u8>>,
    /// How many batches were given out.
    pub(crate) given: u32,
    /// By batch, shard and column: what was written.
    pub(crate) written: BTreeMap<(u32, u32, u32), Vec<u8>>,
    /// By resource: what was set.
    pub(crate) resources: BTreeMap<u32, Vec<u8>>,
    /// What was commanded.
    pub(crate) commands: Vec<Vec<u8>>,
    /// What was emitted.
    pub(crate) events: Vec<Vec<u8>>,
    /// What was logged.
    pub(crate) lines: Vec<(Level, String)>,
    /// The tables.
    pub(crate) tables: Option<Rc<dyn SomeTables>>,
    /// How many entities each lookup and question for edges was about.
    pub(crate) questions: Vec<usize>,
}

/// Tables that a test keeps.
pub(crate) trait SomeTables {
    fn query(&self, sql: &str, parameters: &[u8]) -> Result<Answer, String>;
    fn execute(&self, sql: &str, rows: &[u8]) -> Result<u64, String>;
}

thread_local! {
    static DOUBLE: RefCell<Double> = RefCell::default();
}

/// Puts a host in place, and gives back the one before it.
pub(crate) fn exchange(double: Double) -> Double {
    DOUBLE.replace(double)
}

fn with<R>(f: impl FnOnce(&mut Double) -> R) -> R {
    DOUBLE.with_borrow_mut(f)
}

pub(crate) fn next() -> Vec<Shard> {
    with(|double| {
        double.given += 1;
        double.batches.pop_front().unwrap_or_default()
    })
}

pub(crate) fn write(shard: u32, column: u32, values: &[u8]) {
    with(|double| {
        let place = (double.given - 1, shard, column);
        double.written.insert(place, values.to_vec());
    });
}

pub(crate) fn lookup(lookup: u32, entities: &[u64]) -> Found {
    with(|double| {
        double.questions.push(entities.len());
        let answers = entities.iter().map(|entity| double.components.get(&(lookup, *entity)));
        Found {
            present: answers.clone().map(|answer| answer.is_some().into()).collect(),
            values: answers.flatten().flatten().copied().collect(),
        }
    })
}

pub(crate) fn related(relation: u32, way: Direction, entities: &[u64]) -> Edges {
    with(|double| {
        double.questions.push(entities.len());
        let mut edges = Edges { starts: vec![0], others: Vec::new(), data: Vec::new() };
        for entity in entities {
            for ((kind, from, to), data) in &double.edges {
                let (near, far) = match way {
                    Direction::Outgoing => (from, to),
                    Direction::Incoming => (to, from),
                };
                if *kind == relation && near == entity {
                    edges.others.push(*far);
                    edges.data.extend_from_slice(data);
                }
            }
            edges.starts.push(edges.others.len() as u32);
        }
        edges
    })
}

pub(crate) fn set_resource(resource: u32, value: &[u8]) {
    with(|double| double.resources.insert(resource, value.to_vec()));
}

pub(crate) fn commands(runs: &[u8]) {
    with(|double| double.commands.push(runs.to_vec()));
}

pub(crate) fn emit(events: &[u8]) {
    with(|double| double.events.push(events.to_vec()));
}

pub(crate) fn log(level: Level, line: &str) {
    with(|double| double.lines.push((level, line.to_owned())));
}

pub(crate) fn asset_names() -> Vec<String> {
    with(|double| double.assets.keys().cloned().collect())
}

pub(crate) fn asset(name: &str) -> Option<Vec<u8>> {
    with(|double| double.assets.get(name).cloned())
}

pub(crate) fn query(sql: &str, parameters: &[u8]) -> Result<Answer, String> {
    tables()?.query(sql, parameters)
}

pub(crate) fn execute(sql: &str, rows: &[u8]) -> Result<u64, String> {
    tables()?.execute(sql, rows)
}

fn tables() -> Result<Rc<dyn SomeTables>, String> {
    with(|double| double.tables.clone()).ok_or_else(|| {
        "the trial was given no tables: see `Trial::tables`, of the feature `sqlite`".to_owned()
    })
}
