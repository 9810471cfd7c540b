//! What happened in a run of ticks, added up.

use std::collections::BTreeMap;

use sandtable::record::{SetAside, TickRecord};

use crate::text::{first_line, visible};

/// Faults of one system or mod.
#[derive(Debug, Default)]
pub struct Faults {
    /// How many.
    pub count: u64,
    /// The tick of the last one.
    pub tick: u64,
    /// Why the last one.
    pub cause: String,
}

/// Sums over ticks.
#[derive(Debug, Default)]
pub struct Tally {
    /// Ticks done.
    pub ticks: u64,
    /// Guest calls made.
    pub calls: u64,
    /// Of those, made by workers.
    pub away: u64,
    /// Events emitted.
    pub events: u64,
    /// Entities created.
    pub spawned: u64,
    /// Entities ended.
    pub despawned: u64,
    /// Events and inputs that were set aside.
    pub set_aside: u64,
    /// System runs that were discarded, and ticks done again without a mod.
    pub faults: u64,
    /// Those by system, or by mod where its whole part in a tick was undone.
    pub faults_of: BTreeMap<String, Faults>,
}

impl Tally {
    /// After how many faults of a system no more are shown one by one.
    const TOLD: u64 = 3;

    /// Adds a tick; returns what is worth telling at once.
    pub fn add(&mut self, record: &TickRecord) -> Vec<String> {
        self.ticks += 1;
        self.events += record.events.len() as u64;
        self.spawned += record.spawned;
        self.despawned += record.despawned;
        let mut news = Vec::new();
        for run in &record.runs {
            self.calls += run.calls;
            self.away += run.away;
            if let Some(cause) = &run.fault {
                self.fault(&run.system, record.tick, cause, &mut news);
            }
        }
        for exclusion in &record.exclusions {
            self.fault(&exclusion.mod_id, record.tick, &exclusion.cause, &mut news);
        }
        for aside in &record.set_aside {
            news.push(self.aside(record.tick, aside));
        }
        for id in &record.suspended {
            let why = self.why(id).unwrap_or_default();
            let what = if id.contains('/') { "system" } else { "mod" };
            news.push(format!("tick {}: {what} {id} is suspended, as {why}", record.tick));
        }
        if !record.rolled_back.is_empty() {
            let who = record.rolled_back.join(", ");
            let why = self.why(&record.rolled_back[0]).unwrap_or_default();
            news.push(format!(
                "tick {}: the mods from before {who} changed run again, as {why}",
                record.tick
            ));
        }
        news
    }

    /// Says what will not be read. The save says what is in it.
    fn aside(&mut self, tick: u64, SetAside { event, system, .. }: &SetAside) -> String {
        self.set_aside += 1;
        let what = format!("tick {tick}: an event of tick {} is set aside", event.tick);
        match (system.as_str(), self.why(system)) {
            ("", _) => format!("{what}, as no system reads it"),
            (system, None) => format!("{what}, as {system} always faults at it"),
            (_, Some(why)) => format!("{what}, as {why}"),
        }
    }

    fn fault(&mut self, who: &str, tick: u64, cause: &str, news: &mut Vec<String>) {
        self.faults += 1;
        let faults = self.faults_of.entry(who.to_owned()).or_default();
        faults.count += 1;
        faults.tick = tick;
        faults.cause = cause.to_owned();
        if faults.count <= Self::TOLD {
            let last = faults.count == Self::TOLD;
            let more = if last { " (more of them are only counted)" } else { "" };
            news.push(format!("tick {tick}: {who} faulted: {}{more}", visible(cause)));
        }
    }

    /// Why a mod or system faulted last, if it did in this run.
    pub fn why(&self, id: &str) -> Option<String> {
        let own = |who: &str| who == id || who.split('/').next() == Some(id);
        let faults = self.faults_of.iter().filter(|(who, _)| own(who));
        let Some((who, faults)) = faults.max_by_key(|(_, faults)| faults.tick) else {
            // What stopped it may be counted for its mod.
            let (owner, _) = id.split_once('/')?;
            return self.why(owner);
        };
        Some(format!("{who} faulted up to tick {}: {}", faults.tick, first_line(&faults.cause)))
    }
}

#[cfg(test)]
mod tests {
    use sandtable::ecs::{Event, Topic};
    use sandtable::record::SystemRun;

    use super::*;

    fn faulty(tick: u64) -> TickRecord {
        let fault = Some("out of fuel".to_owned());
        let run = SystemRun { system: "a/b".to_owned(), calls: 2, fault, ..SystemRun::default() };
        TickRecord { tick, spawned: 1, runs: vec![run], ..TickRecord::default() }
    }

    #[test]
    fn faults_are_told_a_few_times_and_counted_always() {
        let mut tally = Tally::default();
        let mut told = Vec::new();
        for tick in 11..20 {
            told.extend(tally.add(&faulty(tick)));
        }
        assert_eq!(
            told,
            [
                "tick 11: a/b faulted: out of fuel",
                "tick 12: a/b faulted: out of fuel",
                "tick 13: a/b faulted: out of fuel (more of them are only counted)",
            ]
        );
        assert_eq!((tally.faults, tally.calls, tally.spawned, tally.ticks), (9, 18, 9, 9));
    }

    #[test]
    fn a_way_back_is_told_with_its_cause() {
        let mut record = faulty(7);
        record.rolled_back.push("a".to_owned());
        let told = Tally::default().add(&record).pop().expect("news");
        assert_eq!(
            told,
            "tick 7: the mods from before a changed run again, as a/b faulted up to tick 7: out of \
             fuel"
        );
    }

    #[test]
    fn what_is_set_aside_is_told_with_its_cause() {
        let aside = |system: &str| SetAside {
            topic: Topic::Despawned,
            event: Event { number: 4, tick: 3, payload: Vec::new().into() },
            system: system.to_owned(),
        };
        let mut tally = Tally::default();
        tally.add(&faulty(7));
        let set_aside = vec![aside("a/b"), aside("")];
        let told = tally.add(&TickRecord { tick: 8, set_aside, ..TickRecord::default() });
        assert_eq!(
            told,
            [
                "tick 8: an event of tick 3 is set aside, as a/b faulted up to tick 7: out of fuel",
                "tick 8: an event of tick 3 is set aside, as no system reads it",
            ]
        );
        assert_eq!(tally.set_aside, 2);
    }

    #[test]
    fn a_suspension_is_told_with_its_cause() {
        let mut record = faulty(7);
        record.suspended.push("a".to_owned());
        let told = Tally::default().add(&record).pop().expect("news");
        assert_eq!(told, "tick 7: mod a is suspended, as a/b faulted up to tick 7: out of fuel");
    }
}
