//! Core modules, wrapped to components: what compilers make that know WebAssembly and
//! no component model. Which version of the contract one speaks is in the names of
//! what it imports.

use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap};

use crate::guest::contained;
use crate::interface::{self, INTERFACE_VERSION};

/// What the names of imports of the contract start with.
const CONTRACT: &str = "sandtable:guest/";
/// The texts of the contract, by version.
const TEXTS: [(&str, [&str; 2]); 2] = [
    (
        "0.1.0",
        [
            include_str!("../../../wit/since_v0.1.0/host.wit"),
            include_str!("../../../wit/since_v0.1.0/types.wit"),
        ],
    ),
    (
        "0.2.0",
        [
            include_str!("../../../wit/since_v0.2.0/host.wit"),
            include_str!("../../../wit/since_v0.2.0/types.wit"),
        ],
    ),
];

/// Whether these bytes begin as a core module does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x01\0\0\0")
}

/// The component around a core module.
///
/// # Errors
///
/// Why it cannot be a mod, in words that follow its name.
pub(super) fn wrap(module: &[u8]) -> Result<Vec<u8>, String> {
    let Stated { version, has_types } = look_over(module)?;
    let mut module = module.to_vec();
    if !has_types {
        let version = version.ok_or_else(|| {
            format!(
                "imports nothing of `{CONTRACT}`, so that it is no mod: its imports are named as \
                 in `{CONTRACT}shards@{INTERFACE_VERSION}`"
            )
        })?;
        describe(&mut module, &version)?;
    }
    let encoded =
        contained(|| ComponentEncoder::default().validate(true).module(&module)?.encode());
    encoded.map_err(|error| format!("cannot be wrapped to a component: {error}"))
}

/// What a core module says before anything of it runs.
struct Stated {
    /// The version of the contract that its imports name.
    version: Option<String>,
    /// Whether it has the types of its imports and exports with it, as what
    /// wit-bindgen makes has.
    has_types: bool,
}

fn look_over(module: &[u8]) -> Result<Stated, String> {
    let mut stated = Stated { version: None, has_types: false };
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|error| format!("is damaged: {error}"))? {
            Payload::ImportSection(section) => {
                let imports = section.into_imports().filter_map(Result::ok);
                let named = imports.filter_map(|it| interface::version_of(it.module));
                stated.version = stated.version.or(named.map(str::to_owned).next());
            }
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                stated.has_types = true;
            }
            _ => {}
        }
    }
    Ok(stated)
}

/// Adds the types of the contract of a version.
fn describe(module: &mut Vec<u8>, version: &str) -> Result<(), String> {
    let Some((_, texts)) = TEXTS.iter().find(|(known, _)| *known == version) else {
        return Err(format!(
            "was made for sandtable:guest {version}, and this host runs {}: {}",
            interface::supported(),
            interface::remedy(version)
        ));
    };
    let broken = |error: String| format!("cannot be wrapped to a component: {error}");
    let mut sources = SourceMap::default();
    for (name, text) in ["host.wit", "types.wit"].iter().zip(texts) {
        sources.push_str(name, *text);
    }
    let group = sources.parse().map_err(|(_, error)| broken(error.to_string()))?;
    let mut contract = Resolve::default();
    let package = contract.push_group(group).map_err(|error| broken(error.to_string()))?;
    let world = contract.select_world(&[package], Some("guest"));
    let world = world.map_err(|error| broken(format!("{error:#}")))?;
    embed_component_metadata(module, &contract, world, StringEncoding::UTF8)
        .map_err(|error| broken(format!("{error:#}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with these imports that exports what a mod does.
    fn module(imports: &str) -> Vec<u8> {
        let text = format!(
            r#"(module {imports} (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
                (func (export "describe") (result i32) i32.const 0)
                (func (export "run") (param i32 i32) (result i32) i32.const 0)
                (func (export "convert") (param i32 i32 i32 i32) (result i32) i32.const 0))"#
        );
        wat::parse_str(text).expect("wat")
    }

    #[test]
    fn a_core_module_becomes_a_component_of_the_version_that_its_imports_name() {
        for version in interface::VERSIONS {
            let log = format!(
                r#"(import "sandtable:guest/log@{version}" "write" (func (param i32 i32 i32)))"#
            );
            let component = wrap(&module(&log)).expect("a mod");
            assert!(component.starts_with(b"\0asm\x0d\0\x01\0"), "{version}");
        }
    }

    #[test]
    fn what_is_no_mod_is_said() {
        let told = |imports: &str| wrap(&module(imports)).expect_err("no mod");
        assert!(told("").starts_with("imports nothing of `sandtable:guest/`"));
        let newer = r#"(import "sandtable:guest/log@9.0.0" "write" (func (param i32 i32 i32)))"#;
        assert!(told(newer).starts_with("was made for sandtable:guest 9.0.0, and this host runs"));
        let other = r#"(import "sandtable:guest/log@0.2.0" "shout" (func (param i32 i32 i32)))"#;
        assert!(told(other).starts_with("cannot be wrapped to a component: "), "{}", told(other));
        let damaged = &module("")[..40];
        assert!(wrap(damaged).expect_err("no mod").starts_with("is damaged"), "cut short");
    }
}
