//! The adapter of `wit/since_v0.1.0`.

/// What the contract generates, which documents its items.
#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/since_v0.1.0",
        world: "guest",
        imports: { default: trappable },
    });

    pub use self::sandtable::guest::{assets, log, lookups, output, tables, types};
}

use sandtable_world::declaration::{self, Declaration};
use sandtable_world::ecs;

super::alike::adapter!("0.1.0");

/// This version has no word for settings: they are a component of that name which
/// cascades, for which components have no use.
fn kind(declared: types::Kind) -> declaration::Kind {
    let types::Kind { name, role, storage, size, fields, on_despawn } = declared;
    let on_despawn = match on_despawn {
        types::OnDespawn::Detach => ecs::OnDespawn::Detach,
        types::OnDespawn::Cascade => ecs::OnDespawn::Cascade,
    };
    let cascades = on_despawn == ecs::OnDespawn::Cascade;
    let role = match role {
        types::Role::Component if cascades && name.ends_with("/Settings") => {
            declaration::Role::Settings
        }
        types::Role::Component => declaration::Role::Component,
        types::Role::Event => declaration::Role::Event,
        types::Role::Input => declaration::Role::Input,
        types::Role::Relation => declaration::Role::Relation,
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
    let types::Query { terms: all, entities } = declared;
    declaration::Query { terms: terms(all), alternatives: Vec::new(), entities }
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
        phase: 0,
        run_if: Vec::new(),
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
