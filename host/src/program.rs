//! The loaded mods: what they declared, checked and resolved to the world's
//! kinds.
//!
//! Invariants: every index that a mod gave has been looked up and is gone; mod
//! ids, kinds and full system names are unique.

mod error;
mod terms;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::condition::Condition;
use crate::config::Limits;
use crate::declaration::{self, Declaration, DeclarationError, Reading};
use crate::ecs::{Access, KindId, Query, Registry, Role, Stamp, Term, Topic};
use crate::grants::Rights;
use crate::guest::Code;
pub use crate::system::{Assets, Span, System};

pub use error::ProgramError;
pub use terms::{Terms, check};

/// One loaded mod.
pub struct Mod {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its compiled component.
    pub code: Code,
    /// The kinds it declared, in its own order.
    pub kinds: Arc<[KindId]>,
    /// What its calls may use up.
    pub limits: Limits,
    /// The files that it may read: its own, and those of others as
    /// `<mod>:<name>`.
    pub assets: Arc<Assets>,
    /// What it may do with what belongs to other mods.
    pub rights: Arc<Rights>,
}

/// All loaded mods and their systems.
pub struct Program {
    /// In the order in which they were added.
    pub mods: Vec<Mod>,
    /// By mod, then in declared order.
    pub systems: Vec<Arc<System>>,
}

impl Program {
    /// No mods.
    pub fn new() -> Self {
        Self { mods: Vec::new(), systems: Vec::new() }
    }

    /// Adds a mod; mods come by dependency depth and id, which is the order of
    /// their systems. The registry has their kinds, as a
    /// [`ValueMigration`](crate::migration::ValueMigration) declares them.
    ///
    /// # Errors
    ///
    /// The declaration names a kind that the world does not have, says a thing twice,
    /// or contradicts itself or the owner of a kind; or there are too many systems.
    /// Some of its systems may have been added then, so that the program is of no use.
    pub fn add(
        &mut self,
        code: Code,
        declaration: &Declaration,
        terms: Terms,
        registry: &Registry,
    ) -> Result<(), ProgramError> {
        let resolver = Resolver { mod_id: &declaration.id, owner: self.mods.len() };
        let kinds = resolver.kinds(&declaration.kinds, registry)?;
        let mut names = BTreeSet::new();
        for (index, system) in declaration.systems.iter().enumerate() {
            if !names.insert(&system.name) {
                return Err(resolver.wrong(format!("it declares system `{}` twice", system.name)));
            }
            let is_dispensable = terms.dispensable.contains(&system.name);
            let system = resolver.system(index as u32, system, &kinds, registry)?;
            self.systems.push(Arc::new(System { is_dispensable, ..system }));
        }
        if self.systems.len() > Stamp::SYSTEMS_MAX {
            return Err(ProgramError::TooManySystems(self.systems.len()));
        }
        self.mods.push(Mod {
            id: declaration.id.clone(),
            version: declaration.version.clone(),
            code,
            kinds: kinds.into(),
            limits: terms.limits,
            assets: terms.assets,
            rights: terms.rights,
        });
        Ok(())
    }

    /// Kinds that some system filters on changes of, and on additions of.
    pub fn tracked(&self) -> (BTreeSet<KindId>, BTreeSet<KindId>) {
        let of = |access| {
            let queries = self.systems.iter().flat_map(|system| &system.queries);
            let terms = queries.flat_map(Query::all_terms);
            terms.filter(|term| term.access == access).map(|term| term.kind).collect()
        };
        (of(Access::Changed), of(Access::Added))
    }

    /// Everything that some system reads as events.
    pub fn topics(&self) -> BTreeSet<Topic> {
        self.systems.iter().flat_map(|system| system.reads.iter().copied()).collect()
    }
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

struct Resolver<'a> {
    mod_id: &'a str,
    owner: usize,
}

