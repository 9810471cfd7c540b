//! What a system declares about itself, gathered from its parameters.
//!
//! Parameters declare in the order of the function's signature; the position
//! at which one lands here is the number by which it finds its data in a call.

use crate::bindings::sandtable::guest::types;
use crate::condition::Condition;
use crate::kind::{Kind, KindEntry};
use crate::kinds::Kinds;

pub use types::{Access, Reading, Span, Term};

/// What the attribute says about when a system runs.
#[doc(hidden)]
pub struct Schedule {
    /// The batches it asked for.
    pub span: Option<Span>,
    /// On every tick that leaves `phase` when it is divided by this.
    pub every: u32,
    /// Below `every`.
    pub phase: u32,
    /// What must hold for it to run.
    pub run_if: &'static [Condition],
    /// Only once.
    pub startup: bool,
    /// Systems that run later.
    pub before: &'static [&'static str],
    /// Systems that run earlier.
    pub after: &'static [&'static str],
}

/// A system's declaration, while its parameters add to it.
#[doc(hidden)]
pub struct SystemDeclaration<'k> {
    kinds: &'k mut Kinds,
    system: types::System,
}

/// A query's declaration, while its terms add to it.
#[doc(hidden)]
pub struct QueryDeclaration<'d, 'k> {
    system: &'d mut SystemDeclaration<'k>,
    query: types::Query,
}

impl<'k> SystemDeclaration<'k> {
    /// What a system declares, which mentions kinds as it does.
    pub(crate) fn made_by(
        declare: fn(&mut SystemDeclaration<'_>),
        kinds: &'k mut Kinds,
    ) -> types::System {
        let mut declaration = Self {
            kinds,
            system: types::System {
                name: String::new(),
                queries: Vec::new(),
                span: Span::Everything,
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
                before: Vec::new(),
                after: Vec::new(),
            },
        };
        declare(&mut declaration);
        declaration.system
    }

    /// Its name and when it runs.
    pub fn schedule(&mut self, name: &str, schedule: &Schedule, span: Span) {
        self.system.name = name.to_owned();
        self.system.span = span;
        self.system.every = schedule.every;
        self.system.phase = schedule.phase;
        self.system.run_if = schedule.run_if.iter().map(|it| self.condition(it)).collect();
        self.system.startup = schedule.startup;
        self.system.before = self.full_names(schedule.before);
        self.system.after = self.full_names(schedule.after);
    }

    /// A query, which `terms` fills in.
    pub fn query(&mut self, terms: impl FnOnce(&mut QueryDeclaration<'_, 'k>)) {
        let mut declaration = QueryDeclaration {
            system: self,
            query: types::Query { terms: Vec::new(), alternatives: Vec::new(), entities: false },
        };
        terms(&mut declaration);
        let query = declaration.query;
        self.system.queries.push(query);
    }

    /// A resource.
    pub fn resource<K: Kind>(&mut self, write: bool) {
        let kind = self.kind::<K>();
        self.system.resources.push(types::ResourceUse { kind, write });
    }

    /// A component that is looked up.
    pub fn lookup<K: Kind>(&mut self) {
        let kind = self.kind::<K>();
        self.system.lookups.push(kind);
    }

    /// A relation that is read.
    pub fn relation<K: Kind>(&mut self) {
        let kind = self.kind::<K>();
        self.system.relations.push(kind);
    }

    /// Events that are read.
    pub fn reads(&mut self, reading: Reading) {
        self.system.reads.push(reading);
    }

    /// An event that is sent.
    pub fn emits<K: Kind>(&mut self) {
        let kind = self.kind::<K>();
        self.system.emits.push(kind);
    }

    /// That commands are sent.
    pub fn commands(&mut self) {
        self.system.commands = true;
    }

    /// That tables are asked or changed.
    pub fn tables(&mut self) {
        self.system.tables = true;
    }

    /// The index of a kind.
    pub fn kind<K: Kind>(&mut self) -> u32 {
        self.kinds.index(KindEntry::of::<K>())
    }

    fn condition(&mut self, condition: &Condition) -> types::Condition {
        types::Condition {
            kind: self.kinds.index(condition.kind),
            field: condition.field.to_owned(),
            compares: condition.compares,
            value: (condition.value)(),
        }
    }

    fn full_names(&self, names: &[&str]) -> Vec<String> {
        let full = |name: &&str| match name.contains('/') {
            true => (*name).to_owned(),
            false => [self.kinds.id(), "/", name].concat(),
        };
        names.iter().map(full).collect()
    }
}

impl QueryDeclaration<'_, '_> {
    /// A term that ships a column.
    pub fn term<K: Kind>(&mut self, access: Access) {
        let term = self.filter::<K>(access);
        self.query.terms.push(term);
    }

    /// A term by which a filter may say what it lets through.
    pub fn filter<K: Kind>(&mut self, access: Access) -> Term {
        Term { kind: self.system.kind::<K>(), access }
    }

    /// That only rows match for which all terms of one of these ways hold.
    pub fn only(&mut self, mut ways: Vec<Vec<Term>>) {
        let mut common = ways.first().cloned().unwrap_or_default();
        common.retain(|term| ways.iter().all(|way| way.contains(term)));
        ways.iter_mut().for_each(|way| way.retain(|term| !common.contains(term)));
        self.query.terms.extend(common);
        if ways.iter().all(|way| !way.is_empty()) {
            self.query.alternatives = ways;
        }
    }

    /// That the entities are shipped.
    pub fn entities(&mut self) {
        self.query.entities = true;
    }
}
