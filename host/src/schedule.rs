//! The order of systems.
//!
//! Declared `before` and `after` come first; what they leave open is decided by
//! dependency depth of the mod, mod id and order of declaration. So the order is
//! total, and the same everywhere. Two systems that could see each other's writes
//! run in that order; all others may run at the same time with equal results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ecs::{KindId, Query};
use crate::program::System;

/// Why systems cannot be ordered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Systems wait for each other.
    #[error(
        "systems wait for each other: {}; take a `before` or `after` away",
        .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" before ")
    )]
    Cycle(Vec<String>),
    /// A system wants to run before or after one that its own mod lacks.
    #[error("system `{system}` runs before or after `{missing}`, which its mod does not have")]
    Missing {
        /// Which system.
        system: String,
        /// The system that it names.
        missing: String,
    },
}

/// All systems in their order, and which must wait for which.
pub struct Schedule {
    systems: Vec<Arc<System>>,
    followers: Vec<Vec<usize>>,
    waits: Vec<usize>,
}

impl Schedule {
    /// Orders systems, which come by dependency depth of their mod, its id and
    /// order of declaration.
    ///
    /// # Errors
    ///
    /// Systems that wait for each other, or a `before` or `after` that names a
    /// system which its own mod lacks.
    pub fn new(systems: &[Arc<System>]) -> Result<Self, ScheduleError> {
        let declared = declared_edges(systems)?;
        let order = total_order(systems, &declared)?;
        let indices: BTreeMap<usize, usize> =
            order.iter().enumerate().map(|(index, &system)| (system, index)).collect();
        let declared: BTreeSet<(usize, usize)> =
            declared.iter().map(|(first, second)| (indices[first], indices[second])).collect();
        let systems: Vec<Arc<System>> = order.iter().map(|&at| systems[at].clone()).collect();
        let touched: Vec<Touched> = systems.iter().map(|system| Touched::by(system)).collect();
        let mut followers = vec![Vec::new(); systems.len()];
        let mut waits = vec![0; systems.len()];
        for second in 0..systems.len() {
            for first in 0..second {
                if declared.contains(&(first, second)) || touched[first].conflicts(&touched[second])
                {
                    followers[first].push(second);
                    waits[second] += 1;
                }
            }
        }
        Ok(Self { systems, followers, waits })
    }

    /// All systems, in order.
    pub fn systems(&self) -> &[Arc<System>] {
        &self.systems
    }

    /// Indices of the later systems that must wait for the one at an index.
    pub fn followers(&self, index: usize) -> &[usize] {
        &self.followers[index]
    }

    /// How many earlier systems each one must wait for.
    pub fn waits(&self) -> &[usize] {
        &self.waits
    }
}

/// Pairs of systems by index, the first of which runs first.
fn declared_edges(systems: &[Arc<System>]) -> Result<BTreeSet<(usize, usize)>, ScheduleError> {
    let by_name: BTreeMap<&str, usize> =
        systems.iter().enumerate().map(|(at, system)| (system.name.as_str(), at)).collect();
    let find = |system: &System, name: &str| match by_name.get(name) {
        Some(at) => Ok(Some(*at)),
        None if owner(name) == owner(&system.name) => {
            Err(ScheduleError::Missing { system: system.name.clone(), missing: name.to_owned() })
        }
        None => Ok(None),
    };
    let mut edges = BTreeSet::new();
    for (at, system) in systems.iter().enumerate() {
        for name in &system.before {
            edges.extend(find(system, name)?.map(|later| (at, later)));
        }
        for name in &system.after {
            edges.extend(find(system, name)?.map(|earlier| (earlier, at)));
        }
    }
    Ok(edges)
}

fn owner(name: &str) -> &str {
    name.split('/').next().unwrap_or_default()
}

/// Kahn's algorithm, always taking the first system that waits for no other.
fn total_order(
    systems: &[Arc<System>],
    edges: &BTreeSet<(usize, usize)>,
) -> Result<Vec<usize>, ScheduleError> {
    let mut waits = vec![0; systems.len()];
    for (_, second) in edges {
        waits[*second] += 1;
    }
    let mut ready: BTreeSet<usize> = (0..systems.len()).filter(|&at| waits[at] == 0).collect();
    let mut order = Vec::with_capacity(systems.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &(_, second) in edges.range((next, 0)..=(next, usize::MAX)) {
            waits[second] -= 1;
            if waits[second] == 0 {
                ready.insert(second);
            }
        }
    }
    if order.len() == systems.len() {
        return Ok(order);
    }
    let left: BTreeSet<usize> = (0..systems.len()).filter(|at| waits[*at] > 0).collect();
    Err(ScheduleError::Cycle(cycle(systems, edges, &left)))
}

