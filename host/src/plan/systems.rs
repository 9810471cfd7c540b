//! What differs between the systems of two versions of a mod.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::parts::{Difference, Facet, ModPlan, edit};
use crate::declaration::{Condition, Declaration, Kind, Query, Reading, Span, System, Term};
use crate::ecs::{Access, Type, field_to_json};

impl ModPlan {
    pub(super) fn compare_systems(&mut self, old: Option<&Declaration>, new: &Declaration) {
        let (before, now) = (old.map(facets_of).unwrap_or_default(), facets_of(new));
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for name in names {
            let Some(edit) = edit(before.get(name), now.get(name)) else { continue };
            let both = before.get(name).zip(now.get(name)).into_iter();
            let pairs = both.flat_map(|(before, now)| before.iter().zip(now));
            let facets = pairs
                .filter(|(from, to)| from != to)
                .map(|((what, from), (_, to))| Facet { what, from: from.clone(), to: to.clone() })
                .collect();
            self.differences.push(Difference::System { name: name.clone(), edit, facets });
        }
    }
}

/// What there is to say of each system, always in the same order.
fn facets_of(declaration: &Declaration) -> BTreeMap<String, Vec<(&'static str, String)>> {
    let of = |system: &System| (system.name.clone(), facets(declaration, system));
    declaration.systems.iter().map(of).collect()
}

fn facets(declaration: &Declaration, system: &System) -> Vec<(&'static str, String)> {
    let kind = |index: &u32| {
        let kind = declaration.kinds.get(*index as usize);
        kind.map_or_else(|| format!("kind {index}"), |kind| kind.name.clone())
    };
    let kinds = |indices: &[u32]| list(indices.iter().map(kind));
    let queries = system.queries.iter().map(|query| format!("({})", shown(query, &kind)));
    let resources = system.resources.iter().map(|resource| match resource.write {
        true => format!("mut {}", kind(&resource.kind)),
        false => kind(&resource.kind),
    });
    let condition = |condition: &Condition| {
        let Condition { kind: index, field, compares, value } = condition;
        let declared = declaration.kinds.get(*index as usize);
        let field_of = |kind: &Kind| kind.fields.iter().find(|it| it.name == *field).cloned();
        let ty = declared.and_then(field_of).and_then(|field| Type::parse(&field.ty).ok());
        let value = ty.map_or(Json::Null, |ty| field_to_json(&ty, value));
        format!("{}.{field} {} {value}", kind(index), compares.sign())
    };
    let reads = system.reads.iter().map(|reading| match reading {
        Reading::Event(index) => kind(index),
        Reading::Removed(index) => format!("removed {}", kind(index)),
        Reading::Despawned => "despawned".to_owned(),
    });
    let span = match system.span {
        Span::Shard => "shards",
        Span::Archetype => "whole archetypes",
        Span::World => "the whole world",
    };
    vec![
        ("runs over", span.to_owned()),
        ("every", system.every.max(1).to_string()),
        ("phase", system.phase.to_string()),
        ("runs if", list(system.run_if.iter().map(condition))),
        ("startup", yes(system.startup)),
        ("queries", list(queries)),
        ("resources", list(resources)),
        ("lookups", kinds(&system.lookups)),
        ("relations", kinds(&system.relations)),
        ("reads", list(reads)),
        ("emits", kinds(&system.emits)),
        ("tables", yes(system.tables)),
        ("commands", yes(system.commands)),
        ("before", list(system.before.iter().cloned())),
        ("after", list(system.after.iter().cloned())),
    ]
}

fn shown(query: &Query, kind: &dyn Fn(&u32) -> String) -> String {
    let entities = query.entities.then(|| "entity".to_owned());
    let term = |term: &Term| {
        let word = match term.access {
            Access::Read => "",
            Access::Write => "mut ",
            Access::OptionalRead => "optional ",
            Access::OptionalWrite => "optional mut ",
            Access::Has => "with ",
            Access::Lacks => "without ",
            Access::Changed => "changed ",
            Access::Added => "added ",
        };
        format!("{word}{}", kind(&term.kind))
    };
    let together = |terms: &Vec<Term>| terms.iter().map(term).collect::<Vec<_>>().join(" and ");
    let alternatives: Vec<String> = query.alternatives.iter().map(together).collect();
    let alternatives = (!alternatives.is_empty()).then(|| alternatives.join(" or "));
    list(entities.into_iter().chain(query.terms.iter().map(term)).chain(alternatives))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}
