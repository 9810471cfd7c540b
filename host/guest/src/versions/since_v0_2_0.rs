//! The adapter of `wit/since_v0.2.0`.

/// What the contract generates, which documents its items.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/since_v0.2.0",
        world: "guest",
        imports: { default: trappable },
    });

    pub use self::sandtable::guest::{assets, log, lookups, output, tables, types};
}

use sandtable_world::declaration::{self, Declaration};
use sandtable_world::ecs;

super::alike::adapter!("0.2.0");

fn kind(declared: types::Kind) -> declaration::Kind {
    let types::Kind { name, role, storage, size, fields, on_despawn } = declared;
    let (role, is_relation) = match role {
        types::Role::Component => (declaration::Role::Component, false),
        types::Role::Event => (declaration::Role::Event, false),
        types::Role::Input => (declaration::Role::Input, false),
        types::Role::Relation => (declaration::Role::Relation, true),
        types::Role::Settings => (declaration::Role::Settings, false),
    };
    // Of other kinds it means nothing, and must not tell two of them apart.
    let on_despawn = match on_despawn {
        types::OnDespawn::Cascade if is_relation => ecs::OnDespawn::Cascade,
        types::OnDespawn::Cascade | types::OnDespawn::Detach => ecs::OnDespawn::Detach,
    };
    let storage = match storage {
        types::Storage::Packed => ecs::Storage::Packed,
        types::Storage::Dynamic => ecs::Storage::Dynamic,
    };
    let field = |types::Field { name, ty, offset, was, default }| declaration::Field {
        name,
        ty,
        offset,
        was,
        default,
    };
    let fields = fields.into_iter().map(field).collect();
    declaration::Kind { name, role, storage, size, fields, on_despawn }
}

fn query(declared: types::Query) -> declaration::Query {
    let types::Query { terms: all, alternatives, entities } = declared;
    let alternatives = alternatives.into_iter().map(terms).collect();
    declaration::Query { terms: terms(all), alternatives, entities }
}

fn system(declared: types::System) -> declaration::System {
    declaration::System {
        name: declared.name,
        queries: declared.queries.into_iter().map(query).collect(),
        span: match declared.span {
            types::Span::Shard => declaration::Span::Shard,
            types::Span::Archetype => declaration::Span::Archetype,
            types::Span::Everything => declaration::Span::World,
        },
        every: declared.every,
        phase: declared.phase,
        run_if: declared.run_if.into_iter().map(condition).collect(),
        startup: declared.startup,
        resources: declared
            .resources
            .into_iter()
            .map(|types::ResourceUse { kind, write }| declaration::ResourceUse { kind, write })
            .collect(),
        lookups: declared.lookups,
        relations: declared.relations,
        reads: declared.reads.into_iter().map(reading).collect(),
        emits: declared.emits,
        tables: declared.tables,
        commands: declared.commands,
        before: declared.before,
        after: declared.after,
    }
}

fn condition(declared: types::Condition) -> declaration::Condition {
    let types::Condition { kind, field, compares, value } = declared;
    let compares = match compares {
        types::Comparison::Equal => declaration::Comparison::Equal,
        types::Comparison::Unequal => declaration::Comparison::Unequal,
        types::Comparison::Less => declaration::Comparison::Less,
        types::Comparison::AtMost => declaration::Comparison::AtMost,
        types::Comparison::Greater => declaration::Comparison::Greater,
        types::Comparison::AtLeast => declaration::Comparison::AtLeast,
    };
    declaration::Condition { kind, field, compares, value }
}
