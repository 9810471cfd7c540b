//! The workers that a coordinator knows, and which of them a call goes to.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sandtable_guest::away::Page;
use sandtable_world::record::Digest;

use super::known::Known;
use crate::lock::lock;
use crate::message::Hello;
use crate::subject::is_token;

/// The workers that a coordinator knows, by instance.
#[derive(Default)]
pub struct Roster {
    members: BTreeMap<String, Member>,
    /// What people were told of: a worker, and what is the matter with it.
    told: BTreeSet<String>,
}

struct Member {
    name: String,
    /// Calls that it may have at once.
    window: usize,
    /// Calls that it has.
    out: usize,
    /// When it was heard of last.
    seen: Instant,
    /// When it was asked whether it is there, since it was heard of: at first, and last.
    asked: Option<(Instant, Instant)>,
    /// Whether it can be reached.
    is_there: bool,
    /// Whether what it answers was wrong once.
    is_barred: bool,
    /// What it can make calls with.
    ready: BTreeSet<Digest>,
    /// What it was told to get ready, and when.
    told: HashMap<Digest, Instant>,
    /// The columns that it has.
    known: Arc<Mutex<Known>>,
}

/// What a hello means.
#[derive(Debug, PartialEq, Eq)]
pub enum Greeted {
    /// That worker may have calls.
    Usable,
    /// It may not; people are told so, once.
    Unusable(Option<String>),
}

impl Roster {
    /// Calls that a worker has at once for each of its threads: one that it makes and one
    /// that waits, so that it never waits for the next.
    const WINDOW: usize = 2;
    /// Most threads that a worker is believed to have.
    const SLOTS_MAX: u32 = 1024;
    /// Most workers that are known.
    const MEMBERS_MAX: usize = 4096;
    /// A worker with calls that says nothing for so long is asked whether it is there.
    const ASK_AFTER: Duration = Duration::from_millis(40);
    /// One that says nothing for so long after it was asked has stopped.
    const STOPPED_AFTER: Duration = Duration::from_millis(1000);
    /// One without calls that says nothing for so long has gone.
    const GONE_AFTER: Duration = Duration::from_millis(3500);
    /// Packages of a worker that are kept in mind: as many as it keeps.
    const READY_MAX: usize = 256;
    /// What was told to be got ready is told again after so long.
    const TELL_AGAIN: Duration = Duration::from_secs(5);

    /// Takes a hello of a worker, for a coordinator with this engine.
    pub fn greet(&mut self, hello: Hello, engine: &str, now: Instant) -> Greeted {
        let Hello { instance, name, slots, ready, keeps, .. } = hello;
        if !is_token(&instance) {
            return Greeted::Unusable(None);
        }
        if hello.engine != engine {
            if self.told.len() >= Self::MEMBERS_MAX {
                return Greeted::Unusable(None);
            }
            let told = format!(
                "worker {} is not used: it is {}, and this is {engine}; run the same there and here",
                shown(&name),
                shown(&hello.engine)
            );
            return Greeted::Unusable(self.told.insert(told.clone()).then_some(told));
        }
        if self.members.len() >= Self::MEMBERS_MAX && !self.members.contains_key(&instance) {
            return Greeted::Unusable(None);
        }
        let member = self.members.entry(instance).or_insert_with(|| Member {
            name: shown(&name),
            window: 0,
            out: 0,
            seen: now,
            asked: None,
            is_there: true,
            is_barred: false,
            ready: BTreeSet::new(),
            told: HashMap::new(),
            known: Arc::new(Mutex::new(Known::new(keeps))),
        });
        member.window = slots.min(Self::SLOTS_MAX) as usize * Self::WINDOW;
        (member.seen, member.asked, member.is_there) = (now, None, true);
        member.ready = ready.into_iter().take(Self::READY_MAX).collect();
        if member.is_barred { Greeted::Unusable(None) } else { Greeted::Usable }
    }