impl Resolver<'_> {
    fn wrong(&self, what: impl Into<String>) -> ProgramError {
        DeclarationError::new(self.mod_id, what).into()
    }

    fn kinds(
        &self,
        declared: &[declaration::Kind],
        registry: &Registry,
    ) -> Result<Vec<KindId>, ProgramError> {
        let mut ids: Vec<KindId> = Vec::with_capacity(declared.len());
        for declaration in declared {
            let name = &declaration.name;
            let Some(id) = registry.find(name) else {
                return Err(
                    self.wrong(format!("it declares kind `{name}`, which the world does not have"))
                );
            };
            if ids.contains(&id) {
                return Err(self.wrong(format!("it declares kind `{name}` twice")));
            }
            ids.push(id);
        }
        Ok(ids)
    }

    fn system(
        &self,
        index: u32,
        declaration: &declaration::System,
        kinds: &[KindId],
        registry: &Registry,
    ) -> Result<System, ProgramError> {
        let name = &declaration.name;
        let well_named = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !well_named {
            return Err(self.wrong(format!(
                "it declares a system named `{name}`; a system is named like `grow_cities`"
            )));
        }
        let kind = |what: &str, index: u32, roles: &[Role]| {
            let id = *kinds.get(index as usize).ok_or_else(|| {
                self.wrong(format!(
                    "system `{name}` names kind {index} as {what}, and the mod declares {}",
                    kinds.len()
                ))
            })?;
            let kind = registry.get(id);
            if !roles.contains(&kind.role) {
                return Err(self.wrong(format!(
                    "system `{name}` uses `{}` as {what}, but it is declared as {}",
                    kind.name,
                    kind.role.name()
                )));
            }
            Ok(id)
        };
        let component = |index: &u32| kind("a component", *index, &[Role::Component]);
        let queries = declaration
            .queries
            .iter()
            .map(|query| {
                let terms = |terms: &[declaration::Term]| {
                    let term = |term: &declaration::Term| {
                        Ok(Term { kind: component(&term.kind)?, access: term.access })
                    };
                    terms.iter().map(term).collect::<Result<Vec<Term>, ProgramError>>()
                };
                let alternatives = query.alternatives.iter().map(|alternative| terms(alternative));
                Ok(Query {
                    terms: terms(&query.terms)?,
                    alternatives: alternatives.collect::<Result<_, ProgramError>>()?,
                    entities: query.entities,
                })
            })
            .collect::<Result<Vec<Query>, ProgramError>>()?;
        let alternatives = queries.iter().flat_map(|query| &query.alternatives).flatten();
        if let Some(term) = alternatives.into_iter().find(|term| !term.access.filters()) {
            return Err(self.wrong(format!(
                "system `{name}` ships `{}` in one of several alternatives, which only say what \
                 rows have or lack, and what changed or was added: ship it beside them",
                registry.get(term.kind).name
            )));
        }
        let resources = declaration
            .resources
            .iter()
            .map(|resource| Ok((component(&resource.kind)?, resource.write)))
            .collect::<Result<Vec<_>, ProgramError>>()?;
        if let Some((kind, _)) =
            resources.iter().find(|(kind, write)| *write && registry.get(*kind).is_settings())
        {
            return Err(self.wrong(format!(
                "system `{name}` sets `{}`, which only the world file sets: read it with `Res`",
                registry.get(*kind).name
            )));
        }
        if declaration.phase >= declaration.every.max(1) {
            return Err(self.wrong(format!(
                "system `{name}` runs in phase {} of every {} ticks: a phase is below that",
                declaration.phase,
                declaration.every.max(1)
            )));
        }
        let run_if = declaration.run_if.iter().map(|condition| {
            let resource = component(&condition.kind)?;
            Condition::new(resource, registry.get(resource), condition)
                .map_err(|what| self.wrong(format!("system `{name}` {what}")))
        });
        let run_if = run_if.collect::<Result<_, ProgramError>>()?;
        let reads = declaration
            .reads
            .iter()
            .map(|reading| {
                Ok(match reading {
                    Reading::Event(index) => {
                        Topic::Kind(kind("an event", *index, &[Role::Event, Role::Input])?)
                    }
                    Reading::Removed(index) => Topic::Removed(component(index)?),
                    Reading::Despawned => Topic::Despawned,
                })
            })
            .collect::<Result<_, ProgramError>>()?;
        let system = System {
            name: format!("{}/{name}", self.mod_id),
            owner: self.owner,
            index,
            queries,
            span: declaration.span,
            every: u64::from(declaration.every.max(1)),
            phase: u64::from(declaration.phase),
            run_if,
            startup: declaration.startup,
            resources,
            lookups: declaration.lookups.iter().map(component).collect::<Result<_, _>>()?,
            relations: declaration
                .relations
                .iter()
                .map(|index| kind("a relation", *index, &[Role::Relation]))
                .collect::<Result<_, _>>()?,
            reads,
            emits: declaration
                .emits
                .iter()
                .map(|index| kind("an event it emits", *index, &[Role::Event]))
                .collect::<Result<_, _>>()?,
            commands: declaration.commands,
            tables: declaration.tables,
            before: declaration.before.clone(),
            after: declaration.after.clone(),
            is_dispensable: false,
        };
        self.check_span(&system, registry)?;
        Ok(system)
    }

    /// What runs in several calls must not need to see, or to write, the same
    /// thing twice.
    fn check_span(&self, system: &System, registry: &Registry) -> Result<(), ProgramError> {
        let needs_world = match system.queries.len() {
            0 => Some("has no query"),
            1 if system.tables => Some("uses tables"),
            1 if system.resources.iter().any(|(_, write)| *write) => Some("writes a resource"),
            1 => None,
            _ => Some("has several queries"),
        };
        if let Some(why) = needs_world
            && system.span != Span::World
        {
            return Err(self.wrong(format!(
                "system `{}` {why}, so it must run over the whole world (`whole = \"world\"`)",
                system.name
            )));
        }
        for (at, query) in system.queries.iter().enumerate() {
            for (position, term) in query.terms.iter().enumerate() {
                if !term.access.ships() {
                    continue;
                }
                let again = query.terms[..position]
                    .iter()
                    .any(|other| other.kind == term.kind && other.access.ships());
                let elsewhere = term.access.writes()
                    && system.queries[..at].iter().any(|other| {
                        !other.is_disjoint(query)
                            && other
                                .terms
                                .iter()
                                .any(|two| two.kind == term.kind && two.access.writes())
                    });
                if again || elsewhere {
                    return Err(self.wrong(format!(
                        "system `{}` asks for `{}` twice on the same rows; \
                         keep the queries apart with `Without`",
                        system.name,
                        registry.get(term.kind).name
                    )));
                }
            }
        }
        Ok(())
    }
}