/// The names along one cycle, the first repeated at the end. Each of the
/// systems left waits for another of them, so that walking back must meet one
/// twice.
fn cycle(
    systems: &[Arc<System>],
    edges: &BTreeSet<(usize, usize)>,
    left: &BTreeSet<usize>,
) -> Vec<String> {
    let mut path: Vec<usize> = left.first().copied().into_iter().collect();
    while let Some(&last) = path.last() {
        let earlier = edges
            .iter()
            .find(|(first, second)| *second == last && left.contains(first))
            .map(|(first, _)| *first);
        let Some(earlier) = earlier else { break };
        if let Some(start) = path.iter().position(|&seen| seen == earlier) {
            path.push(earlier);
            path.drain(..start);
            break;
        }
        path.push(earlier);
    }
    path.iter().rev().map(|&at| systems[at].name.clone()).collect()
}

/// What a system can see and change while it runs. Commands, events and
/// relations are not among it: they change at the end of the tick.
struct Touched {
    reads: BTreeSet<(bool, KindId)>,
    writes: BTreeSet<(bool, KindId)>,
    /// Systems that use tables run one after another: there is one transaction.
    tables: bool,
}

impl Touched {
    fn by(system: &System) -> Self {
        const COMPONENT: bool = false;
        const RESOURCE: bool = true;
        let terms = || system.queries.iter().flat_map(Query::all_terms);
        let reads = terms()
            .filter(|term| term.access.reads())
            .map(|term| (COMPONENT, term.kind))
            .chain(system.lookups.iter().map(|kind| (COMPONENT, *kind)))
            .chain(system.resources.iter().map(|(kind, _)| (RESOURCE, *kind)))
            .chain(system.run_if.iter().map(|condition| (RESOURCE, condition.resource)))
            .collect();
        let writes = terms()
            .filter(|term| term.access.writes())
            .map(|term| (COMPONENT, term.kind))
            .chain(
                system
                    .resources
                    .iter()
                    .filter(|(_, write)| *write)
                    .map(|(kind, _)| (RESOURCE, *kind)),
            )
            .collect();
        Self { reads, writes, tables: system.tables }
    }

    fn conflicts(&self, other: &Self) -> bool {
        (self.tables && other.tables)
            || !self.writes.is_disjoint(&other.reads)
            || !other.writes.is_disjoint(&self.reads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{Access, Query, Term};
    use crate::program::Span;

    fn system(name: &str, terms: &[(u32, Access)], before: &[&str], after: &[&str]) -> Arc<System> {
        let terms = terms.iter().map(|&(kind, access)| Term { kind: KindId(kind), access });
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Arc::new(System {
            name: name.to_owned(),
            owner: 0,
            index: 0,
            queries: vec![Query {
                terms: terms.collect(),
                alternatives: Vec::new(),
                entities: false,
            }],
            span: Span::Shard,
            every: 1,
            phase: 0,
            run_if: Vec::new(),
            startup: false,
            resources: Vec::new(),
            lookups: Vec::new(),
            relations: Vec::new(),
            reads: Vec::new(),
            emits: Vec::new(),
            commands: false,
            tables: false,
            before: names(before),
            after: names(after),
            is_dispensable: false,
        })
    }

    fn names(schedule: &Schedule) -> Vec<&str> {
        schedule.systems().iter().map(|system| system.name.as_str()).collect()
    }

    #[test]
    fn declaration_breaks_ties_and_declared_order_wins() {
        let schedule = Schedule::new(&[
            system("a/one", &[], &[], &["b/two"]),
            system("b/one", &[], &[], &[]),
            system("b/two", &[], &["b/one"], &["c/absent"]),
        ])
        .expect("there is no cycle");
        assert_eq!(names(&schedule), ["b/two", "a/one", "b/one"]);
        assert_eq!(schedule.waits(), [0, 1, 1]);
    }

    #[test]
    fn only_systems_that_could_tell_wait_for_each_other() {
        let schedule = Schedule::new(&[
            system("a/writes", &[(1, Access::Write)], &[], &[]),
            system("a/elsewhere", &[(2, Access::Write)], &[], &[]),
            system("a/has", &[(1, Access::Has)], &[], &[]),
            system("a/reads", &[(1, Access::Read)], &[], &[]),
            system("a/reads_too", &[(1, Access::Changed)], &[], &[]),
        ])
        .expect("there is no cycle");
        assert_eq!(schedule.waits(), [0, 0, 0, 1, 1]);
        assert_eq!(schedule.followers(0), [3, 4]);
    }

    #[test]
    fn a_cycle_names_its_systems() {
        let error = Schedule::new(&[
            system("a/first", &[], &["a/second"], &[]),
            system("a/second", &[], &["a/third"], &[]),
            system("a/third", &[], &["a/first"], &[]),
        ])
        .err()
        .map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "systems wait for each other: `a/first` before `a/second` before `a/third` \
                 before `a/first`; take a `before` or `after` away"
            )
        );
    }

    #[test]
    fn a_name_that_the_own_mod_lacks_is_a_mistake() {
        let error = Schedule::new(&[system("a/first", &[], &["a/secnod"], &[])]).err();
        assert_eq!(
            error,
            Some(ScheduleError::Missing {
                system: "a/first".to_owned(),
                missing: "a/secnod".to_owned()
            })
        );
    }
}