    /// Which of some packages a worker is to be told to get ready.
    pub fn lacking<'p>(
        &mut self,
        instance: &str,
        packages: impl Iterator<Item = &'p Digest>,
        now: Instant,
    ) -> Vec<Digest> {
        let Some(member) = self.members.get_mut(instance) else { return Vec::new() };
        let lacks = packages.filter(|package| !member.ready.contains(*package));
        let lacks: Vec<Digest> = lacks.copied().collect();
        let told = &mut member.told;
        told.retain(|_, at| now.duration_since(*at) < Self::TELL_AGAIN);
        let lacks = lacks.into_iter().filter(|package| !told.contains_key(package));
        let lacks: Vec<Digest> = lacks.collect();
        told.extend(lacks.iter().map(|package| (*package, now)));
        lacks
    }

    /// All that can be reached.
    pub fn present(&self) -> Vec<String> {
        let present = self.members.iter().filter(|(_, member)| member.is_there);
        present.map(|(instance, _)| instance.clone()).collect()
    }

    /// How many may have calls.
    pub fn usable(&self) -> usize {
        self.members.values().filter(|member| member.is_there && !member.is_barred).count()
    }

    /// How many may have calls with each of some packages.
    pub fn ready<'p>(&self, packages: impl Iterator<Item = &'p Digest>) -> usize {
        let packages: Vec<&Digest> = packages.collect();
        let is_ready = |member: &&Member| {
            member.is_there
                && !member.is_barred
                && packages.iter().all(|package| member.ready.contains(*package))
        };
        self.members.values().filter(is_ready).count()
    }

    /// Whether one of them may have room for a call.
    pub fn has_room(&self) -> bool {
        self.members.values().any(Member::has_room)
    }

    /// What workers have that have room for a call.
    pub fn with_room(&self) -> impl Iterator<Item = &Mutex<Known>> {
        self.members.values().filter(|member| member.has_room()).map(|member| &*member.known)
    }

    /// What a worker has.
    pub fn known(&self, instance: &str) -> Option<Arc<Mutex<Known>>> {
        self.members.get(instance).map(|member| member.known.clone())
    }

    /// Chooses who makes a call with this package that reads these pages, and counts it: who
    /// has most of them, and of those the one with most room. Gives also what that one has.
    pub fn choose(
        &mut self,
        package: &Digest,
        pages: &[&Page],
    ) -> Option<(String, Arc<Mutex<Known>>)> {
        let can = |member: &Member| member.has_room() && member.ready.contains(package);
        let load = |member: &Member| member.out * 1000 / member.window.max(1);
        let has = |member: &Member| {
            let known = lock(&member.known);
            pages.iter().filter(|page| known.has(page)).map(|page| page.len()).sum::<usize>()
        };
        let members = self.members.iter_mut().filter(|(_, member)| can(member));
        let members = members.min_by_key(|(_, member)| (Reverse(has(member)), load(member)));
        let (instance, member) = members?;
        member.out += 1;
        Some((instance.clone(), member.known.clone()))
    }

    /// A call of a worker is over, or was never sent.
    pub fn release(&mut self, instance: &str) {
        if let Some(member) = self.members.get_mut(instance) {
            member.out = member.out.saturating_sub(1);
        }
    }

    /// A worker was heard of.
    pub fn heard(&mut self, instance: &str, now: Instant) {
        if let Some(member) = self.members.get_mut(instance) {
            (member.seen, member.asked) = (now, None);
        }
    }

    /// A worker cannot be reached: it has no calls any more.
    pub fn lost(&mut self, instance: &str) {
        if let Some(member) = self.members.get_mut(instance) {
            (member.out, member.is_there, member.asked) = (0, false, None);
        }
    }

    /// None of them can be reached.
    pub fn all_lost(&mut self) {
        for member in self.members.values_mut() {
            (member.out, member.is_there, member.asked) = (0, false, None);
        }
    }

    /// Never uses a worker again. Gives its name, if it was used up to now.
    pub fn bar(&mut self, instance: &str) -> Option<String> {
        let member = self.members.get_mut(instance).filter(|member| !member.is_barred)?;
        member.is_barred = true;
        Some(member.name.clone())
    }

    /// Whom to ask whether they are there, and who is not there any more.
    pub fn silent(&mut self, now: Instant) -> (Vec<String>, Vec<String>) {
        let (mut asked, mut gone) = (Vec::new(), Vec::new());
        for (instance, member) in self.members.iter_mut().filter(|(_, member)| member.is_there) {
            let silent = now.duration_since(member.seen);
            let is_gone = match (member.out, member.asked) {
                (0, _) => silent > Self::GONE_AFTER,
                (_, Some((first, _))) => now.duration_since(first) > Self::STOPPED_AFTER,
                (_, None) => false,
            };
            if is_gone {
                gone.push(instance.clone());
                continue;
            }
            let since = member.asked.map_or(silent, |(_, last)| now.duration_since(last));
            if member.out > 0 && since > Self::ASK_AFTER {
                member.asked = Some((member.asked.map_or(now, |(first, _)| first), now));
                asked.push(instance.clone());
            }
        }
        (asked, gone)
    }

    /// Forgets those that have been gone for long.
    pub fn forget(&mut self, now: Instant) {
        const AFTER: Duration = Duration::from_secs(600);
        let is_kept = |member: &Member| member.is_there || now.duration_since(member.seen) < AFTER;
        self.members.retain(|_, member| is_kept(member));
    }
}

impl Member {
    fn has_room(&self) -> bool {
        self.is_there && !self.is_barred && self.out < self.window
    }
}

