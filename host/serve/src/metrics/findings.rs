//! How often mods found something wrong, by what their manifests declare.
//!
//! A world itself counts its events, so that nothing is counted here while it ticks, and a
//! world that was closed goes on where it was.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use sandtable::feed::Published;

/// By what a finding is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Found {
    world: String,
    event: String,
    severity: &'static str,
}

/// What was found in all worlds.
pub type AllFound = Family<Found, Counter>;

/// What was found in one world.
pub struct Findings {
    world: String,
    all: AllFound,
    /// How often there was each when it was looked at last, and what is told of that.
    known: Mutex<BTreeMap<String, (Found, Counter, u64)>>,
}

impl Findings {
    /// Of a world that nothing is known of.
    pub fn new(world: &str, all: &AllFound) -> Self {
        Self { world: world.to_owned(), all: all.clone(), known: Mutex::default() }
    }

    /// Looks how often each was found that mods declare now. A world that went back to an
    /// earlier tick has found less than before, of which nothing is taken back.
    pub fn look(&self, published: &Published) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = std::mem::take(&mut *known);
        for finding in published.findings.iter() {
            let (event, count) = (finding.kind(), finding.count(&published.world));
            let severity = finding.declared.severity.name();
            let label = Found { world: self.world.clone(), event: event.clone(), severity };
            let (counter, before) = match gone.remove(&event) {
                Some((had, counter, before)) if had == label => (counter, before),
                other => {
                    if let Some((had, ..)) = other {
                        self.all.remove(&had);
                    }
                    (self.all.get_or_create_owned(&label), 0)
                }
            };
            counter.inc_by(count.saturating_sub(before));
            known.insert(event, (label, counter, count));
        }
        for (label, ..) in gone.into_values() {
            self.all.remove(&label);
        }
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        let known = self.known.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (label, ..) in known.values() {
            self.all.remove(label);
        }
    }
}