/// A text from outside, as people are shown it.
fn shown(text: &str) -> String {
    const MOST: usize = 100;
    text.chars().filter(|c| !c.is_control()).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use sandtable_guest::away::{ColumnName, Held};

    use super::*;

    fn hello(instance: &str, slots: u32) -> Hello {
        Hello {
            instance: instance.to_owned(),
            name: format!("machine {instance}"),
            engine: "e".to_owned(),
            slots,
            busy: 0,
            calls: 0,
            failed: 0,
            nanos: 0,
            ready: vec![[7; 32]],
            keeps: 0,
        }
    }

    fn choose(roster: &mut Roster, package: Digest) -> Option<String> {
        Some(roster.choose(&package, &[])?.0)
    }

    #[test]
    fn calls_go_to_who_has_their_pages() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        for (instance, slots) in [("a", 1), ("b", 1), ("c", 8)] {
            roster.greet(Hello { keeps: 1 << 20, ..hello(instance, slots) }, "e", now);
        }
        let pages: Vec<Page> =
            (1..=3).map(|kilobytes| Arc::new(vec![0; kilobytes << 10])).collect();
        let has = |roster: &Roster, instance: &str, pages: &[Page]| {
            let name = ColumnName { call: 1, place: 0 };
            let held = pages.iter().map(|page| Held { name, page: Arc::downgrade(page) });
            lock(&roster.known(instance).expect("it is known")).add(held);
        };
        has(&roster, "a", &pages[..2]);
        has(&roster, "b", &pages[1..]);
        let pages: Vec<&Page> = pages.iter().collect();
        let choose = || Some(roster.choose(&[7; 32], &pages)?.0);
        let chosen: Vec<String> = std::iter::from_fn(choose).take(5).collect();
        assert_eq!(chosen, ["b", "b", "a", "a", "c"], "as long as there is room");
    }

    #[test]
    fn calls_go_to_the_worker_with_most_room_and_no_further_than_the_window() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        assert_eq!(roster.greet(hello("a", 1), "e", now), Greeted::Usable);
        assert_eq!(roster.greet(hello("b", 2), "e", now), Greeted::Usable);
        assert_eq!(choose(&mut roster, [8; 32]), None, "neither has that");
        let chosen: Vec<String> = std::iter::from_fn(|| choose(&mut roster, [7; 32])).collect();
        let of = |name: &str| chosen.iter().filter(|chosen| *chosen == name).count();
        assert_eq!((of("a"), of("b")), (2, 4), "{chosen:?}");
        assert!(!roster.has_room());
        roster.release("a");
        assert_eq!(choose(&mut roster, [7; 32]).as_deref(), Some("a"));
        roster.lost("a");
        assert_eq!(choose(&mut roster, [7; 32]), None, "it is gone");
        roster.greet(hello("a", 1), "e", now);
        assert_eq!(roster.bar("a").as_deref(), Some("machine a"));
        assert_eq!(roster.bar("a"), None, "it is told once");
        assert_eq!(roster.greet(hello("a", 1), "e", now), Greeted::Unusable(None));
        assert_eq!(choose(&mut roster, [7; 32]), None, "it is not used again");
    }

    #[test]
    fn another_engine_is_named_once_and_not_used() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        let Greeted::Unusable(Some(told)) = roster.greet(hello("a", 1), "f", now) else {
            panic!("it is told");
        };
        assert!(told.starts_with("worker machine a is not used: it is e, and this is f"), "{told}");
        assert_eq!(roster.greet(hello("a", 1), "f", now), Greeted::Unusable(None));
        assert_eq!(roster.usable(), 0);
        assert_eq!(roster.greet(hello("a.b", 1), "e", now), Greeted::Unusable(None), "no token");
    }

    #[test]
    fn who_is_silent_is_asked_and_then_gone() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        roster.greet(hello("a", 1), "e", now);
        choose(&mut roster, [7; 32]);
        let later = |millis| now + Duration::from_millis(millis);
        assert_eq!(roster.silent(later(30)), (vec![], vec![]));
        assert_eq!(roster.silent(later(50)), (vec!["a".to_owned()], vec![]));
        assert_eq!(roster.silent(later(60)), (vec![], vec![]), "it was just asked");
        roster.heard("a", later(900));
        assert_eq!(roster.silent(later(2500)), (vec!["a".to_owned()], vec![]), "at first");
        assert_eq!(roster.silent(later(3400)), (vec!["a".to_owned()], vec![]));
        assert_eq!(roster.silent(later(3600)), (vec![], vec!["a".to_owned()]), "it never answers");
    }

    #[test]
    fn what_a_worker_lacks_for_long_it_is_told_again() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        roster.greet(hello("a", 1), "e", now);
        let mut lacking = |seconds| {
            let packages = [[8; 32], [7; 32]];
            roster.lacking("a", packages.iter(), now + Duration::from_secs(seconds))
        };
        assert_eq!(lacking(0), [[8; 32]], "the other it has");
        for second in 1..5 {
            assert_eq!(lacking(second), [[0; 32]; 0], "it may be at it");
        }
        assert_eq!(lacking(6), [[8; 32]]);
    }
}
